//! Where log lines go: standard error, and for daemons `daemon.log` in the
//! home, too. One event is one line; control characters are escaped, because
//! names and errors of others are in it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Which events are logged, in the words of tracing's `EnvFilter`.
const VARIABLE: &str = "PANNIER_LOG";
/// A log that is longer than this is moved to `daemon.log.1`, over the one
/// before it.
const LOG_BYTES_MAX: u64 = 8 << 20;

/// For commands: warnings to standard error.
pub fn for_command() {
    start("error,pannier=warn", None);
}

/// For daemons: standard error and this file.
pub fn for_daemon(file: &Path) {
    start("warn,pannier=info", Some(LogFile::new(file)));
}

fn start(default: &str, file: Option<LogFile>) {
    let asked = std::env::var(VARIABLE).ok().filter(|filter| !filter.is_empty());
    let filter = asked.as_deref().map(EnvFilter::try_new);
    let understood = !matches!(filter, Some(Err(_)));
    let filter = filter.and_then(Result::ok).unwrap_or_else(|| EnvFilter::new(default));
    let to_file = file.map(|file| {
        tracing_subscriber::fmt::layer().with_ansi(false).with_target(false).with_writer(Lines(file))
    });
    let to_stderr =
        tracing_subscriber::fmt::layer().with_ansi(false).with_target(false).with_writer(Lines(Stderr));
    // Refused where one is set already: a test that has its own.
    let _ = tracing_subscriber::registry().with(filter).with(to_file).with(to_stderr).try_init();
    if !understood {
        tracing::warn!("{VARIABLE} is not a filter such as `pannier=debug`; the default is used");
    }
}

/// Somewhere whole lines can be added.
trait Sink {
    fn add(&self, line: &str) -> io::Result<()>;
}

struct Stderr;

impl Sink for Stderr {
    fn add(&self, line: &str) -> io::Result<()> {
        io::stderr().write_all(line.as_bytes())
    }
}

struct LogFile {
    path: PathBuf,
    open: Mutex<Option<(File, u64)>>,
}

impl LogFile {
    fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), open: Mutex::new(None) }
    }

    fn open(&self) -> io::Result<(File, u64)> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        let length = file.metadata()?.len();
        Ok((file, length))
    }
}

impl Sink for LogFile {
    fn add(&self, line: &str) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut file, mut length) = match open.take() {
            Some(open) => open,
            None => self.open()?,
        };
        if length > LOG_BYTES_MAX {
            fs::rename(&self.path, self.path.with_extension("log.1"))?;
            (file, length) = self.open()?;
        }
        file.write_all(line.as_bytes())?;
        *open = Some((file, length + line.len() as u64));
        Ok(())
    }
}

/// Makes a line of each event.
struct Lines<S>(S);

struct Line<'a, S: Sink> {
    sink: &'a S,
    text: Vec<u8>,
}

impl<'a, S: Sink + 'a> MakeWriter<'a> for Lines<S> {
    type Writer = Line<'a, S>;
    fn make_writer(&'a self) -> Self::Writer {
        Line { sink: &self.0, text: Vec::new() }
    }
}

impl<S: Sink> Write for Line<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<S: Sink> Drop for Line<'_, S> {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        let line = super::show::clean(text.trim_end()).into_owned() + "\n";
        // A full disk or a closed terminal must not stop what was being logged.
        let _ = self.sink.add(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn an_event_is_one_private_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("daemon.log");
        let lines = Lines(LogFile::new(&path));
        write!(lines.make_writer(), "run \"a\x1b[2J\nerror: forged\" ended\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "run \"a\\u{1b}[2J\\nerror: forged\" ended\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_long_log_is_moved_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("daemon.log");
        File::create(&path).unwrap().set_len(LOG_BYTES_MAX + 1).unwrap();
        let log = LogFile::new(&path);
        log.add("new\n").unwrap();
        log.add("newer\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new\nnewer\n");
        assert_eq!(fs::metadata(dir.path().join("daemon.log.1")).unwrap().len(), LOG_BYTES_MAX + 1);
    }
}
