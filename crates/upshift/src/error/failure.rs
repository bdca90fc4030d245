//! A migration that failed: which, at which statement, where in the file.

use std::error::Error as StdError;
use std::fmt;

use upshift_files::Diagnostic;

use super::ServerError;
use crate::code::BoxError;
use crate::event::Blocker;
use crate::plan::{Batched, Direction, Purpose, Sent, SqlScript, Step, StepBody, StepMode};

/// A migration that failed: which, at which statement, where in the file, and what is left of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failure {
    /// What a person calls the migration.
    pub label: String,
    /// Which way it went.
    pub direction: Direction,
    /// What failed.
    pub at: FailedAt,
    /// How many statements the section has.
    pub statements: usize,
    /// The file's line, with a caret.
    pub place: Option<Diagnostic>,
    /// What the server said.
    pub server: Option<ServerError>,
    /// What Rust code said.
    pub code: Option<BoxError>,
    /// Who held the locks it waited for.
    pub blockers: Vec<Blocker>,
    /// What is left in the database.
    pub left: Left,
}

/// The part of a migration that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailedAt {
    /// A statement, from 1.
    Statement(usize),
    /// A query of the `guard` section, from 1.
    Guard(usize),
    /// A query of the `verify` section, from 1.
    Verify(usize),
    /// The beginning of its transaction, or of its Rust function's: the limits, and whether its predecessor is done.
    Begin,
    /// Its Rust function.
    Code,
    /// The end of its transaction: a deferred constraint, or the connection.
    Commit,
    /// Writing its history row.
    History,
}

/// What a failed migration leaves in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Left {
    /// Nothing: its transaction was rolled back.
    Nothing,
    /// So many statements are done, and the next run goes on behind them.
    Statements(usize),
    /// The batches up to there, and the next run goes on behind them.
    Batches,
    /// Rust code without a transaction, or a connection that was lost on the way: nobody here knows.
    Unknown,
}

impl Failure {
    /// A step's failure at a message with this purpose.
    pub(crate) fn at_message(step: &Step, purpose: Purpose, cause: tokio_postgres::Error) -> Failure {
        let server = ServerError::new(cause);
        let ended = purpose == Purpose::Release && has_ended(&server);
        // Its COMMIT may have been on its way already.
        let left = if ended || server.is_connection_lost() && server.database().is_none() {
            Left::Unknown
        } else {
            Failure::left(step)
        };
        let body = step.script();
        let (at, script, index) = match purpose {
            Purpose::Statement(index) => (FailedAt::Statement(index + 1), body, Some(index)),
            Purpose::Guard(index) => (FailedAt::Guard(index + 1), step.guard.as_ref(), Some(index)),
            Purpose::Verify(index) => (FailedAt::Verify(index + 1), step.verify.as_ref(), Some(index)),
            Purpose::Commit => (FailedAt::Commit, None, None),
            Purpose::Release => (FailedAt::Code, None, None),
            Purpose::Begin | Purpose::Fence => (FailedAt::Begin, None, None),
            Purpose::Reset | Purpose::Record | Purpose::Books => (FailedAt::History, None, None),
        };
        // Checks go out wrapped, so a position in what was sent says nothing about the file.
        let character = matches!(at, FailedAt::Statement(_)).then(|| server.character()).flatten();
        let byte = character.and_then(|at| match step.batched().and_then(Batched::whole) {
            Some(sent) => sent.written(at),
            None => script.zip(index).map(|(script, index)| byte_of(script.text(index), at)),
        });
        let place = script.zip(index).and_then(|(script, index)| place(script, index, byte, &server));
        Failure {
            label: step.label.clone(),
            direction: step.direction,
            at,
            statements: body.map_or(0, |script| script.statements.len()),
            place,
            server: Some(server),
            code: None,
            blockers: Vec::new(),
            left,
        }
    }

    /// A batch that failed at this text.
    pub(crate) fn in_batch(step: &Step, sent: &Sent, cause: tokio_postgres::Error) -> Failure {
        let mut failure = Failure::at_message(step, Purpose::Statement(0), cause);
        if let (Some(server), Some(script)) = (&failure.server, step.script()) {
            let byte = server.character().and_then(|at| sent.written(at));
            failure.place = place(script, 0, byte, server);
        }
        failure.left = Left::Batches;
        failure
    }

    /// A step's Rust function that failed.
    pub(crate) fn in_code(step: &Step, cause: BoxError) -> Failure {
        let (server, code) = match cause.downcast::<tokio_postgres::Error>() {
            Ok(server) => (Some(ServerError::new(*server)), None),
            Err(code) => (None, Some(code)),
        };
        Failure {
            label: step.label.clone(),
            direction: step.direction,
            at: FailedAt::Code,
            statements: 0,
            place: None,
            server,
            code,
            blockers: Vec::new(),
            left: Failure::left(step),
        }
    }

    fn left(step: &Step) -> Left {
        match (step.mode(), &step.body) {
            (StepMode::InTransaction, _) => Left::Nothing,
            (StepMode::InBatches, _) | (_, StepBody::Backfill(_)) => Left::Batches,
            (StepMode::OneByOne, StepBody::Code { .. }) => Left::Unknown,
            (StepMode::OneByOne, StepBody::Sql(_)) => Left::Statements(step.done),
        }
    }

    /// Whether the server refused it for being in a transaction (active_sql_transaction).
    pub(crate) fn is_refused_in_transaction(&self) -> bool {
        self.server.as_ref().and_then(ServerError::sqlstate) == Some("25001")
    }

    /// Says who was in the way, where waiting for locks is what it failed of: lock_not_available, deadlock_detected,
    /// query_canceled (a statement timeout).
    pub(crate) fn blame(&mut self, seen: Vec<Blocker>) {
        let state = self.server.as_ref().and_then(ServerError::sqlstate);
        if matches!(state, Some("55P03" | "40P01" | "57014")) {
            self.blockers = seen;
        }
    }

    /// Whether a guard said no, which is a "not now" rather than a mistake.
    pub fn is_guard(&self) -> bool {
        matches!(self.at, FailedAt::Guard(_)) && self.is_not_true()
    }

    /// Whether a guard or verify query was answered, and the answer was not true.
    pub(crate) fn is_not_true(&self) -> bool {
        self.answer().is_some()
    }

    /// The answer of a guard or verify query that was not true.
    fn answer(&self) -> Option<&str> {
        self.server.as_ref()?.own_words()?.strip_prefix("not true: ")
    }

    pub(super) fn cause(&self) -> Option<&(dyn StdError + 'static)> {
        if self.is_not_true() {
            return None;
        }
        let server = self.server.as_ref().map(|server| server as &(dyn StdError + 'static));
        server.or(self.code.as_ref().map(|code| code.as_ref() as &(dyn StdError + 'static)))
    }

    /// What the server or the code said, in one line, as the history and the audit keep it.
    pub(crate) fn words(&self) -> String {
        match (&self.server, &self.code) {
            (Some(server), _) => server.to_string(),
            (None, Some(code)) => upshift_files::mask_secrets(&code.to_string()).into_owned(),
            (None, None) => String::new(),
        }
    }

    /// The file's line with the caret, without the words above it.
    pub(super) fn picture(&self) -> String {
        let Some(place) = &self.place else { return String::new() };
        let mut bare = place.clone();
        bare.message = String::new();
        bare.help = None;
        let mut text = bare.to_string();
        if let Some(row) = self.answer() {
            text.push_str(&format!("\n  its answer: {row}"));
        }
        text
    }

    pub(super) fn help(&self) -> Option<String> {
        let left = match self.left {
            Left::Nothing => "nothing of it was done".to_owned(),
            Left::Batches => "the batches that are done stay; the next run goes on behind them".to_owned(),
            Left::Statements(0) => "none of its statements is done".to_owned(),
            Left::Statements(1) => {
                "its first statement is done and stays; the next run goes on behind it".to_owned()
            }
            Left::Statements(done) => {
                format!("its first {done} statements are done and stay; the next run goes on there")
            }
            Left::Unknown if self.at == FailedAt::Code => "only its code knows what is done".to_owned(),
            Left::Unknown => "only the server knows whether it is done".to_owned(),
        };
        let state = self.server.as_ref().and_then(ServerError::sqlstate);
        let now = match (self.at, state) {
            (FailedAt::Guard(_), _) if self.is_not_true() => "run again when its guard is true",
            (FailedAt::Verify(_), _) if self.is_not_true() => {
                "mend the migration, or its verify section, and run again"
            }
            (FailedAt::Guard(_) | FailedAt::Verify(_), Some("42804")) => {
                "let the first column of its query be true or false, and run again"
            }
            (_, Some("55P03")) => {
                "another session holds what it needs: run again when it is gone, or raise \
                                   `-- upshift: lock-timeout`"
            }
            (_, Some("57014")) => {
                "somebody canceled it, or it took longer than it may: run again, or raise \
                                   `-- upshift: statement-timeout`"
            }
            (_, Some("42501")) => {
                "grant the migrator's role what it lacks, or have the owner of the object run it"
            }
            (_, Some("55P04")) => {
                "PostgreSQL lets a new enum value be used only after its transaction: put the use of \
                                   it into a migration of its own"
            }
            (_, Some("25001" | "2D000")) => "write `-- upshift: transaction off` into its header",
            (FailedAt::Code, Some("25P01" | "3B001")) => {
                "leave BEGIN, COMMIT and ROLLBACK out of it, or ask for no transaction"
            }
            (FailedAt::Code, Some("25P02")) => {
                "it went on after an error of the server: give that error back"
            }
            _ if self.server.as_ref().is_some_and(ServerError::is_connection_lost) => "run again",
            _ => "mend it and run again",
        };
        Some(format!("{left}; {now}"))
    }
}

/// Whether the server says that the transaction is gone: no_active_sql_transaction, invalid_savepoint_specification.
fn has_ended(server: &ServerError) -> bool {
    matches!(server.sqlstate(), Some("25P01" | "3B001"))
}

/// The byte at which this character stands; "at end of input" is one behind the last.
fn byte_of(text: &str, character: usize) -> usize {
    text.char_indices().nth(character).map_or(text.len(), |(byte, _)| byte)
}

/// The place in the file: the server's, or else the beginning of the statement.
fn place(script: &SqlScript, index: usize, from: Option<usize>, server: &ServerError) -> Option<Diagnostic> {
    let range = script.statements.get(index)?.range.clone();
    let text = script.text(index);
    let word = |from: usize| {
        let rest = text.get(from..).unwrap_or("");
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '"' | '.');
        let len = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        from..from + len.max(rest.chars().next().map_or(0, char::len_utf8))
    };
    let inside = match from {
        Some(from) => word(from),
        None => 0..text.lines().next().map_or(0, str::len),
    };
    let message = server.to_string();
    Some(script.section.diagnostic(range.start + inside.start..range.start + inside.end, message))
}

impl Failure {
    /// What failed, without the place.
    pub(super) fn headline(&self) -> String {
        let down = match self.direction {
            Direction::Up => "",
            Direction::Down => "the down of ",
        };
        if self.is_not_true() {
            let section = if self.is_guard() { "guard" } else { "verify" };
            return format!("migration {}: its {section} query is not true", self.label);
        }
        let at = match self.at {
            FailedAt::Statement(at) => format!("at statement {at} of {}", self.statements),
            FailedAt::Guard(at) => format!("at query {at} of its guard"),
            FailedAt::Verify(at) => format!("at query {at} of its verify"),
            FailedAt::Begin => "before it began".to_owned(),
            FailedAt::Code => "in its Rust code".to_owned(),
            FailedAt::Commit => "at COMMIT".to_owned(),
            FailedAt::History => "while its history row was written".to_owned(),
        };
        format!("{down}migration {} failed {at}", self.label)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())?;
        match self.place.as_ref().and_then(|found| Some((&found.path, found.place.as_ref()?))) {
            Some((path, place)) => write!(f, " ({path}:{})", place.position),
            None => Ok(()),
        }
    }
}
