use super::adding::{Cost, added};
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};

pub(super) const RULE: Rule = Rule::new(
    Group::AddingColumns,
    Level::Error,
    "a serial column is added: the whole table is written anew",
    Check::UpAndDown(check),
)
.explained(
    "`serial`, `bigserial` and `smallserial` number the rows there are: PostgreSQL writes all of them and \
     every index anew while nobody can even read. Add a plain column, let a sequence be its default from \
     now on, and number the old rows in batches. Then make it NOT NULL in steps, as set-not-null-scans \
     shows.",
    "measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_number.sql
alter table orders add column number bigserial;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_number.sql
create sequence orders_number_seq;
alter table orders add column number bigint;
alter table orders alter column number set default nextval('orders_number_seq');
alter sequence orders_number_seq owned by orders.number;
--- 3_fill_number.sql
-- upshift: phase backfill
-- upshift: backfill table=orders
update orders set number = nextval('orders_number_seq') where number is null;
-- upshift: down
update orders set number = null where number is null;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let serial = added(at).into_iter().filter(|one| matches!(one.cost, Cost::Serial));
    let drafts = serial.map(|one| {
        let of = match one.column.type_name.name.name.as_str() {
            "serial" => "integer",
            "smallserial" => "smallint",
            _ => "bigint",
        };
        one.numbered(at, of, &[])
    });
    drafts.collect()
}
