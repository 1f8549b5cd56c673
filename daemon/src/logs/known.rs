//! What is here of a run when a log of it is found: which rows of the log are
//! lacking. Pure.

/// The rows of a run, told apart by step and time, which no two rows share.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Step and time, in order.
    history: Vec<(i64, i64)>,
    /// By time: the least step of all rows from then on.
    later: Vec<(i64, i64)>,
    /// Times of host metrics, in order.
    system: Vec<i64>,
    /// The last console line's time.
    console_us: Option<i64>,
}

/// What a row of a log is to the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is here.
    Here,
    /// It is lacking.
    Lacking,
    /// It is lacking, and a life that began again before it has replaced it.
    Replaced,
}

impl Known {
    /// Of marks: step and time of each row, sorted.
    #[must_use]
    pub fn new(history: Vec<(i64, i64)>, system: &[(i64, i64)], console: &[(i64, i64)]) -> Self {
        let mut later: Vec<(i64, i64)> = history.iter().map(|(step, time)| (*time, *step)).collect();
        later.sort_unstable();
        let mut least = i64::MAX;
        for (_, step) in later.iter_mut().rev() {
            least = least.min(*step);
            *step = least;
        }
        let mut system: Vec<i64> = system.iter().map(|(_, time)| *time).collect();
        system.sort_unstable();
        Self { history, later, system, console_us: console.iter().map(|(_, time)| *time).max() }
    }

    /// Whether there is any row.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.history.is_empty()
    }

    /// Whether a row is here.
    #[must_use]
    pub fn has(&self, row: (i64, i64)) -> bool {
        self.history.binary_search(&row).is_ok()
    }

    /// What a row of history is.
    #[must_use]
    pub fn standing(&self, step: i64, time_us: i64) -> Standing {
        if self.has((step, time_us)) {
            return Standing::Here;
        }
        let after = self.later.partition_point(|(time, _)| *time <= time_us);
        match self.later.get(after) {
            Some((_, least)) if *least <= step => Standing::Replaced,
            _ => Standing::Lacking,
        }
    }

    /// Whether host metrics of this time are here.
    #[must_use]
    pub fn has_system(&self, time_us: i64) -> bool {
        self.system.binary_search(&time_us).is_ok()
    }

    /// Whether a console line of this time is here. W&B's client gives a line the
    /// time at which it was sent, which is a little later.
    #[must_use]
    pub fn has_console(&self, time_us: i64) -> bool {
        self.console_us.is_some_and(|last| time_us <= last)
    }

    /// Whether everything that is here is older.
    #[must_use]
    pub fn is_older_than(&self, time_us: i64) -> bool {
        self.later.last().is_none_or(|(last, _)| *last <= time_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lacking_is_told_from_what_was_replaced() {
        // Steps 0..=5 at times 100..; the life from step 3 on at times 200...
        let first = (0..=5).map(|step| (step, 100 + step));
        let second = (3..=7).map(|step| (step, 200 + step));
        let mut marks: Vec<_> = first.filter(|(step, _)| ![1, 5].contains(step)).chain(second).collect();
        marks.sort_unstable();
        let known = Known::new(marks, &[(0, 7)], &[(0, 150)]);
        assert_eq!(known.standing(0, 100), Standing::Here);
        assert_eq!(known.standing(1, 101), Standing::Lacking, "a gap is filled");
        assert_eq!(known.standing(5, 105), Standing::Replaced, "the second life began at 3");
        assert_eq!(known.standing(8, 208), Standing::Lacking, "a tail is added");
        assert_eq!((known.has_system(7), known.has_system(8)), (true, false));
        assert_eq!((known.has_console(150), known.has_console(151)), (true, false));
        assert!(known.is_older_than(207) && !known.is_older_than(206));
        assert_eq!(Known::default().standing(3, 3), Standing::Lacking);
    }
}
