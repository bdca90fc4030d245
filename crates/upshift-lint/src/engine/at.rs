//! What a rule is told: the statement, what came before it, and what it does.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;

use upshift_files::sql::Statement as Cut;
use upshift_files::{Migration, Phase, Section, SectionKind, Transaction};

use super::{Draft, Options};
use crate::Catalog;
use crate::catalog::Origin;
use crate::effect::{Effects, Major, effects, is_volatile};
use crate::statement::{Expression, LockMode, Name, Persistence, Statement};

/// One statement of a migration, and everything a rule may ask about it.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// The statement.
    pub statement: &'a Statement,
    /// Where it stands, in bytes of the section's text.
    pub place: &'a Range<usize>,
    /// Which of the section's it is, from 0.
    pub number: usize,
    /// All statements of the section, each with its place and how it was cut.
    pub all: &'a [(Statement, Cut)],
    /// The database before it.
    pub catalog: &'a Catalog,
    /// The database after the last migration of the set.
    pub last: &'a Catalog,
    /// The transaction it runs in, as far as it has come; nothing is held where each statement runs by itself.
    pub held: &'a Held,
    /// Its section.
    pub section: &'a Section,
    /// Its migration.
    pub migration: &'a Migration,
    /// What the project asks.
    pub options: &'a Options,
    /// The section's text, its variables masked.
    pub(super) source: &'a str,
    /// How many migrations of the set have a version; repeatable ones come after them.
    pub(super) versioned: usize,
    /// The statements of its migration's up.
    pub(super) up: &'a [(Statement, Cut)],
    pub(super) transaction: Transaction,
    pub(super) known: &'a KnownEffects,
}

/// The effects of one statement, worked out when a rule first asks.
#[derive(Debug, Default)]
pub(super) struct KnownEffects(OnceCell<BTreeMap<Major, Effects>>);

impl KnownEffects {
    fn of<'a>(&'a self, at: &At<'_>, major: Major) -> &'a Effects {
        static NONE: Effects = Effects::NONE;
        let all = self.0.get_or_init(|| {
            at.options.each_major().map(|major| (major, effects(at.statement, at.catalog, major))).collect()
        });
        all.get(&major).unwrap_or(&NONE)
    }
}

/// What the transaction holds before a statement.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// The strongest lock of each relation that others can see, and the number of the statement that took it.
    pub locks: BTreeMap<Name, (LockMode, usize)>,
    /// What SET said in this migration: setting and values.
    pub settings: BTreeMap<String, Vec<String>>,
    /// The values that ALTER TYPE added to enums, each with the name of its type, in the order of their statements.
    pub values: Vec<(Name, String)>,
}

impl<'a> At<'a> {
    /// A finding about the whole statement.
    pub fn draft(&self, message: impl Into<String>) -> Draft {
        Draft::new(Some(self.place.clone()), message)
    }

    /// A finding about a part of the statement.
    pub fn draft_at(&self, place: &Range<usize>, message: impl Into<String>) -> Draft {
        Draft::new(Some(place.clone()), message)
    }

    /// The statement's text.
    pub fn text(&self) -> &'a str {
        self.text_of(self.place)
    }

    /// The text of a part of it.
    pub fn text_of(&self, place: &Range<usize>) -> &'a str {
        self.source.get(place.clone()).unwrap_or("")
    }

    /// What the statement does on one major version; worked out once for all rules.
    pub fn effects(&self, major: Major) -> &'a Effects {
        self.known.of(self, major)
    }

    /// The major versions of the project on which the statement's effects are so.
    pub fn majors_where(&self, is_so: impl Fn(&Effects) -> bool) -> Vec<Major> {
        self.options.each_major().filter(|major| is_so(self.effects(*major))).collect()
    }

    /// Whether nobody waits for a relation: its own section made it, or it is temporary. What an up made is in use when
    /// its down runs.
    pub fn is_unseen(&self, relation: &Name) -> bool {
        self.catalog.is_new(relation) || self.is_temporary(relation)
    }

    /// Whether old code cannot know a relation: this migration made it, for a down its up, or it is temporary.
    pub fn is_own_relation(&self, relation: &Name) -> bool {
        let known = self.catalog.relation(relation);
        known.is_some_and(|known| self.is_of_this(known.origin)) || self.is_temporary(relation)
    }

    /// Whether this migration made something, for a down its up.
    pub fn is_of_this(&self, origin: Origin) -> bool {
        origin.is_beside(self.catalog.origin())
    }

    fn is_temporary(&self, relation: &Name) -> bool {
        self.catalog.table(relation).is_some_and(|table| table.persistence == Persistence::Temporary)
    }

    /// Whether the release before this one still runs: in every phase but the contract. A down is for its own release.
    pub fn must_not_break_old_code(&self) -> bool {
        self.migration.header().phase != Phase::Contract && self.section.kind() == SectionKind::Up
    }

    /// Whether the statements of the section run in one transaction: none of them is refused in one.
    pub fn runs_in_transaction(&self) -> bool {
        self.transaction == Transaction::On
    }

    /// Whether an expression gives another value for each row: it calls a function that is VOLATILE, or unknown.
    pub fn is_volatile(&self, expression: &Expression) -> bool {
        is_volatile(expression, self.catalog)
    }
}

/// A migration as a whole.
#[derive(Debug, Clone, Copy)]
pub struct InMigration<'a> {
    /// The migration.
    pub migration: &'a Migration,
    /// The statements of its up, each with how it was cut; empty when it is Rust code.
    pub up: &'a [(Statement, Cut)],
    /// The statements of its down.
    pub down: &'a [(Statement, Cut)],
    /// The database before it.
    pub before: &'a Catalog,
    /// The database after it.
    pub after: &'a Catalog,
    /// The database after the last migration of the set.
    pub last: &'a Catalog,
    /// What the project asks.
    pub options: &'a Options,
}

impl InMigration<'_> {
    /// A finding about the file.
    pub fn draft(&self, message: impl Into<String>) -> Draft {
        Draft::new(None, message)
    }

    /// A finding about a place in its up.
    pub fn draft_at(&self, place: &Range<usize>, message: impl Into<String>) -> Draft {
        Draft::new(Some(place.clone()), message)
    }
}
