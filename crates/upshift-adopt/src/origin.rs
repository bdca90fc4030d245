//! What the audit remembers of an old table, so that a later look tells whether somebody still writes to it.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::checksum::hex;
use crate::shape::TableName;
use crate::survey::OldHistory;
use crate::tool::Tool;

/// An old table as it was when it was adopted. `Display` is what the audit keeps, and is read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) table: TableName,
    pub(crate) rows: usize,
    /// SHA-256 over the rows without their times, which a session may show in another zone.
    pub(crate) fingerprint: String,
}

impl Origin {
    pub(crate) fn of(old: &OldHistory) -> Origin {
        let mut digest = Sha256::new();
        for row in &old.rows {
            for text in [&row.key, &row.name, &row.kind, &row.checksum] {
                digest.update(text.as_deref().unwrap_or("\u{1}"));
                digest.update("\0");
            }
            digest.update(format!("{:?}\n", row.outcome));
        }
        Origin { table: old.table.clone(), rows: old.rows.len(), fingerprint: hex(&digest.finalize()) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from {}: rows {}, fingerprint {}", self.table, self.rows, self.fingerprint)
    }
}

impl FromStr for Origin {
    type Err = ();

    fn from_str(text: &str) -> Result<Origin, ()> {
        let (table, rest) = text.strip_prefix("from ").and_then(TableName::read).ok_or(())?;
        let (rows, rest) =
            rest.strip_prefix(": rows ").and_then(|rest| rest.split_once(", fingerprint ")).ok_or(())?;
        let fingerprint = rest.get(..64).ok_or(())?.to_owned();
        Ok(Origin { table, rows: rows.parse().map_err(|_| ())?, fingerprint })
    }
}

/// Whether the old tool was used again behind upshift's back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookBack {
    /// No history was adopted here.
    NotAdopted,
    /// The old table is as it was.
    AsAdopted {
        /// The tool.
        tool: Tool,
        /// Its table.
        table: TableName,
    },
    /// Somebody has written to it: the old tool is still in use.
    Written {
        /// The tool.
        tool: Tool,
        /// Its table.
        table: TableName,
        /// How many rows it had.
        then: usize,
        /// How many it has.
        now: usize,
    },
    /// It is gone, or no longer what it was.
    Gone {
        /// The tool.
        tool: Tool,
        /// Its table.
        table: TableName,
    },
}

impl fmt::Display for LookBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LookBack::NotAdopted => f.write_str("no history of another tool was adopted"),
            LookBack::AsAdopted { tool, table } => write!(f, "{tool}: {table} is as it was adopted"),
            LookBack::Written { tool, table, then, now } if then == now => {
                write!(f, "{tool}: {table} was written to since it was adopted: somebody still runs {tool}")
            }
            LookBack::Written { tool, table, then, now } => write!(
                f,
                "{tool}: {table} had {then} rows when it was adopted and has {now}: somebody still runs {tool}"
            ),
            LookBack::Gone { tool, table } => write!(f, "{tool}: {table} is gone since it was adopted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_audit_keeps_is_read_back() {
        let table = TableName::new("me, too", "x: \"rows\"");
        let origin = Origin { table, rows: 12, fingerprint: hex(&Sha256::digest("x")) };
        assert_eq!(origin.to_string().parse(), Ok(origin.clone()));
        assert_eq!(format!("{origin}; left out, for want of a file: 1").parse(), Ok(origin));
        assert_eq!("accepted by a baseline, not run".parse::<Origin>(), Err(()));
    }
}
