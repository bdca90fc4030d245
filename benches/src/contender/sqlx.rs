//! sqlx, on one connection: through a `PgPool` it needs one round trip more.

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqlSafeStr};

use super::{Contender, File, Outcome, Place};

pub struct Sqlx {
    /// A constant when `migrate!` makes it.
    migrator: Migrator,
}

impl Sqlx {
    pub fn new(files: &[File]) -> Sqlx {
        let migration = |file: &File| {
            let sql = AssertSqlSafe(file.sql.clone()).into_sql_str();
            let (version, name) = (i64::from(file.number), file.name.clone().into());
            Migration::new(version, name, MigrationType::Simple, sql, false)
        };
        Sqlx { migrator: Migrator::with_migrations(files.iter().map(migration).collect()) }
    }
}

impl Contender for Sqlx {
    type Link = PgConnection;

    fn name(&self) -> &'static str {
        "sqlx"
    }

    fn place(&self) -> Place {
        Place::Peer
    }

    async fn connect(&self, url: &str) -> Outcome<PgConnection> {
        Ok(PgConnection::connect(url).await?)
    }

    async fn migrate(&self, connection: &mut PgConnection) -> Outcome<()> {
        // What `run` does once it has a connection; the future of `run` itself cannot be spawned (sqlx's comment there).
        Ok(self.migrator.run_direct(None, connection, false).await?)
    }
}
