//! Which relations the pending migrations lock, by lint's model of PostgreSQL.

use std::collections::BTreeMap;

use upshift::files::{Body, Migration};
use upshift::{MigrationSet, Plan};
use upshift_lint::catalog::Origin;
use upshift_lint::effect::{Effects, Major, effects};
use upshift_lint::statement::{LockMode, Name, Statement};
use upshift_lint::{Catalog, read};

/// What the pending migrations do to one relation that is there before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Touch {
    /// The strongest lock.
    pub(super) lock: LockMode,
    /// It is written anew.
    pub(super) rewritten: bool,
    /// It is read whole.
    pub(super) scanned: bool,
    /// The first migration that does.
    pub(super) by: String,
}

/// The extensions that pending migrations make, each with the first that does.
pub(super) fn extensions(set: &MigrationSet, plan: &Plan) -> BTreeMap<String, String> {
    let pending: Vec<&str> = plan.steps().map(upshift::Step::label).collect();
    let mut wanted = BTreeMap::new();
    for migration in set.iter() {
        let label = migration.label();
        if !pending.contains(&label.as_str()) {
            continue;
        }
        for statement in statements(migration) {
            if let Statement::CreateExtension { name, .. } = statement {
                wanted.entry(name).or_insert_with(|| label.clone());
            }
        }
    }
    wanted
}

/// Every relation that is there and that a pending migration locks, in the order of their names.
pub(super) fn touched(set: &MigrationSet, plan: &Plan, major: u16) -> BTreeMap<Name, Touch> {
    let pending: Vec<&str> = plan.steps().map(upshift::Step::label).collect();
    let mut catalog = Catalog::default();
    let mut touched = BTreeMap::new();
    for migration in set.iter() {
        let label = migration.label();
        let is_pending = pending.contains(&label.as_str());
        let waits = plan.blocked().any(|blocked| blocked.label == label);
        if waits {
            continue;
        }
        for statement in statements(migration) {
            if is_pending {
                note(&mut touched, &catalog, &effects(&statement, &catalog, Major(major)), &label);
            } else {
                catalog.begin(Origin::Existing);
            }
            catalog.apply(&statement);
        }
    }
    touched
}

fn statements(migration: &Migration) -> Vec<Statement> {
    let Body::Sql(section) = migration.up() else { return Vec::new() };
    let text = section.text();
    section.statements().map(|cuts| cuts.iter().map(|cut| read(text, cut)).collect()).unwrap_or_default()
}

fn note(touched: &mut BTreeMap<Name, Touch>, catalog: &Catalog, effects: &Effects, by: &str) {
    for (relation, modes) in &effects.locks {
        let Some(lock) = modes.last().copied() else { continue };
        let is_there = catalog.table(relation).is_some();
        if !is_there {
            continue;
        }
        let touch = touched.entry(relation.clone()).or_insert_with(|| Touch {
            lock,
            rewritten: false,
            scanned: false,
            by: by.to_owned(),
        });
        touch.lock = touch.lock.max(lock);
        touch.rewritten |= effects.rewrites.contains(relation);
        touch.scanned |= effects.scans.contains(relation);
    }
}
