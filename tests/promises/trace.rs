//! A trace says what each statement did to a real database: locks and whom they blocked, rewrites, scans.

use std::time::Duration;

use expect_test::{Expect, expect};
use upshift::{Source, Version};
use upshift_promises::database::{SERVER, server_is_at_least};
use upshift_promises::files;
use upshift_test::upshift_lint::statement::LockMode;
use upshift_test::{Rows, Trace, Tracing, trace};

async fn run(tracing: Tracing) -> Trace {
    tracing.server(SERVER.url("postgres")).run().await.unwrap_or_else(|error| panic!("{error:?}"))
}

/// The text without what differs from run to run.
fn shown(trace: &Trace) -> String {
    let text = trace.to_string().replacen(&format!("PostgreSQL {}", trace.major), "PostgreSQL", 1);
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
    // Before, what is read outside of transactions is not told.
    if !server_is_at_least(15) {
        return;
    }
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
        PostgreSQL, 6 migrations

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

#[tokio::test]
async fn statements_outside_of_transactions_are_stopped_at_each_lock_they_take() {
    if !server_is_at_least(15) {
        return;
    }
    let set = files(&[
        (
            "1_tables.sql",
            "create table a (id bigint primary key, b int);\ncreate index a_b on a (b);\n\
             create table p (k int, v text) partition by range (k);\n\
             create table p1 partition of p for values from (0) to (10);\n",
        ),
        ("2_build.sql", "create unique index concurrently a_id on a (id);\n"),
        ("3_drop.sql", "drop index concurrently a_b;\n"),
        ("4_reindex.sql", "reindex table concurrently a;\n"),
        ("5_vacuum.sql", "vacuum a;\nvacuum full a;\n"),
        ("6_detach.sql", "alter table p detach partition p1 concurrently;\n"),
    ]);
    check(
        set,
        expect![[r#"
        PostgreSQL, 6 migrations

        1_tables, up
          create table a (id bigint primary key, b int)
            makes a, a_pkey
          create index a_b on a (b)
            makes a_b
          create table p (k int, v text) partition by range (k)
            makes p
          create table p1 partition of p for values from (0) to (10)
            makes p1

        2_build, up
          create unique index concurrently a_id on a (id)
            outside of transactions, waits 2 times for the transactions of others to end
            SHARE UPDATE EXCLUSIVE  a … ms: VACUUM and other changes of the table wait, reads and writes go on
            reads a whole 2 times: 6 rows
            makes a_id

        3_drop, up
          drop index concurrently a_b
            outside of transactions, waits 2 times for the transactions of others to end
            SHARE UPDATE EXCLUSIVE  a … ms: VACUUM and other changes of the table wait, reads and writes go on

        4_reindex, up
          reindex table concurrently a
            outside of transactions, waits 4 times for the transactions of others to end
            SHARE UPDATE EXCLUSIVE  a … ms: VACUUM and other changes of the table wait, reads and writes go on
            builds a_pkey of a again
            builds a_id of a again
            reads a whole 4 times: 12 rows

        5_vacuum, up
          vacuum a
            outside of transactions
            SHARE UPDATE EXCLUSIVE  a … ms: VACUUM and other changes of the table wait, reads and writes go on
          vacuum full a
            outside of transactions
            ACCESS EXCLUSIVE        a … ms: everything waits, SELECT too
            writes a anew
            writes a_id of a anew
            writes a_pkey of a anew
            reads a whole 3 times: 9 rows

        6_detach, up
          alter table p detach partition p1 concurrently
            outside of transactions, waits for the transactions of others to end
            SHARE UPDATE EXCLUSIVE  p … ms: VACUUM and other changes of the table wait, reads and writes go on
            ACCESS EXCLUSIVE        p1 … ms: everything waits, SELECT too"#]],
    )
    .await;
}

#[tokio::test]
async fn what_a_statement_takes_outside_of_transactions_is_seen_however_often_it_runs() {
    let set = || {
        files(&[
            ("1_a.sql", "create table a (id bigint primary key, b int);\n"),
            ("2_build.sql", "create index concurrently a_b on a (b);\n"),
            ("3_drop.sql", "drop index concurrently a_b;\n"),
        ])
    };
    let first = shown(&run(trace(set())).await);
    for _ in 0..5 {
        assert_eq!(shown(&run(trace(set())).await), first);
    }
}

#[tokio::test]
async fn a_lock_is_held_to_the_end_of_its_transaction() {
    let set = files(&[
        ("1_a.sql", "create table a (id bigint primary key);\n"),
        (
            "2_b.sql",
            "alter table a add column b int;\nselect pg_sleep(0.2);\nalter table a add column c int;\n",
        ),
    ]);
    let trace = run(trace(set)).await;
    let statements = &trace.steps[1].statements;
    let lock = &statements[0].locks[0];
    assert_eq!((lock.on.relation.to_string(), lock.mode), ("public.a".to_owned(), LockMode::AccessExclusive));
    assert!(lock.held >= Duration::from_millis(200), "{:?}", lock.held);
    assert!(statements[1].took >= Duration::from_millis(200));
    assert!(statements[2].locks.is_empty(), "what the transaction holds already is not taken anew");
    assert!(statements[0].wal > 0);
}

#[tokio::test]
async fn a_migration_that_fails_with_rows_is_said_to_and_runs_without() {
    let set = files(&[
        ("1_a.sql", "create table a (id bigint primary key);\n"),
        ("2_b.sql", "alter table a add column b int not null;\n"),
        ("3_c.sql", "alter table a add check (b > 0);\n"),
    ]);
    check(set, expect![[r#"
        PostgreSQL, 3 migrations

        1_a, up
          create table a (id bigint primary key)
            makes a, a_pkey

        2_b, up, without rows in the tables, since with rows it fails: column "b" of relation "a" contains null values (23502)
          alter table a add column b int not null
            ACCESS EXCLUSIVE        a … ms: everything waits, SELECT too
            reads a whole: 0 rows

        3_c, up
          alter table a add check (b > 0)
            ACCESS EXCLUSIVE        a … ms: everything waits, SELECT too
            reads a whole: 3 rows"#]]).await;
}

#[tokio::test]
async fn a_migration_that_fails_without_rows_fails_the_trace_with_its_line() {
    let set =
        files(&[("1_a.sql", "create table a (id bigint primary key);\n"), ("2_b.sql", "drop table b;\n")]);
    let error = trace(set).server(SERVER.url("postgres")).run().await.unwrap_err();
    expect![[r#"
        the migrations cannot make a test database
        migration 2_b failed at statement 1 of 1
          --> 2_b.sql:1:1
           |
         1 | drop table b;
           | ^^^^^^^^^^^^
          caused by: table "b" does not exist (42P01)
          help: nothing of it was done; mend it and run again"#]]
    .assert_eq(&format!("{error:?}"));
}

#[tokio::test]
async fn rows_follow_types_keys_checks_and_partitions() {
    let set = files(&[
        (
            "1_all.sql",
            "create type mood as enum ('glad', 'sad');\n\
             create domain percent as int check (value between 10 and 20);\n\
             create table parents (id uuid primary key, code varchar(3) unique, mood mood not null);\n\
             create table children (id int generated always as identity primary key, parent uuid not null references parents,\n\
                 state text not null check (state in ('open', 'shut')), share percent not null, data jsonb not null,\n\
                 tags text[] not null, at timestamptz not null default now(), ok bool not null, ip inet not null,\n\
                 during tstzrange not null, own int references children, raw bytea not null, bits bit(4) not null);\n\
             create table parts (kind text not null, n int not null) partition by list (kind);\n\
             create table parts_x partition of parts for values in ('x', 'y');\n\
             create table ranges (n int not null) partition by range (n);\n\
             create table ranges_low partition of ranges for values from (minvalue) to (10);\n\
             create table ranges_high partition of ranges for values from (10) to (maxvalue);\n\
             create table refusing (n int check (n < 0 and n > 0) not null);\n",
        ),
        (
            "2_counts.sql",
            "do $$ declare t text; n int; begin\n\
             foreach t in array array['parents', 'children', 'parts_x', 'ranges_high'] loop\n\
                 execute 'select count(*) from ' || t into n;\n\
                 if n = 0 then raise '% is empty', t; end if;\n\
             end loop; end $$;\n",
        ),
    ]);
    let trace = run(trace(set)).await;
    let rows: Vec<&Rows> = trace.steps.iter().map(|step| &step.rows).collect();
    assert_eq!(rows, [&Rows::AsAsked, &Rows::AsAsked]);
    let empty: Vec<String> = trace.empty.iter().map(ToString::to_string).collect();
    expect![[r#"refusing, first seen behind 1_all: new row for relation "refusing" violates check constraint "refusing_n_check""#]].assert_eq(&empty.join("\n"));
}

#[tokio::test]
async fn guards_verifies_batches_and_the_way_back_are_traced_and_older_migrations_are_not() {
    let set = files(&[
        ("1_a.sql", "create table a (id bigint primary key, b int);\n-- upshift: down\ndrop table a;\n"),
        (
            "2_fill.sql",
            "-- upshift: phase backfill\n-- upshift: backfill table=a\nupdate a set b = 1 where b is null;\n\
             -- upshift: verify\nselect count(*) = 0 from a where b is null;\n-- upshift: down\nselect 1;\n",
        ),
        (
            "3_not_null.sql",
            "alter table a alter b set not null;\n-- upshift: guard\nselect true from a;\n\
             -- upshift: down\nalter table a alter b drop not null;\n",
        ),
    ]);
    let trace = run(trace(set).since(Version::new(2).unwrap()).and_back()).await;
    expect![[r#"
        PostgreSQL, 4 migrations

        2_fill, up
          update a set b = 1 where (a."id" operator("pg_catalog".>=) $1::pg_catalog.int8) and (a."id" operator …
            ROW EXCLUSIVE           a … ms: nobody waits who reads or writes
          verify 1: select count(*) = 0 from a where b is null
            ACCESS SHARE            a … ms: nobody waits who reads or writes
            reads a whole: 3 rows

        3_not_null, up
          guard 1: select true from a
            ACCESS SHARE            a … ms: nobody waits who reads or writes
          alter table a alter b set not null
            ACCESS EXCLUSIVE        a … ms: everything waits, SELECT too
            reads a whole: 3 rows

        3_not_null, down
          alter table a alter b drop not null
            ACCESS EXCLUSIVE        a … ms: everything waits, SELECT too

        2_fill, down
          select 1"#]].assert_eq(&shown(&trace));
}
