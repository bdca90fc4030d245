//! Migrations written in Rust.

mod backfill;

use std::future::Future;
use std::pin::Pin;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};
use upshift_files::{CodeHeader, Version};

use crate::answer::to_the_end;

pub use backfill::{Backfill, BatchRange};

/// Any error a Rust migration, a backfill or a hook may return.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// The future of a Rust migration.
pub type CodeFuture<'a> = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'a>>;

/// A Rust migration's function, as `#[upshift::migration]` and `embed_migrations!` wrap it.
pub type CodeFn = for<'a, 'c> fn(&'a mut StepContext<'c>) -> CodeFuture<'a>;

/// A migration written in Rust: what `#[upshift::migration]` makes of an async function.
#[derive(Debug, Clone, Copy)]
pub struct CodeMigration {
    pub(crate) place: CodePlace,
    pub(crate) up: CodeFn,
    pub(crate) down: Option<CodeFn>,
}

/// Where a Rust migration's version, name and text come from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CodePlace {
    /// An attributed function.
    Function(CodeHeader),
    /// A `.rs` file of the folder, which says all that itself.
    File(&'static str),
}

impl CodeMigration {
    /// A migration from an attributed function. Called by the macro.
    #[doc(hidden)]
    pub const fn function(header: CodeHeader, up: CodeFn, down: Option<CodeFn>) -> CodeMigration {
        CodeMigration { place: CodePlace::Function(header), up, down }
    }

    /// The functions of a `.rs` file in the folder. Called by the macro.
    #[doc(hidden)]
    pub const fn file(path: &'static str, up: CodeFn, down: Option<CodeFn>) -> CodeMigration {
        CodeMigration { place: CodePlace::File(path), up, down }
    }
}

/// What a Rust migration works with: a connection, inside the migration's transaction unless it asked for none.
///
/// The methods use one round trip each and no named prepared statement, so they work behind a transaction pooler too. Where
/// the migration has no transaction and goes on after an error there, it should have got that from
/// [`batch_execute`](StepContext::batch_execute), which waits for the end of the answer: PgBouncer before 1.21 may give what
/// is asked before that to somebody else when the process dies.
///
/// # Cancel safety
/// Dropping the run drops the migration's future and closes the connection: its transaction rolls back.
#[derive(Debug)]
pub struct StepContext<'c> {
    client: &'c Client,
    version: Option<Version>,
}

impl<'c> StepContext<'c> {
    pub(crate) fn new(client: &'c Client, version: Option<Version>) -> StepContext<'c> {
        StepContext { client, version }
    }

    /// The version of the migration that runs; `None` in a repeatable one.
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// Runs a statement with typed values and gives the number of rows it touched.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn execute(
        &self,
        sql: &str,
        values: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<u64, tokio_postgres::Error> {
        self.client.execute_typed(sql, values).await
    }

    /// Runs a query with typed values and gives its rows.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn query(
        &self,
        sql: &str,
        values: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        self.client.query_typed(sql, values).await
    }

    /// Runs several statements without values.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn batch_execute(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        to_the_end(self.client, sql, |_| {}).await
    }

    /// The connection itself, for COPY and what else is not above.
    ///
    /// Ending the migration's transaction through it (`COMMIT`, `ROLLBACK`) makes the migration fail. Named prepared
    /// statements (`query`, `execute`, `prepare` of this client) need a pooler that keeps them (PgBouncer 1.21).
    pub fn client(&self) -> &Client {
        self.client
    }
}
