//! What becomes of journals, and of bytes of journals, that cannot be taken in:
//! they are kept, and said to be.

use pannier_proto::id::WriterId;

use super::batch::Batch;
use super::event::Unusable;
use super::journal::Journal;
use super::reader::Reader;
use super::segments;

impl Reader {
    /// Keeps bytes that cannot be taken in, and says so.
    pub(super) fn set_aside(
        &self,
        writer: WriterId,
        why: Unusable,
        at: (u64, u64),
        bytes: &[u8],
        batch: &mut Batch,
    ) {
        let (segment, offset) = at;
        let (what, hint) = why.in_words();
        let file = self.folders.quarantine.join(format!("{writer}-{segment:08}-{offset}"));
        let kept = segments::set_aside(&file, bytes);
        let path = self.journals.get(&writer).and_then(Journal::path);
        let object = path.map_or_else(|| format!("writer {writer}"), |path| format!("run {path}"));
        let what = format!("{} {what} in its journal, segment {segment} at offset {offset}", bytes.len());
        batch.problems.push((object, what, format!("{kept}; {hint}")));
    }

    pub(super) fn at_newer(&mut self, writer: WriterId, version: u32, batch: &mut Batch) {
        let Some(journal) = self.journals.remove(&writer) else { return };
        self.refused.insert(journal.dir().to_owned());
        batch.problems.push((
            format!("writer {writer}"),
            format!(
                "its journal has version {version}; this daemon reads up to {}",
                pannier_proto::journal::VERSION
            ),
            "install a newer pannier; the journal stays where it is until then".to_owned(),
        ));
    }
}
