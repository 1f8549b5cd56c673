//! The language as tables: documents and which of a few runs pass, and documents
//! that are refused and what is said of them.

use std::time::Instant;

use serde_json::{Map, json};

use super::super::run_field::RunField;
use super::*;

/// A run as an object: its fields by canonical name, `config` and `summary` as maps.
struct Run(Map<String, Json>);

impl Run {
    fn new(value: Json) -> Self {
        let Json::Object(map) = value else { panic!("{value} is no object") };
        Self(map)
    }

    fn within<'a>(&'a self, section: &str, path: &Path) -> Option<&'a Json> {
        path.find(self.0.get(section)?.as_object()?)
    }
}

impl Facts<RunField> for Run {
    fn get(&self, field: &RunField) -> Option<Cow<'_, Json>> {
        let found = match field {
            RunField::Id => self.0.get("id"),
            RunField::Name => self.0.get("name"),
            RunField::State => self.0.get("state"),
            RunField::Tags => self.0.get("tags"),
            RunField::Group => self.0.get("group"),
            RunField::JobType => self.0.get("job"),
            RunField::User => self.0.get("user"),
            RunField::CreatedAt => self.0.get("created"),
            RunField::HeartbeatAt => self.0.get("heartbeat"),
            RunField::UpdatedAt => self.0.get("updated"),
            RunField::Notes => self.0.get("notes"),
            RunField::Sweep => self.0.get("sweep"),
            RunField::Duration => self.0.get("duration"),
            RunField::Config(path) => self.within("config", path),
            RunField::Summary(path) => self.within("summary", path),
            RunField::Metadata(path) => self.within("metadata", path),
            RunField::Other(name) => self.0.get(name),
        };
        found.map(Cow::Borrowed)
    }
}

fn runs() -> [Run; 4] {
    [
        Run::new(json!({
            "id": "a", "name": "Eager-Fox-1", "state": "finished", "tags": ["best", "v1.0"], "group": "g",
            "user": "mia", "created": "2026-01-02T03:04:05.000000Z", "duration": 60, "notes": "first\nsecond",
            "config": {"lr": 0.1, "bs": 32, "opt": {"name": "adam", "betas": [0.9, 0.99]}, "flag": true, "m.n": 1},
            "summary": {"val/loss": 0.5, "acc": {"max": 0.9}, "acc.min": 0.1, "epoch": 3},
        })),
        Run::new(json!({
            "id": "b", "name": "eager-fox-2", "state": "running", "tags": [], "group": null,
            "user": "noa", "created": "2026-01-02T03:04:05.500000Z", "duration": 3600.5,
            "config": {"lr": 1, "bs": 32.0, "opt": {"name": "sgd"}, "flag": false},
            "summary": {"val/loss": "NaN", "epoch": 10},
        })),
        Run::new(json!({
            "id": "c", "name": "lazy-dog-3", "state": "crashed", "tags": ["best"], "job": "eval",
            "created": "2026-02-01T00:00:00.000000Z",
            "config": {"lr": "0.1", "opt": null},
            "summary": {"val/loss": "Infinity", "epoch": "3"},
        })),
        Run::new(json!({"id": "d", "name": "", "state": "failed", "created": "2025-12-31T23:59:59.999999Z"})),
    ]
}

fn passing(filter: &Filter<RunField>) -> String {
    let runs = runs();
    let passing = runs.iter().filter(|run| filter.matches(*run));
    passing.map(|run| run.0["id"].as_str().unwrap()).collect()
}

#[track_caller]
fn check(table: &[(Json, &str)]) {
    for (document, expected) in table {
        let filter = Filter::<RunField>::parse(&document.to_string());
        let filter = filter.unwrap_or_else(|err| panic!("{document}: {err}"));
        assert_eq!(passing(&filter), *expected, "{document}");
    }
}

#[test]
fn equality_and_choice() {
    check(&[
        (json!({}), "abcd"),
        (json!({"state": "finished"}), "a"),
        (json!({"state": {"$eq": "finished"}}), "a"),
        (json!({"state": {"$ne": "finished"}}), "bcd"),
        (json!({"state": {"$in": ["finished", "failed"]}}), "ad"),
        (json!({"state": {"$in": []}}), ""),
        (json!({"state": {"$nin": []}}), "abcd"),
        (json!({"state": {"$nin": ["finished", "failed"]}}), "bc"),
        (json!({"name": "b"}), "b"),
        (json!({"display_name": "lazy-dog-3"}), "c"),
        (json!({"displayName": "lazy-dog-3"}), "c"),
        (json!({"jobType": "eval"}), "c"),
        (json!({"username": "mia"}), "a"),
        (json!({"state": "Finished"}), ""),
        // Several keys, and several operators under one, must all hold.
        (json!({"config.bs": 32, "config.lr": 1}), "b"),
        (json!({"duration": {"$gt": 10, "$lt": 100}}), "a"),
        // Numbers are numbers; texts and truths are not.
        (json!({"config.bs": 32}), "ab"),
        (json!({"config.bs": {"$in": [32.0, "x"]}}), "ab"),
        (json!({"config.lr": 0.1}), "a"),
        (json!({"config.lr": "0.1"}), "c"),
        (json!({"config.lr": true}), ""),
        (json!({"config.flag": true}), "a"),
        (json!({"config.flag": 1}), ""),
        (json!({"config.opt": {"name": "sgd"}}), "b"),
    ]);
}

#[test]
fn names_lead_into_config_and_summary() {
    check(&[
        (json!({"config.lr.value": 0.1}), "a"),
        (json!({"config.opt.name": "adam"}), "a"),
        (json!({"config.opt.value.name": "adam"}), "a"),
        (json!({"config.m.n": 1}), "a"),
        (json!({"config.opt.betas.1": 0.99}), "a"),
        (json!({"summary_metrics.val/loss": 0.5}), "a"),
        (json!({"summaryMetrics.acc.max": {"$gte": 0.9}}), "a"),
        (json!({"summary.acc.min": 0.1}), "a"),
        (json!({"nothing.like.this": 1}), ""),
    ]);
}

#[test]
fn what_is_missing_equals_null_only() {
    check(&[
        (json!({"group": null}), "bcd"),
        (json!({"group": {"$ne": null}}), "a"),
        (json!({"group": {"$in": [null, "x"]}}), "bcd"),
        (json!({"group": {"$nin": [null]}}), "a"),
        (json!({"group": {"$exists": true}}), "ab"),
        (json!({"group": {"$exists": false}}), "cd"),
        (json!({"group": {"$exists": 1}}), "ab"),
        (json!({"config.lr": {"$exists": true}}), "abc"),
        (json!({"config.lr": {"$ne": 1}}), "acd"),
        (json!({"config.lr": {"$nin": [1, 0.1]}}), "cd"),
        (json!({"config.lr": {"$gt": 0}}), "ab"),
        (json!({"config.lr": {"$not": {"$gt": 0}}}), "cd"),
        (json!({"config.opt": null}), "cd"),
        (json!({"config.opt.name": {"$exists": false}}), "cd"),
        (json!({"username": {"$regex": ""}}), "ab"),
        (json!({"username": {"$not": {"$regex": "."}}}), "cd"),
        (json!({"jobType": {"$lte": "z"}}), "c"),
    ]);
}

#[test]
fn comparisons_stay_within_a_kind() {
    check(&[
        (json!({"summary_metrics.epoch": {"$gt": 2}}), "ab"),
        (json!({"summary_metrics.epoch": {"$gte": 3, "$lte": 3.0}}), "a"),
        (json!({"summary_metrics.epoch": {"$gt": "2"}}), "c"),
        (json!({"state": {"$gte": "finished"}}), "ab"),
        (json!({"state": {"$gt": 5}}), ""),
        (json!({"config.flag": {"$lt": true}}), "b"),
        (json!({"config.flag": {"$gte": 0}}), ""),
        // NaN compares with nothing, infinities with all numbers.
        (json!({"summary_metrics.val/loss": {"$gt": 0}}), "ac"),
        (json!({"summary_metrics.val/loss": {"$lte": 1e308}}), "a"),
        (json!({"summary_metrics.val/loss": {"$lt": "Infinity"}}), "a"),
        (json!({"summary_metrics.val/loss": {"$gt": "-Infinity"}}), "ac"),
        (json!({"summary_metrics.val/loss": {"$gte": "NaN"}}), ""),
        (json!({"summary_metrics.val/loss": "NaN"}), "b"),
        (json!({"summary_metrics.val/loss": {"$ne": 0.5}}), "bcd"),
    ]);
}

#[test]
fn lists_pass_when_an_item_does() {
    check(&[
        (json!({"tags": "best"}), "ac"),
        (json!({"tags": {"$ne": "best"}}), "bd"),
        (json!({"tags": {"$in": ["v1.0", "other"]}}), "a"),
        (json!({"tags": {"$nin": ["v1.0"]}}), "bcd"),
        (json!({"tags": ["best"]}), "c"),
        (json!({"tags": {"$eq": ["best", "v1.0"]}}), "a"),
        (json!({"tags": []}), "b"),
        (json!({"tags": {"$in": [[], "v1.0"]}}), "ab"),
        (json!({"tags": {"$all": ["v1.0", "best"]}}), "a"),
        (json!({"tags": {"$all": []}}), ""),
        (json!({"state": {"$all": ["failed"]}}), "d"),
        (json!({"tags": {"$size": 0}}), "b"),
        (json!({"tags": {"$size": 1}}), "c"),
        (json!({"state": {"$size": 1}}), ""),
        (json!({"tags": {"$regex": "^v\\d"}}), "a"),
        (json!({"tags": {"$not": {"$regex": "^v\\d"}}}), "bcd"),
        (json!({"tags": {"$contains": "es"}}), "ac"),
        (json!({"config.opt.betas": {"$gt": 0.95}}), "a"),
    ]);
}

#[test]
fn texts_are_searched_anywhere() {
    check(&[
        (json!({"display_name": {"$regex": "fox"}}), "b"),
        (json!({"display_name": {"$regex": "^eager"}}), "b"),
        (json!({"display_name": {"$regex": "^eager", "$options": "i"}}), "ab"),
        (json!({"display_name": {"$options": "i", "$regex": "^EAGER"}}), "ab"),
        (json!({"display_name": {"$regex": "(?i)EAGER.*2$"}}), "b"),
        (json!({"display_name": {"$not": {"$regex": "EAGER", "$options": "i"}}}), "cd"),
        (json!({"display_name": {"$regex": "(?i)fox", "$ne": "eager-fox-2"}}), "a"),
        (json!({"notes": {"$regex": "^second"}}), ""),
        (json!({"notes": {"$regex": "^second", "$options": "m"}}), "a"),
        (json!({"notes": {"$regex": "first.second"}}), ""),
        (json!({"notes": {"$regex": "FIRST.second", "$options": "si"}}), "a"),
        (json!({"display_name": {"$contains": "dog"}}), "c"),
        (json!({"display_name": {"$contains": "DOG"}}), ""),
        (json!({"tags": {"$contains": "v1.0"}}), "a"),
        (json!({"tags": {"$contains": "v1x0"}}), ""),
        (json!({"tags": {"$contains": "."}}), "a"),
        (json!({"config.lr": {"$regex": "1"}}), "c"),
    ]);
}

#[test]
fn logic() {
    check(&[
        (json!({"$and": [{"tags": "best"}, {"state": "crashed"}]}), "c"),
        (json!({"$or": [{"tags": "best"}, {"state": "failed"}]}), "acd"),
        (json!({"$or": [{"$and": []}]}), "abcd"),
        (json!({"$and": []}), "abcd"),
        (json!({"$or": []}), ""),
        (json!({"$nor": []}), "abcd"),
        // The SDK writes null for a condition of a report that is switched off.
        (json!({"$and": [null, {"tags": "best"}]}), "ac"),
        (json!({"$or": [null, {"tags": "best"}]}), "ac"),
        (json!({"$nor": [{"tags": "best"}, {"state": "failed"}]}), "b"),
        (json!({"$not": {"tags": "best"}}), "bd"),
        (json!({"$not": {"$not": {"tags": "best"}}}), "ac"),
        (json!({"$or": [{"state": "failed"}], "tags": "best"}), ""),
        (json!({"$or": [{"state": "failed", "tags": "best"}, {"state": "running"}]}), "b"),
        (json!({"state": {"$not": {"$in": ["failed", "running"]}}}), "ac"),
        (json!({"duration": {"$not": {"$gt": 10, "$lt": 100}}}), "bcd"),
        (json!({"duration": {"$or": [{"$lt": 100}, {"$eq": 3600.5}]}}), "ab"),
        (json!({"duration": {"$nor": [{"$lt": 100}, {"$exists": false}]}}), "b"),
    ]);
}

#[test]
fn times_compare_however_they_are_written() {
    check(&[
        (json!({"created_at": {"$gt": "2026-01-02T03:04:05"}}), "bc"),
        (json!({"createdAt": {"$gte": "2026-01-02T03:04:05Z"}}), "abc"),
        (json!({"created_at": {"$gt": "2026-01-02T03:04:05.25"}}), "bc"),
        (json!({"created_at": {"$lt": "2026-01-01"}}), "d"),
        (json!({"created_at": {"$gte": "2026-01-02", "$lt": "2026-01-03"}}), "ab"),
        (json!({"created_at": {"$lte": "2026-01-02 05:04:05.000+02:00"}}), "ad"),
        (json!({"created_at": "2026-02-01"}), "c"),
        (json!({"created_at": {"$in": ["2026-02-01", "2026-01-02T03:04:05Z", null]}}), "ac"),
        (json!({"heartbeatAt": {"$gt": "2020-01-01"}}), ""),
        (json!({"heartbeat_at": null}), "abcd"),
        (json!({"created_at": {"$regex": "^2026-02"}}), "c"),
        // What the SDK makes of its own expressions.
        (
            json!({"$or": [{"state": {"$eq": "failed"}}, {"$and": [
            {"$not": {"tags": {"$regex": "v"}}}, {"display_name": {"$contains": "y"}}]}]}),
            "cd",
        ),
        // Anywhere else a date is a text.
        (json!({"config.date": {"$gt": "yesterday"}}), ""),
    ]);
}

#[test]
fn nothing_asked_is_everything() {
    for text in ["", " ", "null", "{}"] {
        let filter = Filter::<RunField>::parse(text).unwrap();
        assert_eq!((passing(&filter).as_str(), filter.fields().count()), ("abcd", 0), "{text:?}");
    }
}

#[test]
fn fields_are_told_once() {
    let document = json!({
        "$or": [{"created_at": {"$gt": "2026-01-01"}}, {"createdAt": null}],
        "config.lr": {"$gt": 0, "$lt": 1}, "state": "finished",
    });
    let filter = Filter::<RunField>::from_json(&document).unwrap();
    let fields: Vec<_> = filter.fields().cloned().collect();
    assert_eq!(fields, [RunField::CreatedAt, RunField::Config(Path::in_config("lr")), RunField::State]);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, message) in [
        (r#"{"a":"#, "the filter is not JSON: EOF"),
        (r#"{"a": NaN}"#, "Write NaN and infinities as the texts \"NaN\""),
        ("[]", "the filter takes an object of conditions, not a list"),
        ("5", "the filter takes an object of conditions, not the number 5"),
        (r#"{"$or": {"a": 1}}"#, "$or takes a list of conditions, not an object"),
        (r#"{"$or": [{"a": 1}, 2]}"#, "$or[1] takes an object of conditions, not the number 2"),
        (
            r#"{"$and": [{"x": {"$foo": 1}}]}"#,
            "$and[0] > x > $foo: there is no operator $foo; there are $and $or",
        ),
        (r#"{"$where": "1"}"#, "$where: there is no operator $where; there are $and $or $nor $not $eq"),
        (r#"{"$gt": 1}"#, "$gt: $gt belongs under a field name"),
        (r#"{"state": {"$eq": 1, "b": 2}}"#, "state > b: b stands beside operators"),
        (r#"{"state": {"$gt": null}}"#, "state > $gt takes a number, a text, or true or false, not null"),
        (r#"{"state": {"$lt": [1]}}"#, "state > $lt takes a number, a text, or true or false, not a list"),
        (r#"{"state": {"$in": "a"}}"#, "state > $in takes a list of values, not the text \"a\""),
        (r#"{"state": {"$nin": {"a": 1}}}"#, "state > $nin takes a list of values, not an object"),
        (r#"{"state": {"$in": [1, {"$gt": 2}]}}"#, "state > $in[1] takes a value without operators"),
        (r#"{"state": {"$all": 1}}"#, "state > $all takes a list of values"),
        (r#"{"state": {"$exists": "yes"}}"#, "state > $exists takes true or false, not the text \"yes\""),
        (r#"{"tags": {"$size": -1}}"#, "tags > $size takes a whole number from 0, not the number -1"),
        (r#"{"tags": {"$size": 1.5}}"#, "tags > $size takes a whole number"),
        (r#"{"state": {"$not": "a"}}"#, "state > $not takes an object of conditions, not the text"),
        (r#"{"state": {"$not": {}}}"#, "state > $not takes an object with at least one operator"),
        (
            r#"{"state": {"$regex": 1}}"#,
            "state > $regex takes a regular expression as text, not the number 1",
        ),
        (r#"{"state": {"$contains": ["a"]}}"#, "state > $contains takes the text to look for, not a list"),
        (
            r#"{"state": {"$regex": "a", "$options": "q"}}"#,
            "takes $options of the letters i, m and s, not the text \"q\"",
        ),
        (r#"{"state": {"$options": "i"}}"#, "state > $options goes with a $regex in the same object"),
        (
            r#"{"state": {"$regex": "a(b"}}"#,
            "state > $regex: the regular expression \"a(b\" cannot be used: unclosed group",
        ),
        (r#"{"state": {"$regex": "(?=a)"}}"#, "look-around"),
        (
            r#"{"created_at": {"$gt": "yesterday"}}"#,
            "created_at > $gt takes a time such as \"2026-01-02T03:04:05Z\"",
        ),
        (r#"{"createdAt": 5}"#, "createdAt takes a time such as"),
        (r#"{"created_at": {"$in": ["2026-01-01", true]}}"#, "created_at > $in[1] takes a time such as"),
        (r#"{"": 1}"#, "\"\" cannot be the name of a field: it is empty"),
    ] {
        let err = Filter::<RunField>::parse(text).expect_err(text).to_string();
        assert!(err.contains(message), "{text}\n  said: {err}\n  not:  {message}");
        assert!(!err.contains('\n') && err.len() < 400, "{err}");
    }
}

#[test]
fn hostile_documents_are_refused_soon_and_briefly() {
    let nested =
        |depth: usize, open: &str, close: &str| format!("{}{{}}{}", open.repeat(depth), close.repeat(depth));
    let many =
        |count: usize| json!({"$or": (0..count).map(|it| json!({"id": it})).collect::<Vec<_>>()}).to_string();
    let regex = |pattern: &str| json!({"state": {"$regex": pattern}}).to_string();
    let regexes = json!({"$or": vec![json!({"state": {"$regex": "a"}}); 17]}).to_string();
    for (text, message) in [
        (nested(20, r#"{"$and":["#, "]}"), "deeper than 32"),
        (nested(40, r#"{"$not":"#, "}"), "deeper than 32"),
        (nested(1000, r#"{"$not":"#, "}"), "deeper than 32"),
        (nested(200_000, r#"{"a":"#, "}"), "longer than 1048576 bytes"),
        (nested(100_000, r#"{"a":"#, "}"), "deeper than 32"),
        (format!(r#"{{"a": {}{}}}"#, "[".repeat(90), "]".repeat(90)), "deeper than 32"),
        (many(10_000), "more than 10000 values"),
        (regex(&"a".repeat(5000)), "longer than 4096 bytes"),
        (regex(r"(\w{500}){500}"), "too large"),
        (regex(r"((((((\pL{9}){9}){9}){9}){9}){9}){9}"), "too large"),
        (regex("(?:){4294967295}{4294967295}"), ""),
        (regex(&format!("{}{}", "(".repeat(100), ")".repeat(100))), "cannot be used"),
        (regexes, "more than 16 regular expressions"),
        (json!({"a".repeat(2000): 1}).to_string(), "longer than 1024 bytes"),
        (json!({"a.".repeat(50): 1}).to_string(), "more than 32 parts"),
        (json!({format!("${}", "x".repeat(100_000)): 1}).to_string(), "there is no operator"),
        (json!({"state": {"$in": "x".repeat(100_000)}}).to_string(), "takes a list"),
    ] {
        let began = Instant::now();
        let read = Filter::<RunField>::parse(&text);
        assert!(began.elapsed().as_secs() < 5, "{message}: took {:?}", began.elapsed());
        match read {
            Err(err) => {
                let err = err.to_string();
                assert!(err.contains(message) && err.len() < 400, "{err}\n  not: {message}");
            }
            // An expression that the engine can bound by itself is as good as a refusal.
            Ok(filter) if message.is_empty() => assert_eq!(passing(&filter), "abcd"),
            Ok(_) => panic!("was read, not refused with: {message}"),
        }
    }
}

#[test]
fn what_is_just_within_the_limits_is_read() {
    let choices: Vec<_> = (0..9_000).map(|it| it.to_string()).collect();
    check(&[
        (json!({"name": {"$in": choices}}), ""),
        (json!({"state": {"$regex": "f".repeat(4096)}}), ""),
        (json!({"display_name": {"$regex": r"^\w{3,20}-[A-Za-z0-9_]{1,100}"}}), "abc"),
    ]);
    let mut document = json!({"state": "failed"});
    for _ in 0..30 {
        document = json!({"$not": document});
    }
    check(&[(document, "d")]);
}

/// A measure for people: run with `--release -- --nocapture`.
#[test]
fn ten_thousand_runs() {
    let runs: Vec<_> = (0..10_000)
        .map(|it| {
            Run::new(json!({
                "id": format!("run{it}"), "name": format!("eager-fox-{it}"), "state": "finished", "tags": ["a", "b"],
                "created": format!("2026-01-{:02}T03:04:05.000000Z", it % 28 + 1),
                "config": {"lr": it, "opt": {"name": "adam"}}, "summary": {"val/loss": 0.5, "acc.max": it},
            }))
        })
        .collect();
    let document = json!({
        "$or": [{"config.lr.value": {"$lt": 5000}}, {"summary_metrics.acc.max": {"$gte": 9000}}],
        "created_at": {"$gt": "2026-01-02"}, "tags": {"$in": ["b", "c"]}, "state": {"$ne": "crashed"},
        "display_name": {"$regex": "^eager-.*[0-9]$"}, "config.opt.name": "adam",
    });
    let filter = Filter::<RunField>::from_json(&document).unwrap();
    for round in ["cold", "warm"] {
        let began = Instant::now();
        let passing = runs.iter().filter(|run| filter.matches(*run)).count();
        println!("{round}: {passing} of {} runs pass, in {:?}", runs.len(), began.elapsed());
        assert!((5000..6000).contains(&passing));
    }
}
