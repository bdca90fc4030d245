//! Alembic: its table has the current revisions alone, and its files are Python.
//!
//! What it can write without a database, `alembic upgrade head --sql`, is SQL: [`files`] cuts that into migrations, each
//! keeping the line that says which revision it is and which ones it follows.

use std::collections::{BTreeMap, BTreeSet};

use upshift_files::{Body, Migration, MigrationSet, SourceFile, sql};

use super::{PLAIN, Rules};
use crate::row::{Done, Effective, Key};
use crate::shape::{Class, Shape, Strictness};

pub(super) const RULES: Rules = Rules {
    shapes: &[SHAPE],
    effective: |rows| Effective::each(rows, |text| Some(Key::Name(text.to_owned()))),
    spread,
    keys,
    check: |_, _| super::Check::Unknown("its table has the current revisions alone"),
    ..PLAIN
};

const SHAPE: Shape = Shape {
    columns: &[("version_num", Class::Text)],
    strictness: Strictness::NothingElse { words: &[] },
    read: "\
select pg_catalog.row_number() over (order by t.version_num) as place, t.version_num::varchar as key,
    null::varchar as name, null::varchar as kind, null::varchar as checksum, null::timestamp with time zone as at,
    null::bigint as took_ms, false as failed
from old.table t order by 1",
};

/// `-- Running upgrade aaa111, bbb222 -> 76008376680a`
struct Step<'t> {
    from: Vec<&'t str>,
    to: &'t str,
}

impl<'t> Step<'t> {
    fn of(line: &'t str, direction: &str) -> Option<Step<'t>> {
        let rest = line.trim_end().strip_prefix("-- Running ")?.strip_prefix(direction)?;
        // The end of the line of ancestors is nothing: `46d2658177af -> `, which an editor may have trimmed.
        let (from, to) = rest.split_once("->")?;
        let from = from.split(',').map(str::trim).filter(|it| !it.is_empty()).collect();
        Some(Step { from, to: to.trim() })
    }
}

fn step(migration: &Migration) -> Option<Step<'_>> {
    let Body::Sql(up) = migration.up() else { return None };
    up.file().text.lines().find_map(|line| Step::of(line, "upgrade"))
}

fn keys(migration: &Migration) -> Vec<Key> {
    step(migration).map(|step| Key::Name(step.to.to_owned())).into_iter().collect()
}

/// A current revision stands for all that lead to it.
fn spread(effective: Effective, set: &MigrationSet) -> Effective {
    let before: BTreeMap<&str, Vec<&str>> =
        set.iter().filter_map(step).map(|step| (step.to, step.from)).collect();
    let heads: Vec<&Done> = effective.done.iter().collect();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = heads.iter().map(|done| done.shown.as_str()).collect();
    while let Some(revision) = open.pop() {
        if seen.insert(revision) {
            open.extend(before.get(revision).into_iter().flatten());
        }
    }
    let done = |revision: &&str| match heads.iter().find(|head| head.shown == **revision) {
        Some(head) => (*head).clone(),
        None => Done {
            key: Key::Name((*revision).to_owned()),
            shown: (*revision).to_owned(),
            beside: None,
            checksum: None,
            at: None,
            took_ms: None,
        },
    };
    let done = seen.iter().map(done).collect();
    Effective { done, ..effective }
}

/// Cuts what `alembic upgrade head --sql` wrote into migration files, numbered in its order, and the parts of
/// `alembic downgrade head:base --sql` into their downs.
///
/// Statements about `table` (`alembic_version` unless told otherwise) are left out, as are the BEGIN and COMMIT around
/// the whole. A revision that queries the database while it migrates wrote nothing that could be cut: look at each file.
///
/// # Errors
/// A text that PostgreSQL could not read either.
///
/// # Examples
/// ```
/// let up = "BEGIN;\n-- Running upgrade  -> 46d2658177af\n\nCREATE TABLE users (id int);\n\nCOMMIT;\n";
/// let files = upshift_adopt::alembic_files(up, "", "alembic_version")?;
/// assert_eq!(files[0].path, "0001_46d2658177af.up.sql");
/// # Ok::<(), upshift_files::sql::SyntaxError>(())
/// ```
pub fn files(up: &str, down: &str, table: &str) -> Result<Vec<SourceFile>, sql::SyntaxError> {
    let ups = cut(up, "upgrade", table)?;
    let downs = cut(down, "downgrade", table)?;
    let mut files = Vec::new();
    for (n, (line, revision, text)) in ups.into_iter().enumerate() {
        let path = |section: &str| format!("{:04}_{revision}.{section}.sql", n + 1);
        // A revision that joins two has no statement, and a migration has one.
        let text = if text.is_empty() { "select 1;\n" } else { &text };
        files.push(SourceFile::new(path("up"), format!("{line}\n\n{text}")));
        let before =
            |line: &str| Step::of(line, "downgrade").is_some_and(|step| step.from == [revision.as_str()]);
        if let Some((line, _, text)) = downs.iter().find(|(line, ..)| before(line)) {
            files.push(SourceFile::new(path("down"), format!("{line}\n\n{text}")));
        }
    }
    Ok(files)
}

/// The parts of a script: the line each begins with, its revision, its statements.
fn cut(
    script: &str,
    direction: &str,
    table: &str,
) -> Result<Vec<(String, String, String)>, sql::SyntaxError> {
    let statements = sql::split(script)?;
    let mut marks: Vec<(usize, &str, Step<'_>)> = Vec::new();
    let mut at = 0;
    for line in script.split_inclusive('\n') {
        // The same words in a string or a body are no mark.
        let is_between = || !statements.iter().any(|it| it.range.contains(&at));
        if let Some(step) = Step::of(line, direction).filter(|_| is_between()) {
            marks.push((at, line.trim_end(), step));
        }
        at += line.len();
    }
    let ends = marks.iter().skip(1).map(|(at, ..)| *at).chain([script.len()]).collect::<Vec<_>>();
    let part = |((at, line, step), end): ((usize, &str, Step<'_>), usize)| {
        let own = statements.iter().filter(|it| (at..end).contains(&it.range.start));
        let text = own.map(|it| it.text(script)).filter(|text| !is_alembics(text, table));
        let text: String = text.map(|text| format!("{text};\n")).collect();
        (line.to_owned(), step.to.to_owned(), text)
    };
    Ok(marks.into_iter().zip(ends).map(part).collect())
}

/// Whether a statement is Alembic's own.
fn is_alembics(statement: &str, table: &str) -> bool {
    let words: Vec<&str> = statement.split(|c: char| c.is_whitespace() || c == '(').collect();
    let is = |at: usize, word: &str| words.get(at).is_some_and(|it| it.eq_ignore_ascii_case(word));
    if words.len() == 1 && (is(0, "begin") || is(0, "commit")) {
        return true;
    }
    let names = |at: usize| {
        let name = words.get(at).map(|it| it.rsplit('.').next().unwrap_or(it));
        name.is_some_and(|name| name.trim_matches('"') == table)
    };
    let (create, insert, delete) = (
        is(0, "create") && is(1, "table"),
        is(0, "insert") && is(1, "into"),
        is(0, "delete") && is(1, "from"),
    );
    is(0, "update") && names(1) || (create || insert || delete) && names(2) || is(0, "drop") && names(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offline_script_becomes_files_without_alembics_own_statements() {
        let up = "BEGIN;\n\nCREATE TABLE alembic_version (\n    version_num VARCHAR(32) NOT NULL\n);\n\n\
            -- Running upgrade  -> 46d2\n\nCREATE TABLE users (id int);\n\n\
            INSERT INTO alembic_version (version_num) VALUES ('46d2') RETURNING alembic_version.version_num;\n\n\
            -- Running upgrade 46d2 -> bbb\n\nselect '\n-- Running upgrade 46d2 -> no\n';\n\
            UPDATE alembic_version SET version_num='bbb' WHERE alembic_version.version_num = '46d2';\n\nCOMMIT;\n";
        let down = "BEGIN;\n-- Running downgrade 46d2 -> \n\nDROP TABLE users;\n\n\
            DELETE FROM alembic_version WHERE alembic_version.version_num = '46d2';\nCOMMIT;\n";
        let files = files(up, down, "alembic_version").unwrap();
        let shown: Vec<String> = files.iter().map(|file| format!("{}: {}", file.path, file.text)).collect();
        assert_eq!(
            shown,
            [
                "0001_46d2.up.sql: -- Running upgrade  -> 46d2\n\nCREATE TABLE users (id int);\n",
                "0001_46d2.down.sql: -- Running downgrade 46d2 ->\n\nDROP TABLE users;\n",
                "0002_bbb.up.sql: -- Running upgrade 46d2 -> bbb\n\nselect '\n-- Running upgrade 46d2 -> no\n';\n",
            ]
        );
    }
}
