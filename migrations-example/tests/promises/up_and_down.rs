//! Up, down and up again.

use upshift::{DownTarget, Health, MigrationId, State};

use crate::catalog::objects;
use crate::{Database, TWO_SHOPS, ask};

#[tokio::test]
async fn every_down_restores_what_was_there_before_its_up() {
    let database = Database::create("restores").await;
    let client = database.client().await;
    let migrator = database.migrator();
    let set = migrations_example::boot::migrations().set().unwrap();
    let versions: Vec<_> = set.versioned().iter().filter_map(upshift::files::Migration::version).collect();
    assert!(versions.len() >= 12, "{} migrations are too few to show anything", versions.len());

    let mut before = Vec::new();
    for version in &versions {
        before.push(objects(&client).await);
        migrator.up(upshift::Target::Version(*version)).await.unwrap();
    }
    assert!(before.is_sorted_by(|one, next| one != next), "each of them changes something that can be seen");
    while let Some(expected) = before.pop() {
        let report = migrator.down(DownTarget::Steps(1)).await.unwrap();
        assert_eq!(objects(&client).await, expected, "after {report}");
    }
    assert_eq!(objects(&client).await, Vec::<String>::new());
}

#[tokio::test]
async fn down_all_leaves_nothing_and_up_again_brings_everything_back() {
    let (database, client) = Database::with_two_shops("round").await;
    let migrator = database.migrator();
    let first = objects(&client).await;
    assert!(first.iter().any(|line| line.starts_with("v order_summary")), "{first:#?}");
    migrator.down(DownTarget::All).await.unwrap();
    assert_eq!(objects(&client).await, Vec::<String>::new());
    assert_eq!(ask(&client, "select count(*) from upshift.history where version is not null").await, "0");

    migrator.run().await.unwrap();
    assert_eq!(objects(&client).await, first);
    assert_eq!(ask(&client, TWO_SHOPS).await, "1", "and it takes data as before");
}

#[tokio::test]
async fn a_boot_applies_everything_and_the_next_one_nothing() {
    let database = Database::create("twice").await;
    let migrator = database.migrator();
    let set = migrations_example::boot::migrations().set().unwrap();
    assert_eq!(migrator.run().await.unwrap().steps.len(), set.len());
    assert!(migrator.run().await.unwrap().is_empty());
    assert_eq!(migrator.health().await.unwrap(), Health::Fits);
    let status = migrator.status().await.unwrap();
    assert!(status.migrations.iter().all(|migration| migration.state == State::Applied), "{status}");
    assert!(status.migrations.iter().any(|migration| matches!(migration.id, MigrationId::Repeatable(_))));
}

#[tokio::test]
async fn a_guard_holds_a_migration_until_it_is_true() {
    let database = Database::create("guarded").await;
    let client = database.client().await;
    database.migrate_to(20260112143000).await;
    let two_carts = "
        insert into shops (slug, name) values ('tea', 'Tea');
        insert into customers (shop_id, email, full_name) values (1, 'ada@example.com', 'Ada Lovelace');
        insert into orders (shop_id, customer_id, currency) values (1, 1, 'EUR'), (1, 1, 'EUR')";
    client.batch_execute(two_carts).await.unwrap();

    let error = database.migrator().run().await.unwrap_err();
    assert!(error.is_blocked(), "{error:?}");
    assert_eq!(ask(&client, "select to_regclass('orders_one_cart_per_customer')").await, "null");

    client.batch_execute("update orders set status = 'cancelled' where id = 2").await.unwrap();
    database.migrator().run().await.unwrap();
    assert_eq!(database.migrator().health().await.unwrap(), Health::Fits);
}
