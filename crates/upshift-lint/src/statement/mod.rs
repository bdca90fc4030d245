//! What a statement says, as a value: read from its text by [`read`](crate::read), without a database.
//!
//! The reader knows PostgreSQL's definition language and as much of queries as tells which tables they touch. What it
//! does not know it says: [`Statement::Unknown`], never a guess.

mod alter;
mod definition;
mod expression;
mod name;
mod object;
mod query;
mod types;

pub use alter::{
    Action, AlterRelation, ColumnChange, DetachHow, Identity, Replica, RowSecurity, SequenceChange, Switch,
};
pub use definition::{
    Bound, Column, ColumnConstraint, Constraint, ConstraintKind, CreateIndex, CreateTable, CreateTableAs,
    CreateView, Deferrable, Enforcement, ForeignKey, Generated, Heirs, Key, Nulls, Partitioning, Persistence,
    Validity,
};
pub use expression::{Expression, ExpressionKind};
pub use name::{Name, Quoted};
pub(crate) use name::{is_of_sequence, is_reserved};
pub(crate) use object::WORDS;
pub use object::{
    AlterDomain, AlterType, AttributeChange, CreateFunction, CreateTrigger, CreateType, Drop, Kind, Language,
    Security, TypeShape, Volatility,
};
pub use query::{Delete, Execution, Insert, Query, Update};
pub use types::TypeName;

use std::ops::Range;

/// What CREATE does when there is one of that name.
pub use upshift_files::sql::WhenExisting;

/// What ALTER or DROP does when there is none of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenMissing {
    /// It fails.
    Fail,
    /// It does nothing: IF EXISTS.
    Skip,
}

/// What becomes of that which depends on what is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependants {
    /// The statement fails: RESTRICT, and nothing.
    Refuse,
    /// It is dropped, too: CASCADE.
    Drop,
}

/// Whether CREATE replaces what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// CREATE.
    No,
    /// CREATE OR REPLACE.
    Yes,
}

/// How an index is built, dropped or refreshed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// In one go, while others wait.
    Blocking,
    /// CONCURRENTLY.
    Concurrently,
}

/// A lock mode of a table, weakest first (manual, 13.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockMode {
    /// What SELECT takes.
    AccessShare,
    /// What SELECT … FOR UPDATE takes.
    RowShare,
    /// What INSERT, UPDATE and DELETE take.
    RowExclusive,
    /// What VACUUM, ANALYZE and CREATE INDEX CONCURRENTLY take.
    ShareUpdateExclusive,
    /// What CREATE INDEX takes: no writes.
    Share,
    /// What CREATE TRIGGER and foreign keys take: no writes.
    ShareRowExclusive,
    /// What REFRESH MATERIALIZED VIEW CONCURRENTLY takes: no writes, no SELECT FOR UPDATE.
    Exclusive,
    /// What most of ALTER TABLE takes: not even SELECT.
    AccessExclusive,
}

/// A statement, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Statement {
    /// CREATE TABLE.
    CreateTable(CreateTable),
    /// CREATE TABLE AS, SELECT INTO, CREATE MATERIALIZED VIEW.
    CreateTableAs(CreateTableAs),
    /// ALTER TABLE, and ALTER of an index, view, materialized view, sequence or foreign table.
    AlterRelation(AlterRelation),
    /// CREATE INDEX.
    CreateIndex(CreateIndex),
    /// CREATE VIEW.
    CreateView(CreateView),
    /// REFRESH MATERIALIZED VIEW.
    RefreshMaterializedView {
        /// The view.
        name: Name,
        /// Whether readers go on.
        manner: Manner,
        /// Whether it ends empty: WITH NO DATA.
        empty: bool,
    },
    /// CREATE SEQUENCE.
    CreateSequence {
        /// The sequence.
        name: Name,
        /// IF NOT EXISTS.
        existing: WhenExisting,
        /// OWNED BY table and column.
        owner: Option<(Name, String)>,
    },
    /// CREATE TRIGGER.
    CreateTrigger(CreateTrigger),
    /// CREATE RULE.
    CreateRule {
        /// The rule.
        name: String,
        /// Its table.
        table: Name,
    },
    /// CREATE POLICY.
    CreatePolicy {
        /// The policy.
        name: String,
        /// Its table.
        table: Name,
        /// Whether it is AS RESTRICTIVE.
        restrictive: bool,
        /// What its expressions read in queries of their own.
        reads: Vec<Name>,
    },
    /// ALTER POLICY, but RENAME.
    AlterPolicy {
        /// The policy.
        name: String,
        /// Its table.
        table: Name,
        /// What its expressions read in queries of their own.
        reads: Vec<Name>,
    },
    /// CREATE TYPE.
    CreateType(CreateType),
    /// ALTER TYPE.
    AlterType(AlterType),
    /// CREATE DOMAIN.
    CreateDomain {
        /// The domain.
        name: Name,
        /// What it is of.
        base: TypeName,
        /// Its constraints.
        constraints: Vec<ColumnConstraint>,
    },
    /// ALTER DOMAIN.
    AlterDomain(AlterDomain),
    /// CREATE FUNCTION, CREATE PROCEDURE.
    CreateFunction(CreateFunction),
    /// CREATE STATISTICS on a table.
    CreateStatistics {
        /// The statistics object.
        name: Option<Name>,
        /// The table.
        table: Name,
    },
    /// CREATE PUBLICATION, ALTER PUBLICATION, with the tables it names.
    Publication {
        /// The publication.
        name: String,
        /// The tables it names.
        tables: Vec<Name>,
        /// Whether it is created here.
        created: bool,
    },
    /// CREATE SCHEMA, with the statements inside it.
    CreateSchema {
        /// The schema.
        name: String,
        /// IF NOT EXISTS.
        existing: WhenExisting,
    },
    /// CREATE EXTENSION.
    CreateExtension {
        /// The extension.
        name: String,
        /// IF NOT EXISTS.
        existing: WhenExisting,
    },
    /// ALTER EXTENSION … UPDATE.
    UpdateExtension {
        /// The extension.
        name: String,
    },
    /// DROP of anything.
    Drop(Drop),
    /// ALTER … RENAME TO of what is no relation: a function, type, schema, trigger, policy, rule.
    RenameObject {
        /// What it is.
        kind: Kind,
        /// Its name.
        name: Name,
        /// The table it is on, for a trigger, policy or rule.
        on: Option<Name>,
        /// Its new name.
        to: String,
    },
    /// COMMENT ON.
    Comment {
        /// What it is.
        kind: Kind,
        /// Its name.
        name: Name,
        /// The table it is on, for a column, constraint, trigger, policy or rule.
        on: Option<Name>,
    },
    /// GRANT or REVOKE on tables.
    Privileges {
        /// Whether they are given.
        granted: bool,
        /// The tables; empty for what is no table.
        tables: Vec<Name>,
        /// The sequences.
        sequences: Vec<Name>,
        /// What is given or taken, lower case: `select`, `all`.
        privileges: Vec<String>,
        /// To whom or from whom.
        roles: Vec<String>,
    },
    /// TRUNCATE.
    Truncate {
        /// The tables.
        tables: Vec<Name>,
        /// Those of them that are emptied without their heirs: ONLY.
        only: Vec<Name>,
        /// Whether their sequences begin anew: RESTART IDENTITY.
        restarts: bool,
        /// CASCADE.
        dependants: Dependants,
    },
    /// LOCK TABLE.
    Lock {
        /// The tables.
        tables: Vec<Name>,
        /// Those of them that are locked without their heirs: ONLY.
        only: Vec<Name>,
        /// The mode.
        mode: LockMode,
    },
    /// REINDEX.
    Reindex {
        /// What it is of: an index, a table, a schema, a database.
        kind: Kind,
        /// Its name.
        name: Option<Name>,
        /// CONCURRENTLY.
        manner: Manner,
    },
    /// VACUUM.
    Vacuum {
        /// The tables; none means all.
        tables: Vec<Name>,
        /// Whether it is FULL.
        full: bool,
    },
    /// ANALYZE.
    Analyze {
        /// The tables; none means all.
        tables: Vec<Name>,
    },
    /// CLUSTER.
    Cluster {
        /// The table; none means all.
        table: Option<Name>,
    },
    /// INSERT.
    Insert(Insert),
    /// UPDATE.
    Update(Update),
    /// DELETE.
    Delete(Delete),
    /// MERGE.
    Merge {
        /// The table that is written.
        table: Name,
        /// The rest.
        query: Query,
    },
    /// SELECT, VALUES, TABLE, EXPLAIN.
    Select(Query),
    /// COPY of a table.
    Copy {
        /// The table; none for a query.
        table: Option<Name>,
        /// Whether rows come in.
        into_table: bool,
        /// What a query reads.
        query: Query,
    },
    /// DO, with the text of its block.
    Do {
        /// The block.
        body: String,
    },
    /// CALL.
    Call {
        /// The procedure.
        procedure: Name,
    },
    /// SET, RESET of a setting; SET ROLE is the setting `role`.
    Set {
        /// The setting, lower case; `all` for RESET ALL.
        setting: String,
        /// What it is set to, parts of a list each; none for RESET and DEFAULT.
        values: Vec<String>,
        /// Whether it ends with the transaction.
        scope: SetScope,
    },
    /// BEGIN, COMMIT, SAVEPOINT … : see [`upshift_files::sql::StatementKind`].
    Transaction,
    /// What locks no relation and breaks nobody: CREATE ROLE, LISTEN, SHOW …
    Harmless {
        /// Its first words, lower case.
        words: String,
    },
    /// What the reader does not know, and why.
    Unknown {
        /// Its first words, lower case.
        words: String,
        /// Where reading ended, in bytes of the section's text.
        at: usize,
    },
}

/// How long a SET lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetScope {
    /// To the end of the session: SET.
    Session,
    /// To the end of the transaction: SET LOCAL.
    Transaction,
}

/// Where something stands, in bytes of the section's text.
pub type Place = Range<usize>;
