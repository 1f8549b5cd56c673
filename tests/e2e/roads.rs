//! Every road from a home to where others look, by one table of cases and with one
//! judge: whatever the road, the same is seen at its end.

use std::collections::BTreeMap;

use pannier_tests::cli::Output;
use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::http::Http;
use pannier_tests::hub::TestHub;
use pannier_tests::ledger::{Claim, judge};
use pannier_tests::trainer::{Trainer, claim};
use pannier_tests::wandb::{Door, history_post, lines};
use serde_json::{Value as Json, json};

use crate::artifact_cli::run;

/// A home with a daemon, a hub, and a road between them.
struct Journey {
    home: TestHome,
    daemon: Option<TestDaemon>,
    /// On the way, where a road has such a place.
    between: TestHome,
    hub: TestHub,
}

/// A road.
struct Road {
    name: &'static str,
    /// Says at home where it leads.
    open: fn(&Journey),
    /// Brings everything along it.
    carry: fn(&Journey),
    /// Whose at its end what is `local`'s here.
    entity: &'static str,
    /// Whether nothing is added by who carries it.
    exact: bool,
    /// Whether somebody can be asked at its end, so that `verify` compares.
    records: bool,
}

const ROADS: &[Road] = &[
    Road {
        name: "hub",
        open: |journey| journey.hub.add_to(&journey.home, &journey.hub.url()),
        carry: |journey| sync(&journey.home),
        entity: "local",
        exact: true,
        records: true,
    },
    Road {
        name: "wandb",
        open: |journey| journey.hub.add_as_wandb_to(&journey.home, &journey.hub.url()),
        carry: |journey| sync(&journey.home),
        entity: "tester",
        exact: false,
        records: true,
    },
    Road {
        name: "folder",
        open: |journey| {
            let _ = run(&journey.home, &format!("remote add site folder:{}", shared(journey))).expect(0);
            journey.hub.add_to(&journey.between, &journey.hub.url());
        },
        carry: |journey| {
            sync(&journey.home);
            let relay = format!("relay {} --to hub --once --max-seconds 60", shared(journey));
            let _ = run(&journey.between, &relay).expect(0);
        },
        entity: "local",
        exact: true,
        records: true,
    },
    Road {
        name: "bundle",
        open: |_| {},
        carry: |journey| {
            let file = journey.home.beside("carried.bundle");
            let _ = std::fs::remove_file(&file);
            let _ = run(&journey.home, &format!("export --since last -o {}", file.display())).expect(0);
            // Where nothing is new there is nothing to carry.
            if file.exists() {
                let _ = run(&journey.hub.home, &format!("import {}", file.display())).expect(0);
            }
        },
        entity: "local",
        exact: true,
        records: false,
    },
];

fn sync(home: &TestHome) {
    let _ = run(home, "sync --wait --timeout 60").expect(0);
}

/// The folder that both sides of a road see.
fn shared(journey: &Journey) -> String {
    journey.between.beside("shared").display().to_string()
}

impl Journey {
    fn begin(road: &Road) -> Self {
        println!("{}", road.name);
        let home = TestHome::new();
        let daemon = Some(TestDaemon::start(&home));
        let journey = Self { home, daemon, between: TestHome::new(), hub: TestHub::started() };
        (road.open)(&journey);
        journey
    }

    /// The daemon dies and comes again.
    fn kill(&mut self) {
        self.daemon.take().into_iter().for_each(TestDaemon::kill);
        self.daemon = Some(TestDaemon::start(&self.home));
    }

    fn here(&self) -> Http {
        self.home.http()
    }

    fn there(&self) -> Http {
        self.hub.http()
    }

    /// How many rows of a run are there, each as it was logged.
    fn judged(&self, road: &Road, of: &Claim) -> Result<usize, String> {
        let run = of.run.replace("local/", &format!("{}/", road.entity));
        judge(&self.there(), &claim(&run, of.ledger.clone()))
    }

    fn train(&self, run: &str, rows: u64) -> Claim {
        Trainer::new(&self.home, "p", run).rows(rows).run().claim
    }

    /// Both sides show the same.
    #[track_caller]
    fn equal(&self, road: &Road) {
        let (mut here, mut there) = (seen(&self.here(), "local"), seen(&self.there(), road.entity));
        if !road.exact {
            [&mut here, &mut there].into_iter().for_each(as_wandb_says);
        }
        for (what, value) in &here {
            assert_eq!(there.get(what), Some(value), "{what}, here and there");
        }
        assert_eq!(here.len(), there.len(), "{:?}", there.keys());
    }
}

/// What people see of an entity and its registries, but for ids and times.
fn seen(http: &Http, entity: &str) -> BTreeMap<String, Json> {
    let mut seen = BTreeMap::new();
    let get = |route: &str| http.get(route).expect(200);
    let listed = get(&format!("/v1/runs?entity={entity}&limit=1000")).json();
    for run in listed["runs"].as_array().unwrap() {
        let name = ["project", "run"].map(|part| run[part].as_str().unwrap()).join("/");
        let path = format!("{entity}/{name}");
        let facts = ["name", "state", "config", "summary", "last_step", "history_rows", "tags", "exit_code"];
        let facts: Vec<&Json> = facts.iter().map(|fact| &run[fact]).collect();
        drop(seen.insert(format!("run {name}"), json!(facts)));
        let rows = get(&format!("/v1/runs/{path}/rows?table=history")).text();
        drop(seen.insert(format!("history of {name}"), json!(rows)));
        let files = get(&format!("/v1/runs/{path}/files")).json();
        for file in files["list"].as_array().unwrap() {
            let file = file["path"].as_str().unwrap();
            let bytes = get(&format!("/v1/runs/{path}/files/{file}")).body;
            drop(seen.insert(format!("file {name}/{file}"), json!(String::from_utf8_lossy(&bytes))));
        }
    }
    for project in ["p", "wandb-registry-model"] {
        let collections = get(&format!("/v1/collections?entity={entity}&project={project}")).json();
        for collection in collections["collections"].as_array().unwrap() {
            let name = collection["name"].as_str().unwrap();
            let found = get(&format!("/v1/collections/{entity}/{project}/{name}")).json();
            for version in found["versions"].as_array().unwrap() {
                let number = version["version"].as_u64().unwrap();
                let mut aliases: Vec<&str> = version["aliases"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|alias| alias["alias"].as_str().unwrap())
                    .collect();
                aliases.sort_unstable();
                let facts = json!([version["digest"], version["size"], version["metadata"], aliases]);
                let at = format!("{project}/{name}:v{number}");
                let files = get(&format!("/v1/artifacts/{entity}/{at}/files")).text();
                drop(seen.insert(format!("version {at}"), json!([facts, files.lines().count()])));
            }
        }
    }
    for view in get(&format!("/v1/views?entity={entity}&project=p")).json()["views"].as_array().unwrap() {
        let spec =
            &get(&format!("/v1/views/{entity}/p/{}", view["link_id"].as_str().unwrap())).json()["spec"];
        drop(seen.insert(format!("view {}", view["display_name"]), spec.clone()));
    }
    seen
}

/// Leaves out what W&B's protocol has besides: times in rows and in the summary, and
/// the files that its client makes of a run's facts.
fn as_wandb_says(seen: &mut BTreeMap<String, Json>) {
    const MADE: [&str; 5] =
        ["config.yaml", "wandb-summary.json", "wandb-metadata.json", "output.log", "requirements.txt"];
    seen.retain(|what, _| !what.starts_with("file ") || !MADE.iter().any(|made| what.ends_with(made)));
    for (what, value) in seen {
        let forget = |of: &mut Json| {
            for key in ["_runtime", "_timestamp", "_wandb"] {
                of.as_object_mut().and_then(|of| of.remove(key));
            }
        };
        if what.starts_with("run ") {
            forget(&mut value[3]);
            forget(&mut value[2]);
        } else if what.starts_with("history ") {
            let rows = value.as_str().unwrap_or_default().lines().map(|line| {
                let mut row = serde_json::from_str(line).unwrap();
                forget(&mut row);
                row
            });
            *value = Json::Array(rows.collect());
        }
    }
}

/// A run that W&B's own client logged, with an artifact.
fn through_the_door(home: &TestHome, run: &str) {
    let door = Door::of(home);
    let _ = door.begin("p", run, &json!({"lr": {"value": 0.1}}));
    let _ = door.post("p", run, &history_post(0, &lines(0..50))).expect(200);
    let _ = door.artifact("p", run, true);
    let _ = door.post("p", run, &json!({"complete": true, "exitcode": 0})).expect(200);
}

fn put(home: &TestHome, name: &str, content: &str) -> Output {
    let file = home.beside("weights.bin");
    std::fs::write(&file, content).unwrap();
    run(home, &format!("artifact put {} --name {name} --type model --alias best", file.display())).expect(0)
}

/// A case: what happens at home, and on the way.
type Case = (&'static str, fn(&mut Journey, &Road));

const CASES: &[Case] = &[
    ("everything arrives", |journey, road| {
        let claim = journey.train("plain", 300);
        through_the_door(&journey.home, "door");
        (road.carry)(journey);
        assert_eq!(journey.judged(road, &claim), Ok(300));
    }),
    ("twice is once", |journey, road| {
        let claim = journey.train("plain", 300);
        (road.carry)(journey);
        (road.carry)(journey);
        assert_eq!(journey.judged(road, &claim), Ok(300));
    }),
    ("a run goes on", |journey, road| {
        let ledger = journey.home.beside("plain.ledger");
        for resumed in [false, true, true] {
            let trainer = Trainer::with_ledger(&journey.home, "p", "plain", &ledger).rows(100);
            let _ = if resumed { trainer.resume() } else { trainer }.run();
            (road.carry)(journey);
            journey.equal(road);
        }
    }),
    ("the daemon dies on the way", |journey, road| {
        let claims: Vec<_> = (0..4).map(|n| journey.train(&format!("run{n}"), 200)).collect();
        let _ = put(&journey.home, "p/net", "some weights");
        journey.kill();
        (road.carry)(journey);
        for claim in &claims {
            assert_eq!(journey.judged(road, claim), Ok(200));
        }
    }),
    ("the registry moves", |journey, road| {
        let _ = put(&journey.home, "p/net", "first");
        let _ = run(&journey.home, "registry link p/net model/digits --alias production").expect(0);
        (road.carry)(journey);
        journey.equal(road);
        let _ = put(&journey.home, "p/net", "second");
        let _ = run(&journey.home, "registry link p/net model/digits --alias production").expect(0);
        (road.carry)(journey);
    }),
    ("a report is saved, and changed", |journey, road| {
        let body = json!({"type": "runs", "display_name": "Report", "spec": "{\"blocks\": [ ]}"});
        let made = journey.here().post("/v1/views/local/p", &body).expect(200).json();
        (road.carry)(journey);
        journey.equal(road);
        let route = format!("/v1/views/local/p/{}", made["id"].as_str().unwrap());
        let changed = json!({"type": "runs", "display_name": "Report", "spec": "{\"blocks\": [1]}"});
        let _ = journey.here().send("PUT", &route, changed.to_string().as_bytes()).unwrap().expect(200);
        (road.carry)(journey);
    }),
    ("what is deleted is gone there", |journey, road| {
        let _ = journey.train("kept", 50);
        let _ = journey.train("gone", 50);
        (road.carry)(journey);
        journey.equal(road);
        let _ = journey.here().send("DELETE", "/v1/runs/local/p/gone", b"").unwrap().expect(204);
        (road.carry)(journey);
        assert!(!seen(&journey.there(), road.entity).contains_key("run p/gone"));
    }),
];

/// Every case on one road.
fn travel(name: &str) {
    let road = ROADS.iter().find(|road| road.name == name).unwrap();
    for (case, happen) in CASES {
        println!("{case}");
        let mut journey = Journey::begin(road);
        happen(&mut journey, road);
        journey.equal(road);
        if road.records {
            let verified = run(&journey.home, "verify --json").expect(0);
            assert!(verified.json().is_object());
        }
    }
}

#[test]
fn to_a_hub() {
    travel("hub");
}

#[test]
fn to_a_server_of_wandb() {
    travel("wandb");
}

#[test]
fn by_a_folder_and_its_relay() {
    travel("folder");
}

#[test]
fn in_bundles() {
    travel("bundle");
}
