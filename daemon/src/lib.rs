//! The one binary: daemon, hub and command line.
//!
//! Doors `{spool, api} → ingest → store`; views `api → store`; `sync → store`.
//! [`block`] is the form that records take in the store and on the wire. Only
//! [`daemon`] knows everyone.

pub mod api;
pub mod block;
pub mod clock;
pub mod credentials;
pub mod daemon;
pub mod gather;
pub mod health;
pub mod home;
pub mod ingest;
pub mod limits;
pub mod names;
pub mod sabotage;
pub mod sampler;
pub mod spool;
pub mod store;
pub mod sync {
    use std::sync::Arc; use crate::store::Store; use crate::health::Health; use crate::credentials::Credentials;
    pub struct Sync;
    impl Sync { pub fn start(_: Arc<Store>, _: Arc<Health>, _: Arc<Credentials>) -> Self { Self } pub fn reload(&self){} pub fn retry(&self,_:&str){} pub fn wake(&self){} pub fn progressing(&self)->bool{false} pub async fn stop(&self){} pub fn status(&self)->Vec<pannier_proto::request::RemoteStatus>{vec![]} pub fn last_error(&self,_:&str)->Option<String>{None} }
}

/// Exit code after the disk failed to sync.
pub const EXIT_DISK: i32 = 4;
