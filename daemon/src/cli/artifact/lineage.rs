//! `pannier artifact lineage`: a tree, from a graph.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use pannier_proto::lineage::{LineageEdge, LineageHow, LineageNode, LineageView, LineageWhat};

use super::name::Name;
use crate::cli::client::{Client, with_query};
use crate::cli::failure::Result;
use crate::cli::show;

pub const HELP: &str = "\
Upwards: the runs that made the version, what they had read, who made that, and so on. Downwards:
where it is linked to, the runs that read it, what they made of it, and so on. What comes up a second
time is not drawn again.

Examples:
  pannier artifact lineage digits/model:best
  pannier artifact lineage wandb-registry-model/digits:production --depth 1
  pannier artifact lineage digits/model --json";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The version
    name: String,
    /// How many generations of versions in each direction; default: all
    #[arg(long, value_name = "N")]
    depth: Option<usize>,
    /// Print the graph as JSON: nodes and edges
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub fn run(daemon: &Client, args: &Args, out: &mut dyn Write) -> Result<()> {
    let route = Name::parse(&args.name)?.route("/lineage");
    let parameters = [("depth", args.depth.map(|depth| depth.to_string()))];
    let graph: LineageView = daemon.get(&with_query(&route, &parameters))?;
    if args.json { show::json(out, &graph) } else { draw(&graph, out) }
}

/// Which way the tree grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

struct Tree<'a> {
    nodes: BTreeMap<&'a str, &'a LineageNode>,
    edges: &'a [LineageEdge],
    drawn: BTreeSet<&'a str>,
}

fn draw(graph: &LineageView, out: &mut dyn Write) -> Result<()> {
    let Some(root) = graph.nodes.first() else { return Ok(()) };
    let nodes = graph.nodes.iter().map(|node| (node.key.as_str(), node)).collect();
    let mut tree = Tree { nodes, edges: &graph.edges, drawn: BTreeSet::from([root.key.as_str()]) };
    writeln!(out, "{}", label(root))?;
    let mut branches = tree.branches(&root.key, Way::Up);
    branches.extend(
        tree.branches(&root.key, Way::Down).into_iter().filter(|(edge, ..)| edge.how != LineageHow::Linked),
    );
    tree.grow(&branches, "", out)?;
    if graph.edges.is_empty() {
        writeln!(out, "nothing is known of where it comes from, and nothing was made of it")?;
    }
    if graph.cut {
        writeln!(out, "… and more; --depth shows more generations, --json all that was found")?;
    }
    Ok(())
}

/// A step of the tree: along which edge, to which node, and further which way.
type Branch<'a> = (&'a LineageEdge, &'a str, Way);

impl<'a> Tree<'a> {
    /// What hangs on a node. Links hang on it whichever way the tree grows.
    fn branches(&self, key: &str, way: Way) -> Vec<Branch<'a>> {
        let found = self.edges.iter().filter_map(|edge| match (way, edge.how) {
            (_, LineageHow::Linked) => (edge.from == key).then_some((edge, edge.to.as_str(), way)),
            (Way::Up, _) => (edge.to == key).then_some((edge, edge.from.as_str(), way)),
            (Way::Down, _) => (edge.from == key).then_some((edge, edge.to.as_str(), way)),
        });
        let mut found: Vec<_> = found.collect();
        found.sort_by_key(|(edge, key, _)| (edge.how == LineageHow::Linked, *key));
        found
    }

    fn grow(&mut self, branches: &[Branch<'a>], indent: &str, out: &mut dyn Write) -> Result<()> {
        for (at, (edge, key, way)) in branches.iter().enumerate() {
            let Some(node) = self.nodes.get(key) else { continue };
            let last = at + 1 == branches.len();
            let fresh = self.drawn.insert(key);
            let below = if fresh { self.branches(key, *way) } else { Vec::new() };
            // A node that has nothing below it need not be looked for above.
            let again = if fresh || self.branches(key, *way).is_empty() { "" } else { " (drawn above)" };
            let relation = relation(edge, *way);
            writeln!(out, "{indent}{}{relation} {}{again}", if last { "└─ " } else { "├─ " }, label(node))?;
            self.grow(&below, &format!("{indent}{}", if last { "   " } else { "│  " }), out)?;
        }
        Ok(())
    }
}

fn relation(edge: &LineageEdge, way: Way) -> &'static str {
    match (edge.how, way) {
        (LineageHow::Made, Way::Up) => "made by run",
        (LineageHow::Used, Way::Up) => "which read",
        (LineageHow::Used, Way::Down) => "read by run",
        (LineageHow::Made, Way::Down) => "which made",
        (LineageHow::Linked, _) => "linked to",
    }
}

fn label(node: &LineageNode) -> String {
    let names = |names: &[String]| match names {
        [] => String::new(),
        names => format!(" [{}]", names.join(", ")),
    };
    let text = match &node.what {
        LineageWhat::Artifact { kind, aliases, .. } => format!("{} ({kind}){}", node.name, names(aliases)),
        LineageWhat::Run { display_name, state, job_type, .. } => {
            let job = job_type.as_ref().map(|job| format!(", {job}")).unwrap_or_default();
            format!("{} ({display_name}{job}, {state})", node.name)
        }
        LineageWhat::Link { aliases } => format!("{}{}", node.name, names(aliases)),
    };
    show::clean(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn drawn(graph: serde_json::Value) -> String {
        let graph: LineageView = serde_json::from_value(graph).unwrap();
        let mut out = Vec::new();
        draw(&graph, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_tree_grows_both_ways_and_circles_end() {
        let artifact = |key: &str, aliases: &[&str]| {
            json!({"key": key, "name": format!("e/p/{key}:v0"),
            "kind": "artifact", "id": "00".repeat(16), "type": "data", "aliases": aliases})
        };
        let run = |key: &str| {
            json!({"key": key, "name": format!("e/p/{key}"), "kind": "run", "entity": "e",
            "project": "p", "run": key, "display_name": "calm", "state": "finished", "job_type": null})
        };
        let edge = |from: &str, how: &str, to: &str| json!({"from": from, "to": to, "how": how});
        let link = json!({"key": "link", "name": "o/r/c:v0", "kind": "link", "aliases": ["prod"]});
        let text = drawn(json!({
            "nodes": [artifact("model", &["latest"]), artifact("raw", &[]), artifact("out", &[]),
                run("train"), run("eval"), link],
            "edges": [edge("train", "made", "model"), edge("raw", "used", "train"), edge("model", "used", "train"),
                edge("model", "linked", "link"), edge("model", "used", "eval"), edge("eval", "made", "out")],
            "cut": false,
        }));
        assert_eq!(
            text,
            "e/p/model:v0 (data) [latest]\n\
             ├─ made by run e/p/train (calm, finished)\n\
             │  ├─ which read e/p/model:v0 (data) [latest] (drawn above)\n\
             │  └─ which read e/p/raw:v0 (data)\n\
             ├─ linked to o/r/c:v0 [prod]\n\
             ├─ read by run e/p/eval (calm, finished)\n\
             │  └─ which made e/p/out:v0 (data)\n\
             └─ read by run e/p/train (calm, finished) (drawn above)\n"
        );
        let text = drawn(json!({"nodes": [artifact("alone\u{7}", &[])], "edges": [], "cut": true}));
        assert!(
            text.contains("alone\\u{7}") && text.contains("nothing is known") && text.contains("and more")
        );
    }
}
