//! The statements of a section, and how they can be run.

use std::ops::Range;

use upshift_files::sql::{Statement, StatementKind, TransactionControl};
use upshift_files::{Diagnostic, Section, Transaction};

/// The statements of a section and the way they are run.
#[derive(Debug, Clone)]
pub(crate) struct SqlScript {
    pub(crate) section: Section,
    pub(crate) statements: Vec<Statement>,
    pub(crate) mode: Mode,
}

/// How the statements of a section are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    /// All in one transaction of the engine's.
    InTransaction {
        /// Those to send: all, or all but the BEGIN and COMMIT around the file. Those before them are part of BEGIN.
        inner: Range<usize>,
    },
    /// One after the other, the place kept.
    OneByOne(Vec<Unit>),
}

/// What is run and written down as one, in a section that runs statement by statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unit {
    /// One statement in a transaction of its own, together with the place.
    InTransaction(usize),
    /// One statement outside of any transaction; the place is written behind it.
    Alone(usize),
    /// A transaction the file wrote itself: BEGIN … COMMIT, both included; the place goes in before its COMMIT.
    Written(Range<usize>),
    /// One that the file rolls back or prepares, which can take no place with it; the place is written behind it.
    Apart(Range<usize>),
}

impl Unit {
    /// How many statements are done when this unit is.
    pub(crate) fn end(&self) -> usize {
        match self {
            Unit::InTransaction(at) | Unit::Alone(at) => at + 1,
            Unit::Written(range) | Unit::Apart(range) => range.end,
        }
    }
}

/// The server majors we support. A statement that one of them refuses in a transaction runs outside of one on all.
const MAJORS: std::ops::RangeInclusive<u16> = 13..=18;

impl SqlScript {
    /// Reads the statements of a section.
    pub(crate) fn read(section: &Section) -> Result<SqlScript, Diagnostic> {
        let statements = section.statements()?;
        refuse_unfit(section, &statements)?;
        let mode = mode(section.text(), &statements, section.transaction());
        Ok(SqlScript { section: section.clone(), statements, mode })
    }

    /// Reads the queries of a `guard` or `verify` section.
    pub(crate) fn read_check(section: &Section) -> Result<SqlScript, Diagnostic> {
        let script = SqlScript::read(section)?;
        for (at, statement) in script.statements.iter().enumerate() {
            let first = script.text(at).split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
            let shows = ["show", "explain"].iter().any(|word| first.eq_ignore_ascii_case(word));
            if statement.kind != StatementKind::Query || shows {
                let wrong =
                    section.diagnostic(statement.range.clone(), "a check is a query, and this is none");
                return Err(wrong
                    .help("write a SELECT, VALUES, TABLE or WITH whose first column is true in every row"));
            }
        }
        Ok(script)
    }

    /// The same, to go on after so many statements: that can be done statement by statement only.
    pub(crate) fn resumed(mut self, done: usize) -> SqlScript {
        if done > 0 && matches!(self.mode, Mode::InTransaction { .. }) {
            self.mode = Mode::OneByOne(units(self.section.text(), &self.statements));
        }
        self
    }

    /// Whether a statement waits for every old transaction by design, and leaves something broken when it is stopped.
    pub(crate) fn is_concurrent(&self, at: usize) -> bool {
        matches!(
            self.statements.get(at).map(|it| &it.kind),
            Some(
                StatementKind::CreateIndexConcurrently { .. }
                    | StatementKind::DropIndexConcurrently { .. }
                    | StatementKind::ReindexConcurrently
                    | StatementKind::DetachPartitionConcurrently { .. }
            )
        )
    }

    /// Whether a statement is a query or changes rows, and so may call functions that set something.
    pub(crate) fn calls_functions(&self) -> bool {
        use StatementKind::{Delete, Insert, Merge, Query, Update};
        self.statements.iter().any(|it| matches!(it.kind, Query | Insert | Update | Delete | Merge))
    }

    /// Those of the first `done` statements that set something for the session.
    pub(crate) fn settings_before(&self, done: usize) -> impl Iterator<Item = usize> {
        let sets = |at: &usize| match self.statements.get(*at).map(|it| &it.kind) {
            Some(StatementKind::Set) => !self.text(*at).to_ascii_lowercase().starts_with("discard"),
            Some(StatementKind::Query) => self.text(*at).to_ascii_lowercase().contains("set_config"),
            _ => false,
        };
        (0..done).filter(sets)
    }

    /// A statement's text.
    pub(crate) fn text(&self, statement: usize) -> &str {
        self.statements.get(statement).map_or("", |it| it.text(self.section.text()))
    }

    /// The inline data of a `COPY … FROM STDIN`.
    pub(crate) fn copy_data(&self, statement: usize) -> Option<&str> {
        match &self.statements.get(statement)?.kind {
            StatementKind::CopyFromStdin { data } => self.section.text().get(data.clone()),
            _ => None,
        }
    }

    /// The line of the first statement that keeps the section out of a transaction.
    pub(crate) fn line_outside_transaction(&self) -> Option<usize> {
        let outside =
            |it: &&Statement| refused(it) || matches!(it.kind, StatementKind::TransactionControl(_));
        let statement = self.statements.iter().find(outside).or(self.statements.first())?;
        matches!(self.mode, Mode::OneByOne(_)).then(|| self.section.position(statement.range.start).line)
    }
}

fn refused(statement: &Statement) -> bool {
    MAJORS.into_iter().any(|major| statement.refused_in_transaction(major))
}

fn control(statement: &Statement) -> Option<TransactionControl> {
    match statement.kind {
        StatementKind::TransactionControl(control) => Some(control),
        _ => None,
    }
}

fn mode(text: &str, statements: &[Statement], wish: Transaction) -> Mode {
    let inner = inside(text, statements);
    let rest = statements.get(inner.clone()).unwrap_or(&[]);
    let free = rest.iter().all(|it| control(it).is_none() && !refused(it));
    if wish == Transaction::On && free {
        return Mode::InTransaction { inner };
    }
    Mode::OneByOne(units(text, statements))
}

/// All statements, without the BEGIN and COMMIT around them, and without SET TRANSACTION at their beginning.
fn inside(text: &str, statements: &[Statement]) -> Range<usize> {
    let first = statements.first().and_then(control);
    let last = statements.last().and_then(control);
    let around = match (first, last) {
        (Some(TransactionControl::Begin), Some(TransactionControl::Commit)) if statements.len() >= 2 => {
            1..statements.len() - 1
        }
        _ => 0..statements.len(),
    };
    let sets = |it: &&Statement| {
        let mut words = it.text(text).split_whitespace();
        ["set", "transaction"].iter().all(|word| words.next().is_some_and(|it| it.eq_ignore_ascii_case(word)))
    };
    let setting = statements.get(around.clone()).unwrap_or(&[]).iter().take_while(sets).count();
    around.start + setting..around.end
}

fn units(text: &str, statements: &[Statement]) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut at = 0;
    while let Some(statement) = statements.get(at) {
        let unit = match control(statement) {
            Some(TransactionControl::Begin) => match end_of_written(statements, at) {
                Some((end, TransactionControl::Commit)) => Unit::Written(at..end),
                Some((end, _)) => Unit::Apart(at..end),
                None => Unit::Alone(at),
            },
            Some(_) => Unit::Alone(at),
            None if refused(statement) || commits_itself(statement.text(text)) => Unit::Alone(at),
            None => Unit::InTransaction(at),
        };
        at = unit.end();
        units.push(unit);
    }
    units
}

/// Behind which statement the transaction that begins at `at` has ended, and how.
fn end_of_written(statements: &[Statement], at: usize) -> Option<(usize, TransactionControl)> {
    use TransactionControl::{Commit, PrepareTransaction, Rollback};
    let ends = |control: &TransactionControl| matches!(control, Commit | Rollback | PrepareTransaction);
    let mut behind = statements.iter().enumerate().skip(at + 1);
    behind.find_map(|(n, it)| control(it).filter(ends).map(|control| (n + 1, control)))
}

/// Refuses a transaction that would stay open behind the last statement, and one that begins without a BEGIN: neither
/// leaves a moment between two statements in which the place could be kept. And what would take the lock away.
fn refuse_unfit(section: &Section, statements: &[Statement]) -> Result<(), Diagnostic> {
    use TransactionControl::{Begin, CommitAndChain, RollbackAndChain};
    for (at, statement) in statements.iter().enumerate() {
        let wrong = |message: &str| section.diagnostic(statement.range.clone(), message);
        match control(statement) {
            Some(Begin) if end_of_written(statements, at).is_none() => {
                return Err(wrong("this transaction is never ended")
                    .help("write COMMIT behind it, or leave BEGIN out"));
            }
            Some(CommitAndChain | RollbackAndChain) => {
                return Err(wrong("AND CHAIN cannot be part of a migration")
                    .help("write COMMIT or ROLLBACK, then BEGIN"));
            }
            None if statement.kind == StatementKind::Set && refused(statement) => {
                return Err(wrong("DISCARD ALL would give away the lock that keeps other migrators out")
                    .help("leave it out: what a migration sets ends with it anyway"));
            }
            None if copies_out(statement, section.text()) => {
                return Err(wrong("COPY TO STDOUT sends rows to a client, and a migration has none")
                    .help("copy into a file of the server's, or leave it out"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether the statement is a COPY … TO STDOUT (or STDIN, which the grammar takes for it).
fn copies_out(statement: &Statement, text: &str) -> bool {
    // Every second piece between quotes is quoted; a doubled quote changes nothing about that.
    let plain: String = statement.text(text).split(['\'', '"']).step_by(2).collect::<Vec<_>>().join(" ");
    let mut words =
        plain.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let is = |word: &str, others: &[&str]| others.iter().any(|other| word.eq_ignore_ascii_case(other));
    statement.kind == StatementKind::Other
        && words.next().is_some_and(|first| is(first, &["copy"]))
        && words.any(|word| is(word, &["stdout", "stdin"]))
}

/// Whether the statement may end transactions from inside, which PostgreSQL allows outside of a block only.
fn commits_itself(text: &str) -> bool {
    let is = |word: &str, other: &str| word.eq_ignore_ascii_case(other);
    let mut words = text.split(|c: char| !c.is_ascii_alphabetic());
    match words.next() {
        Some(first) if is(first, "call") => true,
        Some(first) if is(first, "do") => {
            words.any(|word| ["commit", "rollback", "call"].iter().any(|ends| is(word, ends)))
        }
        _ => false,
    }
}
