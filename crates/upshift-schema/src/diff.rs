//! What differs between two snapshots.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::name::{relation, split};
use crate::{Fact, Kind, Snapshot};

/// What has to happen to one snapshot that it becomes another, in order of kind and id.
///
/// As text ([`Display`](std::fmt::Display)) it is for people: what belongs to a table that came or went is counted and not
/// listed, and of a definition only the changed lines are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Diff {
    /// Every change.
    pub changes: Vec<Change>,
}

/// What has to happen to one fact.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Change {
    /// It was not there before.
    Added(Fact),
    /// It is not there after.
    Removed(Fact),
    /// Its definition is another.
    Changed {
        /// What it is about.
        kind: Kind,
        /// Its name.
        id: String,
        /// The definition before.
        before: String,
        /// The definition after.
        after: String,
    },
}

/// How two snapshots compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// They are the same.
    Equal,
    /// They are the same, but columns of a table stand in another order, as after dropping one and adding it again: `select
    /// *`, `insert` without a list of columns, and COPY see it.
    ColumnOrder,
    /// They are not the same.
    Different,
}

impl Diff {
    pub(crate) fn between(before: &Snapshot, after: &Snapshot) -> Diff {
        let (mut before, mut after) = (before.facts(), after.facts());
        let mut changes = Vec::new();
        loop {
            let order = match (before.first(), after.first()) {
                (Some(old), Some(new)) => old.key().cmp(&new.key()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return Diff { changes },
            };
            if let (Ordering::Less | Ordering::Equal, [old, rest @ ..]) = (order, before) {
                before = rest;
                if order == Ordering::Less {
                    changes.push(Change::Removed(old.clone()));
                    continue;
                }
                if let [new, rest @ ..] = after {
                    after = rest;
                    changes.extend(Change::of(old, new));
                }
            } else if let [new, rest @ ..] = after {
                after = rest;
                changes.push(Change::Added(new.clone()));
            }
        }
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// How the two compare.
    pub fn verdict(&self) -> Verdict {
        if self.changes.is_empty() {
            Verdict::Equal
        } else if self.changes.iter().all(|change| change.kind() == Kind::ColumnOrder) {
            Verdict::ColumnOrder
        } else {
            Verdict::Different
        }
    }
}

impl Change {
    /// None where nothing changed, or nothing that another change does not say.
    fn of(old: &Fact, new: &Fact) -> Option<Change> {
        let told = old.definition == new.definition
            || old.kind == Kind::ColumnOrder && !is_reordered(&old.definition, &new.definition);
        (!told).then(|| Change::Changed {
            kind: old.kind,
            id: old.id.clone(),
            before: old.definition.clone(),
            after: new.definition.clone(),
        })
    }

    /// What it is about.
    pub fn kind(&self) -> Kind {
        match self {
            Change::Added(fact) | Change::Removed(fact) => fact.kind,
            Change::Changed { kind, .. } => *kind,
        }
    }

    /// Its name.
    pub fn id(&self) -> &str {
        match self {
            Change::Added(fact) | Change::Removed(fact) => &fact.id,
            Change::Changed { id, .. } => id,
        }
    }

    /// The table, view or other thing with columns that it is about, if it is about one.
    pub fn relation(&self) -> Option<&str> {
        relation(self.kind(), self.id())
    }
}

/// Whether the columns that are in both stand in another order. Columns that are in one alone are changes of their own.
fn is_reordered(before: &str, after: &str) -> bool {
    let (before, after) = (split(before, ", "), split(after, ", "));
    let (old, new): (BTreeSet<&str>, BTreeSet<&str>) =
        (before.iter().copied().collect(), after.iter().copied().collect());
    let stays = before.iter().filter(|it| new.contains(*it));
    let stayed = after.iter().filter(|it| old.contains(*it));
    stays.ne(stayed)
}
