//! Which histories of other tools a database has.

use std::fmt;

use crate::request::Request;
use crate::row::Row;
use crate::shape::{Naming, Shape, TableName, TableShape, Zone};
use crate::tool::Tool;

/// Which histories of other tools a database has, in all schemas.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Survey {
    /// The tables that look like one, by schema and name.
    pub tables: Vec<Found>,
}

/// A table that looks like a tool's history.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// Where it is, and its columns.
    pub shape: TableShape,
    /// Whose it is; `None` for a table that a person must name, since its columns are few and its name says nothing.
    pub tool: Option<Tool>,
    /// How many rows it has.
    pub rows: Rows,
}

/// How many rows a table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// As many.
    Count(i64),
    /// The role may not read it.
    Unreadable,
}

/// The table that is adopted from, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldHistory {
    /// Where it is.
    pub table: TableName,
    /// Whether its times say their zone.
    pub zone: Zone,
    /// The zone that times are taken for which say none.
    pub session_zone: String,
    /// Its rows, in the tool's order.
    pub rows: Vec<Row>,
}

/// What kept a table from being chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unchosen {
    /// There is none.
    NoTable,
    /// The one a person named is not there, or has other columns.
    NotThis(TableName),
    /// There are several.
    Several(Vec<TableName>),
    /// The role may not read it.
    Unreadable(TableName),
}

impl Survey {
    /// The table a request is about.
    pub(crate) fn choose(&self, request: &Request) -> Result<(&Found, &'static Shape), Unchosen> {
        let shaped = |found: &Found, naming| found.shape.shape_of(request.tool, naming);
        if let Some(table) = &request.table {
            let named = self.tables.iter().find(|found| found.shape.table == *table);
            let named = named.and_then(|found| Some((found, shaped(found, Naming::Said)?)));
            return readable(named.ok_or_else(|| Unchosen::NotThis(table.clone()))?);
        }
        let all = self.tables.iter().filter_map(|it| Some((it, shaped(it, Naming::Matters)?)));
        let all: Vec<(&Found, &'static Shape)> = all.collect();
        // What a tool has made and never filled is in nobody's way.
        let mut filled = all.iter().filter(|(found, _)| found.rows != Rows::Count(0));
        match (all.as_slice(), filled.next(), filled.next()) {
            ([], ..) => Err(Unchosen::NoTable),
            ([one], ..) => readable(*one),
            (_, Some(one), None) => readable(*one),
            (several, ..) => {
                Err(Unchosen::Several(several.iter().map(|(found, _)| found.shape.table.clone()).collect()))
            }
        }
    }
}

fn readable<'s>(chosen: (&'s Found, &'static Shape)) -> Result<(&'s Found, &'static Shape), Unchosen> {
    match chosen.0.rows {
        Rows::Count(_) => Ok(chosen),
        Rows::Unreadable => Err(Unchosen::Unreadable(chosen.0.shape.table.clone())),
    }
}

impl fmt::Display for Survey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = || self.tables.iter().filter_map(|found| Some((found, found.tool?)));
        if known().next().is_none() {
            return writeln!(f, "no history of another tool");
        }
        for (found, tool) in known() {
            writeln!(f, "{tool}: {}, {}", found.shape.table, found.rows)?;
        }
        Ok(())
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rows::Count(1) => f.write_str("1 row"),
            Rows::Count(count) => write!(f, "{count} rows"),
            Rows::Unreadable => f.write_str("which this role may not read"),
        }
    }
}
