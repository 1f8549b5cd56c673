//! Files, in W&B's terms: those of a run, stored or made of what is known of it,
//! and those of an artifact.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use md5::{Digest, Md5 as Hasher};
use pannier_proto::content::{Content, Md5};
use pannier_proto::id::RunPath;
use pannier_proto::path::RelPath;
use pannier_proto::request::RunView;

use super::{Ask, ask};
use crate::capability::Grant;
use crate::store::{self, Store};
use crate::wandb::{file_stream, ids, run_files, time};

/// A file.
#[derive(Clone)]
pub struct File {
    /// Its path.
    pub name: String,
    id: String,
    md5: Md5,
    size: u64,
    updated_us: Option<i64>,
    read: Grant,
    write: Option<Grant>,
}

/// What a run's file holds.
pub enum Held {
    /// Bytes that are stored.
    Stored(Content),
    /// Text that is made of what is known.
    Made(String),
}

impl Held {
    /// How many bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Stored(content) => content.size,
            Self::Made(text) => text.len() as u64,
        }
    }
}

impl File {
    /// A file of an artifact.
    pub fn of_artifact(id: &str, path: &RelPath, content: Content) -> Self {
        Self {
            name: path.as_str().to_owned(),
            id: ids::other("ArtifactFile", &format!("{id}:{path}")),
            md5: content.md5,
            size: content.size,
            updated_us: None,
            read: Grant::Get { blob: content.blob, name: Some(path.clone()) },
            write: None,
        }
    }

    fn of_run(run: &RunPath, path: RelPath, held: &Held, updated_us: i64) -> Self {
        let md5 = match held {
            Held::Stored(content) => content.md5,
            Held::Made(text) => Md5(Hasher::digest(text).into()),
        };
        Self {
            name: path.as_str().to_owned(),
            id: ids::file(run, path.as_str()),
            md5,
            size: held.size(),
            updated_us: Some(updated_us),
            read: Grant::GetFile { run: run.clone(), path: path.clone() },
            write: Some(Grant::PutFile { run: run.clone(), path }),
        }
    }
}

/// Everything that a run has as files, by path. What was sent goes before what
/// can be made.
///
/// # Errors
/// As the store's.
pub fn held(store: &Store, run: &RunView) -> store::Result<BTreeMap<RelPath, (Held, i64)>> {
    held_with(store, run, store.console(&run.path)?.text())
}

/// The same with this text of the console: whoever only lists need not read all
/// of it.
///
/// # Errors
/// As the store's.
pub fn held_with(
    store: &Store,
    run: &RunView,
    console: String,
) -> store::Result<BTreeMap<RelPath, (Held, i64)>> {
    let mut files = BTreeMap::new();
    let mut made = |path: &str, text: String| {
        if let Ok(path) = RelPath::new(path) {
            files.insert(path, (Held::Made(text), run.updated_us));
        }
    };
    for (path, text) in run_files::of_run(run) {
        made(path, text);
    }
    if !console.is_empty() {
        made(file_stream::CONSOLE, console);
    }
    for (path, text) in store.text_files(&run.path)? {
        made(&path, text);
    }
    for file in store.files(&run.path)? {
        if let Ok(path) = RelPath::new(&file.path) {
            files.insert(path, (Held::Stored(file.content), file.updated_us));
        }
    }
    Ok(files)
}

/// A run's files.
pub async fn of_run(ask: &Ask, run: &Arc<RunView>) -> Result<Vec<File>> {
    let run = run.clone();
    let files = ask.read(move |store| {
        let files = held(store, &run)?.into_iter();
        Ok(files.map(|(path, (held, updated_us))| File::of_run(&run.path, path, &held, updated_us)).collect())
    });
    files.await
}

/// Those with one of the names, where there are any, and of a pattern in SQL's
/// manner: `%` for any text, `_` for any character.
pub fn select(mut files: Vec<File>, names: &[String], pattern: Option<&str>) -> Vec<File> {
    if !names.is_empty() {
        files.retain(|file| names.contains(&file.name));
    }
    if let Some(pattern) = pattern {
        let pattern: Vec<char> = pattern.chars().collect();
        files.retain(|file| like(&file.name.chars().collect::<Vec<_>>(), &pattern));
    }
    files
}

/// The classic two pointers: after a mismatch, the last `%` takes one more.
fn like(text: &[char], pattern: &[char]) -> bool {
    let (mut at, mut of, mut back) = (0, 0, None);
    while at < text.len() {
        match pattern.get(of) {
            Some('%') => {
                back = Some((of, at));
                of += 1;
            }
            Some(c) if *c == '_' || *c == text[at] => (at, of) = (at + 1, of + 1),
            _ => match back {
                Some((percent, taken)) => {
                    back = Some((percent, taken + 1));
                    (of, at) = (percent + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[of..].iter().all(|c| *c == '%')
}

#[Object]
impl File {
    async fn id(&self) -> ID {
        self.id.clone().into()
    }
    async fn name(&self) -> &str {
        &self.name
    }
    async fn display_name(&self) -> &str {
        &self.name
    }
    /// Where its bytes are; for `upload`, where new ones go.
    async fn url(&self, ctx: &Context<'_>, upload: Option<bool>) -> Result<String> {
        let grant = self.write.as_ref().filter(|_| upload == Some(true)).unwrap_or(&self.read);
        Ok(ask(ctx)?.link(grant))
    }
    async fn direct_url(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(ask(ctx)?.link(&self.read))
    }
    async fn upload_url(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let ask = ask(ctx)?;
        Ok(self.write.as_ref().map(|grant| ask.link(grant)))
    }
    async fn upload_headers(&self) -> Vec<String> {
        Vec::new()
    }
    async fn size_bytes(&self) -> u64 {
        self.size
    }
    async fn mimetype(&self) -> &str {
        run_files::media_type(&self.name)
    }
    async fn md5(&self) -> String {
        ids::md5_base64(self.md5)
    }
    async fn digest(&self) -> String {
        ids::md5_base64(self.md5)
    }
    async fn storage_path(&self) -> Option<String> {
        None
    }
    async fn updated_at(&self) -> Option<String> {
        self.updated_us.map(time::format)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn patterns() {
        let like = |text: &str, pattern: &str| {
            super::like(&text.chars().collect::<Vec<_>>(), &pattern.chars().collect::<Vec<_>>())
        };
        for (text, pattern, matches) in [
            ("a.json", "%.json", true),
            ("a.json", "%.jso_", true),
            ("a.jsonl", "%.json", false),
            ("media/images/x.png", "media/%/%.png", true),
            ("", "%", true),
            ("", "_", false),
            ("abab", "%ab", true),
            ("ß", "_", true),
            ("a", "a%%", true),
        ] {
            assert_eq!(like(text, pattern), matches, "{text} {pattern}");
        }
    }
}
