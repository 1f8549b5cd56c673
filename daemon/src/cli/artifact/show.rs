//! A version as people read it.

use std::io::Write;

use pannier_proto::artifacts::{AliasView, ArtifactView, Place};
use pannier_proto::request::RunAtRemote;

use super::full;
use crate::cli::failure::Result;
use crate::cli::show::{self, Colour, paint};
use crate::clock::now_us;

/// Prints all of it.
pub fn print(version: &ArtifactView, out: &mut dyn Write) -> Result<()> {
    let view = &version.version;
    let place = &view.place;
    let missing = match version.missing_bytes {
        0 => "all of it".to_owned(),
        bytes => format!("not all: {} are elsewhere; `pannier artifact pull` brings them", show::size(bytes)),
    };
    let ttl = view.ttl_s.filter(|seconds| *seconds > 0);
    let facts = [
        ("artifact", Some(full(place))),
        ("number", number(place)),
        ("type", Some(view.kind.clone())),
        ("id", Some(view.id.to_string())),
        ("digest", Some(view.digest.clone())),
        ("size", Some(format!("{} in {}", show::size(view.size), show::count(view.file_count, "file")))),
        ("here", Some(missing)),
        ("logged", Some(when(view.created_us, None))),
        ("edited", view.updated_us.map(|time_us| when(time_us, None))),
        (
            "kept",
            ttl.map(|seconds| format!("{seconds} s from when it was logged, unless it has names or links")),
        ),
        ("fetched", version.fetched.as_ref().map(|remote| format!("from {remote}"))),
        ("tags", Some(view.tags.join(", "))),
        ("what", view.description.clone()),
    ];
    for (what, fact) in facts {
        if let Some(fact) = fact.filter(|fact| !fact.is_empty()) {
            writeln!(out, "{what:<10} {}", show::clean(&fact))?;
        }
    }
    section(out, "aliases", place.aliases.iter().map(alias))?;
    let metadata = view.metadata.as_ref().and_then(|metadata| metadata.as_object());
    let metadata = metadata.into_iter().flatten();
    section(
        out,
        "metadata",
        metadata.map(|(key, value)| format!("{}  {}", show::clean(key), show::cut(&show::value(value), 200))),
    )?;
    let others = version.places.iter().filter(|other| full(other) != full(place));
    section(out, "also as", others.map(other))?;
    let run = |path: &pannier_proto::id::RunPath| show::clean(&path.to_string()).into_owned();
    section(out, "logged by", version.logged_by.iter().map(run))?;
    section(out, "used by", version.used_by.iter().map(run))?;
    section(out, "remotes", view.sync.remotes.iter().map(|(name, at)| remote(name, at)))
}

fn section(out: &mut dyn Write, title: &str, lines: impl Iterator<Item = String>) -> Result<()> {
    for (at, line) in lines.enumerate() {
        if at == 0 {
            writeln!(out, "\n{title}")?;
        }
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

/// What is to be known of its number, where that is something.
fn number(place: &Place) -> Option<String> {
    let was = place.was.map(|was| format!("v{} (was v{was} here)", place.version));
    let provisional = place
        .provisional
        .then(|| "provisional: the remote that gets it first decides, and may give it another".to_owned());
    match (was, provisional) {
        (Some(was), Some(provisional)) => Some(format!("{was}; {provisional}")),
        (was, provisional) => was.or(provisional),
    }
}

fn when(time_us: i64, by: Option<&str>) -> String {
    let by = by.map(|by| format!("by {}, ", show::clean(by))).unwrap_or_default();
    format!("{by}{} ({} ago)", show::moment(time_us), show::age(time_us, now_us()))
}

fn alias(alias: &AliasView) -> String {
    let conflict = match alias.conflict {
        true => format!(
            "  {}",
            paint(
                "in conflict: moved elsewhere by somebody who did not know; move it again to settle it",
                Colour::Yellow
            )
        ),
        false => String::new(),
    };
    format!("{}  {}{conflict}", show::clean(&alias.alias), when(alias.time_us, alias.by.as_deref()))
}

fn other(place: &Place) -> String {
    let aliases: Vec<_> = place.aliases.iter().map(|alias| show::clean(&alias.alias)).collect();
    let aliases = if aliases.is_empty() { String::new() } else { format!(" [{}]", aliases.join(", ")) };
    let verb = if place.link { "linked" } else { "logged" };
    let number = number(place).map(|number| format!("  {number}")).unwrap_or_default();
    format!("{}{aliases}  {verb} {}{number}", full(place), when(place.since_us, place.by.as_deref()))
}

/// A version is at a remote when all of the run that logged it is.
fn remote(name: &str, at: &RunAtRemote) -> String {
    let state = match (&at.parked, at.records_queued) {
        (Some(why), _) => format!("{}: {}", paint("parked", Colour::Red), show::clean(why)),
        (None, 0) => paint("there", Colour::Green),
        (None, queued) => {
            format!(
                "{}: {} of the run that logged it",
                paint("queued", Colour::Yellow),
                show::count(queued, "record")
            )
        }
    };
    format!("{}  {state}", show::clean(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn all_that_is_known_is_shown() {
        let place = |collection: &str, link: bool| {
            json!({"entity": "e", "project": "p", "collection": collection, "version": 4, "provisional": !link,
                "was": 3, "link": link, "since_us": 1_700_000_000_000_000_i64, "by": "ann",
                "aliases": [{"alias": "best\u{1b}", "time_us": 1_700_000_000_000_000_i64, "by": "bob", "conflict": true}]})
        };
        let mut version = place("c", false);
        let rest = json!({"id": "01".repeat(16), "type": "model", "digest": "d", "size": 2000, "file_count": 2,
            "created_us": 1_700_000_000_000_000_i64, "updated_us": null, "tags": ["t"], "description": null,
            "metadata": {"rows": 7}, "ttl_s": null, "places": [place("c", false), place("linked", true)],
            "logged_by": [{"entity": "e", "project": "p", "run": "r"}], "used_by": [], "fetched": null,
            "missing_bytes": 10, "sync": {"state": "queued", "remotes": {"hub": {"state": "queued", "last_step": null,
                "records": 1, "records_queued": 2, "bytes_queued": 3, "oldest_unsent_us": null, "parked": null, "last_error": null}}}});
        version.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        let version: ArtifactView = serde_json::from_value(version).unwrap();
        let mut out = Vec::new();
        print(&version, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for line in [
            "artifact   e/p/c:v4\n",
            "number     v4 (was v3 here); provisional",
            "size       2.0 kB in 2 files\n",
            "here       not all: 10 B",
            "\naliases\n  best\\u{1b}  by bob, 2023-11-14T22:13:20Z",
            "in conflict",
            "\nmetadata\n  rows  7\n",
            "\nalso as\n  e/p/linked:v4 [best\\u{1b}]  linked by ann",
            "\nlogged by\n  e/p/r\n",
            "\nremotes\n  hub  queued: 2 records of the run that logged it\n",
        ] {
            assert!(text.contains(line), "{line:?} is not in\n{text}");
        }
        assert!(!text.contains("used by"));
    }
}
