//! Queries, read as far as tells which tables and columns they touch.
//!
//! A query is not parsed: its clauses are followed token by token. That finds every relation of a FROM, JOIN or USING
//! and every name that may be a column, and never fails.

use upshift_files::sql::TokenKind;

use super::cursor::{Cursor, Reading};
use crate::statement::{Name, Query, is_of_sequence, is_reserved};

/// The query that the rest of the statement is.
pub(crate) fn query(cursor: Cursor<'_>) -> Reading<Query> {
    let mut found = Query { place: cursor.byte()..cursor.byte(), ..Query::default() };
    let mut all = cursor;
    all.skip_rest();
    found.place = all.since(cursor.byte());
    found.output = output(cursor);
    let mut scan = Scan { query: found, local: Vec::new() };
    scan.block(cursor, Block::Query)?;
    let mut query = scan.query;
    query.reads.retain(|name| name.schema.is_some() || !scan.local.contains(&name.name));
    Ok(query)
}

/// What a stretch in parentheses is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    /// A query: FROM begins a list of tables.
    Query,
    /// An expression or the arguments of a function: FROM is a word of `extract(year from day)`.
    Expression,
}

struct Scan {
    query: Query,
    /// Names of WITH parts: no tables.
    local: Vec<String>,
}

/// Words after which the list of tables is over.
const AFTER_TABLES: &[&str] = &[
    "where",
    "group",
    "having",
    "window",
    "union",
    "intersect",
    "except",
    "order",
    "limit",
    "offset",
    "fetch",
    "for",
    "returning",
    "set",
    "when",
    "on",
    "values",
    "select",
];

/// Words before a table.
const BEFORE_TABLE: &[&str] = &["from", "join", "using", "into", "update"];

impl Scan {
    fn block(&mut self, cursor: Cursor<'_>, block: Block) -> Reading<()> {
        let mut cursor = cursor;
        let first_read = self.query.reads.len();
        let mut tables_follow = false;
        while !cursor.is_done() {
            // At the end of CREATE TABLE AS and CREATE VIEW.
            if cursor
                .eat_one_of(&["with no data", "with data", "with check option", "with local check option"])
                .or_else(|| cursor.eat_one_of(&["with cascaded check option"]))
                .is_some()
            {
                continue;
            }
            if block == Block::Query && cursor.is("with") && !cursor.is_sign_at(1, "(") {
                self.with(&mut cursor)?;
                continue;
            }
            if cursor.eat("limit") || cursor.eat("fetch") {
                self.query.limited = true;
                tables_follow = false;
                continue;
            }
            if cursor.is("for") && self.rows_locked(&mut cursor, first_read) {
                continue;
            }
            if cursor.is_one_of(AFTER_TABLES) {
                self.query.filtered |= cursor.is("where");
                tables_follow = false;
                cursor.advance();
                continue;
            }
            if cursor.eat_one_of(&["is distinct from", "is not distinct from"]).is_some() {
                continue;
            }
            if block == Block::Query && cursor.is_one_of(BEFORE_TABLE) && !cursor.is_sign_at(1, "(") {
                let writes = cursor.is("into") || cursor.is("update");
                tables_follow |= cursor.is("from") || cursor.is("using");
                cursor.advance();
                self.table(&mut cursor, if writes { Use::Write } else { Use::Read })?;
                continue;
            }
            if block == Block::Query && cursor.is_one_of(BEFORE_TABLE) {
                tables_follow |= cursor.is("from");
                cursor.advance();
                self.inside(&mut cursor)?;
                continue;
            }
            if tables_follow && cursor.is_sign(",") {
                cursor.advance();
                self.table(&mut cursor, Use::Read)?;
                continue;
            }
            self.other(&mut cursor)?;
        }
        Ok(())
    }

    /// What is no clause: a name, a call, parentheses, anything.
    fn other(&mut self, cursor: &mut Cursor<'_>) -> Reading<()> {
        if cursor.is_sign("(") {
            return self.inside(cursor);
        }
        let is_name = match cursor.kind() {
            Some(TokenKind::QuotedName) => true,
            Some(TokenKind::Word) => !is_reserved(&cursor.peek(0).to_ascii_lowercase()),
            _ => false,
        };
        if !is_name {
            if cursor.is_sign("*") {
                self.query.columns.push("*".to_owned());
            }
            cursor.advance();
            return Ok(());
        }
        let mut parts = vec![cursor.identifier()?];
        while cursor.is_sign(".") {
            cursor.advance();
            match cursor.eat_sign("*") {
                true => parts.push("*".to_owned()),
                false => parts.push(cursor.identifier()?),
            }
        }
        if cursor.is_sign("(") {
            let name = parts.pop().unwrap_or_default();
            let function = Name { schema: parts.pop(), name };
            if is_of_sequence(&function) {
                self.query.sequences.extend(Name::quoted(cursor.peek(1)));
            }
            self.query.functions.push(function);
            return self.inside(cursor);
        }
        self.query.columns.extend(parts.pop());
        Ok(())
    }

    /// The parentheses that come next.
    fn inside(&mut self, cursor: &mut Cursor<'_>) -> Reading<()> {
        let inside = cursor.parentheses()?;
        let query =
            inside.is_one_of(&["select", "with", "values", "table", "insert", "update", "delete", "merge"]);
        // Of a join or a query in more parentheses the first word tells nothing: look deeper.
        let nested = inside.is_sign("(");
        self.block(inside, if query || nested { Block::Query } else { Block::Expression })
    }

    /// The parts of a WITH.
    fn with(&mut self, cursor: &mut Cursor<'_>) -> Reading<()> {
        cursor.require("with")?;
        cursor.eat("recursive");
        loop {
            self.local.push(cursor.identifier()?);
            if cursor.is_sign("(") {
                cursor.parentheses()?;
            }
            cursor.require("as")?;
            cursor.eat_one_of(&["materialized", "not materialized"]);
            let part = cursor.parentheses()?;
            let mut target = part;
            if target.eat_one_of(&["delete from", "insert into", "update", "merge into"]).is_some() {
                target.eat("only");
                self.query.writes.push(target.name()?);
            }
            self.block(part, Block::Query)?;
            cursor.skip_while(|c| {
                !c.is_sign(",")
                    && !c.is_one_of(&["select", "insert", "update", "delete", "values"])
                    && !c.is_one_of(&["merge", "table"])
                    && !c.is_sign("(")
            });
            if !cursor.eat_sign(",") {
                return Ok(());
            }
        }
    }

    /// A table, function, or query of a FROM.
    fn table(&mut self, cursor: &mut Cursor<'_>, how: Use) -> Reading<()> {
        cursor.eat("lateral");
        let only = cursor.eat("only");
        if cursor.eat("rows from") || cursor.is_sign("(") {
            let inside = cursor.parentheses()?;
            let query = inside.is_one_of(&["select", "with", "values", "table"]) || inside.is_sign("(");
            if query {
                self.block(inside, Block::Query)?;
            } else {
                let mut join = inside;
                self.table(&mut join, how)?;
                self.block(join, Block::Query)?;
            }
        } else if let Ok(name) = cursor.name() {
            if cursor.is_sign("(") {
                self.query.functions.push(name);
                self.inside(cursor)?;
            } else if how == Use::Read && !self.query.reads.contains(&name) {
                if only {
                    self.query.only.push(name.clone());
                }
                self.query.reads.push(name);
            }
        }
        cursor.eat_sign("*");
        cursor.eat("with ordinality");
        let aliased = cursor.eat("as");
        let is_alias = matches!(cursor.kind(), Some(TokenKind::Word | TokenKind::QuotedName))
            && (aliased || !is_reserved(&cursor.peek(0).to_ascii_lowercase()))
            && !cursor.is_one_of(AFTER_TABLES)
            && !cursor.is_one_of(&["set", "default", "overriding"]);
        if is_alias {
            cursor.advance();
            if how == Use::Read && cursor.is_sign("(") {
                cursor.parentheses()?;
            }
        }
        Ok(())
    }

    /// FOR UPDATE and its like; `false` when it is another FOR.
    fn rows_locked(&mut self, cursor: &mut Cursor<'_>, first: usize) -> bool {
        let all = ["for update", "for no key update", "for share", "for key share"];
        if cursor.eat_one_of(&all).is_none() {
            return false;
        }
        // OF names aliases as well as tables: where it names none that is known, all are taken.
        let mut of = Vec::new();
        if cursor.eat("of") {
            of = cursor.names().unwrap_or_default();
        }
        let here: Vec<Name> = self.query.reads.iter().skip(first).cloned().collect();
        let named: Vec<Name> =
            here.iter().filter(|name| of.iter().any(|o| o.name == name.name)).cloned().collect();
        let locked = if named.is_empty() { here } else { named };
        for name in locked {
            if !self.query.locks_rows_of.contains(&name) {
                self.query.locks_rows_of.push(name);
            }
        }
        cursor.eat_one_of(&["nowait", "skip locked"]);
        true
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Read,
    /// Somebody else has its name.
    Write,
}

/// The names of a query's own columns: `*`, a plain column, or what stands after AS.
fn output(cursor: Cursor<'_>) -> Vec<String> {
    let mut cursor = cursor;
    cursor.skip_while(|c| !c.is("select"));
    if !cursor.eat("select") {
        return Vec::new();
    }
    if cursor.eat("distinct on") {
        let _ = cursor.parentheses();
    } else {
        cursor.eat_one_of(&["distinct", "all"]);
    }
    let ends = [
        "from",
        "where",
        "group",
        "having",
        "union",
        "intersect",
        "except",
        "order",
        "limit",
        "into",
        "with",
    ];
    let mut names = Vec::new();
    while !cursor.is_done() && !cursor.is_one_of(&ends) {
        let mut last = None;
        while !cursor.is_done() && !cursor.is_sign(",") && !cursor.is_one_of(&ends) {
            if cursor.is_sign("(") {
                if cursor.parentheses().is_err() {
                    cursor.skip_rest();
                }
            } else if cursor.eat_sign("*") {
                last = Some("*".to_owned());
            } else if let Ok(name) = cursor.identifier() {
                last = Some(name);
            } else {
                cursor.advance();
            }
        }
        names.extend(last);
        cursor.eat_sign(",");
    }
    names
}
