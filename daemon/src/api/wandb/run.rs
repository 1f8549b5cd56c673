//! A run, in W&B's terms.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use pannier_proto::id::RunPath;
use pannier_proto::record::{Row, RunState, Table};
use pannier_proto::request::RunView;
use serde_json::{Value as Json, json};

use super::artifact::Artifact;
use super::console::{self, LogLine};
use super::file::{self, File};
use super::page::{Page, Window};
use super::project::Project;
use super::scalar::{Int64, JsonString};
use super::user::User;
use super::{Ask, ask, history};
use crate::access::Verb;
use crate::capability::Grant;
use crate::ingest::upsert::line_counts;
use crate::store::{ArtifactRow, PREEMPTING};
use crate::wandb::{config, ids, rows, run_files, time};

/// A run.
#[derive(Clone)]
pub struct Run {
    number: i64,
    view: Arc<RunView>,
    /// Its client is to number its lines from 0.
    anew: bool,
}

/// The question for keys that comes right before a scan; other questions have
/// the keys among much else.
const SCAN: &str = "RunHistoryKeys";

/// The word that W&B has for a state.
pub fn state(state: RunState, preempting: bool) -> &'static str {
    match state {
        RunState::Running if preempting => "preempting",
        state => state.as_str(),
    }
}

/// Those that the caller may read: a run may have used what is another entity's.
fn readable(ask: &Ask, rows: Vec<ArtifactRow>) -> Vec<Artifact> {
    rows.into_iter().filter(|row| ask.may(&row.run.entity, Verb::Read)).map(Artifact).collect()
}

/// The line counts and last lines by which a client continues a run.
#[derive(Default)]
struct Tail {
    history: u64,
    system: u64,
    console: u64,
}

/// What older clients ask of the program.
#[derive(SimpleObject)]
pub struct RunInfo {
    program: Option<String>,
    python: Option<String>,
    os: Option<String>,
}

/// History that is there as files, and steps that are not in them.
#[derive(SimpleObject)]
pub struct ParquetHistory {
    parquet_urls: Vec<String>,
    live_data: Vec<async_graphql::Json<Json>>,
}

impl Run {
    /// A run and its number in the store.
    pub fn new(number: i64, view: RunView) -> Self {
        Self { number, view: Arc::new(view), anew: false }
    }

    /// As the answer to whoever begins the run. A client takes a number of lines
    /// there for the one to go on with, although it sends all of them again
    /// (`wandb sync`); numbered from 0, they are known. One that resumes the run
    /// asked for its numbers before.
    pub fn begun_anew(self) -> Self {
        Self { anew: true, ..self }
    }

    /// The run at a path, if there is one that the caller may read.
    pub async fn find(ask: &Ask, path: RunPath) -> Result<Option<Self>> {
        if !ask.may(&path.entity, Verb::Read) {
            return Ok(None);
        }
        let found = ask.read(move |store| store.run_and_number(&path)).await?;
        Ok(found.map(|(number, view)| Self::new(number, view)))
    }

    /// Where it is.
    pub fn path(&self) -> &RunPath {
        &self.view.path
    }

    /// W&B's word for its state.
    pub fn state_word(&self) -> &'static str {
        state(self.view.state, self.preempting())
    }

    async fn tail(&self, ask: &Ask) -> Result<Tail> {
        let view = self.view.clone();
        let (history, system, console) = ask.read(move |store| line_counts(store, &view.path, &view)).await?;
        Ok(Tail { history, system, console })
    }

    /// The last line of a table, as a JSON list of one string.
    async fn last_line(&self, ask: &Ask, table: Table) -> Result<String> {
        let view = self.view.clone();
        let row = ask.read(move |store| store.last_row(&view.path, table)).await?;
        // Where the last row is elsewhere, its step is known at least.
        let elsewhere = self.view.last_step.filter(|_| table == Table::History);
        let time_us = self.view.updated_us;
        let row = row.or_else(|| Some(Row { table, step: elsewhere?, time_us, cells: Vec::new() }));
        let line = row.map(|row| {
            let mut line = String::new();
            rows::write_line(&row, self.view.created_us, &mut line);
            line
        });
        Ok(Json::from(line.into_iter().collect::<Vec<_>>()).to_string())
    }

    fn preempting(&self) -> bool {
        self.view.metadata.get(PREEMPTING) == Some(&Json::Bool(true))
    }
}

#[Object]
impl Run {
    async fn id(&self) -> ID {
        ids::run(&self.view.path).into()
    }
    async fn name(&self) -> &str {
        &self.view.path.run
    }
    async fn display_name(&self) -> Option<&str> {
        self.view.fields.name.as_deref()
    }
    async fn state(&self) -> &str {
        self.state_word()
    }
    async fn tags(&self) -> Vec<String> {
        self.view.fields.tags.clone().unwrap_or_default()
    }
    async fn group(&self) -> Option<&str> {
        self.view.fields.group.as_deref()
    }
    async fn group_name(&self) -> Option<&str> {
        self.view.fields.group.as_deref()
    }
    async fn job_type(&self) -> Option<&str> {
        self.view.fields.job_type.as_deref()
    }
    async fn notes(&self) -> Option<&str> {
        self.view.fields.notes.as_deref()
    }
    async fn description(&self) -> Option<&str> {
        self.view.fields.notes.as_deref()
    }
    async fn sweep_name(&self) -> Option<&str> {
        None
    }
    async fn commit(&self) -> Option<&str> {
        self.view.metadata.get("git")?.get("commit")?.as_str()
    }
    async fn host(&self) -> Option<&str> {
        self.view.metadata.get("host")?.get("name")?.as_str()
    }
    async fn read_only(&self) -> bool {
        false
    }
    async fn created_at(&self) -> String {
        time::format(self.view.created_us)
    }
    async fn started_at(&self) -> String {
        time::format(self.view.created_us)
    }
    async fn heartbeat_at(&self) -> String {
        time::format(self.view.updated_us)
    }
    async fn updated_at(&self) -> String {
        time::format(self.view.updated_us)
    }
    async fn user(&self, ctx: &Context<'_>) -> Result<User> {
        Ok(User { name: ask(ctx)?.caller.name.clone(), entity: self.view.path.entity.clone() })
    }
    async fn project_id(&self, ctx: &Context<'_>) -> Result<i64> {
        let path = self.view.path.clone();
        let project = ask(ctx)?.read(move |store| store.project(&path.entity, &path.project)).await?;
        Ok(project.map_or(self.number, |project| project.number))
    }
    async fn project(&self, ctx: &Context<'_>) -> Result<Option<Project>> {
        let RunPath { entity, project, .. } = self.view.path.clone();
        Project::find(ask(ctx)?, Some(project), Some(entity)).await
    }
    async fn run_info(&self) -> RunInfo {
        let facts = run_files::metadata(&self.view);
        let text = |name: &str| facts.get(name).and_then(Json::as_str).map(str::to_owned);
        RunInfo { program: text("program"), python: text("python"), os: text("os") }
    }

    async fn config(&self) -> JsonString {
        JsonString(config::encode(&self.view.config, run_files::internal(&self.view)))
    }
    /// Keys of the client's own part of the config.
    async fn wandb_config(&self, keys: Option<Vec<String>>) -> JsonString {
        let internal = run_files::internal(&self.view).and_then(Json::as_object).cloned();
        let mut internal = internal.unwrap_or_default();
        // Without it a client takes a run for one that never began.
        internal.entry("t").or_insert_with(|| json!({}));
        let wanted = |key: &str| keys.as_ref().is_none_or(|keys| keys.iter().any(|wanted| wanted == key));
        internal.retain(|key, _| wanted(key));
        JsonString(Json::Object(internal).to_string())
    }
    async fn summary_metrics(&self) -> JsonString {
        JsonString(Json::Object(run_files::summary(&self.view)).to_string())
    }
    async fn system_metrics(&self, ctx: &Context<'_>) -> Result<JsonString> {
        let path = self.view.path.clone();
        let row = ask(ctx)?.read(move |store| store.last_row(&path, Table::System)).await?;
        let cells = row.into_iter().flat_map(|row| row.cells);
        let metrics = cells.map(|(key, value)| (key, value.to_json())).collect();
        Ok(JsonString(Json::Object(metrics).to_string()))
    }

    async fn history_line_count(&self, ctx: &Context<'_>) -> Result<u64> {
        if self.anew {
            return Ok(0);
        }
        Ok(self.tail(ask(ctx)?).await?.history)
    }
    async fn events_line_count(&self, ctx: &Context<'_>) -> Result<u64> {
        Ok(self.tail(ask(ctx)?).await?.system)
    }
    async fn log_line_count(&self, ctx: &Context<'_>) -> Result<u64> {
        Ok(self.tail(ask(ctx)?).await?.console)
    }
    async fn history_tail(&self, ctx: &Context<'_>) -> Result<JsonString> {
        Ok(JsonString(self.last_line(ask(ctx)?, Table::History).await?))
    }
    async fn events_tail(&self, ctx: &Context<'_>) -> Result<JsonString> {
        Ok(JsonString(self.last_line(ask(ctx)?, Table::System).await?))
    }

    #[graphql(complexity = 5)]
    async fn history_keys(&self, ctx: &Context<'_>) -> Result<async_graphql::Json<Json>> {
        let (ask, view) = (ask(ctx)?, self.view.clone());
        if ask.operation.as_deref() == Some(SCAN) {
            ask.app.scans.announce(&ask.caller.name, self.path());
        }
        let metrics = ask.read(move |store| store.metrics(&view.path)).await?;
        Ok(async_graphql::Json(history::keys(&self.view, metrics)))
    }
    /// Rows as lines: those of a range of steps, the last excluded, or a sample.
    #[graphql(complexity = 20)]
    async fn history(
        &self,
        ctx: &Context<'_>,
        samples: Option<i32>,
        min_step: Option<Int64>,
        max_step: Option<Int64>,
    ) -> Result<Vec<JsonString>> {
        let range = (min_step.map(|step| step.0), max_step.map(|step| step.0));
        history::lines(ask(ctx)?, &self.view, samples, range).await
    }
    #[graphql(complexity = 20)]
    async fn events(&self, ctx: &Context<'_>, samples: Option<i32>) -> Result<Vec<JsonString>> {
        history::system_lines(ask(ctx)?, &self.view, samples).await
    }
    /// For each spec the rows that have all of its keys; the last step included.
    #[graphql(complexity = 20)]
    async fn sampled_history(
        &self,
        ctx: &Context<'_>,
        specs: Vec<JsonString>,
    ) -> Result<Vec<Vec<async_graphql::Json<Json>>>> {
        history::sampled(ask(ctx)?, &self.view, &specs).await
    }
    /// The whole history as a file, for whoever exports it. Whoever scans it asks
    /// the same, right after its keys, and is to read row by row: a file has no
    /// missing cells, and gives lists and objects as text.
    async fn parquet_history(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "liveKeys")] _live_keys: Option<Vec<String>>,
    ) -> Result<ParquetHistory> {
        let ask = ask(ctx)?;
        let live = |step: i64| vec![async_graphql::Json(json!({ "_step": step }))];
        let Some(last) = self.view.last_step else {
            return Ok(ParquetHistory { parquet_urls: Vec::new(), live_data: Vec::new() });
        };
        if ask.app.scans.was_announced(&ask.caller.name, self.path()) {
            let path = self.view.path.clone();
            let first = ask.read(move |store| store.first_step(&path)).await?;
            return Ok(ParquetHistory { parquet_urls: Vec::new(), live_data: live(first.unwrap_or(0)) });
        }
        let live_data =
            if self.view.state == RunState::Running { live(last.saturating_add(1)) } else { Vec::new() };
        let url = ask.link(&Grant::GetHistory { run: self.view.path.clone() });
        Ok(ParquetHistory { parquet_urls: vec![url], live_data })
    }

    #[graphql(complexity = "5 + child_complexity")]
    async fn log_lines(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        #[graphql(name = "useImprovedPagination")] _improved: Option<bool>,
    ) -> Result<Page<LogLine>> {
        console::page(ask(ctx)?, self.path(), first, after, last).await
    }

    #[graphql(complexity = "5 + child_complexity")]
    async fn files(
        &self,
        ctx: &Context<'_>,
        names: Option<Vec<Option<String>>>,
        pattern: Option<String>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Page<File>> {
        let names = names.unwrap_or_default().into_iter().flatten().collect::<Vec<_>>();
        let files = file::of_run(ask(ctx)?, &self.view).await?;
        let files = file::select(files, &names, pattern.as_deref());
        Ok(Window::cut(files, first, after.as_deref()))
    }
    async fn file_count(&self, ctx: &Context<'_>) -> Result<usize> {
        Ok(file::of_run(ask(ctx)?, &self.view).await?.len())
    }

    async fn output_artifacts(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Page<Artifact>> {
        let path = self.view.path.clone();
        let ask = ask(ctx)?;
        let rows = ask.read(move |store| store.logged_artifacts(&path)).await?;
        Ok(Window::cut(readable(ask, rows), first, after.as_deref()))
    }
    async fn input_artifacts(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Page<Artifact>> {
        let path = self.view.path.clone();
        let ask = ask(ctx)?;
        let rows = ask.read(move |store| store.used_artifacts(&path)).await?;
        Ok(Window::cut(readable(ask, rows), first, after.as_deref()))
    }
}
