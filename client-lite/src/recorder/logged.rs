//! Owns what the recorder does about snapshots: where the next one goes, and the
//! journal's word that it is whole.

use std::path::PathBuf;

use pannier_proto::journal::put_logged;
use pannier_proto::record::Change;

use super::Recorder;
use crate::artifact::Outcome;
use crate::journal::now_us;
use crate::warn::About;

impl Recorder {
    /// Where the next snapshot goes: this writer's folder, and its number there.
    /// `None` where nothing can be logged any more.
    pub fn next_snapshot(&mut self) -> Option<(PathBuf, u64)> {
        if !self.is_open() {
            return None;
        }
        self.journal.prepare();
        self.snapshots += 1;
        Some((self.journal.folder(), self.snapshots))
    }

    /// Records a snapshot that was taken, or that it could not be.
    pub fn logged(&mut self, outcome: Outcome) {
        if !self.is_open() {
            return;
        }
        match outcome {
            Outcome::Whole(logged, changing) => {
                if let Some(path) = changing.first() {
                    let more = changing.len() - 1;
                    let more = if more > 0 { format!(" and {more} others") } else { String::new() };
                    self.warnings.add(About::Changing, || {
                        format!(
                            "{}{more} changed while it was copied: what was stored may be a mixture. \
                             Log files that are written no more, or log them again",
                            path.display()
                        )
                    });
                }
                self.journal.prepare();
                self.buffer.clear();
                put_logged(&mut self.buffer, &logged);
                self.append();
            }
            Outcome::NotKept(reason) => {
                self.warnings.add(About::NotKept, || format!("{reason}: it is not recorded"));
                self.write_change(&Change::Dropped { time_us: now_us(), count: 1, reason });
            }
        }
        self.after();
    }
}
