//! Which job of a scheduler a process belongs to, and which life of the job this
//! is. One rule for client and daemon, a pure function of the environment.

use serde::{Deserialize, Serialize};

/// A life of a job: a job that is requeued keeps its name and begins a new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLife {
    /// The job: the same in all of its lives, on all of its nodes.
    pub job: String,
    /// Greater in each life than in those before it: who is of a lower one has
    /// ended, whether it said so or not.
    pub attempt: u64,
}

/// The life that the environment names: `PANNIER_JOB` and `PANNIER_ATTEMPT`, else
/// what SLURM says. `var` looks up a variable; an empty one counts as unset.
#[must_use]
pub fn life(var: &dyn Fn(&str) -> Option<String>) -> Option<JobLife> {
    let var = |name: &str| var(name).filter(|value| !value.is_empty());
    let (job, restarts) = match var("PANNIER_JOB") {
        Some(job) => (job, None),
        None => (slurm(&var)?, var("SLURM_RESTART_COUNT")),
    };
    let attempt = var("PANNIER_ATTEMPT").or(restarts);
    Some(JobLife { job, attempt: attempt.and_then(|attempt| attempt.trim().parse().ok()).unwrap_or(0) })
}

/// A task of an array is a job of its own, and keeps its place in the array when
/// it is requeued.
fn slurm(var: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let job = match (var("SLURM_ARRAY_JOB_ID"), var("SLURM_ARRAY_TASK_ID")) {
        (Some(array), Some(task)) => format!("{array}_{task}"),
        _ => var("SLURM_JOB_ID")?,
    };
    // Each cluster counts its jobs from 1.
    Some(match var("SLURM_CLUSTER_NAME") {
        Some(cluster) => format!("{cluster}-{job}"),
        None => job,
    })
}

/// The id of the job's run, where nobody gave it one: the same in each of its
/// lives, another for each rank, unless they have it together (`shared`).
#[must_use]
pub fn run_id(var: &dyn Fn(&str) -> Option<String>, shared: bool) -> Option<String> {
    let JobLife { job, .. } = life(var)?;
    let rank = ["RANK", "SLURM_PROCID"].iter().find_map(|name| var(name));
    let rank = rank.filter(|rank| !rank.is_empty() && !shared);
    let id = match rank.as_deref() {
        None | Some("0") => format!("job-{job}"),
        Some(rank) => format!("job-{job}-rank{rank}"),
    };
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    Some(id.chars().take(RUN_ID_CHARS_MAX).map(plain).collect())
}

/// As W&B has it.
const RUN_ID_CHARS_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(vars: &[(&str, &str)]) -> (Option<(String, u64)>, Option<String>) {
        let var =
            |name: &str| vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        (life(&var).map(|life| (life.job, life.attempt)), run_id(&var, false))
    }

    #[test]
    fn jobs_and_their_lives() {
        for (vars, job, attempt, id) in [
            (&[("SLURM_JOB_ID", "12")][..], "12", 0, "job-12"),
            (&[("SLURM_JOB_ID", "12"), ("SLURM_RESTART_COUNT", "3")], "12", 3, "job-12"),
            (
                &[("SLURM_JOB_ID", "14"), ("SLURM_ARRAY_JOB_ID", "12"), ("SLURM_ARRAY_TASK_ID", "2")],
                "12_2",
                0,
                "job-12_2",
            ),
            (&[("SLURM_JOB_ID", "12"), ("SLURM_CLUSTER_NAME", "big")], "big-12", 0, "job-big-12"),
            (&[("SLURM_JOB_ID", "12"), ("SLURM_PROCID", "0")], "12", 0, "job-12"),
            (&[("SLURM_JOB_ID", "12"), ("SLURM_PROCID", "3")], "12", 0, "job-12-rank3"),
            (
                &[("PANNIER_JOB", "a/b"), ("PANNIER_ATTEMPT", "7"), ("SLURM_JOB_ID", "12")],
                "a/b",
                7,
                "job-a_b",
            ),
        ] {
            assert_eq!(of(vars), (Some((job.to_owned(), attempt)), Some(id.to_owned())), "{vars:?}");
        }
        let third = |name: &str| ["SLURM_JOB_ID", "RANK"].contains(&name).then(|| "3".to_owned());
        assert_eq!(run_id(&third, true).as_deref(), Some("job-3"));
        assert_eq!(of(&[("SLURM_JOB_ID", ""), ("SLURM_RESTART_COUNT", "1")]), (None, None));
    }
}
