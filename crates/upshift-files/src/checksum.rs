//! The fingerprint of a section's text.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// The fingerprint of a section's text, with the version of the algorithm: `v1:` and 64 hexadecimal digits.
///
/// `v1` is SHA-256 over the UTF-8 text after: byte order mark removed, CRLF and CR to LF, trailing white space at the
/// end of the text removed. So a checkout on Windows, or an editor that ends files with a newline, changes nothing.
///
/// ```
/// use upshift_files::Checksum;
/// assert_eq!(Checksum::of("select 1;\r\n"), Checksum::of("\u{feff}select 1;"));
/// assert_ne!(Checksum::of("select 1;"), Checksum::of("select  1;"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Checksum([u8; 32]);

impl Checksum {
    /// The checksum of a text.
    pub fn of(text: &str) -> Checksum {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_end();
        if !text.contains('\r') {
            return Checksum(Sha256::digest(text).into());
        }
        let mut hasher = Sha256::new();
        let mut rest = text;
        while let Some(at) = rest.find('\r') {
            hasher.update(&rest[..at]);
            hasher.update("\n");
            rest = &rest[at + 1..];
            rest = rest.strip_prefix('\n').unwrap_or(rest);
        }
        hasher.update(rest);
        Checksum(hasher.finalize().into())
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("v1:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no checksum this library knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no checksum: expected `v1:` and 64 hexadecimal digits")]
pub struct ChecksumError(String);

impl FromStr for Checksum {
    type Err = ChecksumError;

    fn from_str(text: &str) -> Result<Checksum, ChecksumError> {
        let wrong = || ChecksumError(text.to_owned());
        let digits = text.strip_prefix("v1:").filter(|d| d.len() == 64 && d.is_ascii()).ok_or_else(wrong)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            // By hand: a history of a thousand rows has 64,000 of these digits, read at every boot.
            let (high, low) = (digit(pair[0]).ok_or_else(wrong)?, digit(pair[1]).ok_or_else(wrong)?);
            *byte = high << 4 | low;
        }
        Ok(Checksum(bytes))
    }
}

/// The value of a hexadecimal digit.
fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        b'A'..=b'F' => Some(letter - b'A' + 10),
        _ => None,
    }
}
