//! Keys of partitions: what belongs to which index of the parent, under which name, with which settings; and what a child
//! has of its own.

use upshift_promises::Database;

use crate::oracle::{dump, pg_dump, snapshot};

const TABLES: &str = "create table p (a integer not null, b integer not null) partition by range (a);
    create table p1 partition of p for values from (0) to (10);";

/// Each is another schema. What they begin with stands in [`TABLES`].
const STATES: &[&str] = &[
    "create unique index p_ab on only p (a, b); alter table p1 add constraint p1_key primary key (a, b)",
    "create unique index p_ab on only p (a, b); alter table p1 add constraint p1_key primary key (a, b);
     alter index p_ab attach partition p1_key",
    "create unique index p_ab on only p (a, b); create unique index p_ab_2 on only p (a, b);
     alter table p1 add constraint p1_key primary key (a, b); alter index p_ab_2 attach partition p1_key",
    "create unique index p_ab on only p (a, b); alter table p1 add constraint p1_other primary key (a, b);
     alter index p_ab attach partition p1_other",
    "create unique index p_ab on only p (a, b); alter table p1 add constraint p1_key unique (a, b);
     alter index p_ab attach partition p1_key",
    "alter table p add primary key (a, b)",
    "alter table p add primary key (a, b); alter index p1_pkey rename to p1_other",
    "alter table p add primary key (a, b); alter index p1_pkey set (fillfactor = 70)",
    "alter table p add primary key (a, b); alter table p1 cluster on p1_pkey",
    "alter table p add primary key (a, b); alter table p1 replica identity using index p1_pkey",
    "alter table p add primary key (a, b); comment on constraint p1_pkey on p1 is 'the key'",
    "alter table p add primary key (a, b); comment on index p1_pkey is 'the index'",
    "alter table p add unique (a, b)",
    "alter table p add unique (a, b) deferrable",
    "alter table p1 add primary key (a, b); alter table p add unique (a, b)",
    "alter table only p add constraint p_pkey primary key (a, b)",
    "alter table only p add constraint p_pkey primary key (a, b); alter table p1 add primary key (a, b)",
    "create index on p (b)",
    "create index on p (b); alter index p1_b_idx set (fillfactor = 70)",
];

/// A child of a table, each time another.
const CHILDREN: &[&str] = &[
    "create table p (a integer); create table c () inherits (p); alter table p add constraint large check (a > 0)",
    "create table p (a integer); create table c (constraint large check (a > 0)) inherits (p);
     alter table p add constraint large check (a > 0)",
    "create table p (a integer); create table c (constraint large check (a > 0)) inherits (p);
     alter table p add constraint large check (a > 0) not valid",
    "create table p (a integer); create table c () inherits (p);
     alter table p add constraint large check (a > 0) not valid",
    // What is spoken of is no operator yet.
    "create table p (a integer); create table c () inherits (p); alter table p add constraint large check (a > 0);
     create operator === (leftarg = boolean, rightarg = boolean, function = booleq, negator = !==);
     drop operator === (boolean, boolean)",
];

#[tokio::test]
async fn what_a_child_has_of_its_own_is_told_as_pg_dump_tells_it() {
    check("", CHILDREN).await;
}

#[tokio::test]
async fn the_key_of_a_partition_is_told_as_pg_dump_tells_it() {
    check(TABLES, STATES).await;
}

/// Each is compared with each.
async fn check(tables: &str, states: &'static [&'static str]) {
    let Some(program) = pg_dump() else { return };
    let mut seen: Vec<(&str, String, String)> = Vec::new();
    for state in states {
        let db = Database::new().await;
        db.run(tables).await;
        db.run(state).await;
        seen.push((state, dump(&program, &db).await, snapshot(&db).await.to_string()));
    }
    let mut wrong = Vec::new();
    for (n, (state, dumped, read)) in seen.iter().enumerate() {
        for (other, other_dumped, other_read) in &seen[..n] {
            if (dumped == other_dumped) != (read == other_read) {
                wrong.push(format!("{other}\n    | {state}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
