//! Backfills written in Rust: the engine finds the ranges, keeps the place and the pace; the code does a batch.

use async_trait::async_trait;

use super::{BoxError, StepContext};

/// The Rust code of a backfill, for what one SQL statement cannot do.
///
/// Its file says all the rest, as that of any backfill: table, key, batch, pause, what it requires, how it is verified.
/// The up section has no statement, and the code is registered with [`crate::Migrator::backfill`] under the file's
/// version. An edit of the code changes no checksum: give what must be done anew a new version.
///
/// ```no_run
/// use upshift::{Backfill, BatchRange, BoxError, StepContext, async_trait};
///
/// struct SplitNames;
///
/// #[async_trait]
/// impl Backfill for SplitNames {
///     async fn batch(&self, range: &BatchRange, step: &mut StepContext<'_>) -> Result<u64, BoxError> {
///         let sql = format!("select u.id, u.full_name from {} u where {}", range.table(), range.condition("u"));
///         for row in step.query(&sql, &[]).await? {
///             // …
///         }
///         Ok(0)
///     }
/// }
/// ```
#[async_trait]
pub trait Backfill: Send + Sync {
    /// Does the rows of one range, inside the batch's transaction; gives the number of rows it changed.
    ///
    /// It may be called for the same range again, when its transaction was rolled back. The transaction holds what it
    /// locks until it returns, so it should do nothing but SQL.
    ///
    /// # Errors
    /// Whatever goes wrong; the batch is rolled back. The server's own errors are best given back as they are: a lock
    /// timeout, a deadlock or a statement timeout is tried again with fewer rows.
    async fn batch(&self, range: &BatchRange, step: &mut StepContext<'_>) -> Result<u64, BoxError>;
}

/// The rows of one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRange {
    pub(crate) table: String,
    pub(crate) condition: String,
}

impl BatchRange {
    /// What stands in the condition for what the table is called.
    pub(crate) const ROW: &'static str = "\0row";

    /// The table, or its partition, with its schema, quoted.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The condition that a row is one of these, for a table that the query calls `alias`: text for a WHERE.
    ///
    /// Its values stand in it as literals, so the query may have parameters of its own.
    pub fn condition(&self, alias: &str) -> String {
        self.condition.replace(BatchRange::ROW, alias)
    }
}
