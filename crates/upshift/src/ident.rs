//! The one way an SQL identifier gets into a text.

use std::fmt;

pub(crate) use upshift_files::sql::literal;

/// An SQL identifier; `Display` quotes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ident(String);

/// Why a text is no identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentError {
    /// Nothing there.
    #[error("an identifier cannot be empty")]
    Empty,
    /// PostgreSQL cuts longer names silently, so that two could become one.
    #[error("an identifier has at most 63 bytes, found {0}")]
    TooLong(usize),
    /// A NUL byte, which no identifier can hold.
    #[error("an identifier cannot contain a NUL byte")]
    Nul,
}

impl Ident {
    /// The identifier with exactly this spelling.
    ///
    /// # Errors
    /// An empty name, one of more than 63 bytes (`NAMEDATALEN`, which PostgreSQL would cut silently) or with a NUL byte.
    pub fn new(name: impl Into<String>) -> Result<Ident, IdentError> {
        let name = name.into();
        match name.len() {
            0 => Err(IdentError::Empty),
            _ if name.contains('\0') => Err(IdentError::Nul),
            1..=63 => Ok(Ident(name)),
            long => Err(IdentError::TooLong(long)),
        }
    }

    /// The schema of our tables where nobody says otherwise.
    pub(crate) fn upshift() -> Ident {
        Ident("upshift".to_owned())
    }

    /// A name the server gave, which is one.
    pub(crate) fn of_server(name: String) -> Ident {
        Ident(name)
    }

    /// The name, unquoted.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted_whatever_it_contains() {
        for (name, quoted) in [("upshift", "\"upshift\""), ("a\"b", "\"a\"\"b\""), ("Ünï", "\"Ünï\"")] {
            assert_eq!(Ident::new(name).unwrap().to_string(), quoted);
        }
        assert_eq!(Ident::new("").unwrap_err(), IdentError::Empty);
        assert_eq!(Ident::new("x".repeat(64)).unwrap_err(), IdentError::TooLong(64));
    }
}
