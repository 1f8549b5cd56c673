//! What W&B's clients change about runs, their files and projects.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use pannier_proto::id::RunPath;
use pannier_proto::path::RelPath;
use pannier_proto::record::RunFields;
use serde_json::{Map, Value as Json, json};

use super::run::Run;
use super::scalar::JsonString;
use super::{Ask, ask};
use crate::capability::Grant;
use crate::clock::now_us;
use crate::ingest;
use crate::names;
use crate::token;
use crate::wandb::upsert::{Sender, Upsert};
use crate::wandb::{ids, time};

#[derive(InputObject)]
struct UpsertBucketInput {
    id: Option<String>,
    name: Option<String>,
    group_name: Option<String>,
    model_name: Option<String>,
    entity_name: Option<String>,
    description: Option<String>,
    display_name: Option<String>,
    notes: Option<String>,
    config: Option<JsonString>,
    commit: Option<String>,
    host: Option<String>,
    job_program: Option<String>,
    job_repo: Option<String>,
    job_type: Option<String>,
    state: Option<String>,
    tags: Option<Vec<String>>,
    summary_metrics: Option<JsonString>,
}

#[derive(SimpleObject)]
struct UpsertBucketPayload {
    bucket: Run,
    inserted: bool,
}

impl UpsertBucketInput {
    /// Facts about the program under our names for them.
    fn metadata(&self) -> Map<String, Json> {
        let mut facts = Map::new();
        let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(host) = text(&self.host) {
            facts.insert("host".into(), json!({ "name": host }));
        }
        if let Some(commit) = text(&self.commit) {
            facts.insert("git".into(), json!({ "commit": commit, "remote": text(&self.job_repo) }));
        }
        if let Some(program) = text(&self.job_program) {
            facts.insert("program".into(), json!({ "path": program }));
        }
        facts
    }

    fn upsert(&self) -> Result<Upsert> {
        let object =
            |text: &Option<JsonString>, what| text.as_ref().map(|text| text.object(what)).transpose();
        // A program says its run's name, also where it knows the id (`resume_from=`).
        let edited = self.name.is_none() || self.state.is_some();
        let by = if edited { Sender::Editor } else { Sender::Program };
        Ok(Upsert {
            fields: RunFields {
                name: self.display_name.clone().filter(|name| !name.is_empty()),
                group: self.group_name.clone(),
                job_type: self.job_type.clone(),
                notes: self.notes.clone().or_else(|| self.description.clone()),
                tags: self.tags.clone(),
            },
            config: object(&self.config, "config")?,
            summary: object(&self.summary_metrics, "summary")?,
            metadata: self.metadata(),
            by,
            state: self.state.clone(),
            begun_us: None,
        })
    }
}

#[derive(InputObject)]
struct RunFilesInput {
    entity_name: Option<String>,
    project_name: Option<String>,
    run_name: String,
    files: Vec<String>,
}

#[derive(SimpleObject)]
struct UploadFile {
    name: String,
    upload_url: String,
}

#[derive(SimpleObject)]
struct CreateRunFilesPayload {
    #[graphql(name = "runID")]
    run_id: ID,
    upload_headers: Vec<String>,
    files: Vec<UploadFile>,
}

#[derive(InputObject)]
struct DeleteFilesInput {
    files: Vec<ID>,
}

#[derive(Enum, Copy, Clone, PartialEq, Eq)]
enum AlertSeverity {
    Info,
    Warn,
    Error,
}

#[derive(InputObject)]
struct AlertInput {
    entity_name: Option<String>,
    project_name: Option<String>,
    run_name: String,
    title: String,
    text: String,
    severity: Option<AlertSeverity>,
}

#[derive(InputObject)]
struct RunInput {
    id: ID,
}

#[derive(InputObject)]
struct UpdateRunStateInput {
    id: ID,
    state: String,
}

#[derive(InputObject)]
struct RewindRunInput {
    run_name: String,
    entity_name: Option<String>,
    project_name: Option<String>,
    metric_name: String,
    metric_value: f64,
}

#[derive(SimpleObject)]
struct RewindRunPayload {
    rewound_run: Run,
}

/// That it was done.
#[derive(SimpleObject, Default)]
pub struct Done {
    success: bool,
    client_mutation_id: Option<String>,
}

/// See [`Done`].
pub const DONE: Done = Done { success: true, client_mutation_id: None };

fn run_of(ask: &Ask, id: &str) -> Result<RunPath> {
    let path = ids::read_run(id).ok_or_else(|| format!("{id:?} is no id of a run here"))?;
    ask.must(&path.entity, ask.verb)?;
    Ok(path)
}

/// The run that is meant, which must be there.
async fn run_there(ask: &Ask, id: &str) -> Result<(RunPath, Run)> {
    let path = run_of(ask, id)?;
    let run = Run::find(ask, path.clone()).await?.ok_or_else(|| format!("there is no run {path}"))?;
    Ok((path, run))
}

/// Mutations of runs.
#[derive(Default)]
pub struct RunMutation;

#[Object]
impl RunMutation {
    async fn upsert_bucket(
        &self,
        ctx: &Context<'_>,
        input: UpsertBucketInput,
    ) -> Result<UpsertBucketPayload> {
        let ask = ask(ctx)?;
        let path = match &input.id {
            Some(id) => run_of(ask, id)?,
            None => {
                let name = input.name.clone().filter(|name| !name.is_empty());
                let name = name.map_or_else(|| token::random().map(pannier_proto::id::run_id), Ok)?;
                ask.path(input.entity_name.as_deref(), input.model_name.as_deref(), &name)?
            }
        };
        let mut asked = input.upsert()?;
        if asked.fields.name.is_none() {
            let of = path.clone();
            let (known, count) = ask
                .read(move |store| {
                    Ok((store.run_and_number(&of)?.is_some(), store.project_runs(&of.entity, &of.project)?))
                })
                .await?;
            if !known {
                let number = ask.app.numbers.next(&path, count);
                asked.fields.name = Some(names::run_name(token::random()?, number));
            }
        }
        if asked.by == Sender::Program {
            ask.app.lives.heard(&path, false);
        }
        let (_, inserted) = ingest::upsert::upsert(&ask.app.store, &path, asked).await?;
        let bucket = Run::find(ask, path.clone()).await?.ok_or_else(|| format!("run {path} is gone"))?;
        Ok(UpsertBucketPayload { bucket: bucket.begun_anew(), inserted })
    }

    async fn rewind_run(&self, ctx: &Context<'_>, input: RewindRunInput) -> Result<RewindRunPayload> {
        let ask = ask(ctx)?;
        if input.metric_name != "_step" {
            return Err(format!("a run can be rewound to a _step, not to a {:?}", input.metric_name).into());
        }
        let path = ask.path(input.entity_name.as_deref(), input.project_name.as_deref(), &input.run_name)?;
        #[expect(clippy::cast_possible_truncation, reason = "a float to an integer saturates")]
        ingest::upsert::rewind(&ask.app.store, &path, input.metric_value as i64).await?;
        let run = Run::find(ask, path.clone()).await?;
        Ok(RewindRunPayload { rewound_run: run.ok_or_else(|| format!("run {path} is gone"))? })
    }

    async fn create_run_files(
        &self,
        ctx: &Context<'_>,
        input: RunFilesInput,
    ) -> Result<CreateRunFilesPayload> {
        let ask = ask(ctx)?;
        let run = ask.path(input.entity_name.as_deref(), input.project_name.as_deref(), &input.run_name)?;
        let link = |name: String| {
            let path = RelPath::new(&name)?;
            let upload_url = ask.link(&Grant::PutFile { run: run.clone(), path });
            Ok::<_, async_graphql::Error>(UploadFile { name, upload_url })
        };
        let files = input.files.into_iter().map(link).collect::<Result<_>>()?;
        Ok(CreateRunFilesPayload { run_id: ids::run(&run).into(), upload_headers: Vec::new(), files })
    }

    /// A file is there once its bytes are: this only asks whether they are.
    async fn mark_run_files_uploaded(&self, ctx: &Context<'_>, input: RunFilesInput) -> Result<Done> {
        let ask = ask(ctx)?;
        let run = ask.path(input.entity_name.as_deref(), input.project_name.as_deref(), &input.run_name)?;
        let of = run.clone();
        let files = ask.read(move |store| store.files(&of)).await?;
        let missing = input.files.iter().find(|name| !files.iter().any(|file| file.path == **name));
        match missing {
            Some(name) => Err(format!("file {name:?} of run {run} has not arrived; send it again").into()),
            None => Ok(DONE),
        }
    }

    async fn delete_files(&self, ctx: &Context<'_>, input: DeleteFilesInput) -> Result<Done> {
        let ask = ask(ctx)?;
        for id in &input.files {
            let (run, path) =
                ids::read_file(id).ok_or_else(|| format!("{id:?} is no id of a file here", id = id.0))?;
            ask.must(&run.entity, ask.verb)?;
            ingest::file::removed(&ask.app.store, &run, vec![RelPath::new(&path)?]).await?;
        }
        Ok(DONE)
    }

    async fn notify_scriptable_run_alert(&self, ctx: &Context<'_>, input: AlertInput) -> Result<Done> {
        let ask = ask(ctx)?;
        let path = ask.path(input.entity_name.as_deref(), input.project_name.as_deref(), &input.run_name)?;
        let level = match input.severity {
            None | Some(AlertSeverity::Info) => "INFO",
            Some(AlertSeverity::Warn) => "WARN",
            Some(AlertSeverity::Error) => "ERROR",
        };
        let alert = json!({
            "title": input.title, "text": input.text, "level": level, "time": time::to_seconds(now_us()),
        });
        ingest::upsert::alert(&ask.app.store, &path, alert).await?;
        Ok(DONE)
    }

    async fn delete_run(&self, ctx: &Context<'_>, input: RunInput) -> Result<Done> {
        let ask = ask(ctx)?;
        let (path, _) = run_there(ask, &input.id).await?;
        ingest::upsert::delete(&ask.app.store, &path).await?;
        Ok(DONE)
    }

    async fn stop_run(&self, ctx: &Context<'_>, input: RunInput) -> Result<Done> {
        let ask = ask(ctx)?;
        let (path, _) = run_there(ask, &input.id).await?;
        ingest::upsert::stop(&ask.app.store, &path).await?;
        Ok(DONE)
    }

    async fn update_run_state(&self, ctx: &Context<'_>, input: UpdateRunStateInput) -> Result<Done> {
        let ask = ask(ctx)?;
        let (path, run) = run_there(ask, &input.id).await?;
        let now = run.state_word();
        // As W&B has it: what ended well stays so, and nobody makes a run live.
        let allowed = match input.state.as_str() {
            "pending" => ["running", "failed", "crashed", "preempted", "preempting"].contains(&now),
            "failed" => ["pending", "running"].contains(&now),
            _ => false,
        };
        if !allowed {
            return Err(format!(
                "run {path} is {now}, and its state cannot be set to {:?}: one that is running, failed, crashed or \
                 preempted can be set to pending, one that is pending or running to failed",
                input.state
            )
            .into());
        }
        let asked = Upsert { by: Sender::Editor, state: Some(input.state), ..Upsert::default() };
        ingest::upsert::upsert(&ask.app.store, &path, asked).await?;
        Ok(DONE)
    }
}
