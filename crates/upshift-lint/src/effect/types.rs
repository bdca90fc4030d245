//! Changes of a column's type: what PostgreSQL keeps as it is, and what it writes anew.
//!
//! It writes nothing when the new value is the old one under another name (`ATColumnChangeRequiresRewrite`): the types
//! are binary coercible (`pg_cast.castmethod = 'b'`), or the limit grows in a way that the type's own support function
//! knows (`varchar_support`, `numeric_support` …).

use crate::Catalog;
use crate::catalog::Type;
use crate::statement::{Name, TypeName};

use super::Major;

/// What a change of type costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// Neither the table nor its indexes are written.
    Nothing,
    /// Indexes on the column are built anew, the table stays.
    Indexes,
    /// Everything is written anew.
    Rewrite,
}

/// Pairs where a value of the one is a value of the other, bit for bit (`pg_cast`, castmethod b, 13 to 18).
const SAME_BITS: &[(&str, &str)] = &[
    ("bit", "bit varying"),
    ("bit varying", "bit"),
    ("character varying", "character"),
    ("character varying", "citext"),
    ("character varying", "text"),
    ("cidr", "inet"),
    ("citext", "character"),
    ("citext", "character varying"),
    ("citext", "text"),
    ("integer", "oid"),
    ("oid", "integer"),
    ("pg_ndistinct", "bytea"),
    ("pg_node_tree", "text"),
    ("regclass", "oid"),
    ("regproc", "oid"),
    ("regtype", "oid"),
    ("oid", "regclass"),
    ("oid", "regproc"),
    ("oid", "regtype"),
    ("text", "character"),
    ("text", "character varying"),
    ("text", "citext"),
    ("xml", "character"),
    ("xml", "character varying"),
    ("xml", "text"),
];

/// Types that an index sorts in the same way: it is kept when a column goes from the one to the other.
const SAME_ORDER: &[(&str, &str)] =
    &[("character varying", "text"), ("cidr", "inet"), ("text", "character varying")];

/// What changing a column from one type to the other costs.
pub(super) fn change(from: &TypeName, to: &TypeName, catalog: &Catalog, major: Major) -> Change {
    let (from, _) = bottom(from, catalog);
    let (to, checked) = bottom(to, catalog);
    if checked == Checked::Yes {
        return Change::Rewrite;
    }
    if from == to {
        return Change::Nothing;
    }
    if from.dimensions != to.dimensions {
        return Change::Rewrite;
    }
    if from.name != to.name {
        return other_type(&from, &to, catalog, major);
    }
    match keeps_values(&from, &to) {
        true => Change::Nothing,
        false => Change::Rewrite,
    }
}

fn other_type(from: &TypeName, to: &TypeName, catalog: &Catalog, major: Major) -> Change {
    if from.dimensions > 0 || !from.is_built_in() || !to.is_built_in() && to.name.name != "citext" {
        return Change::Rewrite;
    }
    let (old, new) = (from.name.name.as_str(), to.name.name.as_str());
    if SAME_BITS.contains(&(old, new)) {
        // A limit of the new type is one the old did not have.
        let grows = to.modifiers.is_empty() && new != "bit";
        return match (grows, SAME_ORDER.contains(&(old, new))) {
            (false, _) => Change::Rewrite,
            (true, true) => Change::Nothing,
            (true, false) => Change::Indexes,
        };
    }
    let stamps = ["timestamp without time zone", "timestamp with time zone"];
    let both = stamps.contains(&old) && stamps.contains(&new);
    // Since 12, in a session whose time zone is UTC (release notes of 12, E.21.3.1.3).
    if both && major.0 >= 12 && catalog.is_utc() && to.modifiers.is_empty() {
        return Change::Indexes;
    }
    Change::Rewrite
}

/// Whether every value within the old limit is within the new one, and PostgreSQL knows.
fn keeps_values(from: &TypeName, to: &TypeName) -> bool {
    if from.modifiers == to.modifiers {
        return true;
    }
    let limit =
        |of: &TypeName, at: usize| of.modifiers.get(at).and_then(|text| text.trim().parse::<i64>().ok());
    match to.name.name.as_str() {
        "character varying" | "bit varying" => match (limit(from, 0), limit(to, 0)) {
            (_, None) => to.modifiers.is_empty(),
            (Some(old), Some(new)) => new >= old,
            (None, Some(_)) => false,
        },
        "numeric" => match (limit(from, 0), limit(to, 0)) {
            (_, None) => to.modifiers.is_empty(),
            (Some(old), Some(new)) => new >= old && limit(from, 1).unwrap_or(0) == limit(to, 1).unwrap_or(0),
            (None, Some(_)) => false,
        },
        "timestamp without time zone"
        | "timestamp with time zone"
        | "time without time zone"
        | "time with time zone" => {
            // No limit is the largest there is, 6.
            limit(to, 0).unwrap_or(6) >= limit(from, 0).unwrap_or(6)
        }
        // Fields come first, as words; the last of them is what is cut off (`interval_support`).
        "interval" => finest(to) <= finest(from) && precision(to) >= precision(from),
        "character" => to.modifiers.is_empty(),
        _ => false,
    }
}

/// How fine the fields of an interval are: 0 for seconds, and for all fields.
fn finest(of: &TypeName) -> usize {
    let words = of.modifiers.iter().find(|modifier| modifier.parse::<i64>().is_err());
    let last = words.and_then(|words| words.split(' ').next_back()).unwrap_or("second");
    ["second", "minute", "hour", "day", "month", "year"].iter().position(|field| *field == last).unwrap_or(0)
}

fn precision(of: &TypeName) -> i64 {
    of.modifiers.iter().find_map(|modifier| modifier.parse().ok()).unwrap_or(6)
}

#[derive(PartialEq, Eq)]
enum Checked {
    No,
    Yes,
}

/// The type under the domains, and whether any of them has a constraint.
fn bottom(of: &TypeName, catalog: &Catalog) -> (TypeName, Checked) {
    let mut at = of.clone();
    let mut checked = Checked::No;
    // A domain over itself cannot be; the limit is for a catalogue that says so all the same.
    for _ in 0..32 {
        let Some(Type::Domain(domain)) = catalog.type_of(&at).filter(|_| at.dimensions == 0) else { break };
        if !domain.constraints.is_empty() {
            checked = Checked::Yes;
        }
        at = domain.base.clone();
    }
    if catalog.type_of(&at).is_some() {
        at.name = catalog.resolve_type(&at.name);
    } else if at.name.schema.as_deref() == Some("pg_catalog") {
        at.name = Name::bare(at.name.name);
    }
    // `character` alone is one character; without a limit its name is `bpchar`.
    if at.is("character") && at.modifiers.is_empty() {
        at.modifiers = vec!["1".to_owned()];
    } else if at.is("bpchar") {
        at.name = Name::bare("character");
    }
    (at, checked)
}

/// Whether a value of this type is looked at when it is made: a domain with a constraint, or over one.
pub(super) fn is_checked(of: &TypeName, catalog: &Catalog) -> bool {
    bottom(of, catalog).1 == Checked::Yes
}
