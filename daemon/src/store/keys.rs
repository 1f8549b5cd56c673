//! What the runs of a project have logged, by key.

use std::collections::{BTreeMap, BTreeSet};

use pannier_proto::dashboard::{KeyView, Keys, MediaKey};
use pannier_proto::record::Table;
use pannier_proto::summary::{self, Definition};
use rusqlite::{Connection, params};
use serde_json::{Map, Value as Json};

use super::history::unpack;
use super::{Result, Store, from_sql};
use crate::block::{STEP_KEY, TIME_KEY};

/// Runs whose machine is asked for the names of its metrics: the newest. They
/// are the same on every machine of a kind.
const MACHINES: i64 = 50;
/// How deep keys of configs go.
const DEPTH_MAX: usize = 8;

impl Store {
    /// The keys of a project.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn keys(&self, entity: &str, project: &str) -> Result<Keys> {
        self.read_blocking(|sql| {
            let (mut config, mut summary) = (BTreeSet::new(), BTreeSet::new());
            let metrics = metrics(sql, entity, project, &mut summary)?;
            let mut select = sql.prepare_cached(
                "SELECT DISTINCT config, summary FROM shown_runs WHERE entity = ?1 AND project = ?2",
            )?;
            let mut rows = select.query([entity, project])?;
            while let Some(row) = rows.next()? {
                let map = |at| -> rusqlite::Result<Map<String, Json>> {
                    Ok(serde_json::from_str(row.get_ref(at)?.as_str()?).unwrap_or_default())
                };
                dotted("", &map(0)?, DEPTH_MAX, &mut config);
                summary.extend(map(1)?.into_iter().map(|(key, _)| key));
            }
            Ok(Keys {
                metrics,
                system: system(sql, entity, project)?,
                media: media(sql, entity, project)?,
                config: config.into_iter().collect(),
                summary: summary.into_iter().collect(),
            })
        })
    }
}

fn dotted(prefix: &str, map: &Map<String, Json>, depth: usize, keys: &mut BTreeSet<String>) {
    for (key, value) in map {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Json::Object(inner) if depth > 1 && !inner.is_empty() => dotted(&key, inner, depth - 1, keys),
            _ => drop(keys.insert(key)),
        }
    }
}

/// A metric that some runs have, as far as it was counted.
struct Counted {
    runs: u64,
    /// What it is drawn against; `None` once runs do not agree.
    against: Option<Option<String>>,
    hidden: bool,
}

/// Metrics with numbers; every key that was logged is a summary's.
fn metrics(
    sql: &Connection,
    entity: &str,
    project: &str,
    summary: &mut BTreeSet<String>,
) -> Result<Vec<KeyView>> {
    let mut select = sql.prepare_cached(
        "SELECT m.key, r.definitions, count(*),
             sum(m.count > 0 OR m.last IN ('\"NaN\"', '\"Infinity\"', '\"-Infinity\"'))
         FROM shown_runs r JOIN metrics m ON m.run = r.id WHERE r.entity = ?1 AND r.project = ?2
         GROUP BY m.key, r.definitions ORDER BY m.key",
    )?;
    let mut rows = select.query([entity, project])?;
    let mut rules: BTreeMap<String, Vec<Definition>> = BTreeMap::new();
    let mut found: BTreeMap<String, Counted> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (key, said): (String, String) = (row.get(0)?, row.get(1)?);
        summary.insert(key.clone());
        let runs = from_sql(row.get(3)?);
        if runs == 0 {
            continue;
        }
        let rules =
            rules.entry(said).or_insert_with_key(|said| serde_json::from_str(said).unwrap_or_default());
        let rule = summary::rule(rules, &key);
        let against = rule.and_then(|rule| rule.step_metric.clone());
        let hidden = rule.is_some_and(|rule| rule.hidden);
        match found.get_mut(&key) {
            None => drop(found.insert(key, Counted { runs, against: Some(against), hidden })),
            Some(known) => {
                known.runs += runs;
                known.hidden &= hidden;
                known.against = known.against.take().filter(|known| *known == against);
            }
        }
    }
    let view = |(key, Counted { runs, against, hidden })| KeyView {
        key,
        runs,
        step_metric: against.flatten(),
        hidden,
    };
    Ok(found.into_iter().map(view).collect())
}

fn media(sql: &Connection, entity: &str, project: &str) -> Result<Vec<MediaKey>> {
    let mut select = sql.prepare_cached(
        "SELECT DISTINCT m.key, json_extract(m.last, '$._type') FROM shown_runs r JOIN metrics m ON m.run = r.id
         WHERE r.entity = ?1 AND r.project = ?2 AND substr(m.last, 1, 1) = '{'
             AND json_type(m.last, '$._type') = 'text' ORDER BY 1, 2",
    )?;
    let rows =
        select.query_map([entity, project], |row| Ok(MediaKey { key: row.get(0)?, kind: row.get(1)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Of each machine's last block the names of its columns, which are read without
/// their cells.
fn system(sql: &Connection, entity: &str, project: &str) -> Result<Vec<KeyView>> {
    let mut select = sql.prepare_cached(
        "SELECT (SELECT max(b.id) FROM streams s JOIN blocks b ON b.stream = s.id
                 WHERE s.run = r.id AND EXISTS (SELECT 1 FROM parts p WHERE p.block = b.id AND p.tag = ?3))
         FROM shown_runs r WHERE r.entity = ?1 AND r.project = ?2 ORDER BY r.created_us DESC LIMIT ?4",
    )?;
    let tag = Table::System as u8;
    let blocks = select.query_map(params![entity, project, tag, MACHINES], |row| row.get(0))?;
    let blocks: Vec<Option<i64>> = blocks.collect::<Result<_, _>>()?;
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut parts = sql.prepare_cached("SELECT body FROM parts WHERE block = ?1 AND tag = ?2")?;
    for block in blocks.into_iter().flatten() {
        let names = std::cell::RefCell::new(BTreeSet::new());
        let mut rows = parts.query(params![block, tag])?;
        while let Some(row) = rows.next()? {
            unpack(block, row.get_ref(0)?.as_blob().unwrap_or_default(), |name| {
                names.borrow_mut().insert(name.to_owned());
                false
            })?;
        }
        for name in
            names.into_inner().into_iter().filter(|name| ![STEP_KEY, TIME_KEY].contains(&name.as_str()))
        {
            *counts.entry(name).or_default() += 1;
        }
    }
    let view = |(key, runs)| KeyView { key, runs, step_metric: None, hidden: false };
    Ok(counts.into_iter().map(view).collect())
}
