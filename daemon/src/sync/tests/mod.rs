//! The engine over a faulty network in this process, in virtual time.

mod folder;
mod network;
mod outages;
mod simulation;
mod world;
