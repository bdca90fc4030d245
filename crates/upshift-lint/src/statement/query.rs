//! Queries and data changes: which tables they read, which they lock, and whether a WHERE bounds them.

use super::name::Name;
use super::{Expression, Place};

/// What a query touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// The tables and views it reads, each once, in order.
    pub reads: Vec<Name>,
    /// Those of them without their heirs: ONLY. The table of an UPDATE or DELETE may be among them.
    pub only: Vec<Name>,
    /// Those of them that FOR UPDATE or FOR SHARE locks.
    pub locks_rows_of: Vec<Name>,
    /// Every name of a column in it, as written, without its table; `*` for all.
    pub columns: Vec<String>,
    /// Its own columns, where each has a plain name; `*` for all of a table's.
    pub output: Vec<String>,
    /// The functions it calls.
    pub functions: Vec<Name>,
    /// The sequences whose values it takes or sets, where they are named by a string: `setval('orders_id_seq', 1)`.
    pub sequences: Vec<Name>,
    /// The tables that parts of it write: `WITH x AS (DELETE …)`.
    pub writes: Vec<Name>,
    /// Whether it has a LIMIT or FETCH.
    pub limited: bool,
    /// Whether it has a WHERE.
    pub filtered: bool,
    /// How far it comes.
    pub execution: Execution,
    /// Where it stands.
    pub place: Place,
}

/// How far a query comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Execution {
    /// It is carried out.
    #[default]
    Run,
    /// It is planned: EXPLAIN without ANALYZE, DECLARE.
    Planned,
    /// It is parsed, and kept for later: PREPARE.
    Parsed,
}

/// INSERT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insert {
    /// The table.
    pub table: Name,
    /// The columns; empty when none are named.
    pub columns: Vec<String>,
    /// Whether rows come from a query over tables, and not from VALUES alone.
    pub query: Query,
    /// Whether there is an ON CONFLICT.
    pub on_conflict: bool,
    /// Whether that says of which index: `ON CONFLICT (id)`.
    pub names_conflict: bool,
}

/// UPDATE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The table.
    pub table: Name,
    /// The columns that are set, in order, and where each stands.
    pub columns: Vec<(String, Place)>,
    /// The WHERE.
    pub filter: Option<Expression>,
    /// Everything else it touches.
    pub query: Query,
}

/// DELETE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delete {
    /// The table.
    pub table: Name,
    /// The WHERE.
    pub filter: Option<Expression>,
    /// Everything else it touches.
    pub query: Query,
}
