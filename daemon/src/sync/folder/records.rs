//! Files of records: what they hold, and digests over it. Knows no place in a
//! writer's order.

use std::collections::BTreeMap;
use std::path::Path;

use pannier_proto::content::Blob;
use pannier_proto::hub::{StreamDigest, StreamId};
use pannier_proto::id::Seq;
use pannier_proto::record::Table;

use super::file::{self, Kind, Name};
use super::index::{Index, Stretch};
use super::place::{FolderError, Result};
use crate::block::{Block, Cells, Encoded, Head, STEP_KEY, unpack};
use crate::store::hash_record;
use crate::sync::remote::StreamPush;
use crate::sync::wire;

/// Blocks, and blobs that are nowhere any more.
pub type Push = (Vec<StreamPush>, Vec<Blob>);

/// Reads a file of records. The blocks themselves are not looked into.
///
/// # Errors
/// [`FolderError`].
pub fn read(path: &Path) -> Result<Push> {
    let (payload, packed) = file::read(path, Kind::Records)?;
    let push = if packed {
        wire::unpack(&payload).and_then(|plain| wire::decode(&plain))
    } else {
        wire::decode(&payload)
    };
    push.map_err(|error| match error {
        wire::BadPush::Version(found) => FolderError::Newer { path: path.to_owned(), found: found.into() },
        error => FolderError::Damaged { path: path.to_owned(), problem: error.to_string() },
    })
}

/// What a block covers, and its last step; none where its head cannot be read.
pub fn span(push: &StreamPush) -> Option<Stretch> {
    let records = Head::decode(&push.block.head).ok()?.tags.len() as u64;
    let last = push.first_seq.checked_add(records)?.checked_sub(1)?;
    let stretch =
        || Stretch { id: push.id.clone(), first: push.first_seq, last, last_step: last_step(&push.block) };
    (push.first_seq > 0 && records > 0).then(stretch)
}

fn last_step(block: &Encoded) -> Option<i64> {
    let has = |first: &str, last: &str| first <= STEP_KEY && STEP_KEY <= last;
    let parts = block.parts.iter().filter(|part| part.table == Table::History);
    let steps = parts.filter(|part| has(&part.first_key, &part.last_key));
    let columns = steps.filter_map(|part| unpack(&part.body, |key| key == STEP_KEY).ok()).flatten();
    let greatest = columns.filter_map(|column| match column.cells {
        Cells::Words(words) if column.key == STEP_KEY => words.into_iter().map(u64::cast_signed).max(),
        _ => None,
    });
    greatest.max()
}

/// Digests over records that are there, read back from the files: of each
/// stream those behind what was removed, up to a position.
///
/// # Errors
/// [`FolderError`].
pub fn digests(dir: &Path, index: &Index, streams: &[(StreamId, Seq)]) -> Result<Vec<StreamDigest>> {
    let begin = |id: &StreamId| index.stream(id).map_or(0, |stream| stream.removed);
    let mut found: BTreeMap<&StreamId, (Seq, blake3::Hasher)> =
        streams.iter().map(|(id, _)| (id, (begin(id), blake3::Hasher::new()))).collect();
    let upto: BTreeMap<&StreamId, Seq> = streams.iter().map(|(id, upto)| (id, *upto)).collect();
    for records in index.files() {
        let name = Name { number: records.number, kind: Kind::Records };
        let path = dir.join(name.to_string());
        for push in read(&path)?.0 {
            let Some((at, hasher)) = found.get_mut(&push.id) else { continue };
            let end = upto.get(&push.id).copied().unwrap_or(0);
            if push.first_seq > *at + 1 || *at >= end {
                continue;
            }
            let block = Block::decode(&push.block)
                .map_err(|error| FolderError::Damaged { path: path.clone(), problem: error.to_string() })?;
            let skip = usize::try_from(*at + 1 - push.first_seq).unwrap_or(usize::MAX);
            let take = usize::try_from(end - *at).unwrap_or(usize::MAX);
            for record in block.into_records().skip(skip).take(take) {
                hash_record(hasher, &record);
                *at += 1;
            }
        }
    }
    let digest = |(id, _): &(StreamId, Seq)| {
        let (at, hasher) = found.get(id).cloned().unwrap_or_default();
        StreamDigest { records: at - begin(id), digest: hasher.finalize().to_hex().to_string() }
    };
    Ok(streams.iter().map(digest).collect())
}
