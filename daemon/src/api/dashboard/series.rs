//! Several metrics of several runs, as lines to draw.

use std::collections::HashSet;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use http::header::CONTENT_TYPE;
use pannier_proto::dashboard::{Along, AskSeries, SeriesView};
use pannier_proto::id::RunPath;
use pannier_proto::record::Table;

use crate::access::Verb;
use crate::api::auth::Caller;
use crate::api::respond::{Answer, Failure};
use crate::api::{App, blocking};
use crate::parallel::on_threads;
use crate::store::{self, Bucket, Line, LineQuery, Store, StoreError};

const RUNS_MAX: usize = 1000;
const KEYS_MAX: usize = 100;
const LINES_MAX: usize = 20_000;
const BUCKETS_MAX: u32 = 10_000;
/// Points of an answer, at most: more than any screen has.
const POINTS_MAX: usize = 64 << 20;
/// Threads that read lines of one answer side by side.
const THREADS: usize = 4;

/// `POST /v1/series`.
pub async fn series(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(mut asked): Json<AskSeries>,
) -> Answer<impl IntoResponse> {
    caller.must(&asked.entity, Verb::Read)?;
    check(&asked)?;
    let mut seen = HashSet::new();
    asked.keys.retain(|key| seen.insert(key.clone()));
    let list = blocking(move || lines(&app.store, &asked)).await?;
    Ok(([(CONTENT_TYPE, "application/json")], list))
}

fn check(asked: &AskSeries) -> Answer<()> {
    let lines = asked.runs.len().saturating_mul(asked.keys.len());
    let refused = match () {
        () if asked.runs.len() > RUNS_MAX => format!("at most {RUNS_MAX} runs are read at once"),
        () if asked.keys.len() > KEYS_MAX => format!("at most {KEYS_MAX} metrics are read at once"),
        () if lines > LINES_MAX => format!("at most {LINES_MAX} lines are read at once, not {lines}"),
        () if !(1..=BUCKETS_MAX).contains(&asked.buckets) => {
            format!("a line has 1 to {BUCKETS_MAX} buckets, not {}", asked.buckets)
        }
        () if lines.saturating_mul(asked.buckets as usize) > POINTS_MAX => {
            format!("{lines} lines of {} buckets are more than a browser can draw", asked.buckets)
        }
        () if asked.system && matches!(asked.x, Along::Step | Along::Metric(_)) => {
            "metrics of the machine have no steps: ask along \"time\" or \"relative\"".to_owned()
        }
        () => return Ok(()),
    };
    Err(Failure::bad(refused))
}

/// Every line that has a point, in the order of runs, then keys: a [`SeriesList`]
/// as JSON. Those who read the lines write them, too, which takes as long.
///
/// [`SeriesList`]: pannier_proto::dashboard::SeriesList
fn lines(store: &Store, asked: &AskSeries) -> store::Result<Vec<u8>> {
    let of = |at: usize, (): &mut ()| {
        let mut text = Vec::new();
        for series in of_run(store, asked, &asked.runs[at])? {
            text.push(b',');
            // Plain data with string keys: writing it into memory cannot fail.
            let _ = serde_json::to_writer(&mut text, &series);
        }
        Ok(text)
    };
    let runs: store::Result<Vec<_>> = on_threads(asked.runs.len(), THREADS, || (), of).into_iter().collect();
    let runs = runs?.concat();
    Ok([br#"{"series":["#, runs.get(1..).unwrap_or_default(), b"]}"].concat())
}

fn of_run(store: &Store, asked: &AskSeries, run: &str) -> store::Result<Vec<SeriesView>> {
    // What is no name is no run's.
    let Ok(path) = RunPath::new(&asked.entity, &asked.project, run) else { return Ok(Vec::new()) };
    let query = LineQuery {
        keys: &asked.keys,
        table: if asked.system { Table::System } else { Table::History },
        along: &asked.x,
        range: (asked.from.unwrap_or(f64::NEG_INFINITY), asked.to.unwrap_or(f64::INFINITY)),
        buckets: asked.buckets as usize,
    };
    let lines = match store.lines(&path, &query) {
        // Deleted while somebody looked at it.
        Err(StoreError::Missing(_)) => return Ok(Vec::new()),
        lines => lines?,
    };
    let found = asked.keys.iter().zip(lines).filter(|(_, line)| !line.is_empty());
    Ok(found.map(|(key, line)| view(run, key, &line)).collect())
}

fn view(run: &str, key: &str, line: &Line) -> SeriesView {
    let finite = |y: f64| Some(y).filter(|y| y.is_finite());
    let column = |of: fn(&Bucket) -> f64| line.iter().map(|bucket| finite(of(bucket))).collect::<Vec<_>>();
    let alone = line.iter().all(|bucket| bucket.count == 1);
    SeriesView {
        run: run.to_owned(),
        key: key.to_owned(),
        x: line.iter().map(|bucket| bucket.x).collect(),
        y: column(|bucket| bucket.last),
        min: (!alone).then(|| column(|bucket| bucket.min)),
        max: (!alone).then(|| column(|bucket| bucket.max)),
        points: line.iter().map(|bucket| bucket.count).sum(),
    }
}
