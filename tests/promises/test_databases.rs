//! Test databases: each test has its own, migrated, in milliseconds, and nothing stays behind.

use upshift::deadpool_postgres::Pool;
use upshift::tokio_postgres::{Client, NoTls};
use upshift::{Migrator, Source, SourceFile};
use upshift_test::{DatabaseUrl, TestDatabase, TestError};

static FILES: &[SourceFile] = &[
    SourceFile::embedded(
        "1_users.sql",
        "create table users (id bigint generated always as identity primary key, name text not null);\n\
         -- upshift: down\ndrop table users;\n",
    ),
    SourceFile::embedded(
        "2_orders.sql",
        "create table orders (id bigint generated always as identity primary key)",
    ),
];

const MIGRATIONS: Source = Source::embedded("", FILES, &[]);

async fn count(client: &Client, table: &str) -> i64 {
    client.query_one(&format!("select count(*) from {table}"), &[]).await.unwrap().get(0)
}

/// Each finds the table empty and leaves a row in it.
macro_rules! writes_and_finds_nothing_of_others {
    ($isolation:literal: $($name:ident)*) => { $(
        #[upshift_test::test(MIGRATIONS, isolation = $isolation)]
        async fn $name(client: Client) {
            assert_eq!(count(&client, "orders").await, 0);
            client.batch_execute("insert into orders default values").await.unwrap();
            assert_eq!(count(&client, "orders").await, 1);
        }
    )* };
}

writes_and_finds_nothing_of_others! {
    "database": a_test_finds_nothing_of_another_1 a_test_finds_nothing_of_another_2 a_test_finds_nothing_of_another_3
}
writes_and_finds_nothing_of_others! {
    "schema": a_schema_has_nothing_of_another_1 a_schema_has_nothing_of_another_2 a_schema_has_nothing_of_another_3
}
writes_and_finds_nothing_of_others! {
    "rollback": a_transaction_leaves_nothing_1 a_transaction_leaves_nothing_2 a_transaction_leaves_nothing_3
}

#[upshift_test::test(MIGRATIONS)]
async fn every_argument_leads_to_the_same_database(
    db: TestDatabase,
    url: DatabaseUrl,
    pool: Pool,
    client: Client,
    migrator: Migrator,
) -> Result<(), Box<dyn std::error::Error>> {
    let (by_url, connection) = upshift::tokio_postgres::connect(&url, NoTls).await?;
    tokio::spawn(connection);
    let pooled = pool.get().await?;
    for client in [&client, &by_url, &pooled] {
        assert_eq!(client.query_one("select current_database()", &[]).await?.get::<_, &str>(0), db.name());
    }
    assert!(migrator.run().await?.is_empty(), "everything is applied");
    Ok(())
}

#[upshift_test::test(MIGRATIONS, fixtures = ["users.sql"])]
async fn a_fixture_fills_the_database(client: Client) {
    assert_eq!(count(&client, "users").await, 2);
}

#[upshift_test::test(MIGRATIONS, flavor = "multi_thread", worker_threads = 2)]
async fn a_test_may_have_threads(pool: Pool) -> Result<(), TestError> {
    let client = pool.get().await.map_err(TestError::other)?;
    tokio::task::block_in_place(|| ());
    assert_eq!(count(&client, "orders").await, 0);
    Ok(())
}

#[tokio::test]
async fn without_the_attribute_it_is_a_builder() {
    let db = TestDatabase::create(MIGRATIONS).await.unwrap();
    assert_eq!(count(&db.client().await.unwrap(), "orders").await, 0);
}
