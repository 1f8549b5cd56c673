//! What a version was made from and what became of it: runs that made and read
//! versions, and the collections that versions are linked to.
//!
//! A walk from the version against the flow of data, and one with it, each a
//! generation at a time. Neither turns round: what else a run made of the same
//! data is another lineage. A version that its own maker reads, or any longer
//! circle, is visited once.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use pannier_proto::id::{Id128, RunPath};
use pannier_proto::lineage::{LineageEdge, LineageHow, LineageNode, LineageView, LineageWhat};
use rusqlite::Connection;

use super::artifacts::{ArtifactRow, members};
use super::{Result, Store};

/// Which way data goes from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// To what it came from.
    Up,
    /// To what became of it.
    Down,
}

/// A run, as the graph has it.
struct Run {
    id: i64,
    path: RunPath,
    display_name: String,
    state: String,
    job_type: Option<String>,
}

/// A graph that grows.
struct Graph<'a> {
    sql: &'a Connection,
    may: &'a dyn Fn(&str) -> bool,
    nodes_max: usize,
    nodes: Vec<LineageNode>,
    known: HashSet<String>,
    edges: BTreeMap<(String, String, LineageHow), LineageEdge>,
    cut: bool,
}

impl Store {
    /// The lineage of a version: so many generations of versions in each
    /// direction, and at most so many nodes. What lies in entities that `may`
    /// does not let through is left out, and not walked through. `None`: there is
    /// no such version, or it may not be seen.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn lineage(
        &self,
        id: Id128,
        depth: usize,
        nodes_max: usize,
        may: &dyn Fn(&str) -> bool,
    ) -> Result<Option<LineageView>> {
        self.read_blocking(|sql| {
            let (nodes, known, edges) = (Vec::new(), HashSet::new(), BTreeMap::new());
            let mut graph = Graph { sql, may, nodes_max, nodes, known, edges, cut: false };
            if !graph.artifact(id)? {
                return Ok(None);
            }
            for way in [Way::Up, Way::Down] {
                graph.walk(id, depth, way)?;
            }
            let Graph { nodes, edges, cut, .. } = graph;
            Ok(Some(LineageView { nodes, edges: edges.into_values().collect(), cut }))
        })
    }
}

impl Graph<'_> {
    fn walk(&mut self, from: Id128, depth: usize, way: Way) -> Result<()> {
        let (mut frontier, mut visited, mut runs) =
            (vec![from], BTreeSet::from([from]), BTreeSet::<i64>::new());
        for generation in 0..=depth {
            let mut next = Vec::new();
            for artifact in frontier {
                for run in self.runs(artifact, way)? {
                    if generation == depth {
                        // Beyond what was asked for, unless a circle led back.
                        self.cut |= !runs.contains(&run.id);
                        continue;
                    }
                    let key = run_key(&run.path);
                    if !self.run(&run) {
                        continue;
                    }
                    self.edge(artifact, &key, way, true);
                    // Whether it was walked through before or not: its edges are the same.
                    if !runs.insert(run.id) {
                        continue;
                    }
                    for other in self.artifacts(run.id, way)? {
                        if !self.artifact(other)? {
                            continue;
                        }
                        self.edge(other, &key, way, false);
                        if visited.insert(other) {
                            next.push(other);
                        }
                    }
                }
            }
            frontier = next;
        }
        Ok(())
    }

    /// Notes that data goes between a version and a run; `near`: the version is
    /// the one that the walk came from.
    fn edge(&mut self, artifact: Id128, run: &str, way: Way, near: bool) {
        let artifact = artifact_key(artifact);
        let made = (way == Way::Up) == near;
        let (from, to, how) = match made {
            true => (run.to_owned(), artifact, LineageHow::Made),
            false => (artifact, run.to_owned(), LineageHow::Used),
        };
        let edge = LineageEdge { from: from.clone(), to: to.clone(), how, by: None, time_us: None };
        self.edges.insert((from, to, how), edge);
    }

    /// A node, unless there are too many. False: it is not in the graph.
    fn node(&mut self, node: LineageNode) -> bool {
        if self.known.contains(&node.key) {
            return true;
        }
        if self.nodes.len() >= self.nodes_max {
            self.cut = true;
            return false;
        }
        self.known.insert(node.key.clone());
        self.nodes.push(node);
        true
    }

    fn run(&mut self, run: &Run) -> bool {
        let what = LineageWhat::Run {
            path: run.path.clone(),
            display_name: run.display_name.clone(),
            state: run.state.clone(),
            job_type: run.job_type.clone(),
        };
        (self.may)(&run.path.entity)
            && self.node(LineageNode { key: run_key(&run.path), name: run.path.to_string(), what })
    }

    /// A version with the places that it is linked to. False: it is not shown.
    fn artifact(&mut self, id: Id128) -> Result<bool> {
        let key = artifact_key(id);
        if self.known.contains(&key) {
            return Ok(true);
        }
        let mut places = members(self.sql, id)?;
        places.retain(|row| (self.may)(&row.collection.entity));
        let Some(first) = places.first() else { return Ok(false) };
        let what = LineageWhat::Artifact { id, kind: first.body.kind.clone(), aliases: names(first) };
        if !self.node(LineageNode { key: key.clone(), name: place(first), what }) {
            return Ok(false);
        }
        for row in places.iter().filter(|row| row.collection.links) {
            let name = place(row);
            let link = format!("link:{name}");
            let what = LineageWhat::Link { aliases: names(row) };
            if self.node(LineageNode { key: link.clone(), name, what }) {
                let (by, time_us) = (row.member_by.clone(), Some(row.member_us));
                let how = LineageHow::Linked;
                let edge = LineageEdge { from: key.clone(), to: link.clone(), how, by, time_us };
                self.edges.insert((key.clone(), link, how), edge);
            }
        }
        Ok(true)
    }

    /// The runs that made a version (up) or read it (down).
    fn runs(&self, artifact: Id128, way: Way) -> Result<Vec<Run>> {
        let table = if way == Way::Up { "artifact_logs" } else { "artifact_uses" };
        let mut select = self.sql.prepare_cached(&format!(
            "SELECT r.id, r.entity, r.project, r.run, r.name, r.state, r.job_type
             FROM {table} t JOIN shown_runs r ON r.id = t.run WHERE t.artifact = ?1 ORDER BY r.created_us, r.id"
        ))?;
        let rows = select.query_map([artifact.0], |row| {
            Ok(Run {
                id: row.get(0)?,
                path: RunPath { entity: row.get(1)?, project: row.get(2)?, run: row.get(3)? },
                display_name: row.get(4)?,
                state: row.get(5)?,
                job_type: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The versions that a run read (up) or made (down).
    fn artifacts(&self, run: i64, way: Way) -> Result<Vec<Id128>> {
        let table = if way == Way::Up { "artifact_uses" } else { "artifact_logs" };
        let mut select = self.sql.prepare_cached(&format!(
            "SELECT a.id FROM {table} t JOIN artifacts a ON a.id = t.artifact WHERE t.run = ?1 ORDER BY a.created_us, a.id"
        ))?;
        let rows = select.query_map([run], |row| Ok(Id128(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn artifact_key(id: Id128) -> String {
    format!("artifact:{id}")
}

fn run_key(path: &RunPath) -> String {
    format!("run:{path}")
}

fn place(row: &ArtifactRow) -> String {
    let of = &row.collection;
    format!("{}/{}/{}:v{}", of.entity, of.project, of.name, row.version)
}

fn names(row: &ArtifactRow) -> Vec<String> {
    row.aliases.iter().map(|alias| alias.alias.clone()).collect()
}

#[cfg(test)]
mod tests {
    use pannier_proto::artifact::ArtifactVersion;
    use pannier_proto::content::{Blob, Content, Md5};
    use pannier_proto::record::Change;
    use pannier_proto::workspace::Act;

    use super::*;
    use crate::block::Block;
    use crate::store::Incoming;

    fn id(n: u8) -> Id128 {
        Id128([n; 16])
    }

    fn version(n: u8) -> ArtifactVersion {
        ArtifactVersion {
            id: id(n),
            client_id: n.to_string(),
            sequence_client_id: None,
            collection: format!("c{n}"),
            kind: "data".into(),
            digest: n.to_string(),
            manifest: Content { blob: Blob([n; 32]), md5: Md5([n; 16]), size: 1 },
            files: Vec::new(),
            size: 1,
            file_count: 1,
            aliases: Vec::new(),
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

    fn append(store: &Store, path: RunPath, change: Change) {
        let (mut block, origin) = (Block::default(), store.origin());
        block.push_change(change);
        store
            .write_blocking(move |tx| {
                tx.append(Incoming { path, origin, first_seq: None, block, encoded: None }, 1)
            })
            .unwrap();
    }

    fn run(store: &Store, entity: &str, run: &str, used: &[u8], made: &[u8]) {
        let path = RunPath::new(entity, "p", run).unwrap();
        for n in used {
            append(store, path.clone(), Change::UseArtifact { id: id(*n) });
        }
        for n in made {
            append(store, path.clone(), Change::Artifact { version: Box::new(version(*n)) });
        }
    }

    fn edges(found: &LineageView) -> Vec<String> {
        let name = |key: &str| {
            let node = found.nodes.iter().find(|node| node.key == *key).expect("edges lead to nodes");
            node.name.rsplit('/').next().unwrap_or_default().to_owned()
        };
        let edge = |edge: &LineageEdge| format!("{} {:?} {}", name(&edge.from), edge.how, name(&edge.to));
        let mut edges: Vec<_> = found.edges.iter().map(edge).collect();
        edges.sort();
        edges
    }

    /// raw 1 → prep → 2 → train → 3 → eval → 4, 5; train reads its own 3 again;
    /// theirs makes 6 of 3 elsewhere; 3 is linked.
    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
        run(&store, "e", "fetch", &[], &[1]);
        run(&store, "e", "prep", &[1], &[2]);
        run(&store, "e", "other", &[1], &[9]);
        run(&store, "e", "train", &[2, 3], &[3]);
        run(&store, "e", "eval", &[3], &[4, 5]);
        run(&store, "secret", "theirs", &[3], &[6]);
        let link =
            Act::Link { artifact: id(3), collection: "l".into(), kind: "data".into(), aliases: Vec::new() };
        let path = RunPath::workspace("o", "wandb-registry-r").unwrap();
        append(&store, path, Change::Workspace { time_us: 7, by: "ann".into(), act: Box::new(link) });
        (dir, store)
    }

    #[test]
    fn both_directions_and_no_turning_round() {
        let (_dir, store) = store();
        let found = store.lineage(id(3), 9, 99, &|_| true).unwrap().unwrap();
        assert_eq!(found.nodes[0].name, "e/p/c3:v0");
        assert!(!found.cut);
        assert_eq!(
            edges(&found),
            [
                "c1:v0 Used prep",
                "c2:v0 Used train",
                "c3:v0 Linked l:v0",
                "c3:v0 Used eval",
                "c3:v0 Used theirs",
                "c3:v0 Used train",
                "eval Made c4:v0",
                "eval Made c5:v0",
                "fetch Made c1:v0",
                "prep Made c2:v0",
                "theirs Made c6:v0",
                "train Made c3:v0",
            ]
        );
        let link = found.edges.iter().find(|edge| edge.how == LineageHow::Linked).unwrap();
        assert_eq!((link.by.as_deref(), link.time_us), (Some("ann"), Some(7)));
        // From its end, what else came of the same data is no part of it.
        let found = store.lineage(id(4), 9, 99, &|_| true).unwrap().unwrap();
        assert!(edges(&found).iter().all(|edge| !edge.contains("c5") && !edge.contains("c9")));
        assert_eq!(store.lineage(id(77), 9, 99, &|_| true).unwrap(), None);
    }

    #[test]
    fn it_ends_where_it_is_told_to_and_what_is_hidden_is_not_there() {
        let (_dir, store) = store();
        let near = store.lineage(id(3), 1, 99, &|_| true).unwrap().unwrap();
        assert!(near.cut && near.nodes.iter().all(|node| !node.name.contains("c1:")));
        let few = store.lineage(id(3), 9, 4, &|_| true).unwrap().unwrap();
        assert!(few.cut && few.nodes.len() == 4);
        assert!(!edges(&few).is_empty());
        let open = store.lineage(id(3), 9, 99, &|entity| entity == "e").unwrap().unwrap();
        assert!(open.nodes.iter().all(|node| node.name.starts_with("e/")), "{open:?}");
        assert_eq!(store.lineage(id(6), 9, 99, &|entity| entity == "e").unwrap(), None);
    }
}
