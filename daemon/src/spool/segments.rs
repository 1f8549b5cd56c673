//! The files of one journal: which there are, which can go, and whether their
//! writer still holds them.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use pannier_proto::journal::{self, Next, segment_file_name, segment_number};

/// Deletes the segments before this one: they are consumed.
pub fn delete_before(dir: &Path, segment: u64) {
    for earlier in segments(dir).unwrap_or_default().into_iter().filter(|earlier| *earlier < segment) {
        // What stays behind is found consumed and deleted at the next start.
        let _ = fs::remove_file(dir.join(segment_file_name(earlier)));
    }
}

/// Whether the writer's lock on its newest segment is free, that is, whether it
/// is gone.
pub fn lock_is_free(dir: &Path) -> bool {
    let newest = segments(dir).ok().and_then(|segments| segments.last().copied());
    let Some(newest) = newest else { return true };
    match File::open(dir.join(segment_file_name(newest))) {
        Ok(file) => match file.try_lock() {
            Ok(()) => {
                let _ = file.unlock();
                true
            }
            Err(_) => false,
        },
        Err(_) => true,
    }
}

/// Bytes behind a position.
pub fn bytes_behind(dir: &Path, segment: u64, offset: u64) -> u64 {
    let size = |segment| fs::metadata(dir.join(segment_file_name(segment))).map_or(0, |meta| meta.len());
    let later = segments(dir).unwrap_or_default().into_iter().filter(|later| *later > segment);
    size(segment).saturating_sub(offset) + later.map(size).sum::<u64>()
}

/// The numbers of the segments there are, ascending.
///
/// # Errors
/// What reading the folder returns.
pub fn segments(dir: &Path) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        if let Some(segment) = entry?.file_name().to_str().and_then(segment_number) {
            found.push(segment);
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Reads `want` bytes from a position on, or as many as there are.
///
/// # Errors
/// What reading returns.
pub fn fill(file: &File, offset: u64, buffer: &mut Vec<u8>, want: usize) -> io::Result<()> {
    buffer.resize(want, 0);
    let mut filled = 0;
    while filled < want {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    buffer.truncate(filled);
    Ok(())
}

/// A frame may be longer than what was read: reads all of it, if the file
/// goes on. True: there was more, and it is a whole frame now.
pub fn grow(file: &File, offset: u64, buffer: &mut Vec<u8>) -> io::Result<bool> {
    if buffer.len() < journal::FRAME_HEAD_BYTES || !matches!(journal::next(buffer), Next::Incomplete) {
        return Ok(false);
    }
    let mut len = [0; 4];
    len.copy_from_slice(&buffer[4..8]);
    let whole = journal::FRAME_HEAD_BYTES + u32::from_le_bytes(len) as usize;
    let have = file.metadata()?.len().saturating_sub(offset);
    if whole as u64 > have || whole <= buffer.len() {
        return Ok(false);
    }
    fill(file, offset, buffer, whole)?;
    Ok(true)
}

/// Keeps bytes of a journal in a file of their own; says what became of them.
pub fn set_aside(file: &Path, bytes: &[u8]) -> String {
    let dir = file.parent().unwrap_or(file);
    match fs::create_dir_all(dir).and_then(|()| fs::write(file, bytes)) {
        Ok(()) => format!("they are set aside in {}", file.display()),
        Err(error) => format!("they could not be set aside: {error}"),
    }
}
