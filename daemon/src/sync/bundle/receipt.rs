//! Receipts: what arrived, written where it did, read where it came from. There
//! they move the destination's cursors, as a hub's answer would.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use pannier_proto::bundle::{Answered, Arrived, CARRIED, Manifest, Receipt};
use pannier_proto::id::{Id128, Origin};
use pannier_proto::path::RelPath;

use super::known::Known;
use super::{Problem, RECEIPT, Result, host};
use crate::bundle::{self, BundleError, SigningKey};
use crate::clock::now_us;
use crate::store::{CursorRow, Store};

/// Says what is here of what these bundles brought. Blocks.
///
/// # Errors
/// [`Problem`].
pub fn write(store: &Store, of: &[Manifest], place: &Path, key: Option<&SigningKey>) -> Result<()> {
    let mut answered: BTreeMap<(Origin, String), BTreeMap<_, Arrived>> = BTreeMap::new();
    for manifest in of {
        let streams = answered.entry((manifest.from, manifest.to.clone())).or_default();
        for stream in &manifest.streams {
            if let Some((_, seq, last_step)) = store.position(&stream.id)? {
                streams.insert(stream.id.clone(), Arrived { id: stream.id.clone(), seq, last_step });
            }
        }
    }
    let of = answered.into_iter().map(|((from, to), streams)| Answered {
        from,
        to,
        streams: streams.into_values().collect(),
    });
    let receipt = Receipt { by: store.origin(), host: host(), time_us: now_us(), of: of.collect() };
    // Plain data with string keys: serialising it into memory cannot fail.
    let json = serde_json::to_vec(&receipt).unwrap_or_default();
    let unnamed = |source| BundleError::Io { verb: "name", path: place.to_owned(), source };
    let set = Id128(crate::token::random().map_err(unnamed)?);
    let mut packer = bundle::create(place, set, None, None)?;
    let path = RelPath::new(RECEIPT).map_err(|error| Problem::refused(error.to_string(), ""))?;
    packer.add(&path, json.len() as u64, &json[..])?;
    bundle::finish(packer, key)?;
    Ok(())
}

/// Lets the bytes give way that arrived at a destination, and that no record
/// names which did not: how many files, and their bytes. Blocks.
///
/// # Errors
/// [`Problem::Refused`] where there is no such destination.
pub fn let_go(store: &Arc<Store>, name: &str) -> Result<(u64, u64)> {
    if !store.remotes()?.iter().any(|remote| remote.name == name && remote.url == CARRIED) {
        return Err(Problem::refused(
            format!("there is no destination {name:?} of bundles"),
            "see `pannier remote list`; what is at a hub is fetched from there, and needs no receipt",
        ));
    }
    let streams = store.exportable(name)?;
    let there: Vec<_> = streams.iter().map(|stream| (stream.stream, 0, stream.received)).collect();
    let lacking: Vec<_> =
        streams.iter().map(|stream| (stream.stream, stream.received, stream.last_seq)).collect();
    let (there, lacking) = (Known::of(store.clone(), &there)?, Known::of(store.clone(), &lacking)?);
    if lacking.unreadable() {
        return Err(Problem::refused(
            "records here are damaged: which files they name is not known",
            "run `pannier verify`",
        ));
    }
    let (mut after, mut files, mut bytes) = (0, 0, 0);
    loop {
        let page = store.blobs_after(after, PAGE)?;
        let Some(last) = page.last() else { return Ok((files, bytes)) };
        after = last.id;
        let of_both = page.iter().filter(|row| !row.fetched && there.has(row.id) && !lacking.has(row.id));
        let ids: Vec<i64> = of_both.clone().map(|row| row.id).collect();
        files += ids.len() as u64;
        bytes += of_both.map(|row| row.content.size).sum::<u64>();
        store.write_blocking(move |tx| tx.yield_blobs(&ids))?;
    }
}

/// Rows that are looked at at a time.
const PAGE: usize = 4096;

/// What a receipt came to: its destination, how many streams it speaks of, and how
/// many records it says of that they arrived which was not known.
#[derive(Debug, Default)]
pub struct Noted {
    /// The destination.
    pub to: String,
    /// Streams.
    pub streams: u64,
    /// Records in them, as far as they arrived.
    pub records: u64,
    /// Records of which it was not known.
    pub new_records: u64,
}

/// Takes a receipt in, or only says what it would come to.
///
/// # Errors
/// [`Problem::Refused`] where it answers none of this home's bundles.
pub async fn note(store: &Arc<Store>, receipt: Receipt, dry_run: bool) -> Result<Noted> {
    let (here, host) = (store.origin(), receipt.host);
    let mut noted = Noted::default();
    let mut ours = receipt.of.into_iter().filter(|of| of.from == here).peekable();
    if ours.peek().is_none() {
        return Err(Problem::refused(
            format!("this is a receipt of {host} for bundles of another home"),
            "import it where they were exported",
        ));
    }
    for Answered { to, streams, .. } in ours {
        let (name, asked) = (to.clone(), streams.len());
        let known = crate::sync::blocking(store, move |store| {
            let known = store.remotes()?.iter().any(|remote| remote.name == name && remote.url == CARRIED);
            known.then(|| store.exportable(&name)).transpose()
        });
        let Some(known) = known.await? else {
            return Err(Problem::refused(
                format!("there is no destination {to:?} here any more that this receipt could speak of"),
                "nothing was changed",
            ));
        };
        let known: BTreeMap<_, _> = known.into_iter().map(|stream| (stream.id.clone(), stream)).collect();
        let mut rows = Vec::new();
        for Arrived { id, seq, last_step } in streams {
            let Some(stream) = known.get(&id) else { continue };
            let seq = seq.min(stream.last_seq);
            noted.records += seq;
            noted.new_records += seq.saturating_sub(stream.received);
            // One that was written earlier may come later.
            if seq >= stream.received {
                rows.push(CursorRow { stream: stream.stream, seq, last_step, parked: None });
            }
        }
        noted.streams += asked as u64;
        noted.to.clone_from(&to);
        if !dry_run {
            store.write(move |tx| tx.set_cursors(&to, None, &rows)).await?;
        }
    }
    Ok(noted)
}
