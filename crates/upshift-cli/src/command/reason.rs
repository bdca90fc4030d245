//! Why somebody does what a program would not do by itself.

use std::fmt;
use std::str::FromStr;

/// A reason in words, which history and audit keep for whoever reads them later; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Reason {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Reason, &'static str> {
        match text.trim() {
            "" => Err("a reason is words: somebody reads them later"),
            _ => Ok(Reason(text.to_owned())),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
