//! The console, line by line.

use axum::Json;
use axum::extract::{Path, Query, State};
use pannier_proto::dashboard::LogPage;
use serde::Deserialize;

use crate::api::open::existing;
use crate::api::respond::Answer;
use crate::api::wandb::console;
use crate::api::{App, blocking};

/// The most lines of one answer.
const LINES_MAX: usize = 10_000;

#[derive(Deserialize)]
pub struct Window {
    from: Option<usize>,
    lines: Option<usize>,
    tail: Option<usize>,
}

/// `GET /v1/runs/ENTITY/PROJECT/RUN/log`: lines from a number on, or the last.
pub async fn page(
    State(app): State<App>,
    Path(raw): Path<(String, String, String)>,
    Query(window): Query<Window>,
) -> Answer<Json<LogPage>> {
    let path = existing(&app, &raw).await?;
    let page = blocking(move || {
        let all = console::lines(&app.store, &path)?;
        let count = window.tail.or(window.lines).unwrap_or(1000).min(LINES_MAX);
        let from = match window.tail {
            Some(_) => all.len().saturating_sub(count),
            None => window.from.unwrap_or(0),
        };
        let total = all.len() as u64;
        let lines = all.into_iter().skip(from).take(count).map(console::Line::view).collect();
        Ok(LogPage { lines, total })
    });
    Ok(Json(page.await?))
}
