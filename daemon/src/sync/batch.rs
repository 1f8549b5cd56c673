//! The next push, read from the store as planned. It knows no remote.

use std::collections::{BTreeMap, HashMap};

use pannier_proto::id::Seq;

use super::plan::{Pick, Turn, plan};
use super::remote::StreamPush;
use crate::limits::PUSH_BLOCKS_MAX;
use crate::store::{LogBlock, Result, Store, StoreError, StreamState};

/// What to read.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// For which remote.
    pub remote: String,
    /// Streams that pushes under way will have brought up to here.
    pub assumed: HashMap<i64, Seq>,
    /// Whose turn it is.
    pub turn: Turn,
    /// About how many bytes.
    pub budget: usize,
    /// Only this stream.
    pub only: Option<i64>,
}

/// Blocks to push, and what is needed to read the answer.
#[derive(Default)]
pub struct Batch {
    /// The blocks.
    pub blocks: Vec<StreamPush>,
    /// What each block covers, in the same order.
    pub spans: Vec<Span>,
    /// The streams of it, as they were when it was planned.
    pub streams: BTreeMap<i64, StreamState>,
    /// Its size.
    pub bytes: usize,
    /// Whether there was more to send than fits.
    pub more: bool,
    /// Whose turn it is next.
    pub turn: Turn,
    /// Streams that cannot be read.
    pub unreadable: Vec<Unreadable>,
}

/// A stream that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Its id in the store.
    pub stream: i64,
    /// The last record that could be.
    pub after: Seq,
    /// Why not the next.
    pub reason: String,
}

/// What a block of a batch covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Whose records.
    pub stream: i64,
    /// The remote has, or will have by then, everything up to here.
    pub after: Seq,
    /// The last of them.
    pub last_seq: Seq,
}

impl Batch {
    /// Where the streams stand once all of it is stored.
    #[must_use]
    pub fn ends(&self) -> HashMap<i64, Seq> {
        self.spans.iter().map(|span| (span.stream, span.last_seq)).collect()
    }
}

/// Plans and reads the next batch. Blocking.
///
/// # Errors
/// Where the store cannot be read at all.
pub fn read(store: &Store, wanted: &Wanted) -> Result<Batch> {
    let mut streams = store.streams_for(&wanted.remote, false)?;
    if let Some(only) = wanted.only {
        streams.retain(|stream| stream.stream == only);
    }
    let picks = plan(&streams, &wanted.assumed, wanted.turn, wanted.budget);
    let mut batch = Batch { turn: wanted.turn, ..Batch::default() };
    let mut filling = Filling {
        batch: &mut batch,
        streams: &streams,
        read: |pick: &Pick, bytes_max| store.log_after(pick.stream, pick.after, bytes_max),
    };
    filling.fill(picks, wanted.budget)?;
    let ends = batch.ends();
    let end = |stream: &StreamState| {
        ends.get(&stream.stream).or(wanted.assumed.get(&stream.stream)).copied().unwrap_or(stream.sent)
    };
    batch.more = streams.iter().any(|stream| stream.parked.is_none() && end(stream) < stream.last_seq);
    batch.streams = streams
        .into_iter()
        .filter(|stream| {
            let unreadable = batch.unreadable.iter().any(|unreadable| unreadable.stream == stream.stream);
            unreadable || ends.contains_key(&stream.stream)
        })
        .map(|stream| (stream.stream, stream))
        .collect();
    Ok(batch)
}

struct Filling<'a, F> {
    batch: &'a mut Batch,
    streams: &'a [StreamState],
    read: F,
}

impl<F: FnMut(&Pick, usize) -> Result<Vec<LogBlock>>> Filling<'_, F> {
    /// First each its share, then what is left over to whoever has more. A kind
    /// of streams that has used up its part waits for the next push, so that one
    /// huge block after the other does not make a huge push.
    fn fill(&mut self, mut picks: Vec<Pick>, budget: usize) -> Result<()> {
        for kind in picks.chunk_by_mut(|a, b| a.live == b.live) {
            let allowed = self.batch.bytes + kind.iter().map(|pick| pick.share_bytes).sum::<usize>();
            for pick in kind {
                if self.batch.bytes < allowed {
                    self.take(pick, pick.share_bytes)?;
                    self.batch.turn.served(pick);
                }
            }
        }
        let served = self.batch.ends();
        for pick in picks.iter_mut().filter(|pick| served.contains_key(&pick.stream)) {
            let left = budget.saturating_sub(self.batch.bytes);
            if left >= crate::limits::PUSH_SHARE_BYTES {
                self.take(pick, left)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, pick: &mut Pick, bytes_max: usize) -> Result<()> {
        let Some(stream) = self.streams.iter().find(|stream| stream.stream == pick.stream) else {
            return Ok(());
        };
        let room = PUSH_BLOCKS_MAX - self.batch.blocks.len();
        if pick.after >= stream.last_seq || room == 0 {
            return Ok(());
        }
        let found = match (self.read)(pick, bytes_max) {
            Ok(found) => found,
            Err(StoreError::Damaged { source, .. }) => {
                let reason = format!("its records here are damaged: {source}; run `pannier verify`");
                self.batch.unreadable.push(Unreadable { stream: pick.stream, after: pick.after, reason });
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        for block in found.into_iter().take(room) {
            self.batch.bytes += block.encoded.bytes();
            self.batch.spans.push(Span { stream: pick.stream, after: pick.after, last_seq: block.last_seq });
            self.batch.blocks.push(StreamPush {
                id: stream.id.clone(),
                first_seq: block.first_seq,
                block: block.encoded,
            });
            pick.after = block.last_seq;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Encoded;
    use pannier_proto::hub::StreamId;
    use pannier_proto::id::{Id128, RunPath};

    const KIB: usize = 1 << 10;

    /// Streams `(id, blocks, bytes of each, live)`; every block is one record.
    fn filled(rows: &[(i64, u64, usize, bool)], budget: usize) -> (Vec<(i64, usize)>, Turn) {
        let id = StreamId { origin: Id128([1; 16]), path: RunPath::new("e", "p", "r").unwrap() };
        let state = |&(stream, last_seq, _, live): &(i64, u64, usize, bool)| StreamState {
            stream,
            id: id.clone(),
            last_seq,
            sent: 0,
            live,
            updated_us: 0,
            parked: None,
        };
        let streams: Vec<_> = rows.iter().map(state).collect();
        let mut batch = Batch::default();
        let read = |pick: &Pick, bytes_max: usize| {
            let (_, blocks, size, _) = rows.iter().find(|row| row.0 == pick.stream).unwrap();
            let count = ((bytes_max / size) as u64).max(1).min(blocks - pick.after);
            Ok((pick.after + 1..=pick.after + count)
                .map(|seq| LogBlock {
                    first_seq: seq,
                    last_seq: seq,
                    encoded: Encoded { head: vec![0; *size], parts: Vec::new() },
                })
                .collect())
        };
        let picks = plan(&streams, &HashMap::new(), Turn::default(), budget);
        Filling { batch: &mut batch, streams: &streams, read }.fill(picks, budget).unwrap();
        let mut counts = BTreeMap::new();
        for span in &batch.spans {
            *counts.entry(span.stream).or_insert(0) += 1;
        }
        (counts.into_iter().collect(), batch.turn)
    }

    #[test]
    fn what_some_leave_over_goes_to_who_has_more() {
        let (counts, _) =
            filled(&[(1, 1000, 10 * KIB, false), (2, 1, KIB, true), (3, 2, KIB, false)], 1000 * KIB);
        assert_eq!(counts, [(1, 99), (2, 1), (3, 2)]);
    }

    #[test]
    fn huge_blocks_take_turns_and_do_not_pile_up() {
        let rows = [
            (1, 9, 900 * KIB, true),
            (2, 9, 900 * KIB, true),
            (3, 9, 900 * KIB, false),
            (4, 9, 900 * KIB, false),
        ];
        let (counts, turn) = filled(&rows, 1000 * KIB);
        assert_eq!(counts, [(1, 1), (3, 1)], "one of each kind, however large");
        assert_eq!(turn, Turn { live: 1, rest: 3 });
    }
}
