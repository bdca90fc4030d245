//! What the example promises: its migrations go up and down, its schema keeps its rules, its service answers, its demo
//! runs to the end.
#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers they call"
)]

mod catalog;
mod demo;
mod names;
mod rules;
mod service;
mod up_and_down;

use std::sync::LazyLock;

use migrations_example::boot;
use upshift::deadpool_postgres::{Client, Pool};
use upshift::tokio_postgres::{SimpleQueryMessage, error::SqlState};
use upshift::{Migrator, Target, Version};
use upshift_test::Server;

static SERVER: LazyLock<Server> = LazyLock::new(|| Server::start().unwrap());

/// A database of its own for one test, owned by the service's role.
struct Database {
    url: String,
    pool: Pool,
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
        Database { pool: boot::pool(&url).unwrap(), url }
    }

    /// A database with all migrations and two shops with their products and customers.
    async fn with_two_shops(name: &str) -> (Database, Client) {
        let database = Database::create(name).await;
        database.migrator().run().await.unwrap();
        let client = database.client().await;
        client.batch_execute(TWO_SHOPS).await.unwrap();
        (database, client)
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
const TWO_SHOPS: &str = "
    insert into shops (slug, name) values ('tea', 'Tea'), ('books', 'Books');
    select set_config('orders.shop_id', '1', false);
    insert into customers (shop_id, email, given_name, family_name) values (1, 'ada@example.com', 'Ada', 'Lovelace');
    insert into products (shop_id, sku, name, currency, price_minor) values (1, 'assam', 'Assam', 'EUR', 640);
    insert into orders (shop_id, customer_id, currency) values (1, 1, 'EUR');
    select set_config('orders.shop_id', '2', false);
    insert into customers (shop_id, email, given_name) values (2, 'plato@example.com', 'Plato');
    insert into products (shop_id, sku, name, currency, price_minor) values (2, 'republic', 'Republic', 'JPY', 900);
    insert into orders (shop_id, customer_id, currency) values (2, 2, 'JPY');
    select set_config('orders.shop_id', '1', false)";

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
