//! Which PostgreSQL a program belongs to.

use std::fmt;

/// The version of a PostgreSQL server: `17.10` is major 17, minor 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct ServerVersion {
    /// The major version; a new one every year.
    pub major: u32,
    /// The minor version; 0 for a beta, a release candidate and a development build.
    pub minor: u32,
}

impl ServerVersion {
    /// Reads the answer of `postgres --version`, `None` when it is none.
    pub(crate) fn parse(answer: &str) -> Option<Self> {
        // The words before it differ between distributors, and so does what follows it.
        let number = answer.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
        let (major, rest) = leading_number(number)?;
        let minor = rest.strip_prefix('.').and_then(leading_number).map_or(0, |(minor, _)| minor);
        Some(Self { major, minor })
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

fn leading_number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_of_all_distributors_are_read() {
        for (answer, expected) in [
            ("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n", "15.20"),
            ("postgres (PostgreSQL) 17.10\n", "17.10"),
            ("postgres (PostgreSQL) 18beta1\n", "18.0"),
            ("postgres (PostgreSQL) 19devel\n", "19.0"),
            ("postgres (EnterpriseDB) 16.2.0\n", "16.2"),
        ] {
            let version = ServerVersion::parse(answer).map(|version| version.to_string());
            assert_eq!(version.as_deref(), Some(expected), "{answer}");
        }
    }

    #[test]
    fn an_answer_without_a_version_is_none() {
        for answer in ["", "postgres (PostgreSQL)", "usage: postgres [OPTION]", "99999999999"] {
            assert_eq!(ServerVersion::parse(answer), None, "{answer}");
        }
    }
}
