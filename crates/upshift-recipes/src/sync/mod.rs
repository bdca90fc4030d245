//! Old and new columns of one table, kept in step by a trigger.
//!
//! The trigger's text follows `research/zero-downtime.md` 3.4.1 and 3.4.2, where each detail was tried. In short: row
//! images are compared (`*<>`), since json, xml and point have no `=` and numeric, float and citext values may be equal
//! and yet differ; it fires last (`zzz_`), so that it sees what other triggers changed, and always, under
//! `session_replication_role = replica` too; the new column has no default, so that a value in it was sent.

mod function;
mod trigger;

pub(crate) use function::{Create, Flow};

use crate::facts::{TableFacts, Tie};
use crate::name::{Ident, Table};
use crate::{Expression, RecipeError, SqlType};

/// Values wider than this are read from TOAST to be compared: 6.9 ms for 1 MB, noise up to 16 KB (research 3.4.1).
const WIDE: u32 = 8192;

/// Old and new columns of one table that a trigger keeps in step.
#[derive(Debug, Clone)]
pub(crate) struct Sync {
    pub(crate) table: Table,
    pub(crate) old: Vec<Column>,
    pub(crate) new: Vec<Column>,
    pub(crate) conversion: Conversion,
    pub(crate) firing: Firing,
}

/// A column of a pair.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: Ident,
    pub(crate) data_type: SqlType,
}

/// How the one side follows from the other.
#[derive(Debug, Clone)]
pub(crate) enum Conversion {
    /// It is the same value.
    Same,
    /// By functions, one for each column of the side that is made.
    By { up: Vec<Function>, down: Vec<Function>, pending: Pending },
}

/// A function that makes one column of a side from all columns of the other.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    pub(crate) name: Ident,
    pub(crate) takes: Vec<Column>,
    pub(crate) returns: SqlType,
    pub(crate) body: Body,
}

/// What a function does.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// An expression over its arguments, which have the columns' names.
    Expression(Expression),
    /// The rest of a CREATE FUNCTION, from `language` on.
    Written(String),
}

/// When a row whose new columns are all NULL still waits for the backfill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pending {
    /// When the old columns give something that is not NULL: where they give NULL it would wait for ever.
    WhenItGivesSomething,
    /// When an old column is not NULL: asking the function would do something.
    WhenOldIsThere,
}

/// When the trigger fires for an UPDATE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Firing {
    /// When a row's image differs.
    Image,
    /// When the statement names a column: values are never read to be compared. Another trigger's change is not seen.
    NamedColumns,
}

impl Firing {
    /// How to fire for these old columns: by name where values are wide and no other trigger could change them.
    pub(crate) fn of(facts: &TableFacts, old: &[&Ident]) -> Result<Firing, RecipeError> {
        let mut wide = false;
        for name in old {
            wide |= facts.get(name)?.width > WIDE;
        }
        match wide && facts.before_update.is_empty() {
            true => Ok(Firing::NamedColumns),
            false => Ok(Firing::Image),
        }
    }

    /// Whether values so wide are compared for every UPDATE of a row that it shows.
    pub(crate) fn is_costly(self, facts: &TableFacts, old: &[&Ident]) -> bool {
        self == Firing::Image && old.iter().any(|name| facts.get(name).is_ok_and(|it| it.width > WIDE))
    }
}

/// The old columns, where nothing forbids to double them.
pub(crate) fn old_columns(
    facts: &TableFacts,
    names: &[&Ident],
    instead: &str,
) -> Result<Vec<Column>, RecipeError> {
    let mut columns = Vec::new();
    for name in names {
        let column = facts.get(name)?;
        if let Some(tie) = column.ties.first() {
            let what = format!("column {name} of {} cannot be doubled", facts.table);
            let instead = match tie {
                Tie::UnderWay => "purge that one first, or take it back",
                _ => instead,
            };
            return Err(RecipeError::new(what, tie.reason()).instead(instead));
        }
        columns.push(Column { name: column.name.clone(), data_type: column.sql_type()? });
    }
    Ok(columns)
}

impl Sync {
    /// `upshift_sync_users_name_full_name`: the trigger's function.
    pub(crate) fn function(&self) -> Table {
        self.table.beside(Ident::derived("upshift_sync_", &self.names(), ""))
    }

    /// The trigger for INSERT (`_i`) or UPDATE (`_u`).
    fn trigger(&self, suffix: &str) -> Ident {
        Ident::derived("zzz_upshift_sync_", &self.names()[1..], suffix)
    }

    fn names(&self) -> Vec<&Ident> {
        let columns = self.old.iter().chain(&self.new).map(|column| &column.name);
        std::iter::once(&self.table.name).chain(columns).collect()
    }

    /// The rows that wait for the backfill, as a condition.
    pub(crate) fn is_pending(&self) -> String {
        let new = all(&self.new, " is null");
        match &self.conversion {
            Conversion::Same => format!("{new} and {}", any(&self.old, " is not null")),
            Conversion::By { pending: Pending::WhenOldIsThere, .. } => {
                format!("{new} and {}", any(&self.old, " is not null"))
            }
            Conversion::By { up, .. } => {
                let gives: Vec<String> =
                    up.iter().map(|it| format!("{} is not null", self.call(it, ""))).collect();
                format!("{new} and {}", bracketed(&gives, " or "))
            }
        }
    }

    /// The one UPDATE of the backfill. It writes only what nobody has written, so it may run as often as it likes.
    pub(crate) fn fill(&self) -> String {
        let set: Vec<String> = self
            .new
            .iter()
            .zip(self.ups(""))
            .map(|(column, value)| format!("{} = {value}", column.name))
            .collect();
        format!("update {}\nset {}\nwhere {}", self.table, set.join(", "), self.is_pending())
    }

    /// True when no row waits, and in no row the sides disagree.
    pub(crate) fn agrees(&self) -> Vec<String> {
        let not_pending = format!(
            "select not exists (\n    select from {}\n    where {}\n)",
            self.table,
            self.is_pending()
        );
        let new = image(&self.new, "");
        let differs = match &self.conversion {
            Conversion::Same => format!("{new} operator(pg_catalog.*<>) {}", image(&self.old, "")),
            Conversion::By { .. } => {
                // Each side may lose something of the other: it is enough that one of them follows.
                let up = typed(self.ups(""), &self.new);
                let down = typed(self.downs(""), &self.old);
                let old = image(&self.old, "");
                format!(
                    "{new} operator(pg_catalog.*<>) {up}\n        and {old} operator(pg_catalog.*<>) {down}"
                )
            }
        };
        vec![
            not_pending,
            format!("select not exists (\n    select from {}\n    where {differs}\n)", self.table),
        ]
    }

    /// The new columns' values, from the old ones of `row` (`new.`, `old.`, or nothing).
    fn ups(&self, row: &str) -> Vec<String> {
        match &self.conversion {
            Conversion::Same => self.old.iter().map(|column| format!("{row}{}", column.name)).collect(),
            Conversion::By { up, .. } => up.iter().map(|function| self.call(function, row)).collect(),
        }
    }

    /// The old columns' values, from the new ones of `row`.
    fn downs(&self, row: &str) -> Vec<String> {
        match &self.conversion {
            Conversion::Same => self.new.iter().map(|column| format!("{row}{}", column.name)).collect(),
            Conversion::By { down, .. } => down.iter().map(|function| self.call(function, row)).collect(),
        }
    }

    fn call(&self, function: &Function, row: &str) -> String {
        let arguments: Vec<String> =
            function.takes.iter().map(|column| format!("{row}{}", column.name)).collect();
        format!("{}({})", self.table.beside(function.name.clone()), arguments.join(", "))
    }
}

/// The columns as one record, whose bytes are compared.
fn image(columns: &[Column], row: &str) -> String {
    let names: Vec<String> = columns.iter().map(|column| format!("{row}{}", column.name)).collect();
    format!("row({})::pg_catalog.record", names.join(", "))
}

/// Values as a record of exactly the columns' types: images of `numeric` and `numeric(12, 2)` differ.
fn typed(values: Vec<String>, columns: &[Column]) -> String {
    let values: Vec<String> =
        values.iter().zip(columns).map(|(value, column)| format!("{value}::{}", column.data_type)).collect();
    format!("row({})::pg_catalog.record", values.join(", "))
}

fn all(columns: &[Column], is: &str) -> String {
    columns.iter().map(|column| format!("{}{is}", column.name)).collect::<Vec<_>>().join(" and ")
}

fn any(columns: &[Column], is: &str) -> String {
    let each: Vec<String> = columns.iter().map(|column| format!("{}{is}", column.name)).collect();
    bracketed(&each, " or ")
}

/// Joined, in brackets where there are several.
fn bracketed(each: &[String], with: &str) -> String {
    match each {
        [one] => one.clone(),
        several => format!("({})", several.join(with)),
    }
}
