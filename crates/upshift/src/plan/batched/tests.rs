//! What is sent for a range: the statement as written, and the same with its range.

use expect_test::{Expect, expect};
use upshift_files::{LayoutChoice, MigrationSet, SourceFile, Vars};

use super::{Batched, Bounds};

fn batched(table: &str, text: &str) -> Batched {
    let file = SourceFile::new("1_fill.sql", format!("-- upshift: backfill table={table}\n{text}"));
    let set = MigrationSet::parse(vec![file], Vec::new(), LayoutChoice::Detect).unwrap();
    let migration = &set.versioned()[0];
    let upshift_files::Body::Sql(section) = migration.up() else { panic!("SQL") };
    Batched::read(section, migration.header().backfill.as_ref().unwrap(), &Vars::new())
        .unwrap_or_else(|error| panic!("{error:?}"))
}

fn bounds(partition: Option<&str>) -> Bounds {
    Bounds {
        from: "> $1".to_owned(),
        to: "<= $2".to_owned(),
        condition: format!("({0}.id > $1 and {0}.id <= $2)", Bounds::ROW),
        partition: partition.map(str::to_owned),
    }
}

fn check(table: &str, text: &str, expected: Expect) {
    expected.assert_eq(&batched(table, text).sent(&bounds(None)).unwrap().text);
}

#[test]
fn the_range_goes_where_the_text_says() {
    check(
        "t",
        "insert into u select * from t where id > :from and id <= :TO;",
        expect!["insert into u select * from t where id > $1 and id <= $2"],
    );
    check(
        "t",
        "update u set a = ':from' from t where (t.a,t.b)>:from and (t.a, t.b)<= /* up to */ :to -- :to\n;",
        expect!["update u set a = ':from' from t where (t.a,t.b)> $1 and (t.a, t.b)<= $2"],
    );
}

#[test]
fn the_range_is_added_to_the_condition_there_is() {
    check(
        "t",
        "update t set a = 1 where b or c",
        expect![[r#"
            update t set a = 1 where (t.id > $1 and t.id <= $2) and ( b or c
            ) "#]],
    );
    check(
        "t",
        "update t set a = (select 1 where true) returning a",
        expect![[r#"
            update t set a = (select 1 where true) 
            where (t.id > $1 and t.id <= $2) returning a"#]],
    );
    check(
        "\"T t\"",
        "delete from only public.\"T t\" * as \"x y\" using u where u.id = \"x y\".id -- the end\nreturning *",
        expect![[r#"
            delete from only public."T t" * as "x y" using u where ("x y".id > $1 and "x y".id <= $2) and ( u.id = "x y".id -- the end

            ) returning *"#]],
    );
    check(
        "public.t",
        "with u as (delete from v where a returning b) update T x set a = 1",
        expect![[r#"
            with u as (delete from v where a returning b) update T x set a = 1
            where (x.id > $1 and x.id <= $2) "#]],
    );
}

#[test]
fn a_partition_takes_the_place_of_its_table_under_the_tables_name() {
    let sent = |text| batched("s.t", text).sent(&bounds(Some("s.t_1"))).unwrap().text;
    expect![[r#"
        update s.t_1 as t set a = 1
        where (t.id > $1 and t.id <= $2) "#]]
    .assert_eq(&sent("update s.t set a = 1"));
    expect![[r#"
        delete from s.t_1 as x where (x.id > $1 and x.id <= $2) and ( x.a
        ) "#]]
    .assert_eq(&sent("delete from s.t as x where x.a"));
}

#[test]
fn all_rows_at_once_is_the_statement_with_its_ends_open() {
    let whole = |text| batched("t", text).whole().unwrap().text;
    expect!["insert into u select * from t where id is not null and id is not null and a"]
        .assert_eq(&whole("insert into u select * from t where id > :from and id <= :to and a"));
    expect!["update t set a = 1 where b or c"].assert_eq(&whole("update t set a = 1 where b or c;"));
}

#[test]
fn a_place_in_what_is_sent_is_a_place_in_the_text() {
    let text = "update t set ä = 1 where b or nothing returning other";
    let sent = batched("t", text).sent(&bounds(None)).unwrap();
    for word in ["ä = 1", "nothing", "other"] {
        let character = sent.text[..sent.text.find(word).unwrap()].chars().count();
        assert_eq!(sent.written(character), text.find(word), "{word}");
    }
}

#[test]
fn a_backfill_without_a_statement_is_rust_code() {
    assert!(batched("t", "-- its batches are Rust code\n").script().is_none());
}

#[test]
fn a_name_is_read_as_sql_writes_it() {
    for (written, name) in [
        ("id", "id"),
        ("Id", "id"),
        ("orders.id", "id"),
        ("\"Id\"", "Id"),
        ("app.\"Order.Items\".\"Key \"\"1\"\"\"", "Key \"1\""),
        ("\"a.b\"", "a.b"),
    ] {
        assert_eq!(super::parts(written).pop().as_deref(), Some(name), "{written}");
    }
}
