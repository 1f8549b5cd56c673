//! A writer of journals that follows the format's page and nothing else: the
//! client's stand-in where a test needs journals that no client would write.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use pannier_proto::home::spool;
use pannier_proto::id::{Id128, RunPath, WriterId};
use pannier_proto::journal::{
    Open, RowWriter, put_change, put_close, put_open, put_shape, segment_file_name,
};
use pannier_proto::record::{Change, RunFields, RunState, Table};
use pannier_proto::value::Kind;
use rustix::fs::{FlockOperation, flock};

use crate::ledger::{text, value};

/// A journal being written, with the ledger's rows.
pub struct JournalWriter {
    /// The writer's folder.
    pub folder: PathBuf,
    /// The run.
    pub path: RunPath,
    writer: WriterId,
    segment: u64,
    file: File,
}

/// A fixed point in time, so that two homes hold the same.
const TIME_US: i64 = 1_800_000_000_000_000;

impl JournalWriter {
    /// Begins the journal of `local/PROJECT/RUN` as writer number `id`.
    #[must_use]
    pub fn begin(home: &Path, project: &str, run: &str, id: u8) -> Self {
        let path = RunPath::new("local", project, run).expect("a test's names are good");
        let writer = Id128([id; 16]);
        let folder = spool(home).join(writer.to_string());
        let made = folder.with_extension("new");
        std::fs::create_dir_all(&made).expect("a home takes a spool");
        let file = Self::segment_file(&made.join(segment_file_name(1)));
        let mut journal = Self { folder: folder.clone(), path, writer, segment: 1, file };
        journal.open();
        let fields = RunFields { name: Some(run.to_owned()), ..RunFields::default() };
        journal.change(&Change::Begin { time_us: TIME_US, fields, start_step: 0, resumed: false, job: None });
        std::fs::rename(made, folder).expect("a folder can be renamed");
        journal
    }

    fn segment_file(path: &Path) -> File {
        let file = File::options().create_new(true).append(true).open(path).expect("a new segment");
        flock(&file, FlockOperation::LockExclusive).expect("nobody else has it");
        file
    }

    fn open(&mut self) {
        let mut out = Vec::new();
        let open = Open {
            version: pannier_proto::journal::VERSION,
            writer: self.writer,
            segment: self.segment,
            path: self.path.clone(),
            pid: std::process::id(),
            remote: None,
            parent: None,
        };
        put_open(&mut out, &open);
        put_shape(&mut out, 0, [(Kind::I64, "n"), (Kind::F64, "x")].into_iter());
        put_shape(&mut out, 1, [(Kind::I64, "n"), (Kind::F64, "x"), (Kind::Text, "s")].into_iter());
        self.raw(&out);
    }

    /// Any bytes.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.file.write_all(bytes).expect("a journal's disk has room");
    }

    /// Any change.
    pub fn change(&mut self, change: &Change) {
        let mut out = Vec::new();
        put_change(&mut out, change);
        self.raw(&out);
    }

    /// The ledger's row `n`, at step `n`.
    pub fn row(&mut self, n: i64) {
        let frame = row_frame(n);
        self.raw(&frame);
    }

    /// Begins the next segment.
    pub fn next_segment(&mut self) {
        self.segment += 1;
        let path = self.folder.join(segment_file_name(self.segment));
        let made = path.with_extension("tmp");
        let before = std::mem::replace(&mut self.file, Self::segment_file(&made));
        self.open();
        std::fs::rename(made, path).expect("a file can be renamed");
        drop(before);
    }

    /// The run ends well, and the writer is done.
    pub fn finish(mut self) {
        self.change(&Change::End { time_us: TIME_US, state: RunState::Finished, exit_code: Some(0) });
        let mut out = Vec::new();
        put_close(&mut out);
        self.raw(&out);
    }
}

/// The frame of the ledger's row `n`.
#[must_use]
pub fn row_frame(n: i64) -> Vec<u8> {
    let text = text(n);
    let mut out = Vec::new();
    let (shape, columns) = if text.is_some() { (1, 3) } else { (0, 2) };
    let mut row = RowWriter::new(&mut out, Table::History, shape, columns, n, TIME_US + n);
    row.word(n.cast_unsigned());
    row.word(value(n).to_bits());
    if text.is_some() {
        row.word(0);
    }
    assert!(row.finish(text.iter().map(|text| (2, text.as_str()))), "a short row fits");
    out
}
