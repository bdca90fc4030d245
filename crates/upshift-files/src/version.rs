//! A migration's place in the order.

use std::fmt;
use std::str::FromStr;

/// A migration's place in the order: 1 to 18 digits, unique in a set.
///
/// Usually a UTC timestamp. Dashes between digits are dropped, so diesel's `2026-05-14-093000` reads as
/// `20260514093000`; leading zeros do not count, so `0007` is `7`.
///
/// ```
/// use upshift_files::Version;
/// let version: Version = "2026-05-14-093000".parse()?;
/// assert_eq!(version.number(), 20_260_514_093_000);
/// # Ok::<(), upshift_files::VersionError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u64);

/// Why a text is no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VersionError {
    /// Nothing there.
    #[error("a version is 1 to 18 digits, found nothing")]
    Empty,
    /// A character that is no digit.
    #[error("a version is 1 to 18 digits, found `{0}`")]
    NotADigit(char),
    /// More than 18 digits.
    #[error("a version has at most 18 digits, found {0}")]
    TooLong(usize),
}

/// The greatest version: 18 nines, which fits `bigint`.
const GREATEST: u64 = 999_999_999_999_999_999;

impl Version {
    /// The version with this number; `None` above 18 digits.
    pub const fn new(number: u64) -> Option<Version> {
        if number <= GREATEST { Some(Version(number)) } else { None }
    }

    /// The version as a number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Version, VersionError> {
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        if let Some(other) = digits.chars().find(|c| !c.is_ascii_digit()) {
            return Err(VersionError::NotADigit(other));
        }
        match digits.len() {
            0 => Err(VersionError::Empty),
            1..=18 => Ok(Version(digits.bytes().fold(0, |n, digit| n * 10 + u64::from(digit - b'0')))),
            long => Err(VersionError::TooLong(long)),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
