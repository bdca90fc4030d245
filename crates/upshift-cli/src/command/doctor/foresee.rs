//! Which relations the pending migrations lock, by lint's model of PostgreSQL.

use std::collections::{BTreeMap, BTreeSet};

use upshift::files::{Body, Migration};
use upshift::{MigrationSet, Plan};
use upshift_generate::{Schema, Style};
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

/// The database as it is, as lint's model knows one; whoever made its tables. Says what the model cannot read.
pub(super) fn catalog(schema: &Schema) -> Result<Catalog, String> {
    let steps = upshift_generate::plan(&Schema::default(), schema, Style::Plain).steps;
    let script: String = steps.iter().map(|step| format!("{};\n", step.sql.trim_end_matches(';'))).collect();
    let mut catalog = Catalog::of_script(&script).map_err(|error| error.to_string())?;
    catalog.begin(Origin::Existing);
    Ok(catalog)
}

/// Every relation that is there and that a pending migration locks, in the order of their names.
pub(super) fn touched(
    mut catalog: Catalog,
    set: &MigrationSet,
    plan: &Plan,
    major: u16,
) -> BTreeMap<Name, Touch> {
    let pending: Vec<&str> = plan.steps().map(upshift::Step::label).collect();
    let there: BTreeSet<Name> =
        catalog.relations().filter(|(_, it)| it.as_table().is_some()).map(|(name, _)| name.clone()).collect();
    let mut touched = BTreeMap::new();
    for migration in set.iter() {
        let label = migration.label();
        if !pending.contains(&label.as_str()) {
            continue;
        }
        for statement in statements(migration) {
            note(&mut touched, &there, &effects(&statement, &catalog, Major(major)), &label);
            catalog.apply(&statement);
        }
    }
    touched
}

pub(super) fn statements(migration: &Migration) -> Vec<Statement> {
    let Body::Sql(section) = migration.up() else { return Vec::new() };
    let text = section.text();
    section.statements().map(|cuts| cuts.iter().map(|cut| read(text, cut)).collect()).unwrap_or_default()
}

fn note(touched: &mut BTreeMap<Name, Touch>, there: &BTreeSet<Name>, effects: &Effects, by: &str) {
    for (relation, modes) in &effects.locks {
        let Some(lock) = modes.last().copied() else { continue };
        if !there.contains(relation) {
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
