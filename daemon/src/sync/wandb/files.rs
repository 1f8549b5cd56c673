//! The files of runs: which the server lacks, where they are to be sent, and how
//! they go. The names of many runs' files are said in one request.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use md5::{Digest as _, Md5 as Hasher};
use pannier_proto::content::{Content, Md5};
use pannier_proto::id::RunPath;
use pannier_proto::record::{Change, RunState as Alive};
use pannier_proto::request::RunView;
use serde_json::{Value as Json, json};

use super::server::Upload;
use super::state::{There, file_name};
use super::together::Mutation;
use super::upsert::variables;
use super::{AT_ONCE, Feed, Wandb};
use crate::blobs::{BlobError, Blobs, pieces};
use crate::block::Head;
use crate::store::{self, Store};
use crate::sync::remote::{RemoteError, RemoteResult, StreamPush};
use crate::wandb::{file_stream, run_files};

/// The most files that are named at a time for one run.
const NAMES_MAX: usize = 100;
/// What is before the digest of a file that has arrived as long as the server was
/// not told so: the name in a post is what makes it a file there.
const UNSAID: &str = "unsaid ";

const CREATE: Mutation = Mutation {
    operation: "CreateRunFiles",
    field: "createRunFiles",
    input: &[
        ("entityName", "entity", "String!"),
        ("projectName", "project", "String!"),
        ("runName", "run", "String!"),
        ("files", "files", "[String!]!"),
    ],
    selection: "runID uploadHeaders files { name uploadUrl }",
};

const DELETE: Mutation = Mutation {
    operation: "deleteFiles",
    field: "deleteFiles",
    input: &[("files", "files", "[ID!]!")],
    selection: "success",
};

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Bytes that are stored.
    Stored(Content),
    /// Text.
    Text(String),
    /// The whole console of a run, read when it goes: many runs may wait, and it may
    /// be long.
    Console(RunPath, Md5),
}

impl Held {
    fn md5(&self) -> Md5 {
        match self {
            Self::Stored(content) => content.md5,
            Self::Text(text) => digest(text),
            Self::Console(_, md5) => *md5,
        }
    }
}

fn digest(text: &str) -> Md5 {
    Md5(Hasher::digest(text).into())
}

/// A file that the server lacks.
#[derive(Debug)]
pub struct Lacking {
    name: String,
    held: Held,
    /// Where it is to be sent, once that is known, and with which headers.
    link: Option<(String, Vec<Json>)>,
}

/// What is to be done about a run's files.
#[derive(Default)]
pub struct Files {
    lacking: Vec<Lacking>,
    /// Those that have arrived, and the server was not told so.
    arrived: Vec<(String, Md5)>,
    removed: Vec<String>,
}

impl Files {
    /// What blocks say of files, and what is made of a run at its end, as far as
    /// the server has it otherwise. Blocking.
    ///
    /// # Errors
    /// As the store's.
    pub fn read(
        store: &Store,
        remote: &str,
        path: &RunPath,
        run: &RunView,
        pushes: &[StreamPush],
        over: bool,
    ) -> store::Result<Self> {
        let mut found: BTreeMap<String, Option<Held>> = BTreeMap::new();
        for push in pushes {
            // A damaged head is said where the block is read.
            let changes = Head::decode(&push.block.head).map(|head| head.changes).unwrap_or_default();
            for change in changes {
                match change {
                    Change::File { path, content, .. } => {
                        found.insert(path.as_str().to_owned(), Some(Held::Stored(content)));
                    }
                    Change::TextFile { path, text } => drop(found.insert(path, Some(Held::Text(text)))),
                    Change::RemoveFile { path } => drop(found.insert(path.as_str().to_owned(), None)),
                    _ => {}
                }
            }
        }
        if over {
            for (name, held) in made(store, run)? {
                found.entry(name).or_insert(Some(held));
            }
        }
        let mut files = Self::default();
        for (name, held) in found {
            let known = store.counterpart(remote, &file_name(path, &name))?;
            let Some(held) = held else {
                files.removed.extend(known.map(|_| name));
                continue;
            };
            let md5 = held.md5();
            let digest = md5.to_string();
            match known.as_deref() {
                Some(known) if known == digest => {}
                Some(known) if known == format!("{UNSAID}{digest}") => files.arrived.push((name, md5)),
                _ => files.lacking.push(Lacking { name, held, link: None }),
            }
        }
        Ok(files)
    }

    /// Whether there is nothing to be done.
    pub fn is_empty(&self) -> bool {
        self.lacking.is_empty() && self.arrived.is_empty() && self.removed.is_empty()
    }
}

/// The files that every run of W&B's has, where its client did not send them.
fn made(store: &Store, run: &RunView) -> store::Result<Vec<(String, Held)>> {
    let files = run_files::of_run(run).into_iter();
    let mut made: Vec<_> = files.map(|(name, text)| (name.to_owned(), Held::Text(text))).collect();
    let console = store.console(&run.path)?.text();
    if !console.is_empty() {
        let held = Held::Console(run.path.clone(), digest(&console));
        made.push((file_stream::CONSOLE.to_owned(), held));
    }
    let sent = store.files(&run.path)?;
    made.retain(|(name, _)| !sent.iter().any(|file| file.path == *name));
    Ok(made)
}

impl Feed {
    /// Whether the run has ended and nothing more is to come than what is pushed.
    fn over(&self) -> bool {
        let mut sent = self.loaded.state.sent.clone();
        for push in &self.pushes {
            let records = Head::decode(&push.block.head).map_or(0, |head| head.tags.len() as u64);
            sent.insert(push.id.origin, (push.first_seq + records).saturating_sub(1));
        }
        let all =
            self.loaded.ends.iter().all(|(origin, end)| sent.get(origin).is_some_and(|sent| sent >= end));
        all && self
            .loaded
            .run
            .as_ref()
            .is_some_and(|run| !matches!(run.state, Alive::Running | Alive::Pending))
    }
}

impl Wandb {
    /// Finds what is to be done about the files of runs, and asks where they are to
    /// be sent.
    pub(super) async fn files(&self, mut feeds: Vec<Feed>) -> RemoteResult<Vec<Feed>> {
        let remote = self.name.clone();
        feeds = self
            .read(move |store| {
                for feed in &mut feeds {
                    if let Some(run) = feed.loaded.run.as_ref().filter(|_| feed.refused.is_none()) {
                        let over = feed.over();
                        feed.files = Files::read(store, &remote, &feed.path, run, &feed.pushes, over)?;
                    }
                }
                Ok(feeds)
            })
            .await?;
        let (mut asked, mut of) = (Vec::new(), Vec::new());
        for (at, feed) in feeds.iter().enumerate() {
            let Some(there) = &feed.loaded.state.there else { continue };
            for (nth, some) in feed.files.lacking.chunks(NAMES_MAX).enumerate() {
                let names: Vec<_> = some.iter().map(|file| &file.name).collect();
                asked.push(variables(json!({
                    "entity": there.entity, "project": there.project, "run": feed.path.run, "files": names,
                })));
                of.push((at, nth * NAMES_MAX));
            }
        }
        for ((at, from), outcome) in of.into_iter().zip(CREATE.all(&self.server, asked).await?) {
            match outcome {
                Ok(answer) => linked(&mut feeds[at].files.lacking[from..], &answer),
                Err(why) => {
                    let why = format!("{} takes no files of the run: {why}", self.server.who);
                    feeds[at].refused.get_or_insert(why);
                }
            }
        }
        Ok(feeds)
    }

    /// Sends a run's files to where they belong; those that have arrived, of which the
    /// server is to be told.
    pub(super) async fn send_files(
        &self,
        path: &RunPath,
        there: &There,
        files: Files,
    ) -> RemoteResult<Vec<(String, Md5)>> {
        let sends = files.lacking.into_iter().map(|file| async move {
            let md5 = file.held.md5();
            if !self.send_file(&file).await? {
                return Ok(None);
            }
            self.keep_as(file_name(path, &file.name), Some(format!("{UNSAID}{md5}"))).await?;
            Ok::<_, RemoteError>(Some((file.name, md5)))
        });
        let sent: Vec<_> = stream::iter(sends).buffer_unordered(AT_ONCE).try_collect().await?;
        let mut arrived = files.arrived;
        arrived.extend(sent.into_iter().flatten());
        arrived.sort_unstable();
        for name in files.removed {
            self.remove_file(path, there, &name).await?;
        }
        Ok(arrived)
    }

    /// The server was told that these have arrived.
    pub(super) async fn said(&self, path: &RunPath, files: Vec<(String, Md5)>) -> RemoteResult<()> {
        if files.is_empty() {
            return Ok(());
        }
        let (remote, path) = (self.name.clone(), path.clone());
        self.read(move |store| {
            store.write_blocking(move |tx| {
                files.iter().try_for_each(|(name, md5)| {
                    tx.set_counterpart(&remote, &file_name(&path, name), Some(&md5.to_string()))
                })
            })
        })
        .await
    }

    /// Sends one; false where its bytes are nowhere any more.
    async fn send_file(&self, file: &Lacking) -> RemoteResult<bool> {
        let Some((link, headers)) = &file.link else {
            let (who, name) = (&self.server.who, &file.name);
            return Err(RemoteError::Rejected(format!("{who} does not say where {name} is to be sent")));
        };
        let Some(upload) = self.upload(&file.held).await? else { return Ok(false) };
        let sent = self.server.put(link, headers, upload).await;
        sent.map(|_| true).map_err(|error| about(&file.name, error))
    }

    /// The bytes of a file, ready to go; none where they are nowhere any more.
    pub(super) async fn upload(&self, held: &Held) -> RemoteResult<Option<Upload>> {
        let content = match held {
            Held::Text(text) => return Ok(Some(Upload::Bytes(text.clone().into()))),
            Held::Console(path, _) => {
                let path = path.clone();
                let text = self.read(move |store| Ok(store.console(&path)?.text())).await?;
                return Ok(Some(Upload::Bytes(text.into())));
            }
            Held::Stored(content) => *content,
        };
        let opened = self
            .bytes(move |blobs| match blobs.read(&content.blob) {
                Err(BlobError::Missing(blob)) if blobs.gone(&[blob])?.contains(&blob) => Ok(None),
                opened => opened.map(Some),
            })
            .await?;
        Ok(opened.map(|reader| Upload::Stream(content.size, pieces(reader, content.size))))
    }

    /// Works on the blobs here, off the runtime's threads.
    pub(super) async fn bytes<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Blobs) -> Result<T, BlobError> + Send + 'static,
    ) -> RemoteResult<T> {
        crate::sync::carry::reading(&self.blobs, work).await
    }

    async fn remove_file(&self, path: &RunPath, there: &There, name: &str) -> RemoteResult<()> {
        const FIND: &str =
            "query RunFiles($project: String!, $entity: String!, $name: String!, $fileNames: [String]) {
            project(name: $project, entityName: $entity) { run(name: $name) {
                files(names: $fileNames, first: 1) { edges { node { id name } } } } } }";
        let asked = json!({
            "project": there.project, "entity": there.entity, "name": path.run, "fileNames": [name],
        });
        let found = self.server.graphql("RunFiles", FIND, asked).await?.only("project")?;
        let edges = found["run"]["files"]["edges"].as_array();
        let ids: Vec<_> =
            edges.into_iter().flatten().filter_map(|edge| edge["node"]["id"].as_str()).collect();
        if !ids.is_empty() {
            DELETE.one(&self.server, variables(json!({ "files": ids }))).await?;
        }
        self.keep_as(file_name(path, name), None).await
    }
}

/// Puts links to files, by their names.
fn linked(lacking: &mut [Lacking], answer: &Json) {
    let headers = answer["uploadHeaders"].as_array().cloned().unwrap_or_default();
    for file in answer["files"].as_array().into_iter().flatten() {
        let (Some(name), Some(link)) = (file["name"].as_str(), file["uploadUrl"].as_str()) else { continue };
        for lacking in lacking.iter_mut().filter(|lacking| lacking.name == name) {
            lacking.link = Some((link.to_owned(), headers.clone()));
        }
    }
}

/// A refusal says which file is meant.
pub fn about(name: &str, error: RemoteError) -> RemoteError {
    match error {
        RemoteError::Rejected(why) => RemoteError::Rejected(format!("{name}: {why}")),
        RemoteError::TooLarge(why) => RemoteError::Rejected(format!("{name} is larger than is taken: {why}")),
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_go_to_the_files_that_they_are_for() {
        let file = |name: &str| Lacking { name: name.into(), held: Held::Text(String::new()), link: None };
        let mut lacking = [file("a"), file("b")];
        let answer =
            json!({"uploadHeaders": ["X:1"], "files": [{"name": "b", "uploadUrl": "u"}, {"name": "c"}]});
        linked(&mut lacking, &answer);
        assert!(lacking[0].link.is_none());
        assert_eq!(lacking[1].link, Some(("u".to_owned(), vec![json!("X:1")])));
        assert_eq!(lacking[0].held.md5().to_string(), "d41d8cd98f00b204e9800998ecf8427e");
    }
}
