//! One run on its way: its changes, then its lines, post by post. What has gone is
//! kept at the ends of blocks only, so that whatever is cut off is sent again under
//! the same numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use pannier_proto::artifact::ArtifactVersion;
use pannier_proto::content::Md5;
use pannier_proto::id::{Origin, RunPath, Seq};
use pannier_proto::record::{Change, Row, RunState as Alive};
use pannier_proto::request::RunView;
use serde_json::Value as Json;

use super::Wandb;
use super::files::Files;
use super::news::{Behind, Loaded, Sorted, rows};
use super::state::{self, RunState, There, digest};
use crate::ingest;
use crate::store::STOP;
use crate::sync::remote::{RemoteError, RemoteResult, StreamPush};
use crate::wandb::file_stream::{CONSOLE, HISTORY, SYSTEM};
use crate::wandb::outgoing::{self, Post};
use crate::wandb::time;

/// A post that is longer goes; W&B's own client makes them of 10 MiB at most.
const POST_BYTES_MAX: usize = 8 << 20;
/// A shorter post is not worth packing.
const GZIP_BYTES_MIN: usize = 1 << 10;

/// A run that is being sent.
pub(super) struct Sending<'a> {
    pub remote: &'a Wandb,
    pub path: &'a RunPath,
    pub run: RunView,
    pub there: There,
    pub state: RunState,
    /// Where its streams end here.
    pub ends: BTreeMap<Origin, Seq>,
    post: Post,
    /// Files that the next post names.
    arrived: Vec<(String, Md5)>,
}

impl<'a> Sending<'a> {
    /// Sends what blocks bring of a run that is made there; the state afterwards.
    pub async fn send(
        remote: &'a Wandb,
        path: &'a RunPath,
        loaded: Loaded,
        files: Files,
        pushes: Vec<StreamPush>,
    ) -> RemoteResult<RunState> {
        let behind = match loaded.state.step {
            Some(_) => remote.read(move |store| Ok((Behind::read(store, &loaded)?, loaded))).await?,
            None => (Behind::default(), loaded),
        };
        let (behind, loaded) = behind;
        let live = loaded.live();
        let Loaded { state, run: Some(run), ends, .. } = loaded else {
            return Err(RemoteError::Rejected(format!("run {path} is not here any more")));
        };
        let Some(there) = state.there.clone() else {
            return Err(RemoteError::transient(format!("run {path} was not made there")));
        };
        let (post, arrived) = (Post::default(), Vec::new());
        let mut sending = Self { remote, path, run, there, state, ends, post, arrived };
        if !files.is_empty() {
            sending.arrived = remote.send_files(path, &sending.there, files).await?;
            sending.post.uploaded = sending.arrived.iter().map(|(name, _)| name.clone()).collect();
        }
        sending.behind(behind).await?;
        for push in pushes {
            sending.block(push, live).await?;
        }
        sending.end(live).await?;
        Ok(sending.state)
    }

    /// What is about steps that have gone: rows are taken back there, or come as
    /// lines of their own.
    async fn behind(&mut self, behind: Behind) -> RemoteResult<()> {
        // What is seen from here on is either behind and comes now, or comes with its
        // step.
        self.state.seen.clone_from(&self.ends);
        if let Some(step) = behind.rewind {
            match self.remote.rewind(&self.there, &self.path.run, step.saturating_sub(1)).await {
                Ok(lines) => {
                    self.state.history = lines.unwrap_or(self.state.history);
                    self.state.step = Some(step.saturating_sub(1));
                }
                Err(RemoteError::Rejected(why)) => self.doubled(step, &why).await?,
                Err(error) => return Err(error),
            }
        }
        let Some((first, last)) = behind.late.first().zip(behind.late.last()) else { return Ok(()) };
        self.rows(first.checked_sub(1), *last, Some(&behind.late)).await
    }

    /// A server that takes no rows back keeps those of the earlier life; the new
    /// ones come behind them.
    async fn doubled(&mut self, step: i64, why: &str) -> RemoteResult<()> {
        let what = format!(
            "the run began again at step {step} after rows behind it had been sent, and {} does not take \
             them back ({why}): it shows both",
            self.remote.server.who
        );
        self.remote.problem(self.path, what.clone(), "here the run is as it should be").await?;
        self.state.doubled = Some(what);
        self.state.step = Some(step.saturating_sub(1));
        Ok(())
    }

    async fn block(&mut self, push: StreamPush, live: bool) -> RemoteResult<()> {
        let sorted = tokio::task::spawn_blocking(move || Sorted::read(&push)).await;
        let sorted = sorted.map_err(|error| RemoteError::transient(error.to_string()))?;
        let sorted =
            sorted.map_err(|why| RemoteError::Rejected(format!("its records are damaged: {why}")))?;
        let is_version =
            |change: &Change| matches!(change, Change::Artifact { .. } | Change::UseArtifact { .. });
        let (versions, changes): (Vec<_>, Vec<_>) = sorted.changes.into_iter().partition(is_version);
        for change in changes {
            self.change(change).await?;
        }
        if let Some(origin) = sorted.origin {
            self.state.sent.insert(origin, sorted.last_seq);
        }
        self.histories(sorted.max_step, live).await?;
        for row in sorted.system {
            let line = outgoing::row_line(&row, self.run.created_us);
            self.put(SYSTEM, self.state.system, line).await?;
            self.state.system += 1;
        }
        // In order, whatever rewrote what: a line out of order takes a post of its own.
        let mut console = BTreeMap::new();
        for row in sorted.console {
            let (label, number, line) = outgoing::console_line(row);
            console.insert(self.state.console.number(&label, number), line);
        }
        for (number, line) in console {
            self.put(CONSOLE, number, line).await?;
        }
        if !versions.is_empty() {
            // They may take hours, for which the lines are not to wait.
            self.flush().await?;
        }
        for change in versions {
            self.change(change).await?;
        }
        if self.post.bytes() > POST_BYTES_MAX / 2 {
            self.flush().await?;
            self.remote.keep(self.path, &self.state).await?;
        }
        Ok(())
    }

    /// The rows that are complete: all of a run that has ended, else those before
    /// the newest step, to which more may be logged.
    async fn histories(&mut self, max_step: Option<i64>, live: bool) -> RemoteResult<()> {
        let upto = match (self.state.has(&self.ends), live) {
            (true, false) => Some(i64::MAX),
            (true, true) => self.run.last_step.map(|step| step.saturating_sub(1)),
            (false, _) => max_step.map(|step| step.saturating_sub(1)),
        };
        match upto {
            Some(upto) => self.rows(self.state.step, upto, None).await,
            None => Ok(()),
        }
    }

    /// Rows as they are shown, after a step and up to another: all, or of some steps.
    async fn rows(
        &mut self,
        mut after: Option<i64>,
        upto: i64,
        only: Option<&BTreeSet<i64>>,
    ) -> RemoteResult<()> {
        loop {
            let path = self.path.clone();
            let (found, more) = self.remote.read(move |store| rows(store, &path, after, upto)).await?;
            for row in &found {
                if only.is_some_and(|only| !only.contains(&row.step)) {
                    continue;
                }
                self.history(row).await?;
                self.state.step = self.state.step.max(Some(row.step));
            }
            after = found.last().map(|row| row.step);
            if !more || after.is_none() {
                return Ok(());
            }
        }
    }

    async fn history(&mut self, row: &Row) -> RemoteResult<()> {
        let line = outgoing::row_line(row, self.run.created_us);
        self.put(HISTORY, self.state.history, line).await?;
        self.state.history += 1;
        Ok(())
    }

    async fn put(&mut self, file: &'static str, number: u64, line: String) -> RemoteResult<()> {
        if self.post.bytes() >= POST_BYTES_MAX || !self.post.takes(file, number) {
            self.flush().await?;
        }
        self.post.put(file, number, line);
        Ok(())
    }

    async fn change(&mut self, change: Change) -> RemoteResult<()> {
        match change {
            Change::Metadata { set } => {
                for alert in set.get("alerts").and_then(Json::as_array).into_iter().flatten() {
                    let at = time::from_seconds(alert["time"].as_f64().unwrap_or(0.0));
                    if at > self.state.alerted_us {
                        self.remote.alert(&self.there, &self.path.run, alert).await?;
                        self.alerted(at).await?;
                    }
                }
                Ok(())
            }
            Change::Artifact { version } => self.artifact(*version).await,
            Change::UseArtifact { id } => {
                match self.remote.use_artifact(&self.there, &self.path.run, id).await {
                    // It may be another home's, or deleted: the run is no worse for it.
                    Err(RemoteError::Rejected(why)) => {
                        let remote = &self.remote.name;
                        let what = format!("remote {remote} is not told that it read version {id}: {why}");
                        self.remote.problem(self.path, what, "all that the run logged is sent").await
                    }
                    told => told,
                }
            }
            _ => Ok(()),
        }
    }

    /// An alert has gone: a mail to people, which is kept at once. The rest of the
    /// state runs ahead of what the server has until all is posted.
    async fn alerted(&mut self, at: i64) -> RemoteResult<()> {
        self.state.alerted_us = at;
        let (remote, path) = (self.remote.name.clone(), self.path.clone());
        let mut kept = self.remote.read(move |store| state::load(store, &remote, &path)).await?;
        kept.alerted_us = at;
        self.remote.keep(self.path, &kept).await
    }

    async fn artifact(&self, version: ArtifactVersion) -> RemoteResult<()> {
        let id = version.id;
        // One that is deleted by now goes nowhere.
        let Some(row) = self.remote.read(move |store| store.artifact(id)).await? else { return Ok(()) };
        self.remote.version(id).await?;
        if version.again_us.is_none() {
            return Ok(());
        }
        if row.run != *self.path {
            self.remote.log_again(&self.there, &self.path.run, &row).await?;
        }
        self.remote.named_again(&row, &version.aliases).await
    }

    /// What is said of a run as a whole, once all of it has gone.
    async fn end(&mut self, live: bool) -> RemoteResult<()> {
        let summary = outgoing::summary_line(&self.run);
        let known = digest(&summary);
        let whole = self.state.has(&self.ends);
        let over = whole && !live && self.run.state != Alive::Crashed;
        if self.state.summary != Some(known) {
            if self.state.ended && over && self.post.is_empty() {
                self.remote.set_summary(&self.there, &summary).await?;
            } else {
                self.post.set_summary(summary);
            }
            self.state.summary = Some(known);
        }
        if over && !(self.state.ended && self.post.is_empty()) {
            self.post.end(self.run.state, self.run.exit_code);
        }
        if !self.post.is_empty() {
            self.state.ended = over;
            self.flush().await?;
            if over {
                self.remote.unread(self.path).await?;
            }
        }
        self.remote.keep(self.path, &self.state).await
    }

    /// Sends what is put together.
    async fn flush(&mut self) -> RemoteResult<()> {
        let mut posts = vec![std::mem::take(&mut self.post)];
        while let Some(post) = posts.pop() {
            if post.is_empty() {
                continue;
            }
            match self.post(&post).await {
                Ok(()) => {}
                Err(RemoteError::TooLarge(why)) => match post.halves() {
                    Some((first, rest)) => posts.extend([rest, first]),
                    None => return Err(RemoteError::Rejected(format!("{why} (one line of it alone)"))),
                },
                Err(error) => return Err(error),
            }
        }
        self.remote.said(self.path, std::mem::take(&mut self.arrived)).await
    }

    async fn post(&self, post: &Post) -> RemoteResult<()> {
        let packs = self.remote.packs();
        let json = serde_json::to_vec(post).map_err(|error| RemoteError::Rejected(error.to_string()))?;
        let body = tokio::task::spawn_blocking(move || pack(json, packs)).await;
        let (body, gzip) = body.map_err(|error| RemoteError::transient(error.to_string()))?;
        let There { entity, project, .. } = &self.there;
        let path = ["files", entity, project, &self.path.run, "file_stream"];
        let answer = self.remote.server.post(&path, body, gzip).await?;
        self.remote.heard.note(self.path, &self.there, !self.state.ended);
        let told = self.run.metadata.get(STOP) == Some(&Json::Bool(true));
        if answer["stopped"] == Json::Bool(true) && self.run.state == Alive::Running && !told {
            let told = ingest::upsert::stop(&self.remote.store, self.path).await;
            told.map_err(|error| RemoteError::transient(error.to_string()))?;
        }
        Ok(())
    }
}

fn pack(json: Vec<u8>, packs: bool) -> (Bytes, bool) {
    if packs && json.len() >= GZIP_BYTES_MIN {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        // Writing into memory cannot fail.
        if packed.write_all(&json).is_ok()
            && let Ok(packed) = packed.finish()
        {
            return (packed.into(), true);
        }
    }
    (json.into(), false)
}
