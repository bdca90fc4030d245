//! What a partition's bound demands of the rows in it, as a CHECK that lets PostgreSQL believe it without reading.

use crate::effect::Major;
use crate::engine::At;
use crate::statement::{Bound, ConstraintKind, Expression, ExpressionKind, Name, Quoted};

/// The column a table is partitioned by, where it is one.
fn key_of(at: &At<'_>, parent: &Name) -> Option<String> {
    let partitioning = at.catalog.table(parent)?.partition_by.as_ref()?;
    let [only] = partitioning.key.as_slice() else { return None };
    match &only.kind {
        ExpressionKind::Column(parts) => parts.last().cloned(),
        _ => None,
    }
}

/// How a partition is detached while queries go on; what to do where a version of the project has no such way.
pub(super) fn detached(at: &At<'_>, head: &str, partition: &Name) -> Result<String, String> {
    let text = format!("{head} detach partition {partition} concurrently;");
    let older: Vec<Major> = at.options.each_major().filter(|major| major.0 < 14).collect();
    if older.is_empty() {
        return Ok(text);
    }
    Err(format!(
        "on PostgreSQL 14 and later: `{}`; {} knows no such way, there do it alone in its migration",
        text.trim_end_matches(';'),
        older.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and "),
    ))
}

/// The condition that every row of a partition meets: `at is not null and at >= … and at < …`.
pub(super) fn condition(at: &At<'_>, parent: &Name, bound: &Bound) -> Option<String> {
    let key = key_of(at, parent)?;
    let key = Quoted(&key);
    let unbounded = |value: &Expression| value.is_column("minvalue") || value.is_column("maxvalue");
    let mut parts = vec![format!("{key} is not null")];
    match bound {
        Bound::Range { from, to } => {
            let ([from], [to]) = (from.as_slice(), to.as_slice()) else { return None };
            for (value, operator) in [(from, ">="), (to, "<")] {
                if !unbounded(value) {
                    parts.push(format!("{key} {operator} {}", at.text_of(&value.range)));
                }
            }
        }
        Bound::List(values) => {
            if values.iter().any(|value| value.kind == ExpressionKind::Null) {
                return None;
            }
            let values: Vec<&str> = values.iter().map(|value| at.text_of(&value.range)).collect();
            parts.push(format!("{key} in ({})", values.join(", ")));
        }
        Bound::Hash | Bound::Default => return None,
    }
    Some(parts.join(" and "))
}

/// Whether a CHECK that is valid says something about the partition key: then PostgreSQL may not have to read the table.
pub(super) fn has_proof(at: &At<'_>, parent: &Name, table: &Name) -> bool {
    let Some(key) = key_of(at, parent) else { return false };
    at.catalog.table(table).is_some_and(|found| {
        found.constraints.iter().any(|one| {
            one.is_proven()
                && matches!(&one.kind, ConstraintKind::Check(check) if check.columns().any(|column| column == key))
        })
    })
}

/// The DEFAULT partition that must be read before another partition can be added; `None` where a CHECK spares it.
pub(super) fn default_to_read(at: &At<'_>, parent: &Name) -> Option<Name> {
    let (default, _) = at.default_partition_of(parent)?;
    (!at.is_unseen(default) && !has_proof(at, parent, default)).then(|| default.clone())
}
