//! Durations as a file says them: `500ms`, `2s`, `5m`, `24h`, `7d`.

use std::time::Duration;

use crate::word;

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DurationError {
    /// It does not begin with a whole number.
    #[error(
        "`{0}` is no duration: expected a whole number and a unit, as in `500ms`, `2s`, `5m`, `24h`, `7d`"
    )]
    NotANumber(String),
    /// The number stands alone.
    #[error("`{0}` says no unit: write `{0}ms`, `{0}s`, `{0}m`, `{0}h` or `{0}d`")]
    NoUnit(String),
    /// The unit is unknown.
    #[error("unknown unit `{unit}` in `{text}`: {help}")]
    UnknownUnit {
        /// The whole text.
        text: String,
        /// What stands after the number.
        unit: String,
        /// The nearest valid unit, or all of them.
        help: String,
    },
    /// More than 10,000 days.
    #[error("`{0}` is longer than 10000 days")]
    TooLong(String),
    /// No time at all, which PostgreSQL reads as "for ever".
    #[error("`{0}` is no time at all: the least is `1ms`")]
    Zero(String),
}

/// The duration a file means by `text`: a whole number and one of the units `ms`, `s`, `m`, `h`, `d`.
///
/// ```
/// # use std::time::Duration;
/// assert_eq!(upshift_files::parse_duration("5m"), Ok(Duration::from_secs(300)));
/// ```
///
/// # Errors
/// When there is no number, no unit, an unknown unit, nothing at all or more than 10,000 days.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    const LONGEST: u64 = 10_000 * 86_400_000;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return Err(DurationError::NotANumber(text.to_owned()));
    }
    if unit.is_empty() {
        return Err(DurationError::NoUnit(text.to_owned()));
    }
    let Some((_, milliseconds)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        let help = word::did_you_mean(unit, &UNITS.map(|(name, _)| name));
        return Err(DurationError::UnknownUnit { text: text.to_owned(), unit: unit.to_owned(), help });
    };
    let total = number.parse::<u64>().ok().and_then(|n| n.checked_mul(*milliseconds));
    match total.filter(|total| *total <= LONGEST) {
        None => Err(DurationError::TooLong(text.to_owned())),
        Some(0) => Err(DurationError::Zero(text.to_owned())),
        Some(total) => Ok(Duration::from_millis(total)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        for (text, expected) in [
            ("500ms", "500ms"),
            ("2s", "2s"),
            ("5m", "300s"),
            ("24h", "86400s"),
            ("7d", "604800s"),
            ("10000d", "864000000s"),
            ("10001d", "`10001d` is longer than 10000 days"),
            ("99999999999999999999s", "`99999999999999999999s` is longer than 10000 days"),
            ("0s", "`0s` is no time at all: the least is `1ms`"),
            ("2", "`2` says no unit: write `2ms`, `2s`, `2m`, `2h` or `2d`"),
            ("2sec", "unknown unit `sec` in `2sec`: valid here: `ms`, `s`, `m`, `h` or `d`"),
            ("2ns", "unknown unit `ns` in `2ns`: did you mean `ms`?"),
            (
                "-2s",
                "`-2s` is no duration: expected a whole number and a unit, as in `500ms`, `2s`, `5m`, `24h`, `7d`",
            ),
            (
                "",
                "`` is no duration: expected a whole number and a unit, as in `500ms`, `2s`, `5m`, `24h`, `7d`",
            ),
        ] {
            let found = parse_duration(text).map_or_else(|error| error.to_string(), |d| format!("{d:?}"));
            assert_eq!(found, expected, "{text}");
        }
    }
}
