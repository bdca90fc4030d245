//! What the schema itself keeps: triggers, row-level security, constraints.

use crate::{Database, ask};

/// Runs scripts one after the other and compares what each gives.
async fn check(database: &str, steps: &[(&str, &str, &str)]) {
    let (_database, client) = Database::with_two_shops(database).await;
    for (what, sql, expected) in steps {
        assert_eq!(ask(&client, sql).await, *expected, "{what}");
    }
}

#[tokio::test]
async fn the_total_of_an_order_follows_its_lines() {
    const LINES: &str = "insert into order_lines (shop_id, order_id, product_id, quantity, unit_price_minor)";
    let insert = format!("{LINES} values (1, 1, 1, 2, 640); select total_minor from orders");
    check(
        "totals",
        &[
            ("an order begins at nothing", "select total_minor from orders", "0"),
            ("a line adds", &insert, "1280"),
            ("the line's own total is generated", "select line_total_minor from order_lines", "1280"),
            (
                "a change adds the difference",
                "update order_lines set quantity = 3; select total_minor from orders",
                "1920",
            ),
            (
                "a later price changes nothing",
                "update products set price_minor = 1; select total_minor from orders",
                "1920",
            ),
            ("the view puts the point where it belongs", "select total from order_summary", "19.20"),
            ("a line that goes takes away", "delete from order_lines; select total_minor from orders", "0"),
        ],
    )
    .await;
}

#[tokio::test]
async fn updated_at_moves_with_a_change_and_with_nothing_else() {
    let moved = "; select updated_at > created_at from products";
    let same = format!("update products set name = name{moved}");
    let other = format!("update products set name = 'Darjeeling'{moved}");
    check("touched", &[("no change, no move", &same, "f"), ("a change moves it", &other, "t")]).await;
}

#[tokio::test]
async fn a_shop_sees_itself_alone() {
    let tables = "
        select (select string_agg(email, ' ') from customers), (select string_agg(sku, ' ') from products),
            (select count(*) from orders), (select string_agg(customer, ' ') from order_summary),
            (select count(*) from change_log)";
    let enter = |shop: &str| format!("select set_config('orders.shop_id', '{shop}', false); {tables}");
    let (one, two, nobody) = (enter("1"), enter("2"), enter(""));
    check(
        "separate",
        &[
            ("the first", &one, "ada@example.com | assam | 1 | Ada Lovelace | 1"),
            ("the second", &two, "plato@example.com | republic | 1 | Plato | 1"),
            ("no shop, no rows", &nobody, "null | null | 0 | null | 0"),
            (
                "nobody writes into another shop",
                "select set_config('orders.shop_id', '1', false);
                 insert into customers (shop_id, email, full_name) values (2, 'eve@example.com', 'Eve')",
                "42501",
            ),
            (
                "nor changes what is there",
                "update orders set status = 'cancelled' where shop_id = 2 returning id",
                "",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn changes_of_orders_are_recorded_with_what_was_before() {
    let log = "select action, changed ->> 'status' from change_log order by id";
    let paid = format!("update orders set status = 'paid', placed_at = now(); {log}");
    let deleted = format!("delete from orders; {log}");
    check(
        "recorded",
        &[
            ("made", log, "insert | cart"),
            ("an update that keeps the status is none", &format!("update orders set placed_at = null; {log}"), "insert | cart"),
            ("paid", &paid, "insert | cart, update | cart"),
            ("deleted", &deleted, "insert | cart, update | cart, delete | paid"),
            ("never by another action", "insert into change_log (shop_id, table_name, row_id, action, changed) values (1, 'orders', 1, 'guess', '{}')", "23514"),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_constraints_refuse_what_makes_no_sense() {
    const LINES: &str = "insert into order_lines (shop_id, order_id, product_id, quantity, unit_price_minor)";
    let none = format!("{LINES} values (1, 1, 1, 0, 640)");
    let foreign = format!("{LINES} values (1, 1, 2, 1, 900)");
    check(
        "constrained",
        &[
            (
                "a second cart",
                "insert into orders (shop_id, customer_id, currency) values (1, 1, 'EUR')",
                "23505",
            ),
            (
                "a second order that is no cart",
                "insert into orders (shop_id, customer_id, currency, status, placed_at)
                 values (1, 1, 'EUR', 'placed', now()) returning status",
                "placed",
            ),
            ("placed at no time", "update orders set status = 'placed', placed_at = null", "23514"),
            ("nothing of a product", &none, "23514"),
            ("the product of another shop", &foreign, "23503"),
            ("a currency nobody knows", "update products set currency = 'XXX'", "23503"),
            (
                "the same address in capitals",
                "insert into customers (shop_id, email, full_name) values (1, 'ADA@example.com', 'Ada')",
                "23505",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_full_name_follows_its_parts_and_an_older_release_may_still_write_it() {
    let name = "select full_name from customers";
    check(
        "full_name",
        &[
            ("made of its parts", name, "Ada Lovelace"),
            ("changed with them", &format!("update customers set family_name = 'King'; {name}"), "Ada King"),
            (
                "written alone by an older release",
                "insert into customers (shop_id, email, full_name) values (1, 'emmy@example.com', 'Emmy Noether')
                 returning full_name, given_name",
                "Emmy Noether | null",
            ),
            (
                "changed alone by an older release, so that the parts are known no more",
                "update customers set full_name = 'Countess of Lovelace' where email = 'ada@example.com'
                 returning full_name, given_name, family_name",
                "Countess of Lovelace | null | null",
            ),
        ],
    )
    .await;
}
