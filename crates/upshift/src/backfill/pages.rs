//! Tables without a key: gone over page by page, again and again until the migration's own check says that all is done.
//!
//! A row that is written gets another place, before or behind where we are, so no pass can know that it met every row.

use tokio_postgres::types::{ToSql, Type};

use super::book::Book;
use super::{Broken, Work};
use crate::error::{Error, Failure, Stopped};
use crate::history::backfill as sql;
use crate::plan::Purpose;
use crate::plan::messages::queries;

/// Pages of one range: 8 MiB of rows, seldom enough to take and small enough to share.
const PAGES_A_RANGE: i64 = 1024;

impl Work<'_> {
    /// Writes the ranges of a pass, in the transaction at hand.
    pub(super) async fn write_pages(&self) -> Result<(), tokio_postgres::Error> {
        let number = self.number();
        let values: [(&(dyn ToSql + Sync), Type); 4] = [
            (&number, Type::INT8),
            (&self.table.relations, Type::OID_ARRAY),
            (&PAGES_A_RANGE, Type::INT8),
            (&self.table.block_size, Type::INT8),
        ];
        let pages = self.context.tables().sql(sql::PAGES);
        self.client.execute_typed(&pages, &values).await.map(|_| ())
    }

    /// Whether the pass that is over was the last one; otherwise another one begins.
    pub(super) async fn is_over(&self, book: &Book) -> Result<bool, Broken> {
        if self.is_true().await? {
            return Ok(true);
        }
        let passes = self.policy().passes;
        if u32::try_from(book.pass).unwrap_or(u32::MAX) >= passes {
            let why = Stopped::NeverTrue { passes };
            self.book_failed(&why.to_string()).await;
            return Err(Error::backfill_stopped(&self.step.label, why).into());
        }
        let number = self.number();
        let values: [(&(dyn ToSql + Sync), Type); 2] = [(&number, Type::INT8), (&book.pass, Type::INT4)];
        let tables = self.context.tables();
        let (hold, next) = (tables.sql(sql::HOLD_BOOK), tables.sql(sql::NEXT_PASS));
        let begun = async {
            self.client.batch_execute("begin isolation level read committed").await?;
            self.client.query_typed(&hold, &values[..1]).await?;
            // Another worker may have begun it.
            if !self.client.query_typed(&next, &values).await?.is_empty() {
                self.write_pages().await?;
            }
            self.client.batch_execute("commit").await
        };
        if let Err(cause) = begun.await {
            self.roll_back().await;
            return Err(Error::database("begin another pass of a backfill", cause).into());
        }
        Ok(false)
    }

    /// Whether the verify section is true.
    async fn is_true(&self) -> Result<bool, Broken> {
        let ours = |cause| Broken::Ours(Error::database("verify a pass of a backfill", cause));
        // It looks at the whole table, and only reads.
        self.client.batch_execute("begin read only; set local statement_timeout = 0").await.map_err(ours)?;
        let mut outcome = Ok(true);
        for query in queries(self.step.verify.as_ref(), Purpose::Verify) {
            if let Err(cause) = self.client.batch_execute(&query.sql).await {
                let failure = Failure::at_message(self.step, query.purpose, cause);
                outcome =
                    if failure.is_not_true() { Ok(false) } else { Err(Broken::Migration(Box::new(failure))) };
                break;
            }
        }
        self.client.batch_execute("rollback").await.map_err(ours)?;
        outcome
    }
}
