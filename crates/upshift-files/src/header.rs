//! What a migration says about itself before its first statement.

use std::ops::Range;
use std::time::Duration;

use crate::directive::{Directive, Said};
use crate::{Diagnostic, SectionKind, SourceFile, Version};

/// What a migration says about itself, in the directives before its first statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// Which part of a rollout it is.
    pub phase: Phase,
    /// How its up section is cut into batches; `None` runs it whole.
    pub backfill: Option<BackfillHeader>,
    /// Whether its up section runs in a transaction. Other sections say so themselves: [`Section::transaction`].
    ///
    /// [`Section::transaction`]: crate::Section::transaction
    pub transaction: Transaction,
    /// The wait for table locks, instead of the migrator's.
    pub lock_timeout: Option<Duration>,
    /// The longest a statement may run, instead of the migrator's.
    pub statement_timeout: Option<Duration>,
    /// What must be applied before; each is in the set, and older.
    pub requires: Vec<Version>,
    /// How long its expand side must have been live.
    pub after: Option<Duration>,
    /// The switch by which code learns how far this change is; its expand, backfill and contract all name it.
    pub switch: Option<String>,
    /// Lint findings consciously accepted, each with its reason.
    pub allows: Vec<Allow>,
    /// What is replaced in its text before it is sent.
    pub substitution: Substitution,
}

/// Which part of a rollout a migration is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Adds what old code does not mind: applied at boot.
    #[default]
    Expand,
    /// Fills the new shape while both run.
    Backfill,
    /// Takes the old shape away, behind a gate.
    Contract,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Phase::Expand => "expand",
            Phase::Backfill => "backfill",
            Phase::Contract => "contract",
        })
    }
}

/// Whether statements run together in a transaction, or one by one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Transaction {
    /// All of them or none.
    #[default]
    On,
    /// Each by itself.
    Off,
}

/// The up section is one statement over `table`, run batch by batch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackfillHeader {
    /// The table the batches are ranges of, as written: `orders`, `shop.orders`, `"Order Items"`.
    pub table: String,
    /// The column whose ranges are the batches; `None` is the primary key.
    pub key: Option<String>,
    /// Rows in the first batch.
    pub batch: Option<u64>,
    /// Rows in a batch at most.
    pub max_batch: Option<u64>,
    /// The rest between two batches.
    pub pause: Option<Duration>,
}

/// One lint finding consciously accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Allow {
    /// The rule.
    pub rule: String,
    /// The reason, which the audit keeps.
    pub because: String,
    /// What it covers.
    pub place: AllowPlace,
}

/// What an [`Allow`] covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowPlace {
    /// The whole migration: it was said in the header.
    Migration,
    /// The statement it stands before (or inside).
    Statement {
        /// The section it was said in.
        section: SectionKind,
        /// The end of its line, in bytes of that section's text.
        byte: usize,
    },
}

/// What is replaced in a migration's text before it is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Substitution {
    /// Nothing.
    #[default]
    Off,
    /// `vars on`: `${name}`, checked against its kind.
    Vars,
    /// Flyway placeholders: `${name}` anywhere, pasted as Flyway does.
    Flyway,
    /// goose between `ENVSUB ON` and `ENVSUB OFF`: `$NAME`, `${NAME:-default}` and so on, pasted as goose does.
    Envsub,
}

/// A header while its directives are read.
#[derive(Default)]
pub(crate) struct HeaderDraft {
    pub header: Header,
    /// The reason, and where it was said.
    pub irreversible: Option<(String, Range<usize>)>,
    /// Where each required version was said.
    pub requires: Vec<(Version, Range<usize>)>,
    phase: Option<Range<usize>>,
    after: Option<Range<usize>>,
    said: Vec<&'static str>,
}

impl HeaderDraft {
    /// Takes one directive of the header.
    pub(crate) fn take(&mut self, said: Said, file: &SourceFile) -> Result<(), Diagnostic> {
        let word = said.directive.word();
        if self.said.contains(&word) && !said.directive.may_be_repeated() {
            let message = format!("`{word}` is said twice in the header");
            return Err(Diagnostic::at(&*file.path, &file.text, said.line, message).help("keep one of them"));
        }
        self.said.push(word);
        let header = &mut self.header;
        match said.directive {
            Directive::Section(_) => {}
            Directive::Phase(phase) => {
                header.phase = phase;
                self.phase = Some(said.line);
            }
            Directive::Backfill(backfill) => header.backfill = Some(backfill),
            Directive::Transaction(transaction) => header.transaction = transaction,
            Directive::LockTimeout(limit) => header.lock_timeout = Some(limit),
            Directive::StatementTimeout(limit) => header.statement_timeout = Some(limit),
            Directive::Requires(versions) => self.requires.extend(versions),
            Directive::After(delay) => {
                header.after = Some(delay);
                self.after = Some(said.line);
            }
            Directive::Switch(name) => header.switch = Some(name),
            Directive::Irreversible { because } => self.irreversible = Some((because, said.line)),
            Directive::Allow { rule, because } => {
                header.allows.push(Allow { rule, because, place: AllowPlace::Migration });
            }
            Directive::Vars(substitution) => header.substitution = substitution,
        }
        Ok(())
    }

    /// What only shows when all directives are read.
    pub(crate) fn close(&mut self, file: &SourceFile) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        self.header.requires = self.requires.iter().map(|(version, _)| *version).collect();
        if self.header.backfill.is_some() {
            if let Some(line) = self.phase.clone().filter(|_| self.header.phase != Phase::Backfill) {
                let message = "a migration with `backfill` is of phase backfill, not of another one";
                let problem = Diagnostic::at(&*file.path, &file.text, line, message);
                problems
                    .push(problem.help("delete this line, or move the backfill into a migration of its own"));
            }
            self.header.phase = Phase::Backfill;
        }
        if let Some(line) = self.after.clone().filter(|_| self.header.phase != Phase::Contract) {
            let message = "`after` holds back a contract, and this migration is none";
            let problem = Diagnostic::at(&*file.path, &file.text, line, message);
            problems.push(problem.help("add `-- upshift: phase contract`, or delete this line"));
        }
        problems
    }
}
