//! The fields of runs that `api.runs` can ask for and sort by. It must not know
//! operators, nor where facts come from.

use super::filter::{Field, Kind, Path};

/// A field of runs, whatever its spelling.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RunField {
    /// `id`, `name`.
    Id,
    /// `display_name`, `displayName`.
    Name,
    /// `state`.
    State,
    /// `tags`, `tag`: a list of texts.
    Tags,
    /// `group`.
    Group,
    /// `jobType`, `job_type`.
    JobType,
    /// `username`, `user`.
    User,
    /// `created_at`, `createdAt`.
    CreatedAt,
    /// `heartbeat_at`, `heartbeatAt`.
    HeartbeatAt,
    /// `updated_at`, `updatedAt`.
    UpdatedAt,
    /// `notes`, `description`.
    Notes,
    /// `sweep`.
    Sweep,
    /// `duration`, in seconds.
    Duration,
    /// `config.…`.
    Config(Path),
    /// `summary_metrics.…`, `summaryMetrics.…`, `summary.…`.
    Summary(Path),
    /// `metadata.…`.
    Metadata(Path),
    /// Any other name, as it was written: W&B's clients ask for more than we know of,
    /// and a run has none of it.
    Other(String),
}

impl Field for RunField {
    const THINGS: &'static str = "runs";
    const NAMES: &'static [&'static str] = &[];
    const REGEX_IGNORES_CASE: bool = false;

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "id" | "name" => Self::Id,
            "display_name" | "displayName" => Self::Name,
            "state" => Self::State,
            "tags" | "tag" => Self::Tags,
            "group" => Self::Group,
            "jobType" | "job_type" => Self::JobType,
            "username" | "user" => Self::User,
            "created_at" | "createdAt" => Self::CreatedAt,
            "heartbeat_at" | "heartbeatAt" => Self::HeartbeatAt,
            "updated_at" | "updatedAt" => Self::UpdatedAt,
            "notes" | "description" => Self::Notes,
            "sweep" => Self::Sweep,
            "duration" => Self::Duration,
            other => Self::dotted(other),
        })
    }

    fn kind(&self) -> Kind {
        match self {
            Self::CreatedAt | Self::HeartbeatAt | Self::UpdatedAt => Kind::Time,
            _ => Kind::Plain,
        }
    }
}

impl RunField {
    fn dotted(name: &str) -> Self {
        match name.split_once('.') {
            Some((_, "")) | None => Self::Other(name.to_owned()),
            Some(("config", path)) => Self::Config(Path::in_config(path)),
            Some(("summary_metrics" | "summaryMetrics" | "summary", path)) => Self::Summary(Path::new(path)),
            Some(("metadata", path)) => Self::Metadata(Path::new(path)),
            Some(_) => Self::Other(name.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_field_are_one_field() {
        for (names, field) in [
            (&["name", "id"][..], RunField::Id),
            (&["display_name", "displayName"], RunField::Name),
            (&["jobType", "job_type"], RunField::JobType),
            (&["username", "user"], RunField::User),
            (&["created_at", "createdAt"], RunField::CreatedAt),
            (&["heartbeat_at", "heartbeatAt"], RunField::HeartbeatAt),
            (&["updated_at", "updatedAt"], RunField::UpdatedAt),
            (&["notes", "description"], RunField::Notes),
            (&["summary_metrics.a", "summaryMetrics.a", "summary.a"], RunField::Summary(Path::new("a"))),
            (&["config.a"], RunField::Config(Path::in_config("a"))),
            (&["metadata.a.b"], RunField::Metadata(Path::new("a.b"))),
            (&["host"], RunField::Other("host".into())),
            (&["config."], RunField::Other("config.".into())),
        ] {
            for name in names {
                assert_eq!(RunField::named(name).as_ref(), Some(&field), "{name}");
            }
        }
    }
}
