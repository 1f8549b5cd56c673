//! When a daemon leaves: told to, idle, or without a home; and what it waits for
//! before it does.

use std::time::Duration;

use pannier_proto::remote::RemoteStatus;

use super::{Options, Signals};
use crate::api::App;
use crate::home::HomeLock;

/// How often it is looked whether all is at the remotes.
const DRAIN_LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Why it leaves, once it is to.
pub(super) async fn until_told(
    options: &Options,
    signals: &mut Signals,
    lock: &HomeLock,
    app: &App,
) -> &'static str {
    let mut look = tokio::time::interval(Duration::from_millis(500));
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => return "terminated",
            _ = signals.interrupt.recv() => return "interrupted",
            _ = look.tick() => {}
        }
        if !lock.still_there() {
            return "the home is gone";
        }
        let view = app.spool.view();
        let busy = !view.live.is_empty()
            || app.lives.any()
            || app.left.any()
            || view.unread_bytes > 0
            || app.intake.is_busy()
            || app.relays.is_busy()
            || app.sync.progressing();
        if let (Some(idle), Some(quiet), false) = (options.idle, app.activity.quiet_for(), busy)
            && quiet >= idle
        {
            return "idle";
        }
    }
}

/// Serves on until nothing is left to bring to the remotes, or the time is up, or
/// the signal comes again.
pub(super) async fn drain(patience: Duration, signals: &mut Signals, app: &App) {
    if patience.is_zero() {
        return;
    }
    app.sync.wake();
    let left = async {
        loop {
            app.spool.drain(None).await;
            let view = app.spool.view();
            // Others carry the rest of a bundle, at no time that could be waited for.
            let has = |remote: &RemoteStatus| remote.is_carried() || remote.has_all();
            let sent = app.sync.status().is_ok_and(|remotes| remotes.iter().all(has));
            if view.live.is_empty() && view.unread_bytes == 0 && !app.intake.is_busy() && sent {
                return;
            }
            tokio::time::sleep(DRAIN_LOOK_INTERVAL).await;
        }
    };
    tokio::select! {
        () = left => tracing::info!("everything is at the remotes"),
        () = tokio::time::sleep(patience) => {
            tracing::warn!("not everything is at the remotes after {} s; it is kept in the home", patience.as_secs());
        }
        _ = signals.terminate.recv() => {}
        _ = signals.interrupt.recv() => {}
    }
}
