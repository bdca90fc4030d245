//! What a statement *does*: which locks it takes, which tables it writes anew or reads whole, on each PostgreSQL major.
//!
//! A model of what PostgreSQL 10 to 18 were measured to do; tests/lint compares it with the measurements.

mod add_column;
mod alter;
mod alter_column;
mod bound;
mod cascade;
mod constraint;
mod drop;
mod functions;
mod index;
mod model;
mod object;
mod partition;
mod query;
mod statement;
mod types;
mod volatility;

pub(crate) use volatility::is_volatile;
pub use volatility::volatility_of;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::RangeInclusive;

use crate::Catalog;
use crate::statement::{LockMode, Name, Statement};

/// A major version of PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Major(pub u16);

impl Major {
    /// The versions upshift supports.
    pub const SUPPORTED: RangeInclusive<u16> = 13..=18;
}

impl fmt::Display for Major {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a statement does to the relations there are before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// Every lock it takes, of every relation; on one relation it may take several.
    pub locks: BTreeMap<Name, BTreeSet<LockMode>>,
    /// The tables, indexes and sequences that it writes anew, into a new file.
    pub rewrites: BTreeSet<Name>,
    /// The indexes that it drops and builds anew under their names.
    pub rebuilds: BTreeSet<Name>,
    /// The tables that it reads whole.
    pub scans: BTreeSet<Name>,
    /// How much of it is known.
    pub certainty: Certainty,
}

/// How much of a statement's effects is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Certainty {
    /// All of it.
    #[default]
    Known,
    /// PostgreSQL refuses the statement, and why.
    Refused(String),
    /// Not all of it, and why: DO, CALL, a function that may do anything.
    Unknown(String),
}

impl Effects {
    /// Nothing at all.
    pub const NONE: Effects = Effects {
        locks: BTreeMap::new(),
        rewrites: BTreeSet::new(),
        rebuilds: BTreeSet::new(),
        scans: BTreeSet::new(),
        certainty: Certainty::Known,
    };

    /// The strongest lock it takes of a relation.
    pub fn strongest(&self, relation: &Name) -> Option<LockMode> {
        self.locks.get(relation)?.last().copied()
    }

    pub(crate) fn lock(&mut self, relation: &Name, mode: LockMode) {
        self.locks.entry(relation.clone()).or_default().insert(mode);
    }

    pub(crate) fn rewrite(&mut self, relation: &Name) {
        self.rewrites.insert(relation.clone());
    }

    pub(crate) fn scan(&mut self, relation: &Name) {
        self.scans.insert(relation.clone());
    }
}

/// What a statement does in a database that looks like `catalog`, on one major version.
pub fn effects(statement: &Statement, catalog: &Catalog, major: Major) -> Effects {
    let mut model = model::Model::new(catalog, major);
    model.statement(statement);
    model.effects
}

impl LockMode {
    /// All of them, weakest first.
    pub const ALL: [LockMode; 8] = [
        LockMode::AccessShare,
        LockMode::RowShare,
        LockMode::RowExclusive,
        LockMode::ShareUpdateExclusive,
        LockMode::Share,
        LockMode::ShareRowExclusive,
        LockMode::Exclusive,
        LockMode::AccessExclusive,
    ];

    /// The mode that `pg_locks` calls this, as in `AccessShareLock`; `None` for what is no lock of a relation.
    pub fn of_pg_locks(name: &str) -> Option<LockMode> {
        let words = name.strip_suffix("Lock")?;
        let is_called = |mode: &LockMode| mode.name().replace(' ', "").eq_ignore_ascii_case(words);
        LockMode::ALL.into_iter().find(is_called)
    }

    /// As the manual writes it.
    pub fn name(self) -> &'static str {
        match self {
            LockMode::AccessShare => "ACCESS SHARE",
            LockMode::RowShare => "ROW SHARE",
            LockMode::RowExclusive => "ROW EXCLUSIVE",
            LockMode::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            LockMode::Share => "SHARE",
            LockMode::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            LockMode::Exclusive => "EXCLUSIVE",
            LockMode::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// What others wait for it (manual, table 13.2), as a clause.
    pub fn blocks(self) -> &'static str {
        match self {
            LockMode::AccessShare | LockMode::RowShare | LockMode::RowExclusive => {
                "nobody waits who reads or writes"
            }
            LockMode::ShareUpdateExclusive => {
                "VACUUM and other changes of the table wait, reads and writes go on"
            }
            LockMode::Share | LockMode::ShareRowExclusive => "INSERT, UPDATE and DELETE wait",
            LockMode::Exclusive => "everything waits but plain SELECT",
            LockMode::AccessExclusive => "everything waits, SELECT too",
        }
    }

    /// Whether INSERT, UPDATE and DELETE wait for it.
    pub fn blocks_writes(self) -> bool {
        self >= LockMode::Share
    }

    /// Whether SELECT waits for it.
    pub fn blocks_reads(self) -> bool {
        self == LockMode::AccessExclusive
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_mode_is_known_by_its_name_in_pg_locks() {
        assert_eq!(LockMode::of_pg_locks("ShareUpdateExclusiveLock"), Some(LockMode::ShareUpdateExclusive));
        assert_eq!(LockMode::of_pg_locks("AccessShareLock"), Some(LockMode::AccessShare));
        assert_eq!(LockMode::of_pg_locks("SIReadLock"), None);
        assert_eq!(LockMode::of_pg_locks("Share"), None);
        assert!(LockMode::ALL.is_sorted());
    }
}
