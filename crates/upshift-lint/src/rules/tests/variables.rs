//! With `vars on` a statement is read around its variables, and what is proposed has them.

use expect_test::{Expect, expect};
use upshift_files::{Layout, LayoutChoice, MigrationSet, SourceFile};

use crate::{Options, lint};

const ORDERS: &str = "\
-- upshift: vars on
create table ${schema:ident}.${prefix}orders (id bigint primary key, status text default ${first:literal}, total int);";

/// What is found in a migration with variables after [`ORDERS`]: each rule, what it says and what it proposes.
fn check(text: &str, expected: Expect) {
    let files = [("1_orders.sql", ORDERS), ("2_change.sql", &format!("-- upshift: vars on\n{text}"))];
    let files = files.map(|(path, text)| SourceFile::new(path, text.to_owned())).to_vec();
    let set = MigrationSet::parse(files, Vec::new(), LayoutChoice::Detect).expect("two migrations");
    set.check(None::<&upshift_files::Vars>).expect("they can be cut");
    let findings = lint(&set, &Options::default()).findings;
    let words = findings.iter().map(|finding| {
        let proposed = finding.rewrite.as_ref().map(crate::Rewrite::text);
        let proposed = proposed.or_else(|| finding.advice.clone()).unwrap_or_else(|| "nothing".to_owned());
        let effect = finding.effect.as_deref().unwrap_or("no effect");
        format!("{}: {}\n{effect}\n{proposed}\n", finding.rule, finding.diagnostic.message)
    });
    expected.assert_eq(&words.collect::<String>());
}

#[test]
fn an_index_over_variables_is_proposed_with_them() {
    check(
        "create index ${prefix}orders_total on ${schema:ident}.${prefix}orders (total);",
        expect![[r#"
        create-index-not-concurrently: this index is built while nobody can write to ${schema:ident}.${prefix}orders
        SHARE on ${schema:ident}.${prefix}orders while the whole table is read: INSERT, UPDATE and DELETE wait
        create index concurrently ${prefix}orders_total on ${schema:ident}.${prefix}orders (total);
    "#]],
    );
}

#[test]
fn names_that_are_made_of_variables_have_them() {
    check(
        "alter table ${schema}.${prefix}orders add check (total > ${Least}) ;",
        expect![[r#"
            add-check-scans: this CHECK is tried on every row while nobody can use ${schema}.${prefix}orders
            ACCESS EXCLUSIVE on ${schema}.${prefix}orders while the whole table is read: everything waits, SELECT too
            alter table ${schema}.${prefix}orders add constraint ${prefix}orders_check check (total > ${Least}) not valid;
            -- in a migration after this one: …_validate_prefix_orders_check.sql
            -- upshift: vars on
            alter table ${schema}.${prefix}orders validate constraint ${prefix}orders_check;
        "#]],
    );
    check(
        "alter table ${schema:ident}.${prefix}orders alter column ${column:ident} set not null;",
        expect![[r#"
            set-not-null-scans: every row is looked at for a NULL in ${column:ident} while nobody can use ${schema:ident}.${prefix}orders
            ACCESS EXCLUSIVE on ${schema:ident}.${prefix}orders while the whole table is read: everything waits, SELECT too
            alter table ${schema:ident}.${prefix}orders add constraint ${prefix}orders_${column}_not_null check (${column:ident} is not null) not valid;
            -- in a migration after this one: …_validate_column.sql
            -- upshift: vars on
            alter table ${schema:ident}.${prefix}orders validate constraint ${prefix}orders_${column}_not_null;
            -- in a migration after this one: …_column_not_null.sql
            -- upshift: vars on
            alter table ${schema:ident}.${prefix}orders alter column ${column:ident} set not null;
            alter table ${schema:ident}.${prefix}orders drop constraint ${prefix}orders_${column}_not_null;
        "#]],
    );
}

#[test]
fn a_literal_is_a_text() {
    check(
        "alter table ${schema:ident}.${prefix}orders add column note text default ${note:literal};\n\
         alter table ${schema:ident}.${prefix}orders add column token text default md5(random()::text || ${salt:literal});",
        expect![[r#"
            add-column-volatile-default: this default differs from row to row: all of ${schema:ident}.${prefix}orders is written anew
            ACCESS EXCLUSIVE on ${schema:ident}.${prefix}orders while every row and index is written anew: everything waits, SELECT too
            the way to do it needs a directive (`-- upshift: backfill table=…`), and directives know no variables: write the table's name there
        "#]],
    );
}

#[test]
fn what_a_directive_would_need_is_not_proposed() {
    check(
        "update ${schema:ident}.${prefix}orders set status = ${new:literal} where status is null;",
        expect![[r#"
            unbatched-update: rows of ${schema:ident}.${prefix}orders are updated in one go
            the rows stay locked until the last is done: whoever writes them waits
            the way to do it needs a directive (`-- upshift: backfill table=…`), and directives know no variables: write the table's name there
        "#]],
    );
}

#[test]
fn what_a_variable_is_called_is_not_known() {
    check(
        "alter table ${other} add column note text;\ndrop index concurrently ${prefix}orders_total;",
        expect![[r#"
            not-idempotent: run a second time after a lost connection, this fails
            no effect
            alter table ${other} add column if not exists note text;
        "#]],
    );
}

#[test]
fn what_is_not_understood_around_a_variable_is_said() {
    check(
        "${verb} table drafts;",
        expect![[r#"
            not-understood: lint does not know this statement: nothing was checked
            no effect
            look at what it locks, and allow this; or say it in words that lint knows
        "#]],
    );
}

#[test]
fn a_variable_in_the_body_of_a_function_is_left_to_it() {
    check(
        "create function fill() returns void language sql as $x$ update ${schema:ident}.orders set total = 1 $x$;",
        expect![],
    );
}

#[test]
fn what_people_write_with_variables_trips_nothing() {
    let orders = "${schema:ident}.${prefix}orders";
    for text in [
        "set local lock_timeout = ${limit:literal};\nalter table ORDERS add column note text;",
        "set local lock_timeout = ${limit};\nalter table ORDERS add column note text;",
        "set local search_path = ${schema:ident};\nalter table ${prefix}orders add column note text;",
        "alter table ORDERS add column kind ${type} default ${first:literal};",
        "alter table ORDERS add column code varchar(${length}) default ${first:literal};",
        "create table ${schema:ident}.notes (id bigint primary key, order_id bigint references ORDERS);\n\
         create index notes_order on ${schema:ident}.notes (order_id);",
        "insert into ORDERS (id, status, total) values (${id}, ${status:literal}, ${total});",
        "update ORDERS set status = ${status:literal} where id = ${id};",
        "grant select on ORDERS to ${role:ident};",
        "alter table ORDERS add column n int not null default ${n};",
        "create table ${t} (id bigint primary key, note text);\ncreate index ${t}_note on ${t:ident} (note);",
        "create index concurrently ${prefix}orders_total on ORDERS (total) where status = ${open:literal};",
        "drop index concurrently ${schema:ident}.${prefix}orders_total;",
        "comment on table ORDERS is ${words:literal};",
        "alter table ORDERS set (fillfactor = ${fill});",
        "create view ${schema:ident}.open_orders as select id from ORDERS where status = ${open:literal} limit ${n};",
        "create or replace function ${schema:ident}.f() returns int language sql as $$ select ${n}::int $$;",
        "-- upshift: phase contract\nalter table ORDERS drop column status;",
    ] {
        check(&text.replace("ORDERS", orders), expect![]);
    }
}

#[test]
fn a_statement_with_another_tools_variable_is_not_understood_and_that_is_said() {
    let files = [
        ("V1__orders.sql", "create table orders (id bigint primary key);"),
        ("V2__note.sql", "alter table ${schema}.orders add column note text;"),
    ];
    let files = files.map(|(path, text)| SourceFile::new(path, text.to_owned())).to_vec();
    let set =
        MigrationSet::parse(files, Vec::new(), LayoutChoice::Is(Layout::Flyway)).expect("two migrations");
    let findings = lint(&set, &Options::default()).findings;
    let words = findings.iter().map(|one| format!("{} {}\n", one.migration, one.rule));
    expect![[r#"
        2_note not-understood
    "#]]
    .assert_eq(&words.collect::<String>());
}
