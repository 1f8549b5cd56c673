//! What commits were about, for whoever looks on: told after each commit, and
//! perhaps for nothing, where something was given up.

use std::cell::RefCell;
use std::sync::Arc;

use pannier_proto::id::RunPath;
use tokio::sync::broadcast;

use super::Store;
use super::writer::Tx;

/// Commits that somebody who looks on may be behind; then he is told that he
/// missed some.
pub(super) const BEHIND_MAX: usize = 256;

/// Something that a commit was about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Touched {
    /// A run has new records; or a project as such, whose run is a workspace.
    Run(RunPath),
    /// A run logged a version of an artifact, or says that it used one.
    Artifact(RunPath),
    /// Something got further to a remote, or no further.
    Sync,
}

/// What a transaction was about so far.
pub(super) type Marks = RefCell<Vec<Touched>>;

impl Tx<'_> {
    /// Notes what this transaction is about.
    pub(super) fn touch(&self, what: Touched) {
        let mut marks = self.marks.borrow_mut();
        if !marks.contains(&what) {
            marks.push(what);
        }
    }
}

impl Store {
    /// What commits from now on are about.
    #[must_use]
    pub fn touched(&self) -> broadcast::Receiver<Arc<[Touched]>> {
        self.touched.subscribe()
    }
}
