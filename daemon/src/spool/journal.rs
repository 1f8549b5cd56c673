//! Reading one writer's journal: segment after segment, frame after frame,
//! into blocks.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use pannier_proto::id::{RunPath, WriterId};
use pannier_proto::journal::{self, Frame, Next, Open, Shape, segment_file_name};
use pannier_proto::record::{Change, Table};

use super::event::{Event, Unusable};
use super::segments;
use crate::block::{Block, Placement};
use crate::limits::{INCOMPLETE_PATIENCE, READ_BYTES};
use crate::store::JournalPosition;

/// A life begins within so many bytes of its first segment.
const PEEK_BYTES: usize = 64 << 10;

/// A journal being read.
pub struct Journal {
    dir: PathBuf,
    writer: WriterId,
    begun_us: i64,
    segment: u64,
    /// Consumed bytes of the segment.
    offset: u64,
    file: File,
    open: Option<Open>,
    shapes: HashMap<u32, Shape>,
    placements: HashMap<(u8, u32), Placement>,
    incomplete_since: Option<Instant>,
    begin: Option<Change>,
    ended: bool,
    done: bool,
    gone: bool,
}

impl Journal {
    /// Opens a writer's folder at a position, or at its beginning.
    ///
    /// # Errors
    /// `NotFound` where there is no such segment.
    pub fn open(dir: &Path, writer: WriterId, at: Option<JournalPosition>) -> io::Result<Self> {
        let first = || {
            segments::segments(dir)?.first().copied().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
        };
        let mut segment = match at {
            Some(position) => position.segment,
            None => first()?,
        };
        let mut offset = at.map_or(0, |position| position.offset);
        if !dir.join(segment_file_name(segment)).exists() {
            // Consumed and deleted, and then the daemon died.
            (segment, offset) = (first()?, 0);
        }
        let file = File::open(dir.join(segment_file_name(segment)))?;
        let mut journal = Self {
            dir: dir.to_owned(),
            writer,
            begun_us: 0,
            segment,
            offset: 0,
            file,
            open: None,
            shapes: HashMap::new(),
            placements: HashMap::new(),
            incomplete_since: None,
            begin: None,
            ended: false,
            done: at.is_some_and(|position| position.done),
            gone: false,
        };
        journal.begun_us = journal.peek_begin()?;
        journal.skip_to(offset)?;
        Ok(journal)
    }

    /// When its life began, by its own clock; 0 for one that is partly consumed
    /// or was forked. Lives of one run are read in this order.
    pub fn begun_us(&self) -> i64 {
        self.begun_us
    }

    fn peek_begin(&self) -> io::Result<i64> {
        let mut buffer = Vec::new();
        self.fill(&mut buffer, PEEK_BYTES)?;
        let mut rest = buffer.as_slice();
        while let Next::Frame(frame, len) = journal::next(rest) {
            if let Frame::Change(Change::Begin { time_us, .. }) = frame {
                return Ok(time_us);
            }
            rest = &rest[len..];
        }
        Ok(0)
    }

    /// The writer.
    pub fn writer(&self) -> WriterId {
        self.writer
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The run, once the head is read.
    pub fn path(&self) -> Option<&RunPath> {
        self.open.as_ref().map(|open| &open.path)
    }

    /// The segment's head.
    pub fn head(&self) -> Option<&Open> {
        self.open.as_ref()
    }

    /// Whether the last record is read.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Whether a life that this writer began has not ended by its own word.
    pub fn ends_unsaid(&self) -> bool {
        !self.ended && self.open.as_ref().is_some_and(|open| open.parent.is_none())
    }

    /// From now on what is there is all there will be.
    pub fn writer_is_gone(&mut self) {
        self.gone = true;
    }

    /// How far it is consumed.
    pub fn position(&self) -> JournalPosition {
        JournalPosition { writer: self.writer, segment: self.segment, offset: self.offset, done: self.done }
    }

    /// Bytes in its segments that are not consumed.
    pub fn unread_bytes(&self) -> u64 {
        segments::bytes_behind(&self.dir, self.segment, self.offset)
    }

    /// Deletes the segments that are consumed.
    pub fn delete_consumed(&self) {
        segments::delete_before(&self.dir, self.segment);
    }

    /// Whether the writer is gone.
    pub fn lock_is_free(&self) -> bool {
        segments::lock_is_free(&self.dir)
    }

    /// A new block begins: what was found out about the last one is void.
    pub fn begin_block(&mut self) {
        self.placements.clear();
    }

    /// The change that [`Event::Begin`] announced.
    pub fn take_begin(&mut self) -> Option<Change> {
        self.begin.take()
    }

    /// Reads what is new into a block, at most `budget` bytes of it.
    ///
    /// # Errors
    /// What reading the file returns.
    pub fn read(&mut self, block: &mut Block, buffer: &mut Vec<u8>, budget: &mut usize) -> io::Result<Event> {
        loop {
            if self.done {
                return Ok(Event::Closed);
            }
            if *budget == 0 {
                return Ok(Event::More);
            }
            self.fill(buffer, (*budget).clamp(journal::FRAME_HEAD_BYTES, READ_BYTES))?;
            let (mut used, mut event) = self.parse(block, buffer);
            if used == 0 && event.is_none() && self.grow(buffer)? {
                (used, event) = self.parse(block, buffer);
            }
            self.offset += used as u64;
            *budget = budget.saturating_sub(used);
            if let Some(event) = event {
                return Ok(event);
            }
            if used > 0 {
                self.incomplete_since = None;
                continue;
            }
            if let Some(event) = self.at_end(buffer)? {
                return Ok(event);
            }
        }
    }

    fn fill(&self, buffer: &mut Vec<u8>, want: usize) -> io::Result<()> {
        segments::fill(&self.file, self.offset, buffer, want)
    }

    fn grow(&self, buffer: &mut Vec<u8>) -> io::Result<bool> {
        segments::grow(&self.file, self.offset, buffer)
    }

    /// Takes whole frames off the front of the buffer: how many bytes, and what
    /// ended it, if not the buffer's end.
    fn parse(&mut self, block: &mut Block, buffer: &[u8]) -> (usize, Option<Event>) {
        let mut at = 0;
        while let Next::Frame(frame, len) = journal::next(&buffer[at..]) {
            at += len;
            match frame {
                Frame::Row(row) => {
                    let Some(shape) = self.shapes.get(&row.shape) else {
                        // Both copies of the definition are damaged, which was
                        // reported where they were.
                        continue;
                    };
                    if !row.fits(shape) {
                        return (at, Some(self.unusable(Unusable::Damaged, buffer, at - len..at)));
                    }
                    let key = (row.table as u8, row.shape);
                    let placement =
                        self.placements.entry(key).or_insert_with(|| block.place(row.table, shape));
                    block.push_packed(&row, placement);
                }
                // What comes before a life is committed first, with the position
                // in front of it.
                Frame::Change(Change::Begin { .. }) if !block.is_empty() => {
                    return (at - len, Some(Event::More));
                }
                Frame::Change(begin @ Change::Begin { .. }) => {
                    self.begin = Some(begin);
                    return (at, Some(Event::Begin));
                }
                Frame::Change(change) => {
                    self.note(&change);
                    block.push_change(change);
                }
                Frame::Close => {
                    self.done = true;
                    return (at, Some(Event::Closed));
                }
                Frame::Logged(logged) => return (at, Some(Event::Logged(logged))),
                Frame::Unknown => {
                    return (at, Some(self.unusable(Unusable::UnknownKind, buffer, at - len..at)));
                }
                other => {
                    if let Some(event) = self.define(other) {
                        return (at - len, Some(event));
                    }
                }
            }
        }
        (at, None)
    }

    /// These bytes of the buffer, left out.
    fn unusable(&self, why: Unusable, buffer: &[u8], at: std::ops::Range<usize>) -> Event {
        let offset = self.offset + at.start as u64;
        Event::Unusable { why, segment: self.segment, offset, bytes: buffer[at].to_vec() }
    }

    fn note(&mut self, change: &Change) {
        self.ended |= matches!(change, Change::End { .. });
    }

    fn define(&mut self, frame: Frame) -> Option<Event> {
        match frame {
            Frame::Open(open) if open.version > journal::VERSION => {
                return Some(Event::Newer(open.version));
            }
            Frame::Open(open) => self.open = Some(open),
            Frame::Shape(id, shape) if self.shapes.get(&id) != Some(&shape) => {
                // Names with a NUL are the block's own.
                let name =
                    |name: String| if name.contains('\0') { name.replace('\0', "\u{fffd}") } else { name };
                let columns = shape.columns.into_iter().map(|(kind, key)| (kind, name(key))).collect();
                self.shapes.insert(id, Shape { columns });
                Table::ALL.iter().for_each(|table| drop(self.placements.remove(&(*table as u8, id))));
            }
            _ => {}
        }
        None
    }

    /// No whole frame at the position: the end for now, the end of the segment,
    /// or damage.
    fn at_end(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<Event>> {
        let complete = self.dir.join(segment_file_name(self.segment + 1)).exists();
        if complete {
            // The next segment may have come between reading and looking.
            self.fill(buffer, READ_BYTES)?;
            if matches!(journal::next(buffer), Next::Frame(..)) || self.grow(buffer)? {
                return Ok(None);
            }
        }
        if buffer.is_empty() {
            if complete {
                self.next_segment()?;
                return Ok(None);
            }
            return Ok(Some(if self.gone { self.close() } else { Event::CaughtUp }));
        }
        let incomplete = matches!(journal::next(buffer), Next::Incomplete);
        let since = *self.incomplete_since.get_or_insert_with(Instant::now);
        if incomplete && !complete && !self.gone && since.elapsed() < INCOMPLETE_PATIENCE {
            return Ok(Some(Event::CaughtUp));
        }
        self.fill(
            buffer,
            usize::try_from(self.file.metadata()?.len().saturating_sub(self.offset)).unwrap_or(READ_BYTES),
        )?;
        match journal::resync(buffer) {
            Some(skip) => Ok(Some(self.skip_damage(buffer, skip))),
            // A frame cut off at the end of a dead writer's journal was never
            // accepted: its log() had not returned.
            None if incomplete && self.gone && !complete => Ok(Some(self.close())),
            None if incomplete && !complete => Ok(Some(Event::CaughtUp)),
            None if complete || self.gone => Ok(Some(self.skip_damage(buffer, buffer.len()))),
            // Damaged bytes at the very end of a live journal: look again when
            // there is something behind them.
            None => Ok(Some(Event::CaughtUp)),
        }
    }

    fn close(&mut self) -> Event {
        self.done = true;
        Event::Closed
    }

    fn skip_damage(&mut self, buffer: &[u8], skip: usize) -> Event {
        let event = self.unusable(Unusable::Damaged, buffer, 0..skip);
        self.offset += skip as u64;
        self.incomplete_since = None;
        event
    }

    fn next_segment(&mut self) -> io::Result<()> {
        self.file = File::open(self.dir.join(segment_file_name(self.segment + 1)))?;
        self.segment += 1;
        self.offset = 0;
        self.shapes.clear();
        self.placements.clear();
        Ok(())
    }

    /// Goes to a position in the segment, learning the definitions before it.
    fn skip_to(&mut self, offset: u64) -> io::Result<()> {
        let mut buffer = Vec::new();
        while self.offset < offset {
            self.fill(&mut buffer, READ_BYTES)?;
            self.grow(&mut buffer)?;
            let mut at = 0;
            while let Next::Frame(frame, len) = journal::next(&buffer[at..]) {
                match frame {
                    Frame::Change(change) => self.note(&change),
                    frame => drop(self.define(frame)),
                }
                at += len;
                if self.offset + at as u64 >= offset {
                    break;
                }
            }
            if at == 0 {
                at = journal::resync(&buffer).unwrap_or(buffer.len());
            }
            if at == 0 {
                break;
            }
            self.offset += at as u64;
        }
        self.offset = offset;
        Ok(())
    }
}
