//! What the example promises: its migrations go up and down, its schema keeps its rules, its service answers, its demo
//! runs to the end.
#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers they call"
)]

mod catalog;
mod demo;
mod names;
mod recipe;
mod rules;
mod service;
mod trace;
mod up_and_down;

use std::sync::LazyLock;

use migrations_example::boot;
use upshift::deadpool_postgres::{Client, Pool};
use upshift::tokio_postgres::{SimpleQueryMessage, error::SqlState};
use upshift::{Migrator, Target, Version};
use upshift_test::{Server, TestDatabase};

static SERVER: LazyLock<Server> = LazyLock::new(|| Server::start().unwrap());

/// A database of its own for one test, owned by the service's role.
struct Database {
    url: String,
    pool: Pool,
    /// Goes with this value; one that was made empty goes with the server.
    _migrated: Option<TestDatabase>,
}

impl Database {
    async fn create(name: &str) -> Database {
        let admin = boot::pool(&SERVER.url("postgres")).unwrap().get().await.unwrap();
        // Tests run at the same time, and whoever comes first makes the role.
        let role = "
            do $$ begin
                perform pg_advisory_xact_lock(1);
                if to_regrole('orders') is null then create role orders login; end if;
            end $$";
        admin.batch_execute(role).await.unwrap();
        admin.batch_execute(&format!("create database {name} owner orders")).await.unwrap();
        let url = SERVER.url(name).replacen("//postgres@", "//orders@", 1);
        Database { pool: boot::pool(&url).unwrap(), url, _migrated: None }
    }

    /// A database with all migrations and two shops with their products and customers.
    async fn with_two_shops(name: &str) -> (Database, Client) {
        let migrated = TestDatabase::builder(boot::migrations()).role(boot::SERVICE).test(name);
        let database = Database::of(migrated.create().await.unwrap());
        let client = database.client().await;
        client.batch_execute(TWO_SHOPS).await.unwrap();
        (database, client)
    }

    /// What a test was given.
    fn of(migrated: TestDatabase) -> Database {
        let url = migrated.url().to_string();
        Database { pool: boot::pool(&url).unwrap(), url, _migrated: Some(migrated) }
    }

    fn migrator(&self) -> Migrator {
        Migrator::new(self.pool.clone(), boot::migrations()).service(boot::SERVICE, boot::RELEASE)
    }

    async fn migrate_to(&self, version: u64) {
        self.migrator().up(Target::Version(self::version(version))).await.unwrap();
    }

    async fn client(&self) -> Client {
        self.pool.get().await.unwrap()
    }
}

/// Shops 1 and 2, each with a customer, a product and an order, all with the id of their shop.
const TWO_SHOPS: &str = include_str!("../../fixtures/two_shops.sql");

fn version(number: u64) -> Version {
    number.to_string().parse().unwrap()
}

/// The rows a script's last query gives, columns apart by ` | `; an error as its SQLSTATE.
async fn ask(client: &Client, sql: &str) -> String {
    let messages = match client.simple_query(sql).await {
        Ok(messages) => messages,
        Err(error) => {
            return error
                .code()
                .map_or_else(|| error.to_string(), |state: &SqlState| state.code().to_owned());
        }
    };
    let mut rows = Vec::new();
    for message in messages {
        match message {
            SimpleQueryMessage::RowDescription(_) => rows.clear(),
            SimpleQueryMessage::Row(row) => {
                let columns = (0..row.len()).map(|at| row.get(at).unwrap_or("null"));
                rows.push(columns.collect::<Vec<_>>().join(" | "));
            }
            _ => {}
        }
    }
    rows.join(", ")
}
