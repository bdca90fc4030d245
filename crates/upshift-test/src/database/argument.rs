//! What a test may take as an argument.

use deadpool_postgres::Pool;
use tokio_postgres::Client;
use upshift::Migrator;

use super::{DatabaseUrl, TestDatabase, TestError};

/// What a test under `#[upshift_test::test]` may take as an argument. Implement it for what your tests begin with:
///
/// ```
/// use upshift_test::{FromDatabase, TestDatabase, TestError};
///
/// struct Orders {
///     pool: upshift::deadpool_postgres::Pool,
/// }
///
/// impl FromDatabase for Orders {
///     async fn from_database(db: &TestDatabase) -> Result<Orders, TestError> {
///         Ok(Orders { pool: db.pool()? })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a test cannot take `{Self}`",
    label = "not made from a test database",
    note = "it can take `TestDatabase`, `DatabaseUrl`, deadpool's `Pool`, tokio-postgres's `Client`, `upshift::Migrator`, and \
            whatever implements `upshift_test::FromDatabase`"
)]
pub trait FromDatabase: Sized {
    /// Makes it, inside of the test's runtime.
    ///
    /// # Errors
    /// Why the test cannot begin; it fails with that.
    fn from_database(db: &TestDatabase) -> impl Future<Output = Result<Self, TestError>>;
}

impl FromDatabase for TestDatabase {
    async fn from_database(db: &TestDatabase) -> Result<TestDatabase, TestError> {
        Ok(db.clone())
    }
}

impl FromDatabase for Pool {
    async fn from_database(db: &TestDatabase) -> Result<Pool, TestError> {
        db.pool()
    }
}

impl FromDatabase for Client {
    async fn from_database(db: &TestDatabase) -> Result<Client, TestError> {
        db.client().await
    }
}

impl FromDatabase for Migrator {
    async fn from_database(db: &TestDatabase) -> Result<Migrator, TestError> {
        db.migrator()
    }
}

impl FromDatabase for DatabaseUrl {
    async fn from_database(db: &TestDatabase) -> Result<DatabaseUrl, TestError> {
        db.refuse_rollback("an address")?;
        Ok(db.url().clone())
    }
}
