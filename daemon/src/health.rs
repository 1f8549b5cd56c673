//! What is wrong right now and cannot be noted in the database, because the
//! database is what is in trouble, or because it passes by itself.

use std::collections::BTreeMap;
use std::sync::Mutex;

use pannier_proto::request::Problem;

use crate::clock::now_us;

/// Present problems, by object.
#[derive(Default)]
pub struct Health(Mutex<BTreeMap<String, Problem>>);

impl Health {
    /// Notes a problem, or that it is still there. It is logged at first and at
    /// each doubling of its count.
    pub fn bad(&self, object: &str, what: &str, hint: &str) {
        let Ok(mut problems) = self.0.lock() else { return };
        let problem = problems.entry(object.to_owned()).or_insert_with(|| Problem {
            object: object.to_owned(),
            what: String::new(),
            hint: hint.to_owned(),
            time_us: 0,
            count: 0,
        });
        what.clone_into(&mut problem.what);
        problem.time_us = now_us();
        problem.count += 1;
        if problem.count.is_power_of_two() {
            let often =
                if problem.count == 1 { String::new() } else { format!(" (seen {} times)", problem.count) };
            tracing::warn!("{object}: {what}{often}; {hint}");
        }
    }

    /// Notes that it is over.
    pub fn good(&self, object: &str) {
        let Ok(mut problems) = self.0.lock() else { return };
        if let Some(problem) = problems.remove(object) {
            tracing::info!("{object}: works again, after {} failures ({})", problem.count, problem.what);
        }
    }

    /// The problems.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        self.0.lock().map(|problems| problems.values().cloned().collect()).unwrap_or_default()
    }
}
