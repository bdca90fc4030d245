//! What a finding proposes keeps what the statement said.

use expect_test::{Expect, expect};
use upshift_files::{LayoutChoice, MigrationSet, SourceFile};

use crate::{Options, lint};

const ORDERS: &str = "create table orders (id bigint primary key, status text default 'new', total int);";

/// What is proposed for a migration after [`ORDERS`], each under its rule.
fn check(text: &str, expected: Expect) {
    let files = [("1_orders.sql", ORDERS), ("2_change.sql", text)];
    let files = files.map(|(path, text)| SourceFile::new(path, text.to_owned())).to_vec();
    let set = MigrationSet::parse(files, Vec::new(), LayoutChoice::Detect).expect("two migrations");
    let findings = lint(&set, &Options::default()).findings;
    let words = findings.iter().map(|finding| {
        let proposed = finding.rewrite.as_ref().map_or_else(|| "nothing".to_owned(), crate::Rewrite::text);
        format!("{}:\n{proposed}\n", finding.rule)
    });
    expected.assert_eq(&words.collect::<String>());
}

#[test]
fn a_column_with_a_volatile_default_stays_not_null_and_if_not_exists() {
    check(
        "alter table orders add column if not exists token uuid not null default gen_random_uuid();",
        expect![[r#"
            add-column-volatile-default:
            alter table orders add column if not exists token uuid;
            alter table orders alter column token set default gen_random_uuid();
            -- in a migration after this one: …_fill_token.sql
            -- upshift: phase backfill
            -- upshift: backfill table=orders
            update orders set token = gen_random_uuid() where token is null;
            -- in a migration after this one: …_demand_token.sql
            alter table orders add constraint orders_token_not_null check (token is not null) not valid;
            -- in a migration after this one: …_validate_token.sql
            alter table orders validate constraint orders_token_not_null;
            -- in a migration after this one: …_token_not_null.sql
            alter table orders alter column token set not null;
            alter table orders drop constraint orders_token_not_null;
        "#]],
    );
}

#[test]
fn a_serial_column_is_not_null_in_the_end() {
    check(
        "alter table orders add column number serial not null unique;",
        expect![[r#"
        add-serial-column:
        create sequence orders_number_seq;
        alter table orders add column number integer unique;
        alter table orders alter column number set default nextval('orders_number_seq');
        alter sequence orders_number_seq owned by orders.number;
        -- in a migration after this one: …_fill_number.sql
        -- upshift: phase backfill
        -- upshift: backfill table=orders
        update orders set number = nextval('orders_number_seq') where number is null;
        -- in a migration after this one: …_demand_number.sql
        alter table orders add constraint orders_number_not_null check (number is not null) not valid;
        -- in a migration after this one: …_validate_number.sql
        alter table orders validate constraint orders_number_not_null;
        -- in a migration after this one: …_number_not_null.sql
        alter table orders alter column number set not null;
        alter table orders drop constraint orders_number_not_null;
    "#]],
    );
}

#[test]
fn a_foreign_key_to_its_own_table_waits_for_no_other() {
    check(
        "alter table orders add column parent bigint references orders; create index concurrently on orders (parent);",
        expect![[r#"
            not-idempotent:
            alter table orders add column if not exists parent bigint references orders;
        "#]],
    );
}

#[test]
fn a_default_that_comes_back_in_the_same_transaction_was_never_away() {
    check(
        "alter table orders alter column status drop default; alter table orders alter column status set default 'open';",
        expect![],
    );
    check(
        "alter table orders alter column status drop default;",
        expect![[r#"
        drop-default:
        -- upshift: phase contract
        alter table orders alter column status drop default;
    "#]],
    );
}

#[test]
fn only_builds_the_index_of_a_plain_table_all_the_same() {
    check(
        "create index orders_total on only orders (total) where total > 0;",
        expect![[r#"
        create-index-not-concurrently:
        create index concurrently orders_total on only orders (total) where total > 0;
    "#]],
    );
}
