//! Takes in the logs of folders, once, and says how far it is.

use std::path::{Path, PathBuf};

use pannier_proto::id::RunPath;
use pannier_proto::import::{Import, ImportLine, ImportedLog, Outcome, Tracker};

use super::wandb::{Opened, WandbLog};
use super::{Logs, Report, Trouble, Whose, find, tensorboard};

/// Who hears of it; false: he is gone.
pub type Tell<'a> = dyn Fn(ImportLine) -> bool + 'a;

/// How far all is, while one is taken in.
struct Progress<'a> {
    tell: &'a Tell<'a>,
    logs: u64,
    logs_total: u64,
    rows: u64,
    bytes: u64,
    bytes_total: u64,
}

impl Progress<'_> {
    /// One log is that far.
    fn show(&self, report: &Report) -> Result<(), Trouble> {
        let line = ImportLine::Progress {
            logs: self.logs,
            logs_total: self.logs_total,
            rows: self.rows + report.rows + report.rows_known,
            bytes: self.bytes + report.bytes,
            bytes_total: self.bytes_total,
        };
        match (self.tell)(line) {
            true => Ok(()),
            false => Err(Trouble::Home(crate::store::StoreError::Closed)),
        }
    }
}

impl Logs {
    /// Takes in what is asked for. One log that cannot be is told of, and the next
    /// is taken in.
    ///
    /// # Errors
    /// [`Trouble`]: a path cannot be read, or the home takes nothing in.
    pub fn import(&self, asked: &Import, tell: &Tell) -> Result<(), Trouble> {
        let whose = Whose { entity: asked.entity.clone(), project: asked.project.clone() };
        let logs: Vec<(PathBuf, Vec<PathBuf>)> = match asked.tracker {
            Tracker::Wandb => {
                let found = find::files(&asked.paths, &|name| find::run_id(name).is_some())?;
                self.in_order(found, &whose).into_iter().map(|path| (path.clone(), vec![path])).collect()
            }
            Tracker::Tensorboard => tensorboard::folders(&asked.paths)?,
        };
        let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |facts| facts.len());
        let bytes_total = logs.iter().flat_map(|(_, files)| files).map(size).sum();
        let logs_total = logs.len() as u64;
        let mut progress = Progress { tell, logs: 0, logs_total, rows: 0, bytes: 0, bytes_total };
        for (path, files) in logs {
            let bytes: u64 = files.iter().map(size).sum();
            let done = match asked.tracker {
                Tracker::Wandb => self.wandb(&path, &whose, asked.dry_run, &progress)?,
                Tracker::Tensorboard => {
                    let show = |report: &Report| progress.show(report);
                    let taken =
                        tensorboard::take(self, &path, &files, &asked.paths, &whose, asked.dry_run, &show);
                    match taken {
                        Ok((run, report, is_new)) => said(&path, Some(run), is_new, report),
                        Err(Trouble::Refused(why)) => failed(&path, None, why),
                        Err(home) => return Err(home),
                    }
                }
            };
            progress.logs += 1;
            progress.rows += done.rows + done.rows_known;
            progress.bytes += bytes;
            tell(ImportLine::Log(done));
            progress.show(&Report::default())?;
        }
        Ok(())
    }

    /// Logs by when their programs began: lives of a run are taken in in their order.
    fn in_order(&self, found: impl IntoIterator<Item = PathBuf>, whose: &Whose) -> Vec<PathBuf> {
        let began = |path: &Path| {
            let file = std::fs::File::open(path).ok()?;
            let head = super::head::look(path, &file, whose, &self.entity).ok()??;
            Some(head.start_ns)
        };
        let mut logs: Vec<_> = found.into_iter().map(|path| (began(&path), path)).collect();
        logs.sort();
        logs.into_iter().map(|(_, path)| path).collect()
    }

    fn wandb(
        &self,
        path: &Path,
        whose: &Whose,
        dry: bool,
        progress: &Progress,
    ) -> Result<ImportedLog, Trouble> {
        let mut run = None;
        match self.read_all(path, whose, dry, progress, &mut run) {
            Ok(done) => Ok(done),
            Err(Trouble::Refused(why)) => Ok(failed(path, run, why)),
            Err(home) => Err(home),
        }
    }

    fn read_all(
        &self,
        path: &Path,
        whose: &Whose,
        dry: bool,
        progress: &Progress,
        run: &mut Option<RunPath>,
    ) -> Result<ImportedLog, Trouble> {
        let mut log = match WandbLog::open(self, path, whose, dry)? {
            Opened::Log(log) => log,
            Opened::Empty => return Ok(failed(path, None, "nothing is in it".to_owned())),
            Opened::Done(head) => return Ok(said(path, Some(head.run), false, Report::default())),
            Opened::Posted(head) => {
                let mut report = Report::default();
                report.problem("its program sends to this daemon now: what is in it comes by itself");
                return Ok(said(path, Some(head.run), false, report));
            }
        };
        *run = Some(log.head().run.clone());
        let before = self.store.log_position(&log.head().run, &log.head().log)?;
        while log.advance(true)? {
            progress.show(log.report())?;
        }
        log.finish()?;
        if !dry {
            self.lives.followed(&log.head().run, log.has_ended());
        }
        let report = log.report().clone();
        // New to the home, even where there was nothing to add.
        Ok(said(path, Some(log.head().run.clone()), before.is_none(), report))
    }
}

fn failed(path: &Path, run: Option<RunPath>, why: String) -> ImportedLog {
    let mut report = Report::default();
    report.problem(why);
    ImportedLog { outcome: Outcome::Failed, ..said(path, run, false, report) }
}

/// What is said of a log; `is_new`: the home has not met it before.
fn said(path: &Path, run: Option<RunPath>, is_new: bool, report: Report) -> ImportedLog {
    let news = is_new || report.rows > 0 || report.artifacts_new > 0 || report.files > 0;
    let outcome = match (report.problems.is_empty(), news) {
        (false, _) => Outcome::Partly,
        (true, true) => Outcome::Imported,
        (true, false) => Outcome::AlreadyHere,
    };
    let Report { rows, rows_known, artifacts, artifacts_new: _, files, bytes, problems, damaged: _ } = report;
    ImportedLog {
        log: path.display().to_string(),
        run,
        outcome,
        rows,
        rows_known,
        artifacts,
        files,
        bytes,
        problems,
    }
}
