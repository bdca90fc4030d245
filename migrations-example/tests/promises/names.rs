//! The Rust migration, both ways.

use upshift::{DownTarget, Target};

use crate::{Database, ask, version};

const BEFORE: u64 = 20260302091500;
const SPLIT: u64 = 20260302093000;

#[tokio::test]
async fn names_are_split_and_put_together_again() {
    let cases = [
        // full name, given name, family name
        ("Ada Lovelace", "Ada", "Lovelace"),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ("Oscar de la Hoya", "Oscar de la", "Hoya"),
        ("Grace Brewster Murray Hopper", "Grace Brewster Murray", "Hopper"),
        ("Van Morrison", "Van", "Morrison"),
        ("Plato", "Plato", "null"),
        ("  Emmy   Noether ", "Emmy", "Noether"),
    ];
    let database = Database::create("names").await;
    let client = database.client().await;
    database.migrate_to(BEFORE).await;
    client
        .batch_execute("insert into shops (slug, name) values ('tea', 'Tea'), ('books', 'Books')")
        .await
        .unwrap();
    for (at, (full, _, _)) in cases.iter().enumerate() {
        // In turn for both shops: the migration must not stop at the first.
        let shop = at % 2 + 1;
        let insert = format!(
            "select set_config('orders.shop_id', '{shop}', false);
             insert into customers (shop_id, email, full_name) values ({shop}, '{at}@example.com', '{full}')"
        );
        client.batch_execute(&insert).await.unwrap();
    }
    let names = async |email: usize| {
        let shop = email % 2 + 1;
        let question = format!(
            "select set_config('orders.shop_id', '{shop}', false);
             select full_name, given_name, family_name from customers where email = '{email}@example.com'"
        );
        ask(&client, &question).await
    };

    let migrator = database.migrator();
    migrator.up(Target::Only(vec![version(SPLIT)])).await.unwrap();
    for (at, (full, given, family)) in cases.iter().enumerate() {
        assert_eq!(names(at).await, format!("{full} | {given} | {family}"));
    }

    let marry = "
        select set_config('orders.shop_id', '1', false);
        update customers set family_name = 'King' where email = '0@example.com'";
    client.batch_execute(marry).await.unwrap();
    migrator.down(DownTarget::Version(version(BEFORE))).await.unwrap();
    assert_eq!(names(0).await, "Ada King | null | null", "what changed meanwhile is kept");
    for (at, (full, _, _)) in cases.iter().enumerate().skip(1) {
        assert_eq!(names(at).await, format!("{full} | null | null"));
    }
}
