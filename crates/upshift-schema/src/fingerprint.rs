//! One value for a whole schema.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// One value for a whole schema: SHA-256 over the snapshot's text, with the version of the text's format.
///
/// Two fingerprints of different versions say nothing about each other.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(crate) fn of(text: &str) -> Fingerprint {
        Fingerprint(Sha256::digest(text).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("s1:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no fingerprint this version of upshift knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no fingerprint of a schema: expected `s1:` and 64 hexadecimal digits")]
pub struct FingerprintError(String);

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Fingerprint, FingerprintError> {
        let wrong = || FingerprintError(text.to_owned());
        let digits =
            text.strip_prefix("s1:").filter(|it| it.len() == 64 && it.is_ascii()).ok_or_else(wrong)?;
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            let pair = &digits[at..at + 2];
            if pair.starts_with('+') {
                return Err(wrong());
            }
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Fingerprint(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    #[test]
    fn a_fingerprint_survives_its_text_and_nothing_else_is_one() {
        let one = Fingerprint::of("upshift schema 1\n");
        assert_eq!(one.to_string().parse(), Ok(one));
        let long = format!("{one}0");
        let signed = one.to_string().replacen(":", ":+", 1);
        for wrong in ["", "s1:", "v1:00", long.as_str(), &signed[..67], &one.to_string().replace("s1", "s2")]
        {
            assert!(wrong.parse::<Fingerprint>().is_err(), "{wrong}");
        }
    }
}
