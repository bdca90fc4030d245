//! `-- upshift: allow RULE because …`: which findings it takes away, and whether it took any.

use upshift_files::sql::Statement as Cut;
use upshift_files::{Allow, AllowPlace, Migration, SectionKind};

/// An `allow` after all rules were asked.
#[derive(Debug, Clone, Copy)]
pub struct AllowUse<'a> {
    /// What it says.
    pub allow: &'a Allow,
    /// How many findings it took away.
    pub taken: usize,
    /// Its migration.
    pub migration: &'a Migration,
}

/// The allows of a migration, and how often each was used.
pub(super) struct Allows<'a> {
    all: Vec<(&'a Allow, usize)>,
}

impl<'a> Allows<'a> {
    pub(super) fn of(migration: &'a Migration) -> Allows<'a> {
        Allows { all: migration.header().allows.iter().map(|allow| (allow, 0)).collect() }
    }

    /// Whether a finding of this rule about this statement is allowed; `None` is the migration as a whole.
    pub(super) fn take(&mut self, rule: &str, statement: Option<(SectionKind, usize, &[Cut])>) -> bool {
        let mut taken = false;
        for (allow, uses) in &mut self.all {
            if allow.rule == rule && covers(&allow.place, statement) {
                *uses += 1;
                taken = true;
            }
        }
        taken
    }

    pub(super) fn uses(&self, migration: &'a Migration) -> impl Iterator<Item = AllowUse<'a>> {
        self.all.iter().map(move |(allow, taken)| AllowUse { allow, taken: *taken, migration })
    }
}

/// An allow in the header covers the file, one before a statement (or inside) that statement.
fn covers(place: &AllowPlace, statement: Option<(SectionKind, usize, &[Cut])>) -> bool {
    match (place, statement) {
        (AllowPlace::Migration, _) => true,
        (AllowPlace::Statement { .. }, None) => false,
        (AllowPlace::Statement { section, byte }, Some((kind, number, cuts))) => {
            let covered = cuts.iter().position(|cut| cut.range.end > *byte);
            *section == kind && covered == Some(number)
        }
    }
}
