//! Compares two homes through the command line, as a person would: what the
//! lists say, then every history row.

use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value as Json;

use crate::sh;

/// What the trainers log to.
const PROJECT: &str = "digits";

/// Prints a table, one line a run, and returns how many do not match each other
/// or what was trained: `expected` has each run's id and number of steps.
pub fn runs(here: &Command, there: &Command, expected: &[(&str, i64)]) -> Result<usize> {
    let (here_runs, there_runs) = (list(here)?, list(there)?);
    if here_runs.len() != expected.len() {
        bail!("{} runs are here, {} were trained", here_runs.len(), expected.len());
    }
    println!(
        "    {:<10} {:<10} {:>9}  {:>14} {:>14}  equal",
        "run", "state", "last step", "rows here", "rows at hub"
    );
    let mut differences = 0;
    for (id, steps) in expected {
        let run = find(&here_runs, id).with_context(|| format!("run {id} is not in `pannier runs list`"))?;
        let other = find(&there_runs, id);
        let (mine, theirs) = (history(here, id)?, history(there, id).unwrap_or_default());
        let views_equal = other.is_some_and(|other| {
            ["state", "config", "summary", "last_step", "history_rows", "exit_code"]
                .iter()
                .all(|key| run.get(key) == other.get(key))
        });
        // No step is missing and none is there twice, across two lives.
        let whole = mine.iter().map(|row| row["_step"].as_i64()).eq((0..*steps).map(Some));
        let finished = run["state"] == "finished";
        let equal = views_equal && whole && finished && mine == theirs;
        differences += usize::from(!equal);
        println!(
            "    {:<10} {:<10} {:>9}  {:>14} {:>14}  {}",
            id,
            run["state"].as_str().unwrap_or("?"),
            run["last_step"],
            mine.len(),
            theirs.len(),
            verdict(equal, views_equal, whole, finished),
        );
    }
    Ok(differences)
}

/// Asks both the same, and prints whether what matters of the answers is equal.
///
/// # Errors
/// Where it is not.
pub fn answers(here: &Command, there: &Command, questions: &[(&str, &[&str], &[&str])]) -> Result<()> {
    for (what, question, matters) in questions {
        let ask = |pannier: &Command| -> Result<Json> {
            let text = sh::output(again(pannier).args(*question).arg("--json"))?;
            let answer: Json = serde_json::from_str(&text)?;
            let said = |key: &&str| answer.get(*key).cloned().with_context(|| format!("{what} has no {key}"));
            Ok(Json::Array(matters.iter().map(said).collect::<Result<_>>()?))
        };
        if ask(here)? != ask(there)? {
            bail!("{what} is not the same at the hub");
        }
        println!("    {what}: equal");
    }
    Ok(())
}

fn verdict(equal: bool, views_equal: bool, whole: bool, finished: bool) -> &'static str {
    match () {
        () if equal => "yes",
        () if !finished => "NO: not finished",
        () if !whole => "NO: steps are missing or there twice",
        () if !views_equal => "NO: config, summary or state differ",
        () => "NO: rows differ",
    }
}

fn list(pannier: &Command) -> Result<Vec<Json>> {
    let text = sh::output(again(pannier).args(["runs", "list", "--json"]))?;
    let json: Json = serde_json::from_str(&text).context("`pannier runs list --json` is not JSON")?;
    let runs = json.get("runs").unwrap_or(&json);
    let mut runs = runs.as_array().context("`pannier runs list --json` has no list of runs")?.clone();
    runs.retain(|run| run["project"] == PROJECT);
    Ok(runs)
}

fn find<'a>(runs: &'a [Json], id: &str) -> Option<&'a Json> {
    runs.iter().find(|run| run["run"] == id)
}

fn history(pannier: &Command, id: &str) -> Result<Vec<Json>> {
    let run = format!("local/{PROJECT}/{id}");
    let text = sh::output(again(pannier).args(["runs", "history", &run, "--json"]))?;
    let rows = text.lines().filter(|line| !line.is_empty()).map(serde_json::from_str);
    rows.collect::<Result<_, _>>().context("`pannier runs history --json` is not JSON, one row a line")
}

/// A copy of a command without arguments of its own: program and environment.
fn again(command: &Command) -> Command {
    let mut copy = Command::new(command.get_program());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => copy.env(name, value),
            None => copy.env_remove(name),
        };
    }
    copy
}
