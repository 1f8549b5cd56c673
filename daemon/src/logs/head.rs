//! What a `.wandb` file says at its begin: which run it is of, and by what it is
//! known again.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use pannier_proto::id::RunPath;

use super::{Trouble, Whose};
use crate::store::LogId;
use crate::wandb::log::record::{self, Record, Run};
use crate::wandb::log::{Blocks, HEAD_BYTES, Piece, check_head, fields::Fields, row};

/// How far is read for it, at most.
const LOOK_BYTES: usize = 16 << 20;
/// How much at a time.
const PIECE_BYTES: usize = 64 << 10;
/// The project of runs that name none, as the SDK has it.
const NO_PROJECT: &str = "uncategorized";

/// What a file says at its begin.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// The run.
    pub run: RunPath,
    /// A digest of the first record that says something: of the run's, which holds
    /// when it began, to the nanosecond.
    pub log: LogId,
    /// When the program began, in nanoseconds since 1970.
    pub start_ns: i64,
    /// The program's own id, of newer SDKs.
    pub writer: Option<String>,
    /// Step and time of its first row.
    pub first_row: Option<(i64, i64)>,
}

#[derive(Default)]
struct Looked {
    log: Option<LogId>,
    run: Option<(String, String, String, i64)>,
    writer: Option<String>,
    first_row: Option<(i64, i64)>,
    done: bool,
}

impl Looked {
    fn take(&mut self, bytes: &[u8]) {
        let Ok(record) = record::read(bytes) else { return };
        if record == Record::Header || self.done {
            return;
        }
        self.log.get_or_insert_with(|| *blake3::hash(bytes).as_bytes());
        match record {
            Record::Run(bytes) if self.run.is_none() => {
                if let Ok(run) = Run::read(bytes) {
                    let [id, entity, project] = [run.id, run.entity, run.project].map(str::to_owned);
                    self.run = Some((id, entity, project, run.start_ns));
                }
            }
            Record::Environment(bytes) => {
                let writer = Fields::of(bytes).flatten().find(|(number, _)| *number == 199);
                self.writer = writer.map(|(_, id)| id.text().to_owned()).or(self.writer.take());
            }
            Record::History(bytes) => {
                if let Ok(row) = row::history(bytes) {
                    self.first_row = row.step.zip(row.time_us);
                }
                self.done = true;
            }
            Record::Exit(_) => self.done = true,
            _ => {}
        }
    }
}

/// Reads the begin of a file; `None`: nothing is in it yet.
///
/// # Errors
/// [`Trouble::Refused`]: it is no such file, or says no run.
pub fn look(path: &Path, file: &File, whose: &Whose, entity: &str) -> Result<Option<Head>, Trouble> {
    let refuse = |why: String| Trouble::Refused(format!("{} cannot be read: {why}", path.display()));
    let mut head = [0; HEAD_BYTES];
    if read_at(file, &mut head, 0).map_err(|error| refuse(error.to_string()))? < HEAD_BYTES {
        return Ok(None);
    }
    check_head(&head).map_err(refuse)?;
    let (mut looked, mut blocks) = (Looked::default(), Blocks::default());
    let mut buffer = vec![0; PIECE_BYTES];
    let mut at = HEAD_BYTES as u64;
    while !looked.done && at < LOOK_BYTES as u64 {
        let count = read_at(file, &mut buffer, at).map_err(|error| refuse(error.to_string()))?;
        let next = blocks.take(at, &buffer[..count], false, &mut |piece| {
            if let Piece::Record { bytes, .. } = piece {
                looked.take(bytes);
            }
        });
        if next == at {
            break;
        }
        at = next;
    }
    let Some(log) = looked.log else { return Ok(None) };
    // Where its run's record is damaged, the file's name has the id.
    let named = path.file_name().and_then(|name| name.to_str()).and_then(super::find::run_id);
    let unknown = || (named.unwrap_or_default().to_owned(), String::new(), String::new(), 0);
    let damaged = looked.run.is_none();
    let (id, said_entity, said_project, start_ns) = looked.run.unwrap_or_else(unknown);
    if damaged && whose.project.is_none() {
        return Err(refuse(
            "what says which run it is of is damaged; name the project with --project".to_owned(),
        ));
    }
    let or = |asked: Option<&String>, said: String, default: &str| {
        let said = Some(said).filter(|said| !said.is_empty());
        asked.cloned().or(said).unwrap_or_else(|| default.to_owned())
    };
    let entity = or(whose.entity.as_ref(), said_entity, entity);
    let project = or(whose.project.as_ref(), said_project, NO_PROJECT);
    let run = RunPath::new(&entity, &project, &id).map_err(|error| refuse(error.to_string()))?;
    let Looked { writer, first_row, .. } = looked;
    Ok(Some(Head { run, log, start_ns, writer, first_row }))
}

/// Reads as much as there is, up to the buffer's length.
///
/// # Errors
/// As the file's.
pub fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match file.read_at(&mut buffer[done..], at + done as u64) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}
