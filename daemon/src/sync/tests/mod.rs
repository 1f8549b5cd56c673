//! The engine over a faulty network in this process, in virtual time; and what is
//! said of remotes.

mod folder;
mod network;
mod outages;
mod simulation;
mod world;

use std::sync::Arc;

use pannier_proto::id::RunPath;
use pannier_proto::record::{Change, Record};
use pannier_proto::remote::RemoteStatus;

use super::Sync;
use crate::credentials::Credentials;
use crate::ingest;

/// Whoever waits for the end of a job may ask a daemon that is on its way out.
#[tokio::test]
async fn a_daemon_that_stops_does_not_say_that_all_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let store = world::open(&dir.path().join("pannier.db"));
    store.write_blocking(|tx| tx.set_remote("hub", "http://127.0.0.1:9", 1)).unwrap();
    let blobs = world::blobs(dir.path(), "a", &store);
    let credentials = Credentials::load(&dir.path().join("credentials.json")).unwrap();
    let sync = Sync::start(store.clone(), blobs, Arc::default(), Arc::new(credentials));
    let path = RunPath::new("e", "p", "r").unwrap();
    let change = Change::Config { set: serde_json::Map::new(), remove: Vec::new() };
    ingest::append(&store, &path, vec![Record::Change(change)]).await.unwrap();
    let lacks = |remotes: Vec<RemoteStatus>| remotes.iter().filter(|remote| !remote.has_all()).count();
    assert_eq!(lacks(sync.status().unwrap()), 1);
    sync.stop().await;
    assert_eq!(lacks(sync.status().unwrap()), 1);
}
