//! What is on the screen, line by line: text that says the same without colour.
//! Pure.

use std::time::Duration;

use pannier_proto::dashboard::{RunItem, Sync, SyncState};
use pannier_proto::remote::RemoteStatus;
use pannier_proto::request::Status;

use super::look::{Curve, POINTS, Seen};
use crate::cli::show::{Table, age, clean, count, cut, number, size, span};
use crate::clock::now_us;

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As text does.
    Plain,
    /// Heads of tables.
    Title,
    /// The selected run.
    Selected,
    /// Less than the rest.
    Soft,
    /// Somebody should look.
    Trouble,
}

/// How somebody looks at it.
pub struct Look {
    /// Which run is selected.
    pub selected: usize,
    /// Characters of a line.
    pub width: usize,
    /// Lines.
    pub height: usize,
}

type Lines = Vec<(String, Tone)>;

/// The screen.
pub fn lines(seen: &Seen, look: &Look) -> Lines {
    let mut lines = head(&seen.status);
    remotes(&seen.status.remotes, &mut lines);
    problems(&seen.status, &mut lines);
    let curves = curves(seen, look);
    let room = look.height.saturating_sub(lines.len() + curves.len() + 2).max(3);
    runs(seen, look.selected, room, &mut lines);
    lines.extend(curves);
    for (line, _) in &mut lines {
        *line = cut(line, look.width);
    }
    lines.truncate(look.height);
    lines
}

fn head(status: &Status) -> Lines {
    let up = span(Duration::from_secs(status.uptime_s));
    let disk = status.disk;
    let first = format!("pannier {}  {}  up {up}", clean(&status.version), clean(&status.home));
    let waiting = match status.spool_bytes {
        0 => String::new(),
        bytes => format!("  {} to be taken in", size(bytes)),
    };
    let second = format!(
        "{}{waiting}  {} on the disk, {} free",
        count(status.writers as u64, "writer"),
        size(disk.home_bytes),
        size(disk.free_bytes)
    );
    vec![(first, Tone::Title), (second, Tone::Plain)]
}

fn remotes(remotes: &[RemoteStatus], lines: &mut Lines) {
    for remote in remotes {
        let mut line = format!("→ {}  {}", clean(&remote.name), remote.state);
        if remote.records_queued > 0 {
            line +=
                &format!("  {} records queued, {}", number(remote.records_queued), size(remote.bytes_queued));
        }
        if let Some(error) = &remote.last_error {
            line += &format!("  {}", clean(error));
        }
        if let Some(seconds) = remote.retry_in_s {
            line += &format!("  again in {seconds} s");
        }
        lines.push((line, if remote.last_error.is_some() { Tone::Trouble } else { Tone::Plain }));
    }
}

fn problems(status: &Status, lines: &mut Lines) {
    const SHOWN: usize = 3;
    for problem in status.problems.iter().take(SHOWN) {
        lines.push((format!("! {}: {}", clean(&problem.object), clean(&problem.what)), Tone::Trouble));
    }
    if status.problems.len() > SHOWN {
        let more = status.problems.len() - SHOWN;
        lines.push((format!("! and {more} more; see `pannier status`"), Tone::Trouble));
    }
}

/// The table, as far as there is room; the selected run is among what is shown.
fn runs(seen: &Seen, selected: usize, room: usize, lines: &mut Lines) {
    lines.push((String::new(), Tone::Plain));
    if seen.runs.is_empty() {
        let said = "no runs yet; `pannier run -- python train.py` runs a script that logs one";
        lines.push((said.to_owned(), Tone::Soft));
        return;
    }
    let mut table = Table::new(&["RUN", "STATE", ">STEP", "CHANGED", "METRIC", ">LAST", "CURVE", "SYNC"]);
    for (item, curve) in &seen.runs {
        table.row(row(item, curve.as_ref()));
    }
    let mut text = Vec::new();
    // Writing to memory cannot fail.
    let _ = table.print(&mut text);
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut printed = text.lines().map(str::to_owned);
    lines.extend(printed.next().map(|title| (title, Tone::Title)));
    let from = (selected + 1).saturating_sub(room);
    for (nth, line) in printed.enumerate().skip(from).take(room) {
        lines.push((line, if nth == selected { Tone::Selected } else { Tone::Plain }));
    }
}

fn row(item: &RunItem, curve: Option<&Curve>) -> [String; 8] {
    let run = &item.run;
    let name = run.fields.name.as_deref().unwrap_or(&run.path.run);
    [
        format!("{}/{}", cut(&run.path.project, 20), cut(name, 28)),
        run.state.as_str().to_owned(),
        run.last_step.map(|step| step.to_string()).unwrap_or_default(),
        format!("{} ago", age(run.updated_us, now_us())),
        curve.map(|curve| cut(&curve.key, 20)).unwrap_or_default(),
        curve.map(|curve| last(&curve.values)).unwrap_or_default(),
        curve.map(|curve| spark(&curve.values)).unwrap_or_default(),
        sync(&item.sync),
    ]
}

fn sync(sync: &Sync) -> String {
    let queued: u64 = sync.remotes.values().map(|at| at.bytes_queued).sum();
    match sync.state {
        SyncState::Here => "here".to_owned(),
        SyncState::Sent => "sent".to_owned(),
        SyncState::Queued => format!("{} queued", size(queued)),
        SyncState::Failed => "refused".to_owned(),
    }
}

fn curves(seen: &Seen, look: &Look) -> Lines {
    let Some((item, _)) = seen.runs.get(look.selected) else { return Vec::new() };
    let path = item.run.path.to_string();
    let mut lines = vec![(String::new(), Tone::Plain), (clean(&path).into_owned(), Tone::Title)];
    for curve in &seen.curves {
        let key = format!("{:<28}", cut(&clean(&curve.key), 28));
        lines.push((format!("  {key}  {:>12}  {}", last(&curve.values), spark(&curve.values)), Tone::Plain));
    }
    lines
}

fn last(values: &[Option<f64>]) -> String {
    match values.last() {
        Some(Some(value)) if *value == 0.0 || (1e-3..1e6).contains(&value.abs()) => {
            let text = format!("{value:.4}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Some(Some(value)) => format!("{value:.3e}"),
        Some(None) => "NaN".to_owned(),
        None => String::new(),
    }
}

/// A line of blocks; a space where there is no number.
fn spark(values: &[Option<f64>]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let known = values.iter().flatten().copied();
    let (low, high) =
        known.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
    let block = |value: &Option<f64>| match value {
        None => ' ',
        Some(_) if high <= low => BLOCKS[0],
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 7")]
        Some(y) => BLOCKS[(((y - low) / (high - low)) * 7.0).round() as usize],
    };
    let drawn: String = values.iter().map(block).collect();
    format!("{drawn:<POINTS$}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::cli::status::tests::sample;

    fn seen(count: usize) -> Seen {
        let run = |nth: usize| {
            let run = json!({"entity": "local", "project": "p", "run": format!("r{nth}"), "name": format!("run-{nth}\u{7}"),
                "state": "running", "created_us": 0, "updated_us": 0, "last_step": nth, "history_rows": 1, "config": {},
                "summary": {}, "metadata": {}, "definitions": [], "dropped": 0, "exit_code": null});
            let run = serde_json::from_value(run).unwrap();
            let sync = Sync { state: SyncState::Here, remotes: BTreeMap::new() };
            let curve = Curve { key: "loss".to_owned(), values: vec![Some(1.0), Some(0.0), None, Some(0.5)] };
            (RunItem { run, sync }, Some(curve))
        };
        let runs: Vec<_> = (0..count).map(run).collect();
        let curves = runs.iter().take(1).filter_map(|(_, curve)| curve.clone()).collect();
        Seen { status: sample(5, None, "unreachable"), runs, curves }
    }

    #[test]
    fn curves_in_a_line() {
        assert_eq!(spark(&[Some(0.0), Some(3.5), Some(7.0), None]).trim_end(), "▁▅█");
        assert_eq!(spark(&[Some(2.0), Some(2.0)]).trim_end(), "▁▁");
        assert_eq!(spark(&[]).trim(), "");
        for (value, text) in
            [(0.5, "0.5"), (0.0, "0"), (1234.0, "1234"), (1e-9, "1.000e-9"), (-2e7, "-2.000e7")]
        {
            assert_eq!(last(&[Some(value)]), text);
        }
        assert_eq!(last(&[None]), "NaN");
    }

    #[test]
    fn the_screen_has_what_runs_and_what_is_queued() {
        let screen = lines(&seen(2), &Look { selected: 1, width: 100, height: 30 });
        let text: String = screen.iter().map(|(line, _)| format!("{line}\n")).collect();
        for part in ["hub  unreachable", "5 records queued", "run-0", "█▁ ▅", "local/p/r1"] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        assert!(
            !text.contains('\u{7}')
                && screen.iter().any(|(line, tone)| *tone == Tone::Selected && line.contains("run-1"))
        );
    }

    #[test]
    fn it_fits_and_the_selected_run_is_there() {
        for (selected, height) in [(0, 12), (19, 12), (19, 40), (5, 1)] {
            let screen = lines(&seen(20), &Look { selected, width: 40, height });
            assert!(screen.len() <= height && screen.iter().all(|(line, _)| line.chars().count() <= 40));
            let there = screen.iter().any(|(line, _)| line.contains(&format!("run-{selected}")));
            assert!(there || height < 12, "{selected} {height}: {screen:?}");
        }
        let nothing = Seen { runs: Vec::new(), curves: Vec::new(), ..seen(0) };
        let screen = lines(&nothing, &Look { selected: 0, width: 100, height: 30 });
        assert!(screen.iter().any(|(line, _)| line.contains("no runs yet")));
    }
}
