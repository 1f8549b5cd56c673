//! What the records of a `.wandb` file add up to: config, summary, and the
//! client's own part of the config, as core would send them.

use serde_json::{Map, Value as Json, json};

use super::environment;
use super::fields::{BadMessage, Field, Fields};
use super::record::{self, Git, Run};
use crate::wandb::config::INTERNAL;

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The user's config.
    pub config: Map<String, Json>,
    /// The summary.
    pub summary: Map<String, Json>,
    telemetry: Map<String, Json>,
    metrics: Vec<Map<String, Json>>,
    /// By the writer's id.
    environments: Map<String, Json>,
    branch: Option<Json>,
    git: Option<(String, String)>,
    host: Option<String>,
}

/// Fields of telemetry that are sets of flags.
const FLAGS: [u32; 5] = [1, 2, 3, 8, 10];

impl State {
    /// Takes a run record in.
    ///
    /// # Errors
    /// [`BadMessage`].
    pub fn run(&mut self, run: &Run) -> Result<(), BadMessage> {
        self.config(run.config)?;
        record::apply(run.summary, &mut self.summary)?;
        self.telemetry(run.telemetry)?;
        self.git(run.git);
        if !run.host.is_empty() {
            self.host = Some(run.host.to_owned());
        }
        if let Some((id, step)) = run.branch {
            self.branch = Some(json!({ "run_id": id, "step": step }));
        }
        Ok(())
    }

    fn git(&mut self, git: Option<Git>) {
        if let Some(git) = git.filter(|git| !git.commit.is_empty()) {
            self.git = Some((git.commit.to_owned(), git.remote.to_owned()));
        }
    }

    /// Takes changes of the config in.
    ///
    /// # Errors
    /// [`BadMessage`].
    pub fn config(&mut self, bytes: &[u8]) -> Result<(), BadMessage> {
        record::apply(bytes, &mut self.config)?;
        // The client's own part is told by other records.
        self.config.remove(INTERNAL);
        Ok(())
    }

    /// Takes telemetry in.
    ///
    /// # Errors
    /// [`BadMessage`].
    pub fn telemetry(&mut self, bytes: &[u8]) -> Result<(), BadMessage> {
        for field in Fields::of(bytes) {
            let (number, field) = field?;
            let Field::Bytes(bytes) = field else { continue };
            let value = if FLAGS.contains(&number) {
                let set = Fields::of(bytes).flatten().filter(|(_, flag)| flag.int() != 0);
                Json::from(set.map(|(number, _)| number).collect::<Vec<_>>())
            } else if matches!(number, 4..=6 | 12 | 13) {
                Json::from(field.text())
            } else {
                continue;
            };
            self.telemetry.insert(number.to_string(), value);
        }
        Ok(())
    }

    /// Takes a `define_metric` rule in.
    ///
    /// # Errors
    /// [`BadMessage`].
    pub fn metric(&mut self, bytes: &[u8]) -> Result<(), BadMessage> {
        let mut rule = Map::new();
        for field in Fields::of(bytes) {
            let (number, field) = field?;
            let value = match (number, field) {
                (1 | 2 | 4, field) => Json::from(field.text()),
                (6 | 7, Field::Bytes(bytes)) => {
                    let set = Fields::of(bytes).flatten().filter(|(_, flag)| flag.int() != 0);
                    Json::from(set.map(|(number, _)| number).collect::<Vec<_>>())
                }
                (8, field) => Json::from(field.int()),
                _ => continue,
            };
            rule.insert(number.to_string(), value);
        }
        let names = |rule: &Map<String, Json>| (rule.get("1").cloned(), rule.get("2").cloned());
        match self.metrics.iter_mut().find(|known| names(known) == names(&rule)) {
            Some(known) => known.extend(rule),
            None => self.metrics.push(rule),
        }
        Ok(())
    }

    /// Takes facts about the machine in.
    ///
    /// # Errors
    /// [`BadMessage`].
    pub fn environment(&mut self, bytes: &[u8]) -> Result<(), BadMessage> {
        let facts = environment::read(bytes)?;
        if let Some(git) = Fields::of(bytes).flatten().find(|(number, _)| *number == 9) {
            self.git(Some(record::git(git.1.bytes())?));
        }
        let writer = facts.get("writerId").and_then(Json::as_str).unwrap_or_default().to_owned();
        match self.environments.get_mut(&writer) {
            Some(Json::Object(known)) => known.extend(facts),
            _ => drop(self.environments.insert(writer, Json::Object(facts))),
        }
        Ok(())
    }

    /// The config as core sends it, each value wrapped, its own part beside them.
    #[must_use]
    pub fn wrapped_config(&self) -> Map<String, Json> {
        let wrapped = |value: &Json| json!({ "value": value });
        let mut config: Map<_, _> =
            self.config.iter().map(|(key, value)| (key.clone(), wrapped(value))).collect();
        let mut internal = Map::new();
        for (name, number) in [("cli_version", "5"), ("python_version", "4")] {
            if let Some(version) = self.telemetry.get(number) {
                internal.insert(name.to_owned(), version.clone());
            }
        }
        internal.insert("t".to_owned(), Json::Object(self.telemetry.clone()));
        internal.insert("m".to_owned(), Json::from(self.metrics.clone()));
        if !self.environments.is_empty() {
            internal.insert("e".to_owned(), Json::Object(self.environments.clone()));
        }
        if let Some(branch) = &self.branch {
            internal.insert("branch_point".to_owned(), branch.clone());
        }
        config.insert(INTERNAL.to_owned(), wrapped(&Json::Object(internal)));
        config
    }

    /// Facts about machine and program, under our names for them.
    #[must_use]
    pub fn metadata(&self) -> Map<String, Json> {
        let mut facts = Map::new();
        if let Some(host) = &self.host {
            facts.insert("host".to_owned(), json!({ "name": host }));
        }
        if let Some((commit, remote)) = &self.git {
            let remote = Some(remote).filter(|remote| !remote.is_empty());
            facts.insert("git".to_owned(), json!({ "commit": commit, "remote": remote }));
        }
        let program = self.environments.values().find_map(|facts| facts.get("program"));
        if let Some(program) = program {
            facts.insert("program".to_owned(), json!({ "path": program }));
        }
        facts
    }

    /// The file `wandb-metadata.json` that core makes of what it knows.
    #[must_use]
    pub fn metadata_file(&self) -> Option<String> {
        self.environments.values().next().map(|facts| format!("{facts:#}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::put;
    use super::*;
    use crate::wandb::config::{decode, definitions};

    #[test]
    fn records_add_up() {
        let item =
            |key: &str, value: &str| put::bytes(1, [put::bytes(1, key), put::bytes(16, value)].concat());
        let nested = |keys: [&str; 2], value: &str| {
            let keys: Vec<u8> = keys.iter().flat_map(|key| put::bytes(2, key)).collect();
            put::bytes(1, [keys, put::bytes(16, value)].concat())
        };
        let mut state = State::default();
        let telemetry =
            [put::bytes(3, put::int(13, 1)), put::bytes(4, "3.11.7"), put::bytes(5, "0.31.0")].concat();
        let run = [
            put::bytes(1, "abc"),
            put::bytes(4, [item("lr", "0.1"), item("_wandb", "{}"), item("gone", "1")].concat()),
            put::bytes(13, "vm"),
            put::bytes(19, telemetry),
        ]
        .concat();
        state.run(&Run::read(&run).unwrap()).unwrap();
        state
            .config(&[nested(["opt", "name"], "\"adam\""), put::bytes(2, put::bytes(1, "gone"))].concat())
            .unwrap();
        record::apply(&[nested(["loss", "min"], "NaN"), item("best", "3")].concat(), &mut state.summary)
            .unwrap();
        state
            .metric(&[put::bytes(2, "val/*"), put::bytes(4, "epoch"), put::bytes(6, put::int(1, 1))].concat())
            .unwrap();
        state.metric(&[put::bytes(1, "acc"), put::bytes(7, put::int(2, 1))].concat()).unwrap();
        state
            .environment(
                &[put::bytes(1, "Linux"), put::bytes(6, "/x/train.py"), put::bytes(199, "w")].concat(),
            )
            .unwrap();
        state.environment(&[put::int(16, 2), put::bytes(199, "w")].concat()).unwrap();
        let sent = decode(state.wrapped_config());
        assert_eq!(Json::Object(sent.values), json!({"lr": 0.1, "opt": {"name": "adam"}}));
        let internal = sent.internal.unwrap();
        assert_eq!(internal["t"], json!({"3": [13], "4": "3.11.7", "5": "0.31.0"}));
        assert_eq!(internal["e"]["w"]["cpu_count"], 2);
        let rules = definitions(&internal);
        assert_eq!((rules[0].name.as_str(), rules[0].step_metric.as_deref()), ("val/*", Some("epoch")));
        assert!(rules[1].shown.max);
        assert_eq!(Json::Object(state.summary.clone()), json!({"loss": {"min": "NaN"}, "best": 3}));
        assert_eq!(
            Json::Object(state.metadata()),
            json!({"host": {"name": "vm"}, "program": {"path": "/x/train.py"}})
        );
    }
}
