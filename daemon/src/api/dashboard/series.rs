//! Several metrics of several runs, as lines to draw.

use axum::extract::State;
use axum::{Extension, Json};
use pannier_proto::dashboard::{Along, AskSeries, SeriesList, SeriesView};
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
    Json(asked): Json<AskSeries>,
) -> Answer<Json<SeriesList>> {
    caller.must(&asked.entity, Verb::Read)?;
    check(&asked)?;
    let series = blocking(move || lines(&app.store, &asked)).await?;
    Ok(Json(SeriesList { series }))
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

/// Every line that has a point, in the order of runs, then keys.
fn lines(store: &Store, asked: &AskSeries) -> store::Result<Vec<SeriesView>> {
    let of = |at: usize, (): &mut ()| of_run(store, asked, &asked.runs[at]);
    let lines: store::Result<Vec<_>> = on_threads(asked.runs.len(), THREADS, || (), of).into_iter().collect();
    Ok(lines?.into_iter().flatten().collect())
}

fn of_run(store: &Store, asked: &AskSeries, run: &str) -> store::Result<Vec<SeriesView>> {
    // What is no name is no run's.
    let Ok(path) = RunPath::new(&asked.entity, &asked.project, run) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for key in &asked.keys {
        let query = LineQuery {
            key,
            table: if asked.system { Table::System } else { Table::History },
            along: &asked.x,
            range: (asked.from.unwrap_or(f64::NEG_INFINITY), asked.to.unwrap_or(f64::INFINITY)),
            buckets: asked.buckets as usize,
        };
        match store.line(&path, &query) {
            Ok(line) if line.is_empty() => {}
            Ok(line) => found.push(view(run, key, &line)),
            // Deleted while somebody looked at it.
            Err(StoreError::Missing(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
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
