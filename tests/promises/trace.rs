//! A trace says what each statement did to a real database: locks and whom they blocked, rewrites, scans.

use expect_test::{Expect, expect};
use upshift::Source;
use upshift_promises::database::SERVER;
use upshift_promises::files;
use upshift_test::{Trace, Tracing, trace};

async fn run(tracing: Tracing) -> Trace {
    tracing.server(SERVER.url("postgres")).run().await.unwrap_or_else(|error| panic!("{error:?}"))
}

/// The text without what differs from run to run.
fn shown(trace: &Trace) -> String {
    let text = trace.to_string();
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("took ") {
            continue;
        }
        // Each word before `ms`, and the spaces that bring it into its column.
        match line.split_once(" ms: ") {
            Some((lock, blocked)) => {
                let lock = lock.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').trim_end();
                lines.push(format!("{lock} … ms: {blocked}"));
            }
            None => lines.push(line.to_owned()),
        }
    }
    lines.join("\n")
}

async fn check(source: Source, expected: Expect) {
    expected.assert_eq(&shown(&run(trace(source)).await));
}

#[tokio::test]
async fn a_trace_shows_locks_and_whom_they_block() {
    let set = files(&[
        (
            "1_shop.sql",
            "create table customers (id bigint primary key, email text not null);\n\
             create table orders (id bigint primary key, customer bigint not null references customers, note text);\n",
        ),
        ("2_index.sql", "create index orders_customer on orders (customer);\n"),
        ("3_concurrently.sql", "create index concurrently orders_note on orders (note);\n"),
        (
            "4_check.sql",
            "alter table orders add constraint noted check (note is not null) not valid;\n\
             alter table orders validate constraint noted;\n",
        ),
        ("5_rewrite.sql", "alter table orders alter column id type numeric;\n"),
        ("6_gone.sql", "drop table orders;\n"),
    ]);
    check(set, expect![[r#"
        PostgreSQL 15, 6 migrations

        1_shop, up
          create table customers (id bigint primary key, email text not null)
            makes customers, customers_pkey
          create table orders (id bigint primary key, customer bigint not null references customers, note text …
            makes orders, orders_pkey

        2_index, up
          create index orders_customer on orders (customer)
            SHARE                   orders … ms: INSERT, UPDATE and DELETE wait
            reads orders whole: 3 rows
            makes orders_customer

        3_concurrently, up
          create index concurrently orders_note on orders (note)
            outside of transactions, waits 2 times for the transactions of others to end
            SHARE UPDATE EXCLUSIVE  orders … ms: VACUUM and other changes of the table wait, reads and writes go on
            reads orders whole 2 times: 6 rows
            makes orders_note

        4_check, up
          alter table orders add constraint noted check (note is not null) not valid
            ACCESS EXCLUSIVE        orders … ms: everything waits, SELECT too
          alter table orders validate constraint noted
            SHARE UPDATE EXCLUSIVE  orders … ms: VACUUM and other changes of the table wait, reads and writes go on
            reads orders whole: 3 rows

        5_rewrite, up
          alter table orders alter column id type numeric
            ACCESS EXCLUSIVE        orders … ms: everything waits, SELECT too
            writes orders anew
            writes orders_customer of orders anew
            writes orders_note of orders anew
            builds orders_pkey of orders again
            reads orders whole 4 times: 12 rows

        6_gone, up
          drop table orders
            ACCESS EXCLUSIVE        customers … ms: everything waits, SELECT too
            ACCESS EXCLUSIVE        orders … ms: everything waits, SELECT too
            drops orders"#]]).await;
}
