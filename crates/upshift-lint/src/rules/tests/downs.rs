//! In a down, what its own up made is in use; what its up does as well is told of the up.

use expect_test::{Expect, expect};
use upshift_files::{LayoutChoice, MigrationSet, SourceFile};

use crate::{Options, lint};

const SHOP: &str = "\
create table orders (id bigint primary key, status text, total int);
create table events (at date not null, id bigint not null, primary key (id, at)) partition by range (at);";

/// What is found in the down of a migration after [`SHOP`]: each rule, what it says and what it proposes.
fn check(text: &str, expected: Expect) {
    let files = [("1_shop.sql", SHOP), ("2_change.sql", text)];
    let files = files.map(|(path, text)| SourceFile::new(path, text.to_owned())).to_vec();
    let set = MigrationSet::parse(files, Vec::new(), LayoutChoice::Detect).expect("two migrations");
    let down = text.find("-- upshift: down").expect("a down");
    let findings = lint(&set, &Options::default().majors(14..=18)).findings;
    let found = findings.iter().filter(|one| one.statement.as_ref().is_some_and(|at| at.start > down));
    let words = found.map(|finding| {
        let proposed = finding.rewrite.as_ref().map_or_else(|| "nothing".to_owned(), crate::Rewrite::text);
        format!("{}: {}\n{proposed}\n", finding.rule, finding.diagnostic.message)
    });
    expected.assert_eq(&words.collect::<String>());
}

#[test]
fn an_index_that_was_built_concurrently_is_dropped_so() {
    check(
        "create index concurrently orders_status on orders (status);\n\
         -- upshift: down\ndrop index orders_status;",
        expect![[r#"
            drop-index-not-concurrently: nobody can use orders while this waits for its turn
            drop index concurrently orders_status;
        "#]],
    );
}

#[test]
fn an_index_that_was_built_while_nobody_could_write_is_told_of_the_up_alone() {
    check(
        "create index orders_status on orders (status);\n-- upshift: down\ndrop index orders_status;",
        expect![],
    );
    check("create index on orders (status);\n-- upshift: down\ndrop index orders_status_idx;", expect![]);
}

#[test]
fn what_goes_with_its_table_keeps_nobody_waiting() {
    check(
        "create table drafts (id bigint primary key, note text);\ncreate index drafts_note on drafts (note);\n\
         -- upshift: down\ndrop index drafts_note;\ndrop table drafts;",
        expect![],
    );
}

#[test]
fn a_partition_that_was_attached_is_detached_concurrently() {
    let up = "create table events_2027 (like events including all);\n\
              alter table events attach partition events_2027 for values from ('2027-01-01') to ('2028-01-01');\n\
              -- upshift: down\n";
    check(
        &format!("{up}alter table events detach partition events_2027;\ndrop table events_2027;"),
        expect![[r#"
            detach-partition-not-concurrently: detaching this partition locks all of events
            alter table events detach partition events_2027 concurrently;
        "#]],
    );
    check(
        &format!("{up}drop table events_2027;"),
        expect![[r#"
        drop-partition: dropping this partition locks all of events
        alter table events detach partition events_2027 concurrently;
        drop table if exists events_2027;
    "#]],
    );
}

#[test]
fn a_partition_that_was_made_in_its_place_is_told_of_the_up_alone() {
    check(
        "create table events_2027 partition of events for values from ('2027-01-01') to ('2028-01-01');\n\
         -- upshift: down\ndrop table events_2027;",
        expect![],
    );
}

#[test]
fn rows_are_not_worked_on_while_the_table_that_the_up_made_is_locked() {
    check(
        "create table notes (order_id bigint primary key, status text);\n\
         -- upshift: down\n\
         alter table notes add column at date;\nupdate notes set at = now();\ndrop table notes;",
        expect![[r#"
            work-under-lock: notes stays locked (since line 3) while rows of notes are updated
            nothing
        "#]],
    );
}

#[test]
fn a_search_path_of_the_up_is_none_of_the_down() {
    check(
        "create schema shop;\nset search_path = shop;\ncreate table orders (id bigint primary key);\n\
         -- upshift: down\ndelete from orders;",
        expect![[r#"
            down-loses-data: what is in orders was there before this migration: its rows are lost
            nothing
        "#]],
    );
}

#[test]
fn what_the_up_made_is_the_downs_to_take_away() {
    check(
        "create table drafts (id bigint primary key);\nalter table orders add column note text;\n\
         -- upshift: down\n\
         truncate drafts;\ndrop table drafts;\nalter table orders drop column note;",
        expect![],
    );
}
