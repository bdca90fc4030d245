//! The reader: from the text of a statement to a [`Statement`].
//!
//! Recursive descent over the tokens of `upshift-files`, whose lexer is PostgreSQL's. What a statement says that is not
//! in the grammar here ends reading, and the statement is [`Statement::Unknown`]; it is never half understood.

mod alter;
mod alter_object;
mod column;
mod create;
mod cursor;
mod data;
mod drop;
mod expression;
mod object;
mod primary;
mod query;
mod session;
mod table;
#[cfg(test)]
mod tests;
mod types;
mod utility;

use upshift_files::sql::{self, StatementKind, Token, tokens};

use crate::statement::Statement;
use cursor::{Cursor, Reading};

/// Reads one statement of a section: `text` is the section's, `statement` one that [`sql::split`] cut from it.
///
/// ```
/// use upshift_lint::statement::{Action, Statement};
/// let text = "alter table orders add column status text";
/// let cut = upshift_files::sql::split(text)?;
/// let Statement::AlterRelation(read) = upshift_lint::read(text, &cut[0]) else { panic!("an ALTER TABLE") };
/// assert!(matches!(&read.actions[0].0, Action::AddColumn { column, .. } if column.name == "status"));
/// # Ok::<(), upshift_files::sql::SyntaxError>(())
/// ```
pub fn read(text: &str, statement: &sql::Statement) -> Statement {
    if matches!(statement.kind, StatementKind::TransactionControl(_) | StatementKind::Savepoint) {
        return Statement::Transaction;
    }
    let tokens = significant(text, statement);
    let cursor = Cursor::new(text, &tokens);
    match top(cursor) {
        Ok(read) => read,
        Err(stop) => Statement::Unknown { words: first_words(cursor), at: stop.at },
    }
}

/// The statement's tokens without comments, their ranges in the whole text.
fn significant(text: &str, statement: &sql::Statement) -> Vec<Token> {
    let from = statement.range.start;
    tokens(statement.text(text))
        .map_while(Result::ok)
        .filter(|token| !token.is_comment())
        .map(|mut token| {
            token.range = token.range.start + from..token.range.end + from;
            token
        })
        .collect()
}

/// The first words of a statement, as it is called where no more is known.
fn first_words(cursor: Cursor<'_>) -> String {
    let mut words = Vec::new();
    for ahead in 0..3 {
        let word = cursor.peek(ahead);
        if word.is_empty() || !word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_') {
            break;
        }
        words.push(word.to_ascii_lowercase());
    }
    words.join(" ")
}

fn top(cursor: Cursor<'_>) -> Reading<Statement> {
    let mut cursor = cursor;
    if cursor.is("with") || cursor.is_sign("(") {
        return data::with(cursor);
    }
    let Some(verb) = cursor.eat_one_of(VERBS) else { return session::harmless(cursor) };
    match verb {
        "create" => create::create(&mut cursor),
        "alter" => alter_object::alter(&mut cursor),
        "drop" => drop::drop(&mut cursor),
        "insert into" => data::insert(&mut cursor),
        "update" => data::update(&mut cursor),
        "delete from" => data::delete(&mut cursor),
        "merge into" => data::merge(&mut cursor),
        "explain" => data::explain(&mut cursor),
        "prepare" | "declare" if !cursor.is("transaction") => data::later(&mut cursor, verb),
        "prepare" | "declare" => session::harmless(cursor.at_start()),
        "select" | "values" | "table" => data::select(&mut cursor, verb),
        "copy" => utility::copy(&mut cursor),
        "truncate" => utility::truncate(&mut cursor),
        "lock" => utility::lock(&mut cursor),
        "reindex" => utility::reindex(&mut cursor),
        "vacuum" => utility::vacuum(&mut cursor),
        "analyze" | "analyse" => utility::analyze(&mut cursor),
        "cluster" => utility::cluster(&mut cursor),
        "refresh materialized view" => utility::refresh(&mut cursor),
        "comment on" => utility::comment(&mut cursor),
        "grant" | "revoke" => session::privileges(&mut cursor, verb),
        "do" => session::do_block(&mut cursor),
        "call" => session::call(&mut cursor),
        // It makes foreign tables, whose names stand on the other server, and locks none there is.
        "import foreign schema" => {
            cursor.skip_rest();
            Ok(Statement::Harmless { words: verb.to_owned() })
        }
        _ => session::set(&mut cursor, verb),
    }
}

/// What statements begin with that the reader knows; the longer of two that share words first.
const VERBS: &[&str] = &[
    "create",
    "alter",
    "drop",
    "insert into",
    "update",
    "delete from",
    "merge into",
    "select",
    "values",
    "table",
    "explain",
    "prepare",
    "declare",
    "copy",
    "truncate",
    "lock",
    "reindex",
    "vacuum",
    "analyze",
    "analyse",
    "cluster",
    "refresh materialized view",
    "comment on",
    "grant",
    "revoke",
    "do",
    "call",
    "import foreign schema",
    "set",
    "reset",
    "discard",
];
