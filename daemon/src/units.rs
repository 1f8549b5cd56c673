//! Sizes and durations as people write them: `10M`, `1d`. Pure.

use std::time::Duration;

/// Bytes: a number and K, M, G or T, each 1024 of the one before; `iB` and `B`
/// may follow.
///
/// # Errors
/// What is wrong with it, for people.
pub fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let power = match unit.trim_end_matches("iB").trim_end_matches('B').to_ascii_uppercase().as_str() {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err(format!("{text:?} is no size; say for example 500M or 20G")),
    };
    let number: f64 =
        number.parse().map_err(|_no_number| format!("{text:?} is no size; say for example 500M"))?;
    #[expect(clippy::cast_precision_loss, reason = "a power of two")]
    let bytes = number * (1_u64 << power) as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "digits only, and it saturates"
    )]
    Ok(bytes as u64)
}

/// A time: a number and s, m, h or d; without one, seconds.
///
/// # Errors
/// What is wrong with it, for people.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no time; say for example 90s, 12h or 1d");
    let (number, unit) = split(text);
    let seconds = match unit {
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_no_number| wrong())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_too_long| wrong())
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (number, unit) =
        text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len()));
    (number, unit.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, expected) in
            [("0", 0), ("17", 17), ("10M", 10 << 20), ("1.5 GiB", 3 << 29), ("2k", 2048), ("1TB", 1 << 40)]
        {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "M", "-1", "1X", "1e3", "NaN", "1..2", "inf"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times() {
        for (text, expected) in
            [("0", 0), ("90", 90), ("90s", 90), ("1.5m", 90), ("12h", 43_200), ("1d", 86_400)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(expected)), "{text}");
        }
        for text in ["", "d", "-1s", "1w", "soon", "999999999999999999999d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
