//! Where a writer stands in a folder: what it wrote of which stream, and what of
//! it is there. Pure; [`super::writer`] keeps it in a file, and can make it again
//! from the files that it speaks of.

use std::collections::BTreeMap;

use pannier_proto::hub::StreamId;
use pannier_proto::id::{Id128, Seq};
use serde::{Deserialize, Serialize};

use super::ack::Ack;

/// What is known of one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// Which.
    #[serde(flatten)]
    pub id: StreamId,
    /// Everything up to here was written.
    pub seq: Seq,
    /// The last step that was.
    pub last_step: Option<i64>,
    /// Up to here it is at the remote of whoever relays.
    pub passed_on: Seq,
    /// Up to here it need not be in the folder any more.
    pub removed: Seq,
}

/// A stretch of a stream, as a file brings it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Which.
    pub id: StreamId,
    /// Its first record.
    pub first: Seq,
    /// Its last.
    pub last: Seq,
    /// The last step in it.
    pub last_step: Option<i64>,
}

/// The same, as the index keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Which of the index's streams.
    pub stream: usize,
    /// Its first record.
    pub first: Seq,
    /// Its last.
    pub last: Seq,
}

/// A file of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Records {
    /// Its number.
    pub number: u64,
    /// What its records name lies in files from this number on.
    pub needs: u64,
    /// What it holds.
    pub spans: Vec<Span>,
}

/// All of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Index {
    /// Of the numbers: other numbers, another generation.
    pub generation: Id128,
    /// The next file's number.
    pub next: u64,
    /// How often streams were set back, to be written anew.
    pub rewinds: u64,
    streams: Vec<Stream>,
    files: Vec<Records>,
    #[serde(skip)]
    by_id: BTreeMap<StreamId, usize>,
}

impl Index {
    /// An empty one; what lies before `start` is elsewhere already.
    #[must_use]
    pub fn new(generation: Id128, start: &BTreeMap<StreamId, Seq>) -> Self {
        let mut index = Self { generation, next: 1, ..Self::default() };
        for (id, seq) in start {
            let at = index.slot(id);
            (index.streams[at].seq, index.streams[at].removed) = (*seq, *seq);
        }
        index
    }

    /// Reads one; none where it is not one that can be worked with.
    #[must_use]
    pub fn read(json: &[u8]) -> Option<Self> {
        let mut index: Self = serde_json::from_slice(json).ok()?;
        let streams = index.streams.len();
        index.by_id = index.streams.iter().map(|stream| stream.id.clone()).zip(0..).collect();
        let fits = |file: &Records| file.spans.iter().all(|span| span.stream < streams);
        (index.by_id.len() == streams && index.files.iter().all(fits)).then_some(index)
    }

    fn slot(&mut self, id: &StreamId) -> usize {
        if let Some(at) = self.by_id.get(id) {
            return *at;
        }
        let at = self.streams.len();
        self.streams.push(Stream { id: id.clone(), seq: 0, last_step: None, passed_on: 0, removed: 0 });
        self.by_id.insert(id.clone(), at);
        at
    }

    /// A stream, where something of it was written.
    #[must_use]
    pub fn stream(&self, id: &StreamId) -> Option<&Stream> {
        self.by_id.get(id).map(|at| &self.streams[*at])
    }

    /// All streams.
    #[must_use]
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// The files of records that are there, in order.
    #[must_use]
    pub fn files(&self) -> &[Records] {
        &self.files
    }

    /// Notes a file. What of it follows on what is known moves its stream on.
    pub fn wrote(&mut self, number: u64, needs: u64, stretches: &[Stretch]) {
        let mut noted = Vec::with_capacity(stretches.len());
        for Stretch { id, first, last, last_step } in stretches {
            let at = self.slot(id);
            let stream = &mut self.streams[at];
            if *first <= stream.seq + 1 && *last > stream.seq {
                stream.seq = *last;
                stream.last_step = stream.last_step.max(*last_step);
            }
            noted.push(Span { stream: at, first: *first, last: *last });
        }
        self.files.push(Records { number, needs, spans: noted });
        self.next = self.next.max(number + 1);
    }

    /// Takes in what the relay says. Returns the files of records that need not be
    /// there any more: they are forgotten here.
    pub fn acknowledged(&mut self, ack: &Ack) -> Vec<u64> {
        if ack.generation != self.generation {
            return Vec::new();
        }
        let imported: BTreeMap<usize, Seq> = ack
            .streams
            .iter()
            .filter_map(|acked| {
                let at = *self.by_id.get(&acked.id)?;
                self.streams[at].passed_on = acked.durable;
                Some((at, acked.imported))
            })
            .collect();
        let mut over = Vec::new();
        let files = std::mem::take(&mut self.files);
        for file in files {
            let again = ack.again.contains(&file.number);
            if file.number <= ack.number && !again {
                for span in &file.spans {
                    let passed_on = &mut self.streams[span.stream].passed_on;
                    *passed_on = span.last.max(*passed_on);
                }
            }
            let durable = file.spans.iter().all(|span| self.streams[span.stream].passed_on >= span.last);
            if !again && !durable {
                self.files.push(file);
                continue;
            }
            over.push(file.number);
            for span in &file.spans {
                let stream = &mut self.streams[span.stream];
                if durable {
                    stream.removed = stream.removed.max(span.last);
                } else {
                    let there = imported.get(&span.stream).copied().unwrap_or(span.first - 1);
                    stream.seq = stream.seq.min(span.first - 1).min(there);
                    stream.removed = stream.removed.min(stream.seq);
                }
            }
            self.rewinds += u64::from(!durable);
        }
        over
    }

    /// Files before this one, that are no records', are needed by nobody.
    #[must_use]
    pub fn floor(&self) -> u64 {
        self.files.iter().map(|file| file.needs.min(file.number)).min().unwrap_or(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::folder::ack::Acked;
    use pannier_proto::id::RunPath;

    fn id(run: &str) -> StreamId {
        StreamId { origin: Id128([1; 16]), path: RunPath::new("e", "p", run).unwrap() }
    }

    fn stretch(run: &str, first: Seq, last: Seq, last_step: Option<i64>) -> Stretch {
        Stretch { id: id(run), first, last, last_step }
    }

    fn ack(streams: &[(&str, Seq, Seq)], again: &[u64]) -> Ack {
        let streams = streams.iter().map(|(run, imported, durable)| Acked {
            id: id(run),
            imported: *imported,
            durable: *durable,
        });
        Ack {
            generation: Id128([7; 16]),
            streams: streams.collect(),
            again: again.to_vec(),
            ..Ack::default()
        }
    }

    fn index() -> Index {
        let mut index = Index::new(Id128([7; 16]), &BTreeMap::new());
        index.wrote(2, 1, &[stretch("a", 1, 5, Some(4)), stretch("b", 1, 3, None)]);
        index.wrote(4, 3, &[stretch("a", 6, 9, Some(8))]);
        index.wrote(5, 1, &[stretch("a", 10, 12, Some(11))]);
        index
    }

    #[test]
    fn what_is_durable_elsewhere_goes_and_positions_stay() {
        let mut index = index();
        assert_eq!((index.next, index.floor()), (6, 1));
        assert_eq!(index.acknowledged(&ack(&[("a", 9, 9), ("b", 3, 1)], &[])), [4]);
        let all = Ack { number: 5, ..ack(&[], &[]) };
        assert_eq!(index.clone().acknowledged(&all), [2, 5], "all files up to there");
        assert_eq!(index.acknowledged(&ack(&[("a", 12, 9), ("b", 3, 3)], &[])), [2]);
        assert_eq!(index.floor(), 1, "the last one needs the first");
        assert_eq!(index.acknowledged(&ack(&[("a", 12, 12)], &[])), [5]);
        assert_eq!(index.floor(), 6);
        let mut again = Index::read(&serde_json::to_vec(&index).unwrap()).unwrap();
        let a = again.stream(&id("a")).unwrap();
        assert_eq!((a.seq, a.last_step, a.passed_on, a.removed), (12, Some(11), 12, 12));
        let other = Ack { generation: Id128([8; 16]), ..ack(&[("a", 1, 1)], &[]) };
        assert_eq!(again.acknowledged(&other), [] as [u64; 0]);
        assert_eq!(again.stream(&id("a")).unwrap().passed_on, 12, "of other numbers");
    }

    #[test]
    fn what_is_asked_for_again_is_set_back() {
        let mut index = index();
        assert_eq!(index.acknowledged(&ack(&[("a", 5, 2)], &[4])), [4]);
        assert_eq!((index.stream(&id("a")).unwrap().seq, index.rewinds), (5, 1));
        index.wrote(6, 6, &[stretch("a", 6, 12, None)]);
        assert_eq!(index.stream(&id("a")).unwrap().seq, 12);
        assert_eq!(
            index.acknowledged(&ack(&[("a", 0, 12)], &[6])),
            [5, 6],
            "what is durable is not sent again"
        );
        assert_eq!(index.stream(&id("a")).unwrap().seq, 12);
    }

    #[test]
    fn a_gap_moves_nothing_and_a_strange_index_is_none() {
        let mut index = Index::new(Id128::default(), &BTreeMap::from([(id("a"), 10)]));
        index.wrote(1, 1, &[stretch("a", 11, 12, None), stretch("b", 2, 3, None)]);
        assert_eq!(index.stream(&id("a")).unwrap().seq, 12);
        assert_eq!(index.stream(&id("b")).unwrap().seq, 0);
        let mut json = serde_json::to_value(&index).unwrap();
        json["files"][0]["spans"][0]["stream"] = 9.into();
        assert!(Index::read(&serde_json::to_vec(&json).unwrap()).is_none());
        assert!(Index::read(b"{").is_none());
    }
}
