//! A diff in words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use similar::{ChangeTag, TextDiff};

use crate::name::table_of;
use crate::{Change, Diff, Fact, Kind};

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let added = Whole::of(self.changes.iter().filter_map(|change| match change {
            Change::Added(fact) => Some(fact),
            _ => None,
        }));
        let removed = Whole::of(self.changes.iter().filter_map(|change| match change {
            Change::Removed(fact) => Some(fact),
            _ => None,
        }));
        for change in &self.changes {
            match change {
                Change::Added(fact) => added.write(f, "added", fact)?,
                Change::Removed(fact) => removed.write(f, "removed", fact)?,
                Change::Changed { kind, id, before, after } => {
                    writeln!(f, "changed {}", named(*kind, id))?;
                    lines(f, before, after)?;
                }
            }
        }
        Ok(())
    }
}

/// What a person calls it.
fn named(kind: Kind, id: &str) -> String {
    match kind {
        Kind::ColumnOrder => format!("order of the columns of {id}"),
        Kind::Comment | Kind::SecurityLabel | Kind::Grant | Kind::Revoke => format!("{kind} on {id}"),
        Kind::Owner => format!("owner of {id}"),
        _ => format!("{kind} {id}"),
    }
}

/// The lines that are in one alone.
fn lines(f: &mut fmt::Formatter<'_>, before: &str, after: &str) -> fmt::Result {
    // Else the last line of one would differ from the same line in the middle of the other.
    let [before, after] = [before, after].map(|text| format!("{text}\n"));
    let diff = TextDiff::from_lines(&before, &after);
    for change in diff.iter_all_changes() {
        // A definition that was or is empty has no line.
        if change.value() == "\n" && before.len().min(after.len()) == 1 {
            continue;
        }
        let sign = match change.tag() {
            ChangeTag::Equal => continue,
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
        };
        let line = change.value();
        writeln!(f, "    {sign} {}", line.strip_suffix('\n').unwrap_or(line))?;
    }
    Ok(())
}

/// What came or went as a whole, with the number of its parts by kind.
struct Whole<'a>(BTreeMap<&'a str, BTreeMap<Kind, usize>>);

impl<'a> Whole<'a> {
    fn of(facts: impl Iterator<Item = &'a Fact> + Clone) -> Whole<'a> {
        let whole: BTreeSet<&str> =
            facts.clone().filter(|fact| !fact.kind.is_part()).map(|fact| fact.id.as_str()).collect();
        let mut parts: BTreeMap<&str, BTreeMap<Kind, usize>> = BTreeMap::new();
        for fact in facts.filter(|fact| fact.kind.is_part() && fact.kind != Kind::ColumnOrder) {
            let owner = table_of(&fact.id);
            if whole.contains(owner) {
                *parts.entry(owner).or_default().entry(fact.kind).or_default() += 1;
            }
        }
        // A table without columns has an order of them all the same.
        for id in whole {
            parts.entry(id).or_default();
        }
        Whole(parts)
    }

    /// Whether it is said with the table it belongs to.
    fn is_told(&self, fact: &Fact) -> bool {
        match fact.kind {
            Kind::ColumnOrder => true,
            kind => kind.is_part() && self.0.contains_key(table_of(&fact.id)),
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, verb: &str, fact: &Fact) -> fmt::Result {
        if self.is_told(fact) {
            return Ok(());
        }
        write!(f, "{verb} {}", named(fact.kind, &fact.id))?;
        let parts = self.0.get(fact.id.as_str()).filter(|parts| !parts.is_empty() && !fact.kind.is_part());
        if let Some(parts) = parts {
            let parts: Vec<String> = parts.iter().map(|(kind, n)| counted(*kind, *n)).collect();
            return writeln!(f, " ({})", parts.join(", "));
        }
        match fact.definition.split_once('\n') {
            // The name says which; the rest is read in the migration, or in the database.
            Some(_) => writeln!(f),
            None if fact.definition.is_empty() => writeln!(f),
            None => writeln!(f, ": {}", fact.definition),
        }
    }
}

/// `1 column`, `3 policies`.
fn counted(kind: Kind, number: usize) -> String {
    let word = kind.as_str();
    match (number, kind) {
        (1, _) => format!("1 {word}"),
        (_, Kind::Policy) => format!("{number} policies"),
        (_, Kind::Index) => format!("{number} indexes"),
        _ => format!("{number} {word}s"),
    }
}

#[cfg(test)]
mod tests;
