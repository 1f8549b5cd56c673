//! Hears of new writers from the file system. Where it sends no events (a
//! network file system), the spool's own looking finds them, a little later.

use std::path::Path;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// Calls back when a folder appears in `dir`. Not recursive: writes inside the
/// writers' folders must wake nobody.
pub fn start(dir: &Path, look: impl Fn() + Send + 'static) -> Option<RecommendedWatcher> {
    let heard = move |event: notify::Result<Event>| match event {
        Ok(event)
            if !event.need_rescan() && !matches!(event.kind, EventKind::Create(_) | EventKind::Modify(_)) => {
        }
        Ok(event) if !event.need_rescan() && !event.paths.iter().any(|path| super::is_writer_dir(path)) => {}
        _ => look(),
    };
    let watcher = notify::recommended_watcher(heard).and_then(|mut watcher| {
        watcher.watch(dir, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    watcher
        .inspect_err(|error| tracing::info!("no file events for {}: {error}; looking instead", dir.display()))
        .ok()
}
