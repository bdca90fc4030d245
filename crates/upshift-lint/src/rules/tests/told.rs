//! What a finding says, word for word, where that depends on more than the statement.

use std::ops::RangeInclusive;

use expect_test::{Expect, expect};
use upshift_files::{LayoutChoice, MigrationSet, SourceFile};

use crate::{Options, lint};

/// What is said of the second of two migrations: each rule, its words, and what it proposes or advises.
fn check(majors: RangeInclusive<u16>, files: [&str; 2], expected: Expect) {
    let [first, second] = files.map(str::to_owned);
    let files = vec![SourceFile::new("1_first.sql", first), SourceFile::new("2_second.sql", second)];
    let set = MigrationSet::parse(files, Vec::new(), LayoutChoice::Detect).expect("two migrations");
    let findings = lint(&set, &Options::default().majors(majors)).findings;
    let words = findings.iter().filter(|finding| finding.migration == "2_second").map(|finding| {
        let proposed = finding.rewrite.as_ref().map(crate::Rewrite::text);
        let proposed = proposed.or_else(|| finding.advice.clone()).unwrap_or_else(|| "nothing".to_owned());
        format!("{}: {}\n{proposed}\n", finding.rule, finding.diagnostic.message)
    });
    expected.assert_eq(&words.collect::<String>());
}

const EVENTS: &str = "\
create table events (at date not null, id bigint not null, primary key (id, at)) partition by range (at);
create table events_2024 partition of events for values from ('2024-01-01') to ('2025-01-01');";

#[test]
fn what_the_oldest_version_does_not_know_is_not_proposed() {
    let detach = [EVENTS, "alter table events detach partition events_2024;"];
    check(
        14..=18,
        detach,
        expect![[r#"
        detach-partition-not-concurrently: detaching this partition locks all of events
        alter table events detach partition events_2024 concurrently;
    "#]],
    );
    check(
        13..=18,
        detach,
        expect![[r#"
        detach-partition-not-concurrently: detaching this partition locks all of events
        on PostgreSQL 14 and later: `alter table events detach partition events_2024 concurrently`; 13 knows no such way, there do it alone in its migration
    "#]],
    );
    check(13..=13, detach, expect![]);
    let drop = [EVENTS, "-- upshift: phase contract\ndrop table events_2024;"];
    check(
        14..=18,
        drop,
        expect![[r#"
        drop-partition: dropping this partition locks all of events
        alter table events detach partition events_2024 concurrently;
        -- in a migration after this one: …_drop_events_2024.sql
        -- upshift: phase contract
        drop table events_2024;
    "#]],
    );
    check(
        13..=18,
        drop,
        expect![[r#"
        drop-partition: dropping this partition locks all of events
        on PostgreSQL 14 and later: `alter table events detach partition events_2024 concurrently`; 13 knows no such way, there do it alone in its migration
    "#]],
    );
}

#[test]
fn a_proposal_beside_another_says_that_it_is_not_all() {
    let text = "alter table events add column token uuid default gen_random_uuid(), add check (id > 0);";
    let files = vec![
        SourceFile::new("1_events.sql", EVENTS.to_owned()),
        SourceFile::new("2_both.sql", text.to_owned()),
    ];
    let set = MigrationSet::parse(files, Vec::new(), LayoutChoice::Detect).expect("two migrations");
    let findings = lint(&set, &Options::default()).findings;
    let words =
        findings.iter().map(|one| format!("{}: {}\n", one.rule, one.advice.as_deref().unwrap_or("-")));
    expect![[r#"
        add-column-volatile-default: this mends its own danger alone: what is left of the statement, lint proposes afterwards
        add-check-scans: this mends its own danger alone: what is left of the statement, lint proposes afterwards
    "#]].assert_eq(&words.collect::<String>());
}

const STATUS: &str = "\
create table orders (id bigint primary key, status varchar(20), code text);
create index orders_status on orders (status);
create index orders_lower on orders (lower(status), code);
create index orders_open on orders (code) where status = 'open';";

#[test]
fn only_the_indexes_that_are_built_anew_are_named() {
    check(
        13..=18,
        [STATUS, "alter table orders alter column status type varchar(40);"],
        expect![[r#"
        alter-column-type-scans: orders_lower, orders_open are built anew while nobody can use orders
        add a column beside status and switch over; or drop the indexes CONCURRENTLY before, and build them CONCURRENTLY after
    "#]],
    );
    check(
        13..=18,
        [STATUS, "alter table orders alter column status type varchar(20) collate \"C\";"],
        expect![[r#"
            alter-column-type-scans: orders_lower, orders_open, orders_status are built anew while nobody can use orders
            add a column beside status and switch over; or drop the indexes CONCURRENTLY before, and build them CONCURRENTLY after
        "#]],
    );
}

#[test]
fn a_view_of_a_repeatable_is_there_from_the_second_release_on() {
    let files = [
        (
            "1_orders.sql",
            "create table orders (id bigint primary key, status varchar(10), note varchar(10));",
        ),
        (
            "2_change.sql",
            "alter table orders alter column note type varchar(20), alter column id type bigint;",
        ),
        ("3_drop.sql", "-- upshift: phase contract\nalter table orders drop column note;"),
        ("R__all.sql", "create or replace view all_orders as select * from orders;"),
        ("R__ids.sql", "create or replace view ids as select id from orders;"),
    ];
    let files = files.map(|(path, text)| SourceFile::new(path, text.to_owned())).to_vec();
    let set = MigrationSet::parse(files, Vec::new(), LayoutChoice::Detect).expect("five migrations");
    let findings = lint(&set, &Options::default()).findings;
    let words =
        findings.iter().map(|one| format!("{} {}: {}\n", one.migration, one.rule, one.diagnostic.message));
    let words: String = words.collect();
    expect![[r#"
        2_change column-used-by-repeatable-view: the view all_orders of a repeatable migration uses orders.note: where it is made already, PostgreSQL refuses this
        2_change column-used-by-repeatable-view: the view all_orders of a repeatable migration uses orders.id: where it is made already, PostgreSQL refuses this
        3_drop column-used-by-repeatable-view: the view all_orders of a repeatable migration uses orders.note: where it is made already, PostgreSQL refuses this
    "#]].assert_eq(&words);
}

const SHOPS: &str = "\
create table shops (id bigint primary key, name text unique, owner bigint);
create table orders (id bigint primary key, shop_id bigint, code text unique, total int);";

/// The rules that an UPDATE of orders with this WHERE trips.
fn updated(filter: &str, expected: Expect) {
    check(13..=18, [SHOPS, &format!("update orders set total = 0 where {filter};")], expected);
}

#[test]
fn one_value_of_a_key_is_one_row() {
    updated("id = (select max(id) from shops)", expect![]);
    updated("orders.code = (select name from shops where owner = 7) and total > 1", expect![]);
    updated("id = (select max(id) from orders)", expect![]);
}

#[test]
fn what_differs_from_row_to_row_is_many_rows() {
    updated(
        "id = (select max(id) from shops where id = shop_id)",
        expect![[r#"
        unbatched-update: rows of orders are updated in one go
        -- upshift: backfill table=orders
        update orders set total = 0 where id = (select max(id) from shops where id = shop_id);
    "#]],
    );
    updated(
        "id = (select max(o.id) from orders o where o.shop_id = orders.shop_id)",
        expect![[r#"
        unbatched-update: rows of orders are updated in one go
        -- upshift: backfill table=orders
        update orders set total = 0 where id = (select max(o.id) from orders o where o.shop_id = orders.shop_id);
    "#]],
    );
    updated(
        "id = any (select id from shops)",
        expect![[r#"
        unbatched-update: rows of orders are updated in one go
        -- upshift: backfill table=orders
        update orders set total = 0 where id = any (select id from shops);
    "#]],
    );
    updated(
        "id in (select id from shops)",
        expect![[r#"
        unbatched-update: rows of orders are updated in one go
        -- upshift: backfill table=orders
        update orders set total = 0 where id in (select id from shops);
    "#]],
    );
    updated(
        "shop_id = (select max(id) from shops)",
        expect![[r#"
        unbatched-update: rows of orders are updated in one go
        -- upshift: backfill table=orders
        update orders set total = 0 where shop_id = (select max(id) from shops);
    "#]],
    );
    updated(
        "id = (select max(n) from unknown)",
        expect![[r#"
        unbatched-update: rows of orders are updated in one go
        -- upshift: backfill table=orders
        update orders set total = 0 where id = (select max(n) from unknown);
    "#]],
    );
}
