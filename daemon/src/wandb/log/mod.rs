//! The `.wandb` file that the SDK writes beside every run, online or offline:
//! pure decoding, from bytes to what the file stream's and GraphQL's bodies say.
//! It knows no file and no run that is here already.

pub mod artifact;
mod blocks;
pub mod console;
mod environment;
pub mod fields;
pub mod record;
pub mod row;
pub mod state;
pub mod value;

#[cfg(test)]
pub use blocks::write;
pub use blocks::{BLOCK, Blocks, HEAD_BYTES, Piece, check_head};
