//! Times as W&B writes them: in UTC, `YYYY-MM-DDTHH:MM:SS`, with or without a
//! fraction, with or without a `Z`.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Microseconds since 1970 as `2026-01-02T03:04:05.678901Z`.
#[must_use]
pub fn format(us: i64) -> String {
    let time = Timestamp::from_microsecond(us).unwrap_or_default();
    format!("{time:.6}")
}

/// Reads one; microseconds since 1970.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_microsecond());
    }
    let local: DateTime = text.parse().ok()?;
    Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond())
}

/// Seconds since 1970, as a float, to microseconds.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "a float to an integer saturates")]
pub fn from_seconds(seconds: f64) -> i64 {
    (seconds * 1e6).round() as i64
}

/// And back.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "seconds with microseconds, as W&B gives them")]
pub fn to_seconds(us: i64) -> f64 {
    us as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_their_text_form() {
        assert_eq!(format(1_767_323_045_678_901), "2026-01-02T03:04:05.678901Z");
        for text in
            ["2026-01-02T03:04:05.678901Z", "2026-01-02T03:04:05.678901", "2026-01-02 03:04:05.678901"]
        {
            assert_eq!(parse(text), Some(1_767_323_045_678_901), "{text}");
        }
        assert_eq!(parse("2026-01-02"), Some(1_767_312_000_000_000));
        assert_eq!(parse("yesterday"), None);
        assert_eq!(to_seconds(from_seconds(1_767_323_045.678_901)), 1_767_323_045.678_901);
    }
}
