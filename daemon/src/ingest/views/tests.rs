//! What views come to does not depend on the order in which acts on them come.

use pannier_proto::record::Change;
use proptest::prelude::*;

use super::*;
use crate::block::Block;
use crate::store::{Incoming, ViewFilter};

const OWN: Id128 = Id128([7; 16]);
const OTHER: Id128 = Id128([8; 16]);

fn open() -> (tempfile::TempDir, Arc<Store>) {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(&dir.path().join("pannier.db")).unwrap());
    (dir, store)
}

fn take(store: &Store, project: &str, origin: u8, time_us: i64, act: Act) {
    let mut block = Block::default();
    block.push_change(Change::Workspace { time_us, by: format!("user{origin}"), act: Box::new(act) });
    let (path, origin) = (RunPath::workspace("e", project).unwrap(), Id128([origin; 16]));
    let incoming = Incoming { path, origin, first_seq: None, block, encoded: None };
    store.write_blocking(move |tx| tx.append(incoming, 1)).unwrap();
}

fn body(text: &str) -> ViewBody {
    let (kind, name) = ("runs".to_owned(), "n".to_owned());
    let spec = format!("{{\"text\": {text:?}}}");
    ViewBody { kind, name, display_name: text.to_owned(), description: String::new(), spec }
}

fn asked(text: &str, based_on_us: Option<i64>) -> SaveView {
    let ViewBody { kind, display_name, description, spec, .. } = body(text);
    SaveView { kind, name: None, display_name, description, spec, based_on_us }
}

fn ann() -> Author {
    Author { name: "ann".to_owned(), admin: false }
}

fn saved(text: &str) -> Act {
    Act::SaveView { view: OWN, body: body(text) }
}

/// Acts of three homes: the first and the last of one home come in their order.
fn story() -> Vec<(u8, i64, Act)> {
    vec![
        (1, 10, saved("first")),
        (2, 20, saved("apart")),
        (3, 30, Act::DeleteView { view: OWN }),
        // At the same time as the deletion, on a home with a lesser id.
        (2, 30, saved("no later")),
        (1, 15, Act::SaveView { view: OTHER, body: body("other") }),
    ]
}

/// The titles that are there, with when their views were made and changed.
fn titles(store: &Store) -> Vec<(String, i64, i64)> {
    let found = store.views(&ViewFilter::default()).unwrap();
    found.into_iter().map(|row| (row.body.display_name, row.created_us, row.updated_us)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn any_order_comes_to_the_same(order in Just(story()).prop_shuffle(), late in 0..5_usize) {
        let (_dir, store) = open();
        order.iter().for_each(|(origin, time, act)| take(&store, "p", *origin, *time, act.clone()));
        prop_assert_eq!(titles(&store), [("other".to_owned(), 15, 15)]);

        // A save that is later than the deletion, wherever it comes in between.
        let (_dir, store) = open();
        let mut order = order;
        order.insert(late, (1, 31, saved("back")));
        order.iter().for_each(|(origin, time, act)| take(&store, "p", *origin, *time, act.clone()));
        prop_assert_eq!(titles(&store), [("back".to_owned(), 10, 31), ("other".to_owned(), 15, 15)]);
        let found = store.view("e", "p", OWN).unwrap().unwrap();
        prop_assert_eq!((found.body, found.by), (body("back"), Some("user1".to_owned())));
    }

    #[test]
    fn a_project_takes_its_views_with_it(order in Just([0, 1, 2, 3]).prop_shuffle()) {
        let (_dir, store) = open();
        let acts = [
            (10, saved("first")),
            (20, Act::SaveView { view: OTHER, body: body("other") }),
            (25, Act::DeleteProject),
            (30, saved("again")),
        ];
        for at in order {
            take(&store, "wandb-registry-m", u8::try_from(at).unwrap() + 1, acts[at].0, acts[at].1.clone());
        }
        prop_assert_eq!(titles(&store), [("again".to_owned(), 10, 30)]);
    }
}

#[test]
fn acts_of_another_project_change_nothing() {
    let (_dir, store) = open();
    take(&store, "p", 1, 10, saved("mine"));
    take(&store, "q", 2, 20, saved("theirs"));
    take(&store, "q", 2, 30, Act::DeleteView { view: OTHER });
    let found = store.views_with_id(OWN).unwrap();
    let names: Vec<_> =
        found.iter().map(|row| (row.project.as_str(), row.body.display_name.as_str())).collect();
    assert_eq!(names, [("p", "mine"), ("q", "theirs")], "the first one first");
    take(&store, "q", 2, 40, Act::DeleteView { view: OWN });
    assert_eq!(titles(&store), [("mine".to_owned(), 10, 10)]);
}

#[tokio::test]
async fn what_was_seen_is_replaced_whatever_the_clock_says() {
    let (_dir, store) = open();
    let ahead = i64::MAX / 2;
    take(&store, "p", 9, ahead, saved("of a clock that is ahead"));
    let save = |text, based| save(&store, ann(), "e".into(), "p".into(), Some(OWN), asked(text, based));
    let row = save("mine", None).await.unwrap();
    assert_eq!((row.body.display_name.as_str(), row.updated_us, row.created_us), ("mine", ahead + 1, ahead));
    assert_eq!((row.body.name.as_str(), row.by.as_deref()), ("n", Some("ann")), "the name stays");
    let refused = save("blind", Some(ahead)).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Conflict(why) if why.contains("by ann")), "{refused}");
    save("seen", Some(ahead + 1)).await.unwrap();
    delete(&store, ann(), "e".into(), "p".into(), OWN).await.unwrap();
    assert!(matches!(save("gone", None).await, Err(StoreError::Missing(_))));
    assert!(matches!(delete(&store, ann(), "e".into(), "p".into(), OWN).await, Err(StoreError::Missing(_))));
    assert_eq!(titles(&store), []);
}

#[tokio::test]
async fn too_much_and_nonsense_are_refused() {
    let (_dir, store) = open();
    let save = |asked| save(&store, ann(), "e".into(), "p".into(), None, asked);
    let long = "x".repeat(VIEW_NAME_CHARS_MAX + 1);
    let many = format!("{:?}", "x".repeat(VIEW_SPEC_BYTES_MAX));
    for (what, wrong) in [
        ("4 MiB", SaveView { spec: many.clone(), ..asked("a", None) }),
        ("no JSON", SaveView { spec: "{".to_owned(), ..asked("a", None) }),
        ("title", SaveView { display_name: long, ..asked("a", None) }),
        ("type", SaveView { kind: String::new(), ..asked("a", None) }),
        ("description", SaveView { description: many, ..asked("a", None) }),
    ] {
        let refused = save(wrong).await.unwrap_err();
        assert!(matches!(&refused, StoreError::Refused(why) if why.contains(what)), "{what}: {refused}");
    }
    let made = save(asked("a", None)).await.unwrap();
    assert_eq!(made.body.name.len(), 11);
    let workspace = save(SaveView { kind: WORKSPACE_KIND.to_owned(), ..asked("w", None) }).await.unwrap();
    assert!(workspace.body.name.starts_with("nw-") && workspace.body.name.ends_with("-v"));
}

/// Many saves of a large view compress to little; no block of the log may hold
/// more of them than can be read again.
#[tokio::test]
async fn a_large_view_may_be_saved_often() {
    let (_dir, store) = open();
    let large = format!("{:?}", "x".repeat(VIEW_SPEC_BYTES_MAX - 2));
    let mut id = None;
    for _ in 0..70 {
        let asked = SaveView { spec: large.clone(), ..asked("large", None) };
        id = Some(save(&store, ann(), "e".into(), "p".into(), id, asked).await.unwrap().id);
    }
    let path = RunPath::workspace("e", "p").unwrap();
    let stream =
        store.position(&pannier_proto::hub::StreamId { origin: store.origin(), path }).unwrap().unwrap();
    assert_eq!(
        (stream.1, store.log_after(stream.0, 0, usize::MAX).unwrap().last().unwrap().last_seq),
        (70, 70)
    );
    store.stream_digest(stream.0, 0, 70).unwrap();
    assert_eq!(store.view("e", "p", id.unwrap()).unwrap().unwrap().body.spec, large);
}
