//! The model's word on a case, in the form that the measurements have.

use std::collections::{BTreeMap, BTreeSet};

use upshift_files::sql::split;
use upshift_lint::effect::{Certainty, Major, effects};
use upshift_lint::statement::{Action, ConstraintKind, LockMode, Name, Statement};
use upshift_lint::{Catalog, read};

/// The tables that every case begins with.
pub const SETUP: &str = include_str!("../fixtures/locks/setup.sql");

/// A statement, perhaps with others before it in the same transaction: `[begin with this] statement`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    pub text: String,
    pub before: String,
    pub statement: String,
}

impl Case {
    pub fn parse(text: &str) -> Case {
        let (before, statement) = match text.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            Some((before, statement)) => (before.to_owned(), statement.to_owned()),
            None => (String::new(), text.to_owned()),
        };
        Case { text: text.to_owned(), before, statement }
    }
}

/// What a statement did, or was said to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    Done {
        /// The strongest lock of each relation that was not held before.
        locks: BTreeMap<String, LockMode>,
        /// The relations with a new file.
        rewrites: BTreeSet<String>,
        /// The tables that were read whole.
        scans: BTreeSet<String>,
    },
    Refused(String),
    /// The model does not say.
    Unknown(String),
}

impl std::fmt::Display for Deed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Deed::Done { locks, rewrites, scans } = self else {
            let (Deed::Refused(why) | Deed::Unknown(why)) = self else { unreachable!() };
            let what = if matches!(self, Deed::Refused(_)) { "refused" } else { "unknown" };
            return write!(f, "{what}: {why}");
        };
        let locks: Vec<String> =
            locks.iter().map(|(name, mode)| format!("{name}:{}", short(*mode))).collect();
        let join = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(",");
        write!(f, "locks[{}] rewrite[{}] scan[{}]", locks.join(", "), join(rewrites), join(scans))
    }
}

const MODES: [(LockMode, &str); 8] = [
    (LockMode::AccessShare, "AS"),
    (LockMode::RowShare, "RS"),
    (LockMode::RowExclusive, "RX"),
    (LockMode::ShareUpdateExclusive, "SUX"),
    (LockMode::Share, "S"),
    (LockMode::ShareRowExclusive, "SRX"),
    (LockMode::Exclusive, "X"),
    (LockMode::AccessExclusive, "AX"),
];

pub fn short(mode: LockMode) -> &'static str {
    MODES.iter().find(|(one, _)| *one == mode).unwrap().1
}

pub fn mode(short: &str) -> LockMode {
    MODES.iter().find(|(_, name)| *name == short).unwrap_or_else(|| panic!("{short} is no lock mode")).0
}

/// The catalogue after `sql`, of a session in UTC, as the measured ones were.
pub fn catalog(sql: &str) -> Catalog {
    let mut catalog = Catalog::default();
    replay(&mut catalog, "set timezone = 'UTC'", Major(18)).unwrap();
    replay(&mut catalog, sql, Major(18)).unwrap();
    catalog
}

/// Replays statements, and says which locks they hold to the end of their transaction, or why one is refused.
fn replay(
    catalog: &mut Catalog,
    sql: &str,
    major: Major,
) -> Result<BTreeMap<Name, BTreeSet<LockMode>>, String> {
    let mut held: BTreeMap<Name, BTreeSet<LockMode>> = BTreeMap::new();
    for cut in split(sql).unwrap_or_else(|error| panic!("{sql}: {error}")) {
        let statement = read(sql, &cut);
        let there: BTreeSet<Name> = catalog.relations().map(|(name, _)| name.clone()).collect();
        let found = effects(&statement, catalog, major);
        if let Certainty::Refused(why) = found.certainty {
            return Err(why);
        }
        for (name, modes) in found.locks {
            held.entry(name).or_default().extend(modes);
        }
        catalog.apply(&statement);
        if let Statement::CreateType(made) = &statement {
            held.entry(catalog.resolve_type(&made.name)).or_default().insert(LockMode::AccessExclusive);
        }
        let made = catalog.relations().map(|(name, _)| name).filter(|name| !there.contains(*name));
        for name in made {
            held.entry(name.clone()).or_default().insert(LockMode::AccessExclusive);
        }
    }
    Ok(held)
}

/// Whether a statement's plan, and so what it locks and reads, hangs on rows and statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    Touched,
    Untouched,
}

/// What the model says that a case does.
#[derive(Debug, Clone)]
pub struct Prediction {
    pub deed: Deed,
    pub data: Data,
    /// The partitions there are, and their indexes.
    pub partitions: BTreeSet<String>,
}

/// What the model says that a case does, to relations that were there before, in the schema `z`.
pub fn predict(catalog: &Catalog, case: &Case, major: u16) -> Prediction {
    let mut catalog = catalog.clone();
    let there: BTreeSet<Name> = catalog.relations().map(|(name, _)| name.clone()).collect();
    let held = replay(&mut catalog, &case.before, Major(major));
    let cuts = split(&case.statement).unwrap();
    let [cut] = cuts.as_slice() else { panic!("one statement: {}", case.statement) };
    let statement = read(&case.statement, cut);
    let deed = match held {
        Err(why) => Deed::Refused(why),
        Ok(_) if cut.refused_in_transaction(major) => Deed::Refused("not in a transaction".to_owned()),
        Ok(held) => deed(&statement, &catalog, &there, &held, major),
    };
    Prediction { deed, data: data(&statement), partitions: partitions(&catalog) }
}

fn data(statement: &Statement) -> Data {
    let plans = match statement {
        Statement::AlterRelation(alter) => alter.actions.iter().any(|(action, _)| match action {
            Action::AddConstraint(constraint) => matches!(constraint.kind, ConstraintKind::ForeignKey(_)),
            Action::ValidateConstraint(_) | Action::AlterColumn { .. } => true,
            _ => false,
        }),
        Statement::Insert(_)
        | Statement::Update(_)
        | Statement::Delete(_)
        | Statement::Merge { .. }
        | Statement::Select(_)
        | Statement::Copy { .. } => true,
        _ => false,
    };
    if plans { Data::Touched } else { Data::Untouched }
}

fn partitions(catalog: &Catalog) -> BTreeSet<String> {
    let is_partition = |name: &Name| catalog.table(name).is_some_and(|table| table.partition_of.is_some());
    let all = catalog.relations().filter(|(name, relation)| {
        is_partition(name) || relation.as_index().is_some_and(|index| is_partition(&index.table))
    });
    all.map(|(name, _)| shown(name)).collect()
}

fn deed(
    statement: &Statement,
    catalog: &Catalog,
    there: &BTreeSet<Name>,
    held: &BTreeMap<Name, BTreeSet<LockMode>>,
    major: u16,
) -> Deed {
    let found = effects(statement, catalog, Major(major));
    match found.certainty {
        Certainty::Known => {}
        Certainty::Refused(why) => return Deed::Refused(why),
        Certainty::Unknown(why) => return Deed::Unknown(why),
    }
    let mut locks = BTreeMap::new();
    for (name, modes) in &found.locks {
        let is_there = catalog.relation(name).is_some() || catalog.type_named(name).is_some();
        let new = modes.iter().filter(|mode| !held.get(name).is_some_and(|held| held.contains(mode))).max();
        if let (true, Some(mode)) = (is_there, new) {
            locks.insert(shown(name), *mode);
        }
    }
    // What the case made before is empty.
    let tables = |name: &&Name| catalog.table(name).is_some() && there.contains(*name);
    Deed::Done {
        locks,
        rewrites: found.rewrites.iter().map(shown).collect(),
        scans: found.scans.iter().filter(tables).map(shown).collect(),
    }
}

fn shown(name: &Name) -> String {
    match name.schema.as_deref() {
        Some("z") | None => name.name.clone(),
        Some(schema) => format!("{schema}.{}", name.name),
    }
}
