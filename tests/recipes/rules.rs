//! Rules and indexes: from when on they hold, and that they are valid in the end.

use expect_test::{Expect, expect};
use upshift_promises::database::server_is_at_least;
use upshift_recipes::{Phase, Recipe, RecipeError, SetNotNull, TableFacts};

use crate::change;
use crate::stage::Stage;
use crate::subject::TABLE;

/// What breaks each rule, in one statement.
const BREAKS: &[(&str, &str)] = &[
    ("add check", "insert into app.orders (id, code, price) values (50, 'x', -1)"),
    ("add check to partitions", "insert into app.orders (id, code, price) values (50, 'x', -1)"),
    ("add foreign key", "insert into app.orders (id, code, buyer) values (50, 'x', 77)"),
    ("add foreign key to partitions", "insert into app.orders (id, code, buyer) values (50, 'x', 77)"),
    ("add unique", "insert into app.orders (id, code) values (50, 'c1')"),
    ("add primary key", "insert into app.orders (id, code) values (50, null)"),
    ("set not null, nothing to fill", "update app.orders set name = null where id = 1"),
];

/// Constraints that were not checked, and indexes that are not valid.
const INVALID: &str = "\
    select coalesce(string_agg(name, ' ' order by name), 'all valid') from (
        select conname from pg_constraint where not convalidated and connamespace = 'app'::regnamespace
        union all
        select relname from pg_index join pg_class on oid = indexrelid
        where not indisvalid and relnamespace = 'app'::regnamespace
    ) it (name)";

#[tokio::test]
async fn a_rule_holds_from_its_first_file_on_and_every_row_was_looked_at_in_the_end() {
    let mut found = String::new();
    for (name, breaks) in BREAKS {
        let change = change::of_rules().into_iter().find(|change| change.name == *name).unwrap();
        let mut stage = Stage::new(&change.setup, TABLE, change.recipe).await;
        found.push_str(&format!("{name}\n"));
        for _ in 0..stage.files.len() {
            stage.next().await;
            stage.run("begin").await;
            let failed = stage.run_or_state(breaks).await;
            stage.run("rollback").await;
            let (file, phase) = (stage.last().name.clone(), stage.last().phase);
            let invalid = stage.rows(INVALID).await;
            found.push_str(&format!(
                "  {phase} {file}: {}, {invalid}\n",
                failed.as_deref().unwrap_or("taken")
            ));
        }
        assert_eq!(stage.rows(INVALID).await, "all valid", "{name}");
    }
    expect![[r#"
        add check
          expand add_orders_orders_price_check: 23514, orders_price_check
          backfill check_orders_orders_price_check: 23514, all valid
        add check to partitions
          expand add_orders_orders_price_check: 23514, orders_price_check orders_price_check orders_price_check
          backfill check_orders_orders_price_check: 23514, all valid
        add foreign key
          contract add_orders_orders_buyer_fkey: 23503, orders_buyer_fkey
          contract check_orders_orders_buyer_fkey: 23503, all valid
        add foreign key to partitions
          contract add_orders_orders_buyer_fkey: 23503, orders_buyer_fkey orders_buyer_fkey
          contract check_orders_orders_buyer_fkey: 23503, all valid
          contract join_orders_orders_buyer_fkey: 23503, all valid
        add unique
          expand index_orders_orders_code_key: 23505, all valid
          expand unique_orders_orders_code_key: 23505, all valid
        add primary key
          expand hold_orders_orders_pkey_not_null: 23514, upshift_not_null_code
          backfill check_orders_orders_pkey_not_null: 23514, all valid
          backfill orders_orders_pkey_not_null: 23502, all valid
          backfill index_orders_orders_pkey: 23502, all valid
          backfill primary_key_orders_orders_pkey: 23502, all valid
        set not null, nothing to fill
          contract hold_orders_name_not_null: 23514, upshift_not_null_name
          contract check_orders_name_not_null: 23514, all valid
          contract orders_name_not_null: 23502, all valid
    "#]].assert_eq(&found);
}

#[tokio::test]
async fn a_parent_takes_a_foreign_key_in_two_files_where_the_server_does() {
    if !server_is_at_least(18) {
        return;
    }
    let change = change::foreign_key_of_a_parent();
    let mut stage = Stage::new(&change.setup, TABLE, change.recipe).await;
    assert_eq!(stage.files.len(), 2);
    stage.next().await;
    let failed = stage.run_or_state("insert into app.orders (id, code, buyer) values (50, 'x', 77)").await;
    assert_eq!(failed.as_deref(), Some("23503"));
    stage.next().await;
    assert_eq!(stage.rows(INVALID).await, "all valid");
    stage.back().await;
    stage.back().await;
    stage.run("insert into app.orders (id, code, buyer) values (50, 'x', 77)").await;
}

/// Rows that break the rule already: the file that looks at them fails, changes nothing, and is tried again.
async fn refused_until(name: &str, mess: &str, mend: &str, expected: Expect) {
    let change = change::of_rules().into_iter().find(|change| change.name == name).unwrap();
    let mut stage = Stage::new(&change.setup, TABLE, change.recipe).await;
    stage.run(mess).await;
    let mut found = String::new();
    for _ in 0..stage.files.len() {
        if let Err(error) = stage.try_next().await {
            found.push_str(&format!("{}\n", error.render()));
            stage.run(mend).await;
            stage.next().await;
        }
    }
    assert_eq!(stage.rows(INVALID).await, "all valid", "{name}");
    expected.assert_eq(&found);
}

#[tokio::test]
async fn rows_that_break_a_rule_already_are_told_and_mended() {
    let orphan = "update app.orders set buyer = 77 where id = 2";
    refused_until("add foreign key", orphan, "update app.orders set buyer = 1 where id = 2", expect![[r#"
        migration 2_check_orders_orders_buyer_fkey failed at statement 1 of 1
          --> 2_check_orders_orders_buyer_fkey.sql:5:1
           |
         5 | alter table app.orders validate constraint orders_buyer_fkey;
           | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          caused by: insert or update on table "orders" violates foreign key constraint "orders_buyer_fkey" (23503)
            detail: Key (buyer)=(77) is not present in table "buyers".
          help: nothing of it was done; mend it and run again
    "#]])
        .await;
    refused_until(
        "add foreign key to partitions",
        orphan,
        "update app.orders set buyer = 1 where id = 2",
        expect![[r#"
            migration 2_check_orders_orders_buyer_fkey failed at statement 2 of 2
              --> 2_check_orders_orders_buyer_fkey.sql:7:1
               |
             7 | alter table app.orders_low validate constraint orders_buyer_fkey;
               | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              caused by: insert or update on table "orders_low" violates foreign key constraint "orders_buyer_fkey" (23503)
                detail: Key (buyer)=(77) is not present in table "buyers".
              help: its first statement is done and stays; the next run goes on behind it; mend it and run again
        "#]],
    )
    .await;
    let twice = "update app.orders set code = 'c1' where id = 2";
    refused_until(
        "add unique",
        twice,
        "update app.orders set code = 'c2' where id = 2",
        expect![[r#"
        migration 1_index_orders_orders_code_key failed at statement 1 of 1
          --> 1_index_orders_orders_code_key.sql:5:1
           |
         5 | create unique index concurrently orders_code_key on app.orders (code);
           | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          caused by: could not create unique index "orders_code_key" (23505)
            detail: Key (code)=(c1) is duplicated.
          help: none of its statements is done; mend it and run again
    "#]],
    )
    .await;
}

/// Without a value to fill in, a row that holds NULL could not be updated any more: the contract waits.
#[tokio::test]
async fn not_null_waits_until_no_row_holds_null() {
    let setup = "create schema app; create table app.orders (id bigint primary key, name text);
        insert into app.orders values (1, null)";
    let recipe: fn(&TableFacts) -> Result<Recipe, RecipeError> =
        |facts| SetNotNull::new("name".parse().unwrap()).recipe(facts);
    let mut stage = Stage::new(setup, TABLE, recipe).await;
    let error = stage.try_next().await.unwrap_err();
    expect![[r#"
        migration 1_hold_orders_name_not_null: its guard query is not true
          --> 1_hold_orders_name_not_null.sql:6:1
           |
         6 | select not exists (
           | ^^^^^^^^^^^^^^^^^^^
          its answer: {"true?": false}
          help: nothing of it was done; run again when its guard is true"#]]
    .assert_eq(&error.render());
    stage.run("update app.orders set name = 'Ann'").await;
    stage.through(Phase::Contract).await;
    let failed = stage.run_or_state("insert into app.orders values (2, null)").await;
    assert_eq!(failed.as_deref(), Some("23502"));
}
