//! What an interrupted statement outside of a transaction left behind: found, said, and taken away before the retry.

use tokio_postgres::types::Type;
use upshift_files::sql::{QualifiedName, StatementKind, WhenExisting};

use super::{Executor, catalog};
use crate::error::{Error, Failure};
use crate::event::Event;
use crate::ident::Ident;

/// Whether an interrupted statement had done its work before the connection was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interrupted {
    Done,
    NotDone,
}

impl Executor<'_> {
    /// The indexes there are before a statement that may leave an INVALID one behind; `None` for other statements.
    pub(super) async fn indexes_before(&self, kind: &StatementKind) -> Result<Option<Vec<u32>>, Error> {
        let (StatementKind::CreateIndexConcurrently { .. } | StatementKind::ReindexConcurrently) = kind
        else {
            return Ok(None);
        };
        let table = table_of(kind);
        let rows = self.look(catalog::INDEXES_BEFORE, &[(&table, Type::TEXT)]).await?;
        let indexes = rows.first().map(|row| row.try_get("indexes")).transpose();
        indexes.map_err(|cause| Error::database("read the indexes", cause))
    }

    /// Drops INVALID indexes that a failed attempt left behind, and one that IF NOT EXISTS would take for success.
    pub(super) async fn drop_left_behind(
        &self,
        kind: &StatementKind,
        before: Option<&[u32]>,
    ) -> Result<(), Error> {
        let mut left = Vec::new();
        if let Some(before) = before {
            let table = table_of(kind);
            left.extend(
                self.look(catalog::LEFT_BEHIND, &[(&before, Type::OID_ARRAY), (&table, Type::TEXT)]).await?,
            );
        }
        if let StatementKind::CreateIndexConcurrently {
            index: Some(index),
            table,
            existing: WhenExisting::Skip,
        } = kind
        {
            // An index lives in the schema of its table, whatever the statement's search path.
            let mut name = table.clone();
            name.name = index.name.clone();
            left.extend(self.look(catalog::INVALID_BY_NAME, &[(&qualified(&name), Type::TEXT)]).await?);
        }
        for row in left {
            let index: String =
                row.try_get("index").map_err(|cause| Error::database("read the indexes", cause))?;
            self.batch("drop an INVALID index", &format!("drop index concurrently if exists {index}"))
                .await?;
            tracing::warn!(index, "dropped an INVALID index that a failed attempt had left behind");
            self.context.tell(&Event::InvalidIndexDropped { index: &index });
        }
        Ok(())
    }

    /// After a crash: whether the statement that was on its way had got through.
    pub(super) async fn interrupted(
        &self,
        kind: &StatementKind,
        before: Option<&[u32]>,
    ) -> Result<Interrupted, Error> {
        match kind {
            StatementKind::CreateIndexConcurrently { index, table, .. } => {
                let name = index.as_ref().map(|index| index.name.clone());
                // They are written down before the statement is sent: without them it never was.
                let Some(before) = before else { return Ok(Interrupted::NotDone) };
                let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
                    [(&qualified(table), Type::TEXT), (&before, Type::OID_ARRAY), (&name, Type::TEXT)];
                let rows = self.look(catalog::MADE, &values).await?;
                let made = rows.first().is_some_and(|row| row.try_get("made").unwrap_or(false));
                Ok(if made { Interrupted::Done } else { Interrupted::NotDone })
            }
            StatementKind::DetachPartitionConcurrently { table, partition } => {
                let (parent, child) = (qualified(table), qualified(partition));
                let rows =
                    self.look(catalog::PARTITION, &[(&parent, Type::TEXT), (&child, Type::TEXT)]).await?;
                let state: String =
                    rows.first().and_then(|row| row.try_get("state").ok()).unwrap_or_default();
                if state == "pending" {
                    let sql = format!("alter table {parent} detach partition {child} finalize");
                    self.batch("finish an interrupted DETACH PARTITION", &sql).await?;
                }
                Ok(if state == "attached" { Interrupted::NotDone } else { Interrupted::Done })
            }
            _ => Ok(Interrupted::NotDone),
        }
    }

    async fn look(
        &self,
        sql: &str,
        values: &[(&(dyn tokio_postgres::types::ToSql + Sync), Type)],
    ) -> Result<Vec<tokio_postgres::Row>, Error> {
        let rows = self.lock.session.client().query_typed(sql, values).await;
        rows.map_err(|cause| Error::database("look for what an earlier attempt left behind", cause))
    }
}

/// Whether the catalog, or the server's refusal to do it twice, tells that an interrupted statement had got through.
pub(super) fn can_be_looked_up(kind: &StatementKind) -> bool {
    use StatementKind::{
        Create, CreateIndexConcurrently, DetachPartitionConcurrently, Drop, DropIndexConcurrently,
    };
    matches!(
        kind,
        Create
            | Drop
            | CreateIndexConcurrently { .. }
            | DropIndexConcurrently { .. }
            | DetachPartitionConcurrently { .. }
    )
}

/// Whether the server says that an interrupted statement had got through: what it makes is there, or what it takes
/// away is not.
pub(super) fn is_there_already(failure: &Failure, kind: &StatementKind) -> bool {
    let state = failure.server.as_ref().and_then(|server| server.sqlstate());
    match kind {
        // duplicate_database, duplicate_object, duplicate_table, duplicate_schema
        StatementKind::Create => matches!(state, Some("42P04" | "42710" | "42P07" | "42P06")),
        // invalid_catalog_name, undefined_object, undefined_table
        StatementKind::Drop | StatementKind::DropIndexConcurrently { .. } => {
            matches!(state, Some("3D000" | "42704" | "42P01"))
        }
        _ => false,
    }
}

/// The table whose index a statement makes; REINDEX may go over many.
fn table_of(kind: &StatementKind) -> Option<String> {
    match kind {
        StatementKind::CreateIndexConcurrently { table, .. } => Some(qualified(table)),
        _ => None,
    }
}

/// The name, quoted, as `to_regclass` and DDL want it.
fn qualified(name: &QualifiedName) -> String {
    let quoted = |part: &str| Ident::new(part).map_or_else(|_| part.to_owned(), |ident| ident.to_string());
    match &name.schema {
        Some(schema) => format!("{}.{}", quoted(schema), quoted(&name.name)),
        None => quoted(&name.name),
    }
}
