//! `-- upshift: allow RULE because …`: which findings it takes away, and whether it took any.

use std::ops::Range;

use upshift_files::sql::Statement as Cut;
use upshift_files::{Allow, AllowPlace, Migration, Section, SectionKind};

use super::{Draft, Options};

/// An `allow` after all rules were asked.
#[derive(Debug, Clone, Copy)]
pub struct AllowUse<'a> {
    /// What it says.
    pub allow: &'a Allow,
    /// How many findings it took away.
    pub taken: usize,
    /// Its migration.
    pub migration: &'a Migration,
    /// What the project asks.
    pub options: &'a Options,
}

impl<'a> AllowUse<'a> {
    /// A finding about the line that says it.
    pub fn draft(&self, message: impl Into<String>) -> Draft {
        Draft::new(self.line().map(|(_, line)| line), message)
    }

    /// The section it stands in.
    pub(super) fn section(&self) -> Option<&'a Section> {
        self.line().map(|(section, _)| section)
    }

    /// The line that says it, in bytes of its section's text.
    fn line(&self) -> Option<(&'a Section, Range<usize>)> {
        let said = format!("allow {} because", self.allow.rule);
        self.migration.sections().find_map(|section| {
            let before = match &self.allow.place {
                AllowPlace::Migration => section.text(),
                AllowPlace::Statement { section: kind, byte } if *kind == section.kind() => {
                    section.text().get(..*byte)?
                }
                AllowPlace::Statement { .. } => return None,
            };
            let at = match &self.allow.place {
                AllowPlace::Migration => before.find(&said)?,
                AllowPlace::Statement { .. } => before.rfind(&said)?,
            };
            let end = section.text().get(at..)?.lines().next()?.trim_end().len();
            Some((section, at..at + end))
        })
    }
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

    pub(super) fn uses(
        &self,
        migration: &'a Migration,
        options: &'a Options,
    ) -> impl Iterator<Item = AllowUse<'a>> {
        self.all.iter().map(move |(allow, taken)| AllowUse { allow, taken: *taken, migration, options })
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
