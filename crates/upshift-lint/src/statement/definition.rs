//! Tables, columns, constraints, indexes and views, as CREATE and ALTER define them.

use super::expression::Expression;
use super::name::Name;
use super::query::Query;
use super::types::TypeName;
use super::{Manner, Place, Replace, WhenExisting};

/// CREATE TABLE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTable {
    /// The table.
    pub name: Name,
    /// IF NOT EXISTS.
    pub existing: WhenExisting,
    /// TEMPORARY, UNLOGGED.
    pub persistence: Persistence,
    /// Whether it is CREATE FOREIGN TABLE.
    pub foreign: bool,
    /// Its columns, with their own constraints.
    pub columns: Vec<Column>,
    /// Its other constraints.
    pub constraints: Vec<Constraint>,
    /// The tables it is LIKE, each with what is INCLUDING, lower case (`all`, `indexes`).
    pub like: Vec<(Name, Vec<String>)>,
    /// The tables it INHERITS from.
    pub inherits: Vec<Name>,
    /// The type it is OF.
    pub of: Option<Name>,
    /// The table it is PARTITION OF, and its bound.
    pub partition_of: Option<(Name, Bound)>,
    /// PARTITION BY.
    pub partition_by: Option<Partitioning>,
}

/// Whether a relation outlives the session or a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persistence {
    /// It does.
    Permanent,
    /// A crash empties it.
    Unlogged,
    /// It ends with the session.
    Temporary,
}

/// PARTITION BY.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partitioning {
    /// `range`, `list`, `hash`.
    pub strategy: String,
    /// The columns or expressions.
    pub key: Vec<Expression>,
}

/// The rows a partition takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// FROM … TO …
    Range {
        /// From here on.
        from: Vec<Expression>,
        /// Up to here, not with it.
        to: Vec<Expression>,
    },
    /// IN (…)
    List(Vec<Expression>),
    /// WITH (MODULUS …, REMAINDER …)
    Hash,
    /// What no other takes.
    Default,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub type_name: TypeName,
    /// COLLATE.
    pub collation: Option<Name>,
    /// Its constraints, default and so on, in order.
    pub constraints: Vec<ColumnConstraint>,
    /// Where its name stands.
    pub name_place: Place,
    /// Where its type stands.
    pub type_place: Place,
    /// Where it stands.
    pub place: Place,
}

/// What is said about a column after its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnConstraint {
    /// NOT NULL.
    NotNull(Place),
    /// NULL.
    Null,
    /// DEFAULT.
    Default(Expression),
    /// GENERATED … AS IDENTITY.
    Identity(Place),
    /// GENERATED ALWAYS AS (…).
    Generated {
        /// From what.
        expression: Expression,
        /// Whether it is kept.
        kept: Generated,
        /// Where it stands.
        place: Place,
    },
    /// CHECK, UNIQUE, PRIMARY KEY, REFERENCES: its columns are this one.
    Constraint(Constraint),
}

/// Whether a generated column is kept in the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generated {
    /// It is computed when it is written.
    Stored,
    /// It is computed when it is read (18).
    Virtual,
}

/// A constraint of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// What it demands.
    pub kind: ConstraintKind,
    /// Whether the rows there are were looked at.
    pub validity: Validity,
    /// NOT ENFORCED (18).
    pub enforcement: Enforcement,
    /// DEFERRABLE.
    pub deferrable: Deferrable,
    /// NULLS NOT DISTINCT (15), of a UNIQUE.
    pub nulls: Nulls,
    /// Whether heirs have it, too: NO INHERIT.
    pub heirs: Heirs,
    /// Where it stands.
    pub place: Place,
}

/// What a constraint demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConstraintKind {
    /// CHECK.
    Check(Expression),
    /// NOT NULL as a constraint of the table (18).
    NotNull(String),
    /// UNIQUE.
    Unique(Key),
    /// PRIMARY KEY.
    PrimaryKey(Key),
    /// EXCLUDE; the columns it names.
    Exclude {
        /// How many parts it has.
        parts: Vec<Expression>,
    },
    /// FOREIGN KEY.
    ForeignKey(ForeignKey),
}

/// What a UNIQUE or PRIMARY KEY is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// These columns.
    Columns(Vec<String>),
    /// An index there is: USING INDEX.
    Index(String),
}

/// FOREIGN KEY.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The table they refer to.
    pub table: Name,
    /// The columns they refer to; none means its primary key.
    pub references: Vec<String>,
    /// ON DELETE and ON UPDATE, lower case: `delete cascade`, `update set null`.
    pub actions: Vec<String>,
}

/// Whether the rows there are were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// They were.
    Valid,
    /// NOT VALID: only new rows are.
    NotValid,
}

/// Whether a constraint is checked at all (18).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforcement {
    /// It is.
    Enforced,
    /// NOT ENFORCED.
    NotEnforced,
}

/// When a constraint is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deferrable {
    /// At once.
    No,
    /// DEFERRABLE.
    Yes,
}

/// Whether the heirs of a table have its constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heirs {
    /// They have.
    Included,
    /// NO INHERIT.
    Excluded,
}

/// Whether two NULLs are the same to a unique index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// They are not.
    Distinct,
    /// NULLS NOT DISTINCT (15).
    NotDistinct,
}

/// CREATE INDEX.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateIndex {
    /// The index; none when the server is to choose a name.
    pub name: Option<String>,
    /// The table.
    pub table: Name,
    /// ON ONLY.
    pub only: bool,
    /// UNIQUE.
    pub unique: bool,
    /// CONCURRENTLY.
    pub manner: Manner,
    /// IF NOT EXISTS.
    pub existing: WhenExisting,
    /// `btree`, `gin` … lower case.
    pub method: String,
    /// What is indexed: columns and expressions.
    pub parts: Vec<Expression>,
    /// What is said after each of them, lower case: `text_pattern_ops desc`; mostly nothing.
    pub part_options: Vec<String>,
    /// INCLUDE.
    pub include: Vec<String>,
    /// NULLS NOT DISTINCT (15).
    pub nulls: Nulls,
    /// WHERE.
    pub predicate: Option<Expression>,
}

/// CREATE VIEW.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateView {
    /// The view.
    pub name: Name,
    /// OR REPLACE.
    pub replace: Replace,
    /// TEMPORARY.
    pub persistence: Persistence,
    /// The names of its columns, if they are given.
    pub columns: Vec<String>,
    /// Its query.
    pub query: Query,
}

/// CREATE TABLE AS, SELECT INTO, CREATE MATERIALIZED VIEW.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTableAs {
    /// What is made.
    pub name: Name,
    /// IF NOT EXISTS.
    pub existing: WhenExisting,
    /// TEMPORARY, UNLOGGED.
    pub persistence: Persistence,
    /// Whether it is a materialized view.
    pub materialized: bool,
    /// Whether it begins empty: WITH NO DATA.
    pub empty: bool,
    /// Its query.
    pub query: Query,
}
