//! The searches of registries, collections and versions as tables: documents and
//! which of a few rows pass, each operator on each kind of field; what is refused,
//! and what is said of it; what logic promises of any document.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::json;

use super::super::filter::{Facts, Field, Filter};
use super::super::order::Order;
use super::*;

const DAY: i64 = 86_400_000_000;
/// 2026-01-01.
const JANUARY: i64 = 1_767_225_600_000_000;

fn own(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn registries() -> [RegistryRow; 3] {
    let row = |id, name: &str, description: Option<&str>, days: i64| RegistryRow {
        id,
        name: name.to_owned(),
        entity: "pannier".to_owned(),
        description: description.map(str::to_owned),
        created_us: JANUARY + days * DAY,
        updated_us: (days > 0).then_some(JANUARY + 2 * days * DAY),
    };
    [
        row(1, "wandb-registry-Model", Some("What we SHIP"), 0),
        row(2, "wandb-registry-dataset", None, 1),
        row(3, "wandb-registry-Demo", Some("for models"), 2),
    ]
}

fn collections() -> [CollectionRow; 4] {
    let row = |id: &str, name: &str, tags: &[&str], days: i64| CollectionRow {
        id: id.to_owned(),
        name: name.to_owned(),
        description: (!tags.is_empty()).then(|| format!("all about {name}")),
        tags: own(tags),
        kind: if name.ends_with("s") { "model" } else { "dataset" }.to_owned(),
        created_us: JANUARY + days * DAY,
        updated_us: None,
    };
    [
        row("a", "DemoModels", &["text-classification", "prod"], 0),
        row("b", "demomodels", &["prod"], 1),
        row("c", "corpus-raw", &[], 2),
        row("d", "corpus-clean", &["EU", "eu", "gdpr"], 3),
    ]
}

fn versions() -> [VersionRow; 5] {
    let row = |id: &str, version, aliases: &[&str], tags: &[&str], metadata: Json| VersionRow {
        id: id.to_owned(),
        version,
        aliases: own(aliases),
        tags: own(tags),
        state: "COMMITTED",
        size: 1024 * version,
        metadata: (!metadata.is_null()).then(|| metadata.to_string()),
        created_us: JANUARY + i64::try_from(version).unwrap() * DAY,
        updated_us: (version == 3).then_some(JANUARY + 9 * DAY),
        linked_us: JANUARY + 10 * DAY - i64::try_from(version).unwrap(),
    };
    [
        row("a", 0, &[], &[], json!({})),
        row(
            "b",
            1,
            &["prod"],
            &["text-classification"],
            json!({"acc": 0.7, "lr.max": 1, "cfg": {"opt": "adam"}}),
        ),
        row(
            "c",
            2,
            &[],
            &["text-classification", "fr"],
            json!({"acc": "NaN", "cfg": {"opt": "SGD", "n": [1, 2]}}),
        ),
        row("d", 3, &["latest", "best"], &[], json!({"acc": 0.9, "cfg": {"deep": {"er": {"x": null}}}})),
        row("e", 12, &[], &["old"], Json::Null),
    ]
}

/// The ids of the rows that pass.
fn passing<F: Field, R: Facts<F>>(rows: &[R], filter: &Filter<F>, id: &str) -> String {
    let id = F::named(id).unwrap();
    let id = |row: &R| match row.get(&id).unwrap().into_owned() {
        Json::String(text) => text,
        other => other.to_string(),
    };
    rows.iter().filter(|row| filter.matches(*row)).map(id).collect()
}

#[track_caller]
fn check<F: Field>(rows: &[impl Facts<F>], table: &[(Json, &str)]) {
    for (document, expected) in table {
        let filter = Filter::<F>::from_json(document).unwrap_or_else(|err| panic!("{document}: {err}"));
        assert_eq!(passing(rows, &filter, "id"), *expected, "{document}");
    }
}

#[test]
fn the_walkthrough_finds_what_it_should() {
    check(
        &registries(),
        &[(json!({"name": {"$regex": "model"}}), "1"), (json!({"name": "wandb-registry-nope"}), "")],
    );
    check(&collections(), &[(json!({"name": "DemoModels"}), "a")]);
    check(
        &versions(),
        &[
            (json!({"$or": [{"tag": "text-classification"}, {"alias": "latest"}]}), "bcd"),
            (json!({"alias": "nope"}), ""),
            (json!({"state": "COMMITTED"}), "abcde"),
            (json!({"state": {"$in": ["PENDING", "DELETED"]}}), ""),
        ],
    );
}

#[test]
fn registries_by_every_field() {
    let model = super::super::ids::other("Entity", "pannier");
    check(
        &registries(),
        &[
            (json!({}), "123"),
            (json!({"id": 2}), "2"),
            (json!({"project_id": {"$in": [1, 3, 9]}}), "13"),
            (json!({"id": {"$nin": [1, 3]}}), "2"),
            (json!({"id": {"$gt": 1, "$lte": 3}}), "23"),
            (json!({"id": "2"}), ""),
            (json!({"entity_id": model}), "123"),
            (json!({"entity_id": {"$ne": model}}), ""),
            // A name is one whatever its case; the SDK puts the prefix before it.
            (json!({"name": "wandb-registry-model"}), "1"),
            (json!({"name": {"$eq": "WANDB-registry-MODEL"}}), "1"),
            (json!({"name": {"$ne": "wandb-registry-model"}}), "23"),
            (json!({"name": {"$in": ["wandb-registry-Dataset", "x"]}}), "2"),
            (json!({"name": {"$nin": ["wandb-registry-Dataset"]}}), "13"),
            (json!({"name": {"$contains": "wandb-registry-DE"}}), "3"),
            (json!({"name": {"$regex": "registry-(MODEL|DATASET)$"}}), "12"),
            (json!({"name": {"$not": {"$regex": "d"}}}), ""),
            (json!({"name": {"$gt": "wandb-registry-Demo"}}), "1"),
            (json!({"name": {"$exists": true}}), "123"),
            (json!({"description": {"$regex": "ship"}}), "1"),
            (json!({"description": {"$contains": "MODELS"}}), "3"),
            (json!({"description": "what we ship"}), ""),
            (json!({"description": null}), "2"),
            (json!({"description": {"$exists": true}}), "13"),
            (json!({"created_at": {"$gte": "2026-01-02"}}), "23"),
            (json!({"createdAt": {"$lt": "2026-01-01T12:00:00+01:00"}}), "1"),
            (json!({"created_at": "2026-01-03"}), "3"),
            (json!({"updated_at": {"$gt": "2026-01-03"}}), "3"),
            (json!({"updated_at": {"$exists": false}}), "1"),
            (json!({"updated_at": {"$lt": "2030-01-01"}}), "23"),
        ],
    );
}

#[test]
fn collections_by_every_field() {
    check(
        &collections(),
        &[
            (json!({"artifact_collection_id": "b"}), "b"),
            (json!({"collection_id": {"$in": ["a", "d"]}}), "ad"),
            (json!({"name": "demomodels"}), "b"),
            (json!({"name": {"$regex": "^demo"}}), "ab"),
            (json!({"name": {"$contains": "CORPUS"}}), "cd"),
            (json!({"name": {"$regex": "clean$", "$ne": "x"}}), "d"),
            (json!({"type": "dataset"}), "cd"),
            (json!({"tag": "prod"}), "ab"),
            (json!({"tags": {"$ne": "prod"}}), "cd"),
            (json!({"tag": {"$all": ["prod", "text-classification"]}}), "a"),
            (json!({"tag": {"$size": 0}}), "c"),
            (json!({"tag": {"$size": 3}}), "d"),
            (json!({"tag": {"$not": {"$size": 1}}}), "acd"),
            (json!({"description": {"$exists": false}}), "c"),
            (json!({"created_at": {"$gt": "2026-01-02", "$lte": "2026-01-04"}}), "cd"),
            (json!({"updated_at": null}), "abcd"),
            (json!({"$nor": [{"tag": "prod"}, {"name": {"$regex": "raw"}}]}), "d"),
        ],
    );
}

#[test]
fn tags_and_aliases_pass_when_one_does() {
    check(
        &versions(),
        &[
            (json!({"tag": {"$eq": "text-classification"}}), "bc"),
            (json!({"tags": {"$ne": "text-classification"}}), "ade"),
            (json!({"tag": {"$in": ["fr", "old"]}}), "ce"),
            (json!({"tag": {"$nin": ["fr", "old"]}}), "abd"),
            (json!({"tag": {"$gt": "old"}}), "bc"),
            (json!({"tag": {"$gte": "old"}}), "bce"),
            (json!({"tag": {"$lt": "g"}}), "c"),
            (json!({"tag": {"$lte": "old"}}), "ce"),
            (json!({"tag": {"$regex": "^TEXT"}}), "bc"),
            (json!({"tag": {"$contains": "class"}}), "bc"),
            (json!({"tag": {"$all": ["fr", "text-classification"]}}), "c"),
            (json!({"tag": {"$size": 2}}), "c"),
            (json!({"alias": {"$size": 0}}), "ace"),
            (json!({"alias": {"$exists": true}}), "abcde"),
            (json!({"aliases": {"$in": ["latest", "prod"]}}), "bd"),
            (json!({"alias": {"$not": {"$in": ["latest", "prod"]}}}), "ace"),
            (json!({"alias": {"$all": ["best", "latest"]}}), "d"),
            (json!({"alias": ["latest", "best"]}), "d"),
            (json!({"$not": {"alias": "latest"}}), "abce"),
        ],
    );
}

#[test]
fn versions_are_numbers_however_they_are_written() {
    let mut table = Vec::new();
    for three in [json!(3), json!(3.0), json!("3"), json!("v3"), json!("V3")] {
        table.extend([
            (json!({"version": three}), "d"),
            (json!({"version": {"$eq": three}}), "d"),
            (json!({"version": {"$ne": three}}), "abce"),
            (json!({"version": {"$gt": three}}), "e"),
            (json!({"version": {"$gte": three}}), "de"),
            (json!({"version": {"$lt": three}}), "abc"),
            (json!({"version": {"$lte": three}}), "abcd"),
            (json!({"version": {"$in": [three, "v12"]}}), "de"),
            (json!({"version": {"$nin": [three, 0]}}), "bce"),
            (json!({"version_index": {"$not": {"$gte": three}}}), "abc"),
        ]);
    }
    table.extend([
        (json!({"version": {"$regex": "^v1"}}), "be"),
        (json!({"version": {"$contains": "2"}}), "ce"),
        (json!({"version": {"$exists": true}}), "abcde"),
        (json!({"version": {"$size": 1}}), ""),
        (json!({"version": {"$all": ["v1"]}}), "b"),
        (json!({"version": null}), ""),
    ]);
    check(&versions(), &table);
}

#[test]
fn metadata_at_any_depth() {
    check(
        &versions(),
        &[
            (json!({"metadata.acc": {"$gt": 0.8}}), "d"),
            (json!({"metadata.acc": {"$gte": 0.7, "$lt": 0.9}}), "b"),
            (json!({"metadata.acc": {"$exists": true}}), "bcd"),
            (json!({"metadata.acc": {"$exists": false}}), "ae"),
            (json!({"metadata.acc": {"$ne": 0.9}}), "abce"),
            (json!({"metadata.acc": {"$in": [0.7, 0.9]}}), "bd"),
            (json!({"metadata.acc": {"$nin": [0.7, 0.9]}}), "ace"),
            (json!({"metadata.acc": "NaN"}), "c"),
            (json!({"metadata.acc": null}), "ae"),
            (json!({"metadata.lr.max": 1}), "b"),
            (json!({"artifact_metadata.cfg.opt": "adam"}), "b"),
            (json!({"metadata.cfg.opt": {"$regex": "sgd"}}), "c"),
            (json!({"metadata.cfg.n": 2}), "c"),
            (json!({"metadata.cfg.n": {"$contains": 2}}), "c"),
            (json!({"metadata.cfg.n": {"$contains": 3}}), ""),
            (json!({"metadata.cfg.n": {"$size": 2}}), "c"),
            (json!({"metadata.cfg.n": {"$all": [2, 1]}}), "c"),
            (json!({"metadata.cfg.n.1": 2}), "c"),
            (json!({"metadata.cfg.deep.er.x": {"$exists": true}}), "d"),
            (json!({"metadata.cfg.deep": {"er": {"x": null}}}), "d"),
            (json!({"metadata": {"$exists": true}}), "abcd"),
            (json!({"metadata": {}}), "a"),
            (json!({"metadata": null}), "e"),
            (json!({"size": {"$gte": 1024}, "artifact_size": {"$lt": 3000}}), "bc"),
            (json!({"created_at": {"$gt": "2026-01-03"}}), "de"),
            (json!({"artifact_created_at": "2026-01-04"}), "d"),
            (json!({"updated_at": {"$exists": true}}), "d"),
            (json!({"linked_at": {"$lt": "2026-01-10T23:59:59.999997Z"}}), "e"),
            (json!({"acm_created_at": "2026-01-11"}), "a"),
        ],
    );
}

#[test]
fn metadata_that_is_damaged_holds_nothing() {
    let filter = Filter::<VersionField>::parse(r#"{"metadata.acc": {"$exists": true}}"#).unwrap();
    for text in ["", "{", "[1]", "null", r#"{"acc": [["#, r#"{"acc": NaN}"#] {
        let row = VersionRow { metadata: Some(text.to_owned()), ..versions()[0].clone() };
        assert!(!filter.matches(&row), "{text}");
    }
}

#[test]
fn orders() {
    fn sorted<F: Field, R: Facts<F> + Clone>(rows: &[R], order: &str) -> String {
        let order = Order::<F>::parse(order).unwrap();
        let mut rows = rows.to_vec();
        rows.sort_by(|a, b| order.compare(a, b));
        passing(&rows, &Filter::everything(), "id")
    }
    for (order, expected) in [
        ("name", "231"),
        ("-name", "132"),
        ("+created_at", "123"),
        ("-created_at", "321"),
        ("-updated_at", "321"),
    ] {
        assert_eq!(sorted(&registries(), order), expected, "{order}");
    }
    // Names of collections are told apart by case; capitals come first.
    for (order, expected) in [("+name", "adcb"), ("-createdAt", "dcba"), ("updated_at,-name", "bcda")] {
        assert_eq!(sorted(&collections(), order), expected, "{order}");
    }
    for (order, expected) in [
        ("-created_at", "edcba"),
        ("+artifact_size", "abcde"),
        ("+acm_created_at", "edcba"),
        ("-version", "edcba"),
        ("-metadata.acc,+version", "dbcae"),
        ("updated_at", "dabce"),
    ] {
        assert_eq!(sorted(&versions(), order), expected, "{order}");
    }
    let err = Order::<CollectionField>::parse("-size").unwrap_err().to_string();
    assert_eq!(
        err,
        "the order: collections have no field \"size\" to ask for; there are artifact_collection_id, name, tag, \
         type, description, created_at, updated_at"
    );
}

#[test]
fn what_is_refused_says_what_there_is() {
    fn refused<F: Field>(table: &[(&str, &str)]) {
        for (text, message) in table {
            let err = Filter::<F>::parse(text).expect_err(text).to_string();
            assert!(err.contains(message), "{text}\n  said: {err}\n  not:  {message}");
            assert!(!err.contains('\n') && err.len() < 400, "{err}");
        }
    }
    refused::<RegistryField>(&[
        (
            r#"{"tag": "x"}"#,
            "tag: registries have no field \"tag\" to ask for; there are id, name, entity_id, desc",
        ),
        (r#"{"$or": [{"name": "x"}, {"Name": 1}]}"#, "$or[1] > Name: registries have no field"),
        (r#"{"name": 5}"#, "name takes a name as text, not the number 5"),
        (r#"{"name": {"$in": ["a", {}]}}"#, "name > $in[1] takes a name as text, not an object"),
        (
            r#"{"name": {"$like": "x"}}"#,
            "name > $like: there is no operator $like; there are $and $or $nor $not",
        ),
        (r#"{"name.x": 1}"#, "no field \"name.x\""),
        (r#"{"created_at": {"$gt": 5}}"#, "created_at > $gt takes a time such as"),
    ]);
    refused::<CollectionField>(&[
        (r#"{"alias": "x"}"#, "collections have no field \"alias\""),
        (r#"{"metadata.x": 1}"#, "collections have no field"),
        (r#"{"tag": {"$size": "1"}}"#, "tag > $size takes a whole number from 0"),
    ]);
    refused::<VersionField>(&[
        (r#"{"name": "x"}"#, "versions have no field \"name\" to ask for; there are id, version, tag, alias"),
        (r#"{"metadata.": 1}"#, "versions have no field \"metadata.\""),
        (
            r#"{"version": "latest"}"#,
            "version takes a version such as 3 or \"v3\" (names such as \"latest\" are",
        ),
        (r#"{"version": {"$gt": true}}"#, "version > $gt takes a version such as 3"),
        (r#"{"version": {"$in": [1, "v1.0"]}}"#, "version > $in[1] takes a version such as 3"),
        (r#"{"alias": {"$regex": "a("}}"#, "alias > $regex: the regular expression \"a(\" cannot be used"),
        (r#"{"alias": {"$exists": null}}"#, "alias > $exists takes true or false, not null"),
    ]);
}

#[test]
fn hostile_documents_are_refused_soon() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
    let fields = |count| {
        let fields = (0..count).map(|it| (format!("metadata.k{it}"), json!(1)));
        Json::Object(fields.collect()).to_string()
    };
    for (text, message) in [
        (deep(r#"{"$not":"#, "}"), "deeper than 32"),
        (deep(r#"{"$and":["#, "]}"), "deeper than 32"),
        (deep(r#"{"metadata":"#, "}"), "deeper than 32"),
        (json!({"metadata.x": {"$regex": "(a{1000}){1000}"}}).to_string(), "too large"),
        (json!({"alias": {"$regex": "x".repeat(1 << 19)}}).to_string(), "longer than 4096 bytes"),
        (json!({"alias": {"$in": vec![0; 20_000]}}).to_string(), "more than 10000 values"),
        (fields(10_001), "more than 10000 values"),
        (fields(300), "more than 256 fields"),
        (json!({format!("metadata.{}", "a.".repeat(500)): 1}).to_string(), "more than 32 parts"),
        ("x".repeat(2 << 20), "longer than 1048576 bytes"),
        ("\u{0}".to_owned(), "not JSON"),
    ] {
        let began = Instant::now();
        let err = Filter::<VersionField>::parse(&text).unwrap_err().to_string();
        assert!(began.elapsed() < Duration::from_secs(2), "{message}: {:?}", began.elapsed());
        assert!(err.contains(message) && err.len() < 400, "{err}\n  not: {message}");
    }
    // What would take a backtracking engine forever.
    let filter = Filter::<VersionField>::parse(r#"{"metadata.x": {"$regex": "^(a+)+$"}}"#).unwrap();
    let text = json!({"x": format!("{}!", "a".repeat(100_000))}).to_string();
    let row = VersionRow { metadata: Some(text), ..versions()[0].clone() };
    let began = Instant::now();
    assert!(!filter.matches(&row));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[test]
fn what_a_filter_says_outright() {
    let only = |document: Json, field: RegistryField| {
        Filter::<RegistryField>::from_json(&document).unwrap().only(&field).map(Json::from)
    };
    for (document, expected) in [
        (json!({"id": 3}), Some(json!([3]))),
        (json!({"$and": [{"name": "x"}, {"$and": [{"id": {"$in": [1, 2]}}]}]}), Some(json!([1, 2]))),
        (json!({"id": {"$in": []}}), Some(json!([]))),
        (json!({"id": {"$in": [1, null]}}), None),
        (json!({"id": null}), None),
        (json!({"id": {"$ne": 1}}), None),
        (json!({"id": {"$gt": 1}}), None),
        (json!({"$or": [{"id": 1}, {"id": 2}]}), None),
        (json!({"$not": {"id": 1}}), None),
        (json!({}), None),
    ] {
        assert_eq!(only(document.clone(), RegistryField::Id), expected, "{document}");
    }
    assert_eq!(
        only(json!({"name": "Wandb-Registry-X"}), RegistryField::Name),
        Some(json!(["wandb-registry-x"]))
    );
}

/// Conditions on versions of all kinds.
fn condition() -> impl Strategy<Value = Json> {
    let field =
        prop::sample::select(vec!["version", "tag", "alias", "metadata.acc", "metadata.cfg.opt", "size"]);
    let number = prop::sample::select(vec![json!(0), json!(3), json!(0.7), json!(1024)]);
    let operator = prop::sample::select(vec!["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]);
    let list = prop::sample::select(vec!["$in", "$nin", "$all"]);
    let leaf = prop_oneof![
        (field.clone(), operator, number.clone())
            .prop_map(|(field, operator, it)| json!({field: {operator: it}})),
        (field.clone(), list, prop::collection::vec(number, 0..3))
            .prop_map(|(field, list, items)| json!({field: {list: items}})),
        (field.clone(), any::<bool>()).prop_map(|(field, it)| json!({field: {"$exists": it}})),
        (field.clone(), 0..3_u8).prop_map(|(field, size)| json!({field: {"$size": size}})),
        (field, "[a-z]{1,2}").prop_map(|(field, text)| json!({field: {"$regex": text}})),
        prop::sample::select(vec!["latest", "prod", "text-classification", "fr"])
            .prop_map(|text| json!({"$or": [{"tag": text}, {"alias": text}]})),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        let inner = prop::collection::vec(inner, 0..3);
        (prop::sample::select(vec!["$and", "$or", "$nor"]), inner)
            .prop_map(|(logic, inner)| json!({logic: inner}))
    })
}

proptest! {
    #[test]
    fn logic_obeys_de_morgan(a in condition(), b in condition()) {
        let rows = versions();
        let of = |document: Json| {
            let filter = Filter::<VersionField>::from_json(&document).unwrap();
            rows.iter().map(|row| filter.matches(row)).collect::<Vec<_>>()
        };
        let not = |document: &Json| json!({"$not": document});
        prop_assert_eq!(of(not(&json!({"$and": [a, b]}))), of(json!({"$or": [not(&a), not(&b)]})));
        prop_assert_eq!(of(not(&json!({"$or": [a, b]}))), of(json!({"$and": [not(&a), not(&b)]})));
        prop_assert_eq!(of(json!({"$nor": [a, b]})), of(not(&json!({"$or": [a, b]}))));
        prop_assert_eq!(of(not(&not(&a))), of(a.clone()));
        let both = of(json!({"$and": [a, b]}));
        let each: Vec<_> = of(a).into_iter().zip(of(b)).map(|(a, b)| a && b).collect();
        prop_assert_eq!(both, each);
    }

    #[test]
    fn no_text_brings_it_down(text in r#"[\[\]{}":,$a-z0-9. ]{0,60}"#) {
        let _ = Filter::<VersionField>::parse(&text);
        let _ = Order::<VersionField>::parse(&text);
    }
}

/// Ten thousand versions with a kilobyte of metadata each, well within the 200 ms
/// that a search of them may take; run with `--nocapture` for the numbers.
#[test]
fn ten_thousand_versions() {
    let config: serde_json::Map<_, _> =
        (0..30).map(|it| (format!("parameter_{it}"), json!(f64::from(it) / 7.0))).collect();
    let rows: Vec<_> = {
        let row = |it: u64| VersionRow {
            version: it,
            tags: own(&["text-classification", "en"]),
            aliases: if it.is_multiple_of(100) { own(&["prod"]) } else { Vec::new() },
            metadata: Some(json!({"config": config, "acc": it, "author": "mia"}).to_string()),
            ..versions()[1].clone()
        };
        (0..10_000).map(row).collect()
    };
    for (what, document, expected) in [
        ("alias or tag", json!({"$or": [{"tag": "fr"}, {"alias": "prod"}]}), 100),
        (
            "version and time",
            json!({"version": {"$gte": "v5000"}, "created_at": {"$gt": "2025-01-01"}}),
            5000,
        ),
        ("regex", json!({"tag": {"$regex": "^text-.*ation$"}}), 10_000),
        ("metadata", json!({"metadata.acc": {"$lt": 100}, "metadata.config.parameter_7": 1}), 100),
    ] {
        let filter = Filter::<VersionField>::from_json(&document).unwrap();
        let best = (0..3).map(|_| {
            let began = Instant::now();
            assert_eq!(rows.iter().filter(|row| filter.matches(*row)).count(), expected, "{document}");
            began.elapsed()
        });
        let best = best.min().unwrap();
        println!("{what}: 10,000 versions in {best:?}");
        assert!(best < Duration::from_millis(150), "{what}: {best:?}");
    }
}
