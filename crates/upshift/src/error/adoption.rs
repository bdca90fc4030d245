//! Why a history was not adopted, or an adoption not taken back.

use std::fmt;

use super::Holder;

/// Why a history was not adopted, or an adoption not taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unadopted {
    /// We have a history already.
    NotEmpty,
    /// What the tool has applied is no migration of the set.
    Unknown { id: String, tool: String },
    /// The tool holds its lock, or writes to its table.
    AtWork { tool: String, holder: Option<Holder> },
    /// The role may not lock the tool's table.
    MayNotLock { tool: String, table: String },
    /// There is no adoption to take back.
    Nothing,
    /// A migration was applied or reverted since.
    AppliedSince { label: String },
}

impl Unadopted {
    pub(super) fn help(&self) -> String {
        let help = match self {
            Unadopted::NotEmpty => {
                "a history is adopted once; `migrator.unadopt()` takes an adoption back, while nothing was applied since"
            }
            Unadopted::Unknown { .. } => "adopt with the files the tool has applied",
            Unadopted::AtWork { holder: Some(holder), .. } => {
                return format!(
                    "let it finish and stop it for good, or end it with `select pg_terminate_backend({})`",
                    holder.pid
                );
            }
            Unadopted::AtWork { holder: None, .. } => "let it finish, stop it for good, and adopt again",
            Unadopted::MayNotLock { table, .. } => {
                return format!(
                    "have an administrator run `grant update on {table} to …` for the time of the adoption: nothing is \
                     written there, but LOCK TABLE asks for it"
                );
            }
            Unadopted::Nothing => "there is nothing to take back",
            Unadopted::AppliedSince { .. } => {
                "stay, for the other tool knows nothing of it; its own table is as it was when its history was adopted"
            }
        };
        help.to_owned()
    }
}

impl fmt::Display for Unadopted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unadopted::NotEmpty => {
                f.write_str("the history is not empty, so no other tool's history can be adopted")
            }
            Unadopted::Unknown { id, tool } => {
                write!(f, "{tool} has applied {id}, which is no migration of this set")
            }
            Unadopted::AtWork { tool, holder } => {
                write!(f, "{tool} is at work, and nothing was adopted")?;
                holder.iter().try_for_each(|holder| write!(f, ": {holder}"))
            }
            Unadopted::MayNotLock { tool, table } => {
                write!(f, "this role may not lock {table}, so {tool} could write to it meanwhile")
            }
            Unadopted::Nothing => f.write_str("no history of another tool was adopted"),
            Unadopted::AppliedSince { label } => {
                write!(f, "{label} was applied or reverted since the adoption, which cannot be taken back")
            }
        }
    }
}
