//! The locks each file takes on the tables there are, as the server names them.

use expect_test::expect;

use crate::change;
use crate::stage::Stage;
use crate::subject::{Shape, TABLE};

/// What this transaction holds on tables and views that were there before it, strongest first.
const HELD: &str = "\
    select string_agg(c.relname || ' ' || l.mode, ', ' order by c.relname, l.mode) from (
        select relation, (array_agg(replace(mode, 'Lock', '') order by array_position(array[
            'AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock', 'ShareUpdateExclusiveLock',
            'RowExclusiveLock', 'RowShareLock', 'AccessShareLock'], mode)))[1] as mode
        from pg_locks where pid = pg_backend_pid() and locktype = 'relation' group by relation
    ) l join pg_class c on c.oid = l.relation
    where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p', 'v')";

#[tokio::test]
async fn each_file_takes_the_locks_it_says() {
    let mut found = String::new();
    for change in change::of_rules().into_iter().chain(change::of_sides(Shape::Plain)) {
        found.push_str(&format!("{}\n", change.name));
        let mut stage = Stage::new(&change.setup, TABLE, change.recipe).await;
        for n in 0..stage.files.len() {
            let text = stage.files[n].text.to_string();
            let held = match text.contains("concurrently") || text.contains("transaction off") {
                true => "statement by statement".to_owned(),
                false => {
                    let up = text.split("-- upshift: down").next().unwrap();
                    stage.run(&format!("begin; {up}")).await;
                    let held = stage.rows(HELD).await;
                    stage.run("rollback").await;
                    held
                }
            };
            let said = &stage.recipe.files[n].locks;
            found.push_str(&format!("  {}: {held}\n    {said}\n", stage.recipe.files[n].name));
            stage.next().await;
        }
    }
    expect![[r#"
        add column, one default
          add_orders_label: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
        add column, a default for each row
          add_orders_token: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          backfill_orders_token: orders RowExclusive
            each batch locks the rows it fills, and no others.
          hold_orders_token_not_null: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          check_orders_token_not_null: orders ShareUpdateExclusive
            SHARE UPDATE EXCLUSIVE on app.orders while every row is read; reads and writes go on.
          orders_token_not_null: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
        add column to partitions
          add_orders_token: orders AccessExclusive, orders_high AccessExclusive, orders_low AccessExclusive
            ACCESS EXCLUSIVE on app.orders and its partitions, a moment.
          backfill_orders_token: orders RowExclusive, orders_high RowExclusive, orders_low RowExclusive
            each batch locks the rows it fills, and no others.
          hold_orders_token_not_null: orders AccessExclusive, orders_high AccessExclusive, orders_low AccessExclusive
            ACCESS EXCLUSIVE on app.orders and its partitions, a moment.
          check_orders_token_not_null: orders ShareUpdateExclusive, orders_high ShareUpdateExclusive, orders_low ShareUpdateExclusive
            SHARE UPDATE EXCLUSIVE on app.orders and its partitions while every row is read; reads and writes go on.
          orders_token_not_null: orders AccessExclusive, orders_high AccessExclusive, orders_low AccessExclusive
            ACCESS EXCLUSIVE on app.orders and its partitions, a moment.
        set not null, nothing to fill
          hold_orders_name_not_null: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment, after every row was read under ACCESS SHARE.
          check_orders_name_not_null: orders ShareUpdateExclusive
            SHARE UPDATE EXCLUSIVE on app.orders while every row is read; reads and writes go on.
          orders_name_not_null: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
        add check
          add_orders_orders_price_check: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          check_orders_orders_price_check: orders ShareUpdateExclusive
            SHARE UPDATE EXCLUSIVE on app.orders while every row is read; reads and writes go on.
        add check to partitions
          add_orders_orders_price_check: orders AccessExclusive, orders_high AccessExclusive, orders_low AccessExclusive
            ACCESS EXCLUSIVE on app.orders and its partitions, a moment.
          check_orders_orders_price_check: orders ShareUpdateExclusive, orders_high ShareUpdateExclusive, orders_low ShareUpdateExclusive
            SHARE UPDATE EXCLUSIVE on app.orders and its partitions while every row is read; reads and writes go on.
        add foreign key
          add_orders_orders_buyer_fkey: buyers ShareRowExclusive, orders ShareRowExclusive
            SHARE ROW EXCLUSIVE on app.orders and app.buyers, a moment: writes wait, reads go on.
          check_orders_orders_buyer_fkey: buyers RowShare, orders ShareUpdateExclusive
            SHARE UPDATE EXCLUSIVE on app.orders and ROW SHARE on app.buyers while every row is read.
        add foreign key to partitions
          add_orders_orders_buyer_fkey: statement by statement
            SHARE ROW EXCLUSIVE on one partition and app.buyers, a moment each.
          check_orders_orders_buyer_fkey: statement by statement
            SHARE UPDATE EXCLUSIVE on one partition while its rows are read.
          join_orders_orders_buyer_fkey: buyers AccessExclusive, orders ShareRowExclusive, orders_high ShareRowExclusive, orders_low ShareRowExclusive
            SHARE ROW EXCLUSIVE on app.orders and its partitions, ACCESS EXCLUSIVE on app.buyers, a moment: its triggers for the partitions' keys make way for those of one key.
        add unique
          index_orders_orders_code_key: statement by statement
            SHARE UPDATE EXCLUSIVE on app.orders while it builds; it waits for transactions older than itself.
          unique_orders_orders_code_key: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
        add primary key
          hold_orders_orders_pkey_not_null: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment, after every row was read under ACCESS SHARE.
          check_orders_orders_pkey_not_null: orders ShareUpdateExclusive
            SHARE UPDATE EXCLUSIVE on app.orders while every row is read; reads and writes go on.
          orders_orders_pkey_not_null: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          index_orders_orders_pkey: statement by statement
            SHARE UPDATE EXCLUSIVE on app.orders while it builds; it waits for transactions older than itself.
          primary_key_orders_orders_pkey: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
        concurrent index
          index_orders_orders_code_idx: statement by statement
            SHARE UPDATE EXCLUSIVE on app.orders while it builds; it waits for transactions older than itself.
        concurrent index of partitions
          index_orders_orders_code_idx: statement by statement
            SHARE on the parent alone, a moment; SHARE UPDATE EXCLUSIVE on each partition while its index builds.
        rename table
          rename_orders: orders AccessExclusive, purchases AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          hide_orders: -
            ACCESS EXCLUSIVE on the view app.orders, a moment.
        drop column
          hide_orders_price: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          purge_orders_price: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment; no row is rewritten.
        drop column, filled meanwhile
          hide_orders_code: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          purge_orders_code: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment; no row is rewritten.
        drop column of partitions
          hide_orders_price: orders AccessExclusive, orders_high AccessExclusive, orders_low AccessExclusive
            ACCESS EXCLUSIVE on app.orders and its partitions, a moment.
          purge_orders_price: orders AccessExclusive, orders_high AccessExclusive, orders_low AccessExclusive
            ACCESS EXCLUSIVE on app.orders and its partitions, a moment; no row is rewritten.
        drop table
          hide_orders: _upshift_hidden_orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          purge_orders: -
            ACCESS EXCLUSIVE on app._upshift_hidden_orders, its partitions and the tables its foreign keys point at, a moment.
        rename
          expand_orders_name: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          backfill_orders_name: orders RowExclusive
            each batch locks the rows it fills, and no others.
          hide_orders_name: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          purge_orders_name: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment; no row is rewritten.
        rename, NOT NULL with a default
          expand_orders_name: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          backfill_orders_name: orders RowExclusive
            each batch locks the rows it fills, and no others.
          check_orders_name_not_null: orders ShareUpdateExclusive
            SHARE UPDATE EXCLUSIVE on app.orders while every row is read; reads and writes go on.
          orders_name_not_null: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          hide_orders_name: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          purge_orders_name: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment; no row is rewritten.
        rename, json
          expand_orders_name: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          backfill_orders_name: orders RowExclusive
            each batch locks the rows it fills, and no others.
          hide_orders_name: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          purge_orders_name: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment; no row is rewritten.
        change type
          expand_orders_amount: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          backfill_orders_amount: orders RowExclusive
            each batch locks the rows it fills, and no others.
          check_orders_amount_not_null: orders ShareUpdateExclusive
            SHARE UPDATE EXCLUSIVE on app.orders while every row is read; reads and writes go on.
          orders_amount_not_null: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          hide_orders_amount: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          purge_orders_amount: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment; no row is rewritten.
        change type, wide values
          expand_orders_amount: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          backfill_orders_amount: orders RowExclusive
            each batch locks the rows it fills, and no others.
          hold_orders_amount_not_null: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          check_orders_amount_not_null: orders ShareUpdateExclusive
            SHARE UPDATE EXCLUSIVE on app.orders while every row is read; reads and writes go on.
          orders_amount_not_null: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          hide_orders_amount: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          purge_orders_amount: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment; no row is rewritten.
        split
          expand_orders_name: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          backfill_orders_name: orders RowExclusive
            each batch locks the rows it fills, and no others.
          hide_orders_name: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          purge_orders_name: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment; no row is rewritten.
        merge
          expand_orders_street_town: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          backfill_orders_street_town: orders RowExclusive
            each batch locks the rows it fills, and no others.
          hide_orders_street_town: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          purge_orders_street_town: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment; no row is rewritten.
        replace enum values
          expand_orders_status: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          backfill_orders_status: orders RowExclusive
            each batch locks the rows it fills, and no others.
          check_orders_status_not_null: orders ShareUpdateExclusive
            SHARE UPDATE EXCLUSIVE on app.orders while every row is read; reads and writes go on.
          orders_status_not_null: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          hide_orders_status: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          purge_orders_status: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment; no row is rewritten.
        string to lookup table
          expand_orders_status: order_statuses AccessExclusive, orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          backfill_orders_status: order_statuses RowShare, orders RowExclusive
            each batch locks the rows it fills, and no others.
          check_orders_status: order_statuses RowShare, orders ShareUpdateExclusive
            SHARE UPDATE EXCLUSIVE on app.orders, ROW SHARE on app.order_statuses.
          check_orders_status_not_null: orders ShareUpdateExclusive
            SHARE UPDATE EXCLUSIVE on app.orders while every row is read; reads and writes go on.
          orders_status_not_null: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          hide_orders_status: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          purge_orders_status: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment; no row is rewritten.
        rename by a view
          alias_orders_name: orders AccessExclusive, orders__base AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          hide_orders_name: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders and app.orders__base, a moment.
        set not null
          expand_orders_name_not_null: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          backfill_orders_name_not_null: orders RowExclusive
            each batch locks the rows it fills, and no others.
          check_orders_name_not_null: orders ShareUpdateExclusive
            SHARE UPDATE EXCLUSIVE on app.orders while every row is read; reads and writes go on.
          orders_name_not_null: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
          finish_orders_name_not_null: orders AccessExclusive
            ACCESS EXCLUSIVE on app.orders, a moment.
    "#]].assert_eq(&found);
}
