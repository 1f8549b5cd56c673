//! Which streams to send next, from where, and how much of each: pure. It knows
//! no clock, no store and no remote.
//!
//! Live runs go first and get three quarters of a push where others wait too,
//! so that neither kind starves the other. Within a kind everyone gets the same
//! share in turn, and what some leave over goes to the rest; so one large
//! backlog is neither in anyone's way nor slowed down when it is alone.

use std::collections::HashMap;

use pannier_proto::id::Seq;

use crate::limits::PUSH_SHARE_BYTES;
use crate::store::StreamState;

/// Which stream of each kind was served last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turn {
    /// Of those that are being written.
    pub live: i64,
    /// Of the others.
    pub rest: i64,
}

impl Turn {
    /// Notes that a stream was served.
    pub fn served(&mut self, pick: &Pick) {
        *(if pick.live { &mut self.live } else { &mut self.rest }) = pick.stream;
    }
}

/// A stream to send something of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pick {
    /// Its id in the store.
    pub stream: i64,
    /// Whether its run is being written.
    pub live: bool,
    /// The remote has everything up to here.
    pub after: Seq,
    /// The bytes it is certain to get.
    pub share_bytes: usize,
}

/// The streams to read for one push of about `budget` bytes, live ones first.
/// `assumed` overrides what is known to be sent: pushes that are under way.
#[must_use]
pub fn plan(streams: &[StreamState], assumed: &HashMap<i64, Seq>, turn: Turn, budget: usize) -> Vec<Pick> {
    let of_kind = |live: bool| -> Vec<Pick> {
        let waiting = streams.iter().filter(|stream| stream.live == live && stream.parked.is_none());
        let picks = waiting.map(|stream| {
            let after = assumed.get(&stream.stream).copied().unwrap_or(stream.sent);
            (stream.last_seq > after).then_some(Pick { stream: stream.stream, live, after, share_bytes: 0 })
        });
        picks.flatten().collect()
    };
    let (mut live, mut rest) = (of_kind(true), of_kind(false));
    let live_budget = match (live.is_empty(), rest.is_empty()) {
        (true, _) => 0,
        (false, true) => budget,
        (false, false) => budget / 4 * 3,
    };
    share(&mut live, turn.live, live_budget);
    share(&mut rest, turn.rest, budget - live_budget);
    live.append(&mut rest);
    live
}

/// Lets those behind `last` begin, and divides the budget among as many as get
/// a share worth sending.
fn share(picks: &mut Vec<Pick>, last: i64, budget: usize) {
    picks.sort_unstable_by_key(|pick| (pick.stream <= last, pick.stream));
    picks.truncate((budget / PUSH_SHARE_BYTES).max(1));
    let count = picks.len().max(1);
    picks.iter_mut().for_each(|pick| pick.share_bytes = (budget / count).max(1));
}

#[cfg(test)]
mod tests {
    use super::*;
    use pannier_proto::hub::StreamId;
    use pannier_proto::id::{Id128, RunPath};

    /// `(id, last, sent, live)`
    fn streams(rows: &[(i64, Seq, Seq, bool)]) -> Vec<StreamState> {
        let id = StreamId { origin: Id128([1; 16]), path: RunPath::new("e", "p", "r").unwrap() };
        let state = |&(stream, last_seq, sent, live): &(i64, Seq, Seq, bool)| StreamState {
            stream,
            id: id.clone(),
            last_seq,
            sent,
            live,
            updated_us: 0,
            parked: None,
        };
        rows.iter().map(state).collect()
    }

    const MIB: usize = 1 << 20;

    fn planned(streams: &[StreamState], turn: Turn, budget: usize) -> Vec<(i64, Seq, usize)> {
        let picks = plan(streams, &HashMap::new(), turn, budget);
        picks.iter().map(|pick| (pick.stream, pick.after, pick.share_bytes)).collect()
    }

    #[test]
    fn what_is_there_already_or_parked_is_not_sent() {
        let mut rows = streams(&[(1, 5, 5, true), (2, 5, 6, false), (3, 9, 2, false), (4, 9, 2, false)]);
        rows[3].parked = Some("refused".into());
        assert_eq!(planned(&rows, Turn::default(), MIB), [(3, 2, MIB)]);
        assert_eq!(planned(&[], Turn::default(), MIB), []);
    }

    #[test]
    fn one_alone_gets_everything_and_live_ones_go_first() {
        assert_eq!(planned(&streams(&[(7, 9, 0, false)]), Turn::default(), MIB), [(7, 0, MIB)]);
        assert_eq!(planned(&streams(&[(7, 9, 0, true)]), Turn::default(), MIB), [(7, 0, MIB)]);
        let rows = streams(&[(1, 9, 0, false), (2, 9, 3, true), (3, 9, 4, true)]);
        let (live, rest) = (MIB / 8 * 3, MIB / 4);
        assert_eq!(planned(&rows, Turn::default(), MIB), [(2, 3, live), (3, 4, live), (1, 0, rest)]);
    }

    #[test]
    fn turns_go_round() {
        let rows = streams(&[(1, 9, 0, false), (2, 9, 0, false), (3, 9, 0, false)]);
        let order =
            |rest| planned(&rows, Turn { live: 0, rest }, MIB).iter().map(|pick| pick.0).collect::<Vec<_>>();
        assert_eq!(order(0), [1, 2, 3]);
        assert_eq!(order(1), [2, 3, 1]);
        assert_eq!(order(3), [1, 2, 3]);
        let budget = 2 * PUSH_SHARE_BYTES;
        assert_eq!(
            planned(&rows, Turn { live: 0, rest: 2 }, budget),
            [(3, 0, PUSH_SHARE_BYTES), (1, 0, PUSH_SHARE_BYTES)]
        );
        assert_eq!(planned(&rows, Turn::default(), 1), [(1, 0, 1)], "however little, something is sent");
    }

    #[test]
    fn with_a_turn_for_everyone_nobody_waits_forever() {
        let rows = streams(&(0..1000).map(|id| (id, 1000, 0, id % 3 == 0)).collect::<Vec<_>>());
        let mut turn = Turn::default();
        let mut served = HashMap::new();
        for _ in 0..100 {
            for pick in plan(&rows, &HashMap::new(), turn, 8 * MIB) {
                turn.served(&pick);
                *served.entry(pick.stream).or_insert(0) += 1;
            }
        }
        assert_eq!(served.len(), 1000);
        let counts = |live| served.iter().filter(move |(id, _)| (*id % 3 == 0) == live).map(|(_, n)| *n);
        for live in [true, false] {
            assert!(counts(live).max().unwrap() - counts(live).min().unwrap() <= 1, "equal turns");
        }
    }

    #[test]
    fn what_is_under_way_counts_as_sent() {
        let rows = streams(&[(1, 9, 0, false), (2, 9, 0, false)]);
        let picks = plan(&rows, &HashMap::from([(1, 9), (2, 4)]), Turn::default(), MIB);
        assert_eq!(picks, [Pick { stream: 2, live: false, after: 4, share_bytes: MIB }]);
    }
}
