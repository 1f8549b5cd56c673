//! Versions that are being uploaded.

use pannier_proto::content::Content;
use pannier_proto::id::Id128;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value as Json;

use super::writer::Tx;
use super::{Result, Store, StoreError};

/// What a manifest is to its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestKind {
    /// All of it.
    Full,
    /// What comes to the base.
    Incremental,
    /// What one of several writers has.
    Patch,
}

impl ManifestKind {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Full, "full"), (Self::Incremental, "incremental"), (Self::Patch, "patch")];

    fn as_str(self) -> &'static str {
        Self::ALL.into_iter().find(|(kind, _)| *kind == self).map_or("full", |(_, text)| text)
    }

    fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|(_, known)| *known == text).map_or(Self::Full, |(kind, _)| kind)
    }
}

/// A manifest of a version that is being uploaded.
#[derive(Debug, Clone, PartialEq)]
pub struct DraftManifest {
    /// Which of the version's.
    pub number: u32,
    /// What it is.
    pub kind: ManifestKind,
    /// The version that it adds to.
    pub base: Option<Id128>,
    /// Its bytes, once they have arrived.
    pub content: Option<Content>,
}

/// A version that is being uploaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Its id, now and later.
    pub id: Id128,
    /// What was asked for.
    pub body: Json,
    /// Its manifests, in their order.
    pub manifests: Vec<DraftManifest>,
}

fn find(sql: &Connection, id: Id128) -> Result<Option<Draft>> {
    let body: Option<String> = sql
        .prepare_cached("SELECT body FROM drafts WHERE id = ?1")?
        .query_row([id.0], |row| row.get(0))
        .optional()?;
    let Some(body) = body else { return Ok(None) };
    let mut select = sql.prepare_cached(
        "SELECT number, kind, base, content FROM draft_manifests WHERE draft = ?1 ORDER BY number",
    )?;
    let manifests = select.query_map([id.0], |row| {
        Ok(DraftManifest {
            number: row.get(0)?,
            kind: ManifestKind::parse(row.get_ref(1)?.as_str()?),
            base: row.get::<_, Option<_>>(2)?.map(Id128),
            content: row.get::<_, Option<String>>(3)?.and_then(|json| serde_json::from_str(&json).ok()),
        })
    })?;
    let manifests = manifests.collect::<Result<_, _>>()?;
    Ok(Some(Draft { id, body: serde_json::from_str(&body).unwrap_or_default(), manifests }))
}

impl Tx<'_> {
    /// Begins an upload, unless it is begun.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn begin_draft(&self, id: Id128, body: &Json, now_us: i64) -> Result<()> {
        self.sql.execute(
            "INSERT INTO drafts (id, body, created_us) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![id.0, body.to_string(), now_us],
        )?;
        Ok(())
    }

    /// A draft.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn draft(&self, id: Id128) -> Result<Option<Draft>> {
        find(self.sql, id)
    }

    /// Announces a manifest of a draft: the one and only, or, of patches, another.
    /// Returns its number.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is no such draft.
    pub fn announce_manifest(&self, id: Id128, kind: ManifestKind, base: Option<Id128>) -> Result<u32> {
        let draft = find(self.sql, id)?
            .ok_or_else(|| StoreError::Missing(format!("artifact {id} that is being uploaded")))?;
        let last = draft.manifests.last().map(|manifest| manifest.number);
        let number = if kind == ManifestKind::Patch { last.map_or(0, |last| last + 1) } else { 0 };
        self.sql.execute(
            "INSERT INTO draft_manifests (draft, number, kind, base) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (draft, number) DO UPDATE SET kind = excluded.kind, base = excluded.base",
            params![id.0, number, kind.as_str(), base.map(|base| base.0)],
        )?;
        Ok(number)
    }

    /// Notes that a draft's manifest arrived.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where none was announced.
    pub fn set_draft_manifest(&self, id: Id128, number: u32, content: &Content) -> Result<()> {
        let json = serde_json::to_string(content).unwrap_or_default();
        match self.sql.execute(
            "UPDATE draft_manifests SET content = ?3 WHERE draft = ?1 AND number = ?2",
            params![id.0, number, json],
        )? {
            0 => Err(StoreError::Missing(format!("artifact {id} that is being uploaded"))),
            _ => Ok(()),
        }
    }

    /// Forgets a draft: it became a version.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn end_draft(&self, id: Id128) -> Result<()> {
        self.sql.execute("DELETE FROM drafts WHERE id = ?1", [id.0])?;
        Ok(())
    }
}

impl Store {
    /// A draft.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn draft(&self, id: Id128) -> Result<Option<Draft>> {
        self.read_blocking(|sql| find(sql, id))
    }
}
