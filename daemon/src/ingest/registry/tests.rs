//! What acts come to does not depend on the order in which they come.

use pannier_proto::artifact::ArtifactVersion;
use pannier_proto::content::{Blob, Content, Md5};
use pannier_proto::workspace::AliasMove;
use proptest::prelude::*;

use super::*;
use crate::store::Incoming;

const COLLECTION: &str = "net";

fn open() -> (tempfile::TempDir, Arc<Store>) {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(&dir.path().join("pannier.db")).unwrap());
    (dir, store)
}

fn id(n: u8) -> Id128 {
    Id128([n; 16])
}

fn version(n: u8, aliases: Vec<AliasMove>) -> ArtifactVersion {
    let content = Content { blob: Blob([n; 32]), md5: Md5([n; 16]), size: 1 };
    ArtifactVersion {
        id: id(n),
        client_id: n.to_string(),
        sequence_client_id: None,
        collection: COLLECTION.to_owned(),
        kind: "model".to_owned(),
        digest: format!("digest-{n}"),
        manifest: content,
        files: vec![("a".to_owned(), content)],
        size: 1,
        file_count: 1,
        aliases,
        by: None,
        again_us: None,
        tags: Vec::new(),
        description: None,
        metadata: None,
        ttl_s: None,
        history_step: None,
        created_us: i64::from(n),
    }
}

fn moved(move_id: u8, to: Option<u8>, seen: &[u8]) -> AliasMove {
    let seen = seen.iter().map(|seen| id(*seen)).collect();
    AliasMove { id: id(move_id), alias: "prod".to_owned(), to: to.map(id), seen }
}

/// Of the home `origin`: a run's version, or an act on the project.
fn take(store: &Store, origin: u8, change: &Change) {
    let path = match change {
        Change::Workspace { .. } => RunPath::workspace("e", "p").unwrap(),
        _ => RunPath::new("e", "p", "r").unwrap(),
    };
    let mut block = Block::default();
    block.push_change(change.clone());
    let incoming = Incoming { path, origin: id(origin), first_seq: None, block, encoded: None };
    store.write_blocking(move |tx| tx.append(incoming, 1)).unwrap();
}

fn act(time_us: i64, act: Act) -> Change {
    Change::Workspace { time_us, by: "ann".to_owned(), act: Box::new(act) }
}

/// Which version has the name, and whether that is in conflict.
fn prod(store: &Store) -> Option<(Id128, bool)> {
    let row = store.member("e", "p", COLLECTION, "prod").unwrap()?;
    let alias = row.aliases.iter().find(|alias| alias.alias == "prod").unwrap();
    Some((row.body.id, alias.conflict))
}

/// Two homes log a version each and call it `prod`; one moves the name on, and
/// edits a version of the other's.
fn story() -> Vec<(u8, Change)> {
    let edit =
        Edit { description: Some("said".to_owned()), add_tags: vec!["t".to_owned()], ..Edit::default() };
    let aliases = |moved| Act::MoveAliases { collection: COLLECTION.to_owned(), aliases: vec![moved] };
    vec![
        (1, Change::Artifact { version: Box::new(version(1, vec![moved(101, Some(1), &[])])) }),
        (2, Change::Artifact { version: Box::new(version(2, vec![moved(102, Some(2), &[])])) }),
        (1, act(50, aliases(moved(103, Some(1), &[101])))),
        (2, act(60, Act::EditVersion { artifact: id(1), edit })),
        (
            2,
            act(
                70,
                Act::Link {
                    artifact: id(1),
                    collection: "links".to_owned(),
                    kind: "model".to_owned(),
                    aliases: Vec::new(),
                },
            ),
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn any_order_comes_to_the_same(order in Just(story()).prop_shuffle()) {
        let (_dir, store) = open();
        order.iter().for_each(|(origin, change)| take(&store, *origin, change));
        // The later of the two that have not seen each other.
        prop_assert_eq!(prod(&store), Some((id(1), true)));
        let first = store.artifact(id(1)).unwrap().unwrap();
        prop_assert_eq!(first.body.description.as_deref(), Some("said"));
        prop_assert_eq!(first.body.tags, ["t"]);
        prop_assert_eq!(store.memberships(id(1)).unwrap().len(), 2);
        // Whoever has seen both ends it.
        let ends = Act::MoveAliases { collection: COLLECTION.to_owned(), aliases: vec![moved(104, Some(2), &[102, 103])] };
        take(&store, 1, &act(10, ends));
        prop_assert_eq!(prod(&store), Some((id(2), false)));
        take(&store, 1, &act(90, Act::DeleteVersion { artifact: id(2) }));
        prop_assert_eq!(prod(&store), None);
        prop_assert!(store.artifact(id(2)).unwrap().is_none());
    }
}

#[test]
fn an_act_of_another_project_changes_nothing() {
    for late in [false, true] {
        let (_dir, store) = open();
        let logged = Change::Artifact { version: Box::new(version(1, Vec::new())) };
        let deleted = act(5, Act::DeleteVersion { artifact: id(1) });
        if !late {
            take(&store, 1, &logged);
        }
        let mut block = Block::default();
        block.push_change(deleted.clone());
        let path = RunPath::workspace("mallory", "p").unwrap();
        let incoming = Incoming { path, origin: id(9), first_seq: None, block, encoded: None };
        store.write_blocking(move |tx| tx.append(incoming, 1)).unwrap();
        if late {
            take(&store, 1, &logged);
        }
        assert!(store.artifact(id(1)).unwrap().is_some());
        take(&store, 2, &deleted);
        assert!(store.artifact(id(1)).unwrap().is_none());
    }
}

#[tokio::test]
async fn what_expires_is_deleted_unless_somebody_keeps_it() {
    let (_dir, store) = open();
    for (n, aliases) in
        [(1, Vec::new()), (2, vec![moved(102, Some(2), &[])]), (3, Vec::new()), (4, Vec::new())]
    {
        let ttl_s = if n == 4 { None } else { Some(60) };
        let version = ArtifactVersion { ttl_s, ..version(n, aliases) };
        take(&store, 1, &Change::Artifact { version: Box::new(version) });
    }
    let target =
        CollectionPath { entity: "pannier".into(), project: "wandb-registry-m".into(), name: "c".into() };
    let by = Author { name: "ann".to_owned(), admin: true };
    link(&store, by, id(3), target, Vec::new()).await.unwrap();
    assert_eq!(expire(&store).await.unwrap(), 1);
    let left: Vec<bool> = (1..=4).map(|n| store.artifact(id(n)).unwrap().is_some()).collect();
    assert_eq!(left, [false, true, true, true]);
    assert_eq!(expire(&store).await.unwrap(), 0);
}

#[tokio::test]
async fn protected_names_and_types_are_kept_to() {
    let (_dir, store) = open();
    take(&store, 1, &Change::Artifact { version: Box::new(version(1, Vec::new())) });
    let by = |admin| Author { name: "ann".to_owned(), admin };
    let registry = ("pannier".to_owned(), "wandb-registry-m".to_owned());
    let edit = Edit {
        protected_aliases: Some(vec!["prod".to_owned()]),
        artifact_types: Some(vec!["dataset".to_owned()]),
        ..Edit::default()
    };
    assert!(upsert_project(&store, by(true), registry.0.clone(), registry.1.clone(), edit).await.unwrap());
    let target = || CollectionPath {
        entity: registry.0.clone(),
        project: "Wandb-Registry-M".into(),
        name: "c".into(),
    };
    let refused = link(&store, by(false), id(1), target(), Vec::new()).await.unwrap_err().to_string();
    assert!(refused.contains("dataset") && refused.contains("\"model\""), "{refused}");
    let more =
        Edit { artifact_types: Some(vec!["dataset".to_owned(), "model".to_owned()]), ..Edit::default() };
    assert!(!upsert_project(&store, by(false), registry.0.clone(), registry.1.clone(), more).await.unwrap());
    let linked = link(&store, by(false), id(1), target(), vec!["test".to_owned()]).await.unwrap();
    assert_eq!(
        (linked.version, linked.collection.project.as_str()),
        (0, "wandb-registry-m"),
        "whatever the case"
    );
    let aliases = || vec!["prod".to_owned()];
    let moving = move_aliases(&store, by(false), id(1), target(), aliases(), Vec::new()).await;
    assert!(moving.unwrap_err().to_string().contains("protected"));
    move_aliases(&store, by(true), id(1), target(), aliases(), Vec::new()).await.unwrap();
    let taking = move_aliases(&store, by(false), id(1), target(), Vec::new(), aliases()).await;
    assert!(taking.unwrap_err().to_string().contains("protected"));
}
