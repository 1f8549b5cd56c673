//! Times as clients write them, brought into one form that sorts as text.
//! It must not know what time it is.

/// The time in the form `2026-01-02T03:04:05.000000Z`, or `None` where the text is no time.
///
/// Accepted are a date alone (its first moment), a date and time to the minute,
/// second or any fraction of it (cut to microseconds), `T` or a space between them, and at
/// the end nothing or `Z` (UTC), or an offset such as `+02:00`.
#[must_use]
pub fn canonical(text: &str) -> Option<String> {
    let mut rest = Cursor(text.trim());
    let mut day = Day { year: rest.digits(4)?, month: 0, day: 0 };
    rest.one_of(&['-'])?;
    day.month = rest.digits(2)?;
    rest.one_of(&['-'])?;
    day.day = rest.digits(2)?;
    if !(1..=12).contains(&day.month) || !(1..=day.days_in_month()).contains(&day.day) {
        return None;
    }
    let (mut minutes, mut second, mut micros) = (0, 0, 0);
    if !rest.0.is_empty() {
        rest.one_of(&['T', 't', ' '])?;
        minutes = rest.hours_and_minutes()?;
        if rest.one_of(&[':']).is_some() {
            second = rest.digits(2).filter(|second| *second <= 60)?;
            if rest.one_of(&['.', ',']).is_some() {
                micros = rest.fraction()?;
            }
        }
        let offset = rest.offset()?;
        // An offset is less than a day, so it leads at most one day away.
        match i64::from(minutes) - offset {
            before @ ..0 => (day, minutes) = (day.previous()?, u32::try_from(before + DAY).ok()?),
            after @ DAY.. => (day, minutes) = (day.next()?, u32::try_from(after - DAY).ok()?),
            within => minutes = u32::try_from(within).ok()?,
        }
    }
    let (Day { year, month, day }, hour, minute) = (day, minutes / 60, minutes % 60);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z"))
}

/// Minutes of a day.
const DAY: i64 = 24 * 60;

#[derive(Clone, Copy)]
struct Day {
    year: u32,
    month: u32,
    day: u32,
}

impl Day {
    fn days_in_month(self) -> u32 {
        let leap =
            self.year.is_multiple_of(4) && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        match self.month {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    fn next(self) -> Option<Self> {
        if self.day < self.days_in_month() {
            return Some(Self { day: self.day + 1, ..self });
        }
        match self.month {
            12 if self.year == 9999 => None,
            12 => Some(Self { year: self.year + 1, month: 1, day: 1 }),
            month => Some(Self { month: month + 1, day: 1, ..self }),
        }
    }

    fn previous(self) -> Option<Self> {
        if self.day > 1 {
            return Some(Self { day: self.day - 1, ..self });
        }
        let last = match self.month {
            1 => Self { year: self.year.checked_sub(1)?, month: 12, day: 1 },
            month => Self { month: month - 1, ..self },
        };
        Some(Self { day: last.days_in_month(), ..last })
    }
}

/// What is left to read.
struct Cursor<'a>(&'a str);

impl Cursor<'_> {
    fn digits(&mut self, count: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.0 = rest;
        digits.parse().ok()
    }

    fn one_of(&mut self, characters: &[char]) -> Option<char> {
        let first = self.0.chars().next().filter(|first| characters.contains(first))?;
        self.0 = &self.0[first.len_utf8()..];
        Some(first)
    }

    /// Minutes since midnight.
    fn hours_and_minutes(&mut self) -> Option<u32> {
        let hour = self.digits(2).filter(|hour| *hour < 24)?;
        self.one_of(&[':'])?;
        let minute = self.digits(2).filter(|minute| *minute < 60)?;
        Some(hour * 60 + minute)
    }

    /// Microseconds; what is finer is cut.
    fn fraction(&mut self) -> Option<u32> {
        let end = self.0.find(|it: char| !it.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at_checked(end).filter(|_| end > 0)?;
        self.0 = rest;
        format!("{digits:0<6}").get(..6)?.parse().ok()
    }

    /// Minutes east of UTC, from what must be the end of the text.
    fn offset(&mut self) -> Option<i64> {
        let minutes = match self.one_of(&['Z', 'z', '+', '-']) {
            None | Some('Z' | 'z') => 0,
            Some(sign) => {
                let hours = self.digits(2).filter(|hours| *hours < 24)?;
                let colon = self.one_of(&[':']).is_some();
                let minutes = if colon || !self.0.is_empty() { self.digits(2)? } else { 0 };
                let minutes = i64::from(hours * 60 + Some(minutes).filter(|minutes| *minutes < 60)?);
                if sign == '-' { -minutes } else { minutes }
            }
        };
        self.0.is_empty().then_some(minutes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_become_one() {
        for (text, expected) in [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z"),
            ("2026-01-02T03:04:05", "2026-01-02T03:04:05.000000Z"),
            ("2026-01-02 03:04:05", "2026-01-02T03:04:05.000000Z"),
            ("2026-01-02T03:04", "2026-01-02T03:04:00.000000Z"),
            ("2026-01-02", "2026-01-02T00:00:00.000000Z"),
            (" 2026-01-02 ", "2026-01-02T00:00:00.000000Z"),
            ("2026-01-02T03:04:05.5Z", "2026-01-02T03:04:05.500000Z"),
            ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456Z"),
            ("2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05.000000Z"),
            ("2026-01-01T00:30:00+02:00", "2025-12-31T22:30:00.000000Z"),
            ("2026-02-28T23:30:00-0100", "2026-03-01T00:30:00.000000Z"),
            ("2024-02-28T23:30:00-01", "2024-02-29T00:30:00.000000Z"),
            ("2000-03-01T00:00:00+00:01", "2000-02-29T23:59:00.000000Z"),
            ("2025-12-31T23:59:60Z", "2025-12-31T23:59:60.000000Z"),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "yesterday",
            "2026",
            "2026-1-2",
            "2026-13-01",
            "2026-00-01",
            "2026-02-29",
            "1900-02-29",
            "2026-01-00",
            "2026-01-02T",
            "2026-01-02T3:04",
            "2026-01-02T24:00:00",
            "2026-01-02T03:60",
            "2026-01-02T03:04:61",
            "2026-01-02T03:04:05.",
            "2026-01-02T03:04:05ZZ",
            "2026-01-02T03:04:05+2",
            "2026-01-02T03:04:05+25:00",
            "2026-01-02T03:04:05+02:",
            "+026-01-02",
            "９９９９-01-02",
            "9999-12-31T23:59:00-01:00",
            "0000-01-01T00:00:00+01:00",
        ] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }
}
