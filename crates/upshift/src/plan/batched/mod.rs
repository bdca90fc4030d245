//! A backfill's text, and what of it is sent for one range of its table.

mod sent;
mod target;
#[cfg(test)]
mod tests;

use std::ops::Range;

use upshift_files::sql::{StatementKind, Token, TokenKind, tokens};
use upshift_files::{BackfillHeader, Diagnostic, Section, Vars};

pub(crate) use sent::{Bounds, Sent};
use target::Target;
pub(crate) use target::parts;

use super::refusal::Unplanned;
use super::script::{Mode, SqlScript};

/// A migration that runs batch by batch.
#[derive(Debug, Clone)]
pub(crate) struct Batched {
    pub(crate) header: BackfillHeader,
    pub(crate) body: BatchBody,
}

/// What does the work of a batch.
#[derive(Debug, Clone)]
pub(crate) enum BatchBody {
    /// One statement.
    Statement { script: SqlScript, cut: Cut },
    /// Rust code, registered with the migrator: the text has no statement.
    Code,
}

/// How a statement is made to touch one range alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cut {
    /// It says `> :from` and `<= :to`.
    Written(Vec<Mark>),
    /// The condition is added to its WHERE.
    Added(Target),
}

/// A comparison with an end of the range, as written: from its operator to the end of `:from` or `:to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) range: Range<usize>,
    pub(crate) end: End,
}

/// An end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    From,
    To,
}

impl Batched {
    /// Reads the up section of a backfill.
    pub(crate) fn read(
        section: &Section,
        header: &BackfillHeader,
        vars: &Vars,
    ) -> Result<Batched, Unplanned> {
        let section = section.bind(vars).map_err(Unplanned::Files)?;
        let body = read(&section, header).map_err(|found| Unplanned::Files(found.into()))?;
        Ok(Batched { header: header.clone(), body })
    }

    /// The statement and its section, where there is one.
    pub(crate) fn script(&self) -> Option<&SqlScript> {
        match &self.body {
            BatchBody::Statement { script, .. } => Some(script),
            BatchBody::Code => None,
        }
    }

    /// Whether it puts rows into a table: what is done twice then stands there twice.
    pub(crate) fn inserts(&self) -> bool {
        let kind = self.script().and_then(|script| script.statements.first()).map(|it| &it.kind);
        matches!(kind, Some(StatementKind::Insert | StatementKind::Merge))
    }
}

fn read(section: &Section, header: &BackfillHeader) -> Result<BatchBody, Diagnostic> {
    let mut script = SqlScript::read(section)?;
    let statement = match script.statements.as_slice() {
        [] => return Ok(BatchBody::Code),
        [one] => one.clone(),
        [_, second, ..] => {
            let wrong = section
                .diagnostic(second.range.clone(), "a backfill is one statement, and this is a second one");
            return Err(wrong.help("give it a migration of its own, or write the batches in Rust"));
        }
    };
    // Whatever the header says of transactions: each batch is one.
    script.mode = Mode::InTransaction { inner: 0..1 };
    use StatementKind::{Delete, Insert, Merge, Update};
    if !matches!(statement.kind, Delete | Insert | Merge | Update) {
        let wrong =
            section.diagnostic(statement.range.clone(), "this statement cannot be run batch by batch");
        return Err(wrong.help("a backfill is an UPDATE, a DELETE, a MERGE or an INSERT … SELECT"));
    }
    let text = script.text(0).to_owned();
    let words = significant(&text);
    let wrong = |at: Range<usize>, message: &str| {
        section.diagnostic(statement.range.start + at.start..statement.range.start + at.end, message)
    };
    if let Some(parameter) = words.iter().find(|token| token.kind == TokenKind::Parameter) {
        return Err(wrong(parameter.range.clone(), "a migration has no parameters"));
    }
    let marks = marks(&text, &words).map_err(|at| {
        wrong(at, "an end of the batch's range stands here, and not as one")
            .help("write `key > :from and key <= :to`, in this direction and with these signs")
    })?;
    let has = |end: End| marks.iter().any(|mark| mark.end == end);
    let cut = match (has(End::From), has(End::To)) {
        (true, true) => Cut::Written(marks),
        (false, false) => Cut::Added(
            added(&text, &words, header, &statement.kind)
                .map_err(|(at, message, help)| wrong(at, &message).help(help))?,
        ),
        _ => {
            let at = marks.first().map_or(0..text.len(), |mark| mark.range.clone());
            return Err(wrong(at, "a range has two ends, and only one is here")
                .help("write `key > :from and key <= :to`, or neither in an UPDATE or DELETE"));
        }
    };
    Ok(BatchBody::Statement { script, cut })
}

/// A mistake: where, what, and what now.
type Mistake = (Range<usize>, String, &'static str);

/// Where the engine's own condition goes.
fn added(
    text: &str,
    words: &[Token],
    header: &BackfillHeader,
    kind: &StatementKind,
) -> Result<Target, Mistake> {
    const BOTH_ENDS: &str = "write `key > :from and key <= :to` into it, over the table of the backfill";
    if !matches!(kind, StatementKind::Update | StatementKind::Delete) {
        return Err((
            0..text.len().min(6),
            "only an UPDATE or a DELETE is cut into ranges by itself".to_owned(),
            BOTH_ENDS,
        ));
    }
    let Some(target) = Target::read(text, words) else {
        return Err((
            0..text.len().min(6),
            "this statement cannot be cut into ranges by itself".to_owned(),
            BOTH_ENDS,
        ));
    };
    if !target.is_of(text, &header.table) {
        let message = format!("the statement changes another table than the backfill's, `{}`", header.table);
        return Err((target.name.clone(), message, BOTH_ENDS));
    }
    Ok(target)
}

/// The tokens but for comments.
fn significant(text: &str) -> Vec<Token> {
    tokens(text).filter_map(Result::ok).filter(|token| !token.is_comment()).collect()
}

/// Where `> :from` and `<= :to` stand; where one of the ends stands as something else.
fn marks(text: &str, words: &[Token]) -> Result<Vec<Mark>, Range<usize>> {
    let mut found = Vec::new();
    for (at, token) in words.iter().enumerate() {
        let Some(colon) = at.checked_sub(1).and_then(|at| words.get(at)) else { continue };
        let is_named =
            colon.text(text) == ":" && colon.range.end == token.range.start && token.kind == TokenKind::Word;
        // Both are reserved words, so behind a colon they are nothing else.
        let end = match token.text(text).to_ascii_lowercase().as_str() {
            "from" if is_named => End::From,
            "to" if is_named => End::To,
            _ => continue,
        };
        let sign = at.checked_sub(2).and_then(|at| words.get(at));
        match (sign.map(|sign| (sign, sign.text(text))), end) {
            (Some((sign, ">")), End::From) | (Some((sign, "<=")), End::To) => {
                found.push(Mark { range: sign.range.start..token.range.end, end });
            }
            _ => return Err(colon.range.start..token.range.end),
        }
    }
    Ok(found)
}
