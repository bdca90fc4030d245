//! Every way back tried: what is proven, and what each kind of broken down looks like.

use std::path::Path;

use expect_test::{Expect, expect, expect_file};
use upshift::Source;
use upshift_promises::database::SERVER;
use upshift_promises::files;
use upshift_test::{RollbackVerdict, VerifyRollbacks, verify_rollbacks};

/// Tries the files, and shows what came of it.
async fn check(source: &[(&str, &str)], expected: Expect) {
    let verification = verify_rollbacks(files(source)).await.unwrap();
    expected.assert_eq(&verification.to_string());
}

const USERS: (&str, &str) = (
    "1_users.sql",
    "create table users (id bigint primary key, name text, born date);\n-- upshift: down\ndrop table users;",
);

#[tokio::test]
async fn a_down_that_goes_back_is_proven() {
    let indexed =
        "create index concurrently users_name on users (name);\n-- upshift: down\ndrop index users_name;";
    check(
        &[USERS, ("2_index.sql", indexed)],
        expect![[r"
            2 migrations: 2 proven
        "]],
    )
    .await;
}

#[tokio::test]
async fn what_a_down_forgets_is_shown() {
    let forgets = "create type mood as enum ('sad', 'ok');\nalter table users add column mood mood default 'ok';\n\
        comment on table users is 'people';\n-- upshift: down\nalter table users drop column mood;\ndrop type mood;";
    let third = "create table orders (id bigint);\n-- upshift: down\ndrop table orders;";
    check(
        &[USERS, ("2_mood.sql", forgets), ("3_orders.sql", third)],
        expect![[r#"
            3 migrations: 2 proven, 1 going elsewhere
            2_mood goes elsewhere
                after the down, where before the up it was not so:
                    added comment on table public.users: people
        "#]],
    )
    .await;
}

#[tokio::test]
async fn another_order_of_columns_is_proven_and_said() {
    let drops =
        "alter table users drop column name;\n-- upshift: down\nalter table users add column name text;";
    check(
        &[USERS, ("2_name.sql", drops)],
        expect![[r#"
            2 migrations: 1 proven, 1 proven but for the order of columns
            2_name is proven but for the order of columns
                after the down, where before the up it was not so:
                    changed order of the columns of public.users
                        - id, name, born
                        + id, born, name
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_down_that_fails_is_shown_with_the_servers_words() {
    let fails =
        "alter table users rename name to full_name;\n-- upshift: down\nalter table users drop column nme;";
    let next = "alter table users drop column full_name;";
    check(
        &[USERS, ("2_rename.sql", fails), ("3_drop.sql", next)],
        expect![[r#"
            3 migrations: 1 proven, 1 with a down that fails, 1 without a down
            2_rename has a down that fails
                column "nme" of relation "users" does not exist (42703)
            3_drop has no down
        "#]],
    )
    .await;
}

#[tokio::test]
async fn an_up_that_its_down_does_not_make_way_for_is_shown() {
    let stays =
        "create table orders (id bigint);\ncreate sequence numbers;\n-- upshift: down\ndrop table orders;";
    let next = "create table later (id bigint);\n-- upshift: down\ndrop table later;";
    check(
        &[USERS, ("2_orders.sql", stays), ("3_later.sql", next)],
        expect![[r#"
            3 migrations: 2 proven, 1 that cannot be applied again
            2_orders cannot be applied again after its down
                relation "numbers" already exists (42P07)
                after the down, where before the up it was not so:
                    added sequence public.numbers: bigint
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_way_back_that_is_not_there_is_told_apart_from_one_that_cannot_be() {
    check(
        &[
            USERS,
            (
                "2_name.sql",
                "-- upshift: irreversible because the names are gone\nalter table users drop column name;",
            ),
            ("3_born.sql", "alter table users drop column born;"),
        ],
        expect![[r#"
            3 migrations: 1 proven, 1 irreversible on purpose, 1 without a down
            2_name is irreversible because the names are gone
            3_born has no down
        "#]],
    )
    .await;
}

#[tokio::test]
async fn an_up_that_is_something_else_the_second_time_is_shown() {
    let counts = "do $$ begin execute 'create table t' || nextval('numbers') || ' ()'; end $$;\n-- upshift: down\n\
        drop table if exists t1, t2, t3;";
    let numbers = "create sequence numbers;\n-- upshift: down\ndrop sequence numbers;";
    let source = [("1_numbers.sql", numbers), ("2_t.sql", counts)];
    check(
        &source,
        expect![[r#"
            2 migrations: 1 proven, 1 going elsewhere
            2_t goes elsewhere
                after the second up, where after the first it was not so:
                    removed table public.t1
                    added table public.t2
        "#]],
    )
    .await;
}

#[tokio::test]
async fn rows_that_a_way_back_loses_are_shown() {
    let drops =
        "alter table users drop column name;\n-- upshift: down\nalter table users add column name text;";
    let keeps =
        "alter table users add column age integer;\n-- upshift: down\nalter table users drop column age;";
    let source = || files(&[USERS, ("2_age.sql", keeps), ("3_name.sql", drops)]);
    let sampled = VerifyRollbacks::new(source()).sample(
        "2".parse().unwrap(),
        "people.sql",
        "insert into users values (1, 'Ann', '2000-02-29'), (2, null, null)",
    );
    let verification = sampled.run().await.unwrap();
    expect![[r#"
        3 migrations: 2 proven, 1 going elsewhere
        3_name goes elsewhere
            after the down, where before the up it was not so:
                changed order of the columns of public.users
                    - id, name, born, age
                    + id, born, age, name
                - public.users: {"id": 1, "age": null, "born": "2000-02-29", "name": "Ann"}
                + public.users: {"id": 1, "age": null, "born": "2000-02-29", "name": null}
    "#]]
    .assert_eq(&verification.to_string());
    // Without rows nobody would know.
    assert!(verify_rollbacks(source()).await.unwrap().require_proven().is_ok());
}

#[tokio::test]
async fn gates_backfills_and_later_phases_are_tried_too() {
    let backfill = "-- upshift: backfill table=users\nupdate users set name = 'x' where name is null;\n-- upshift: down\nselect 1;";
    let contract = "-- upshift: phase contract\n-- upshift: after 7d\nalter table users drop column born;\n-- upshift: down\n\
        alter table users add column born date;";
    check(
        &[
            USERS,
            ("2_fill.sql", backfill),
            ("3_born.sql", contract),
            ("R__view.sql", "create or replace view v as select 1 as one;"),
        ],
        expect![[r#"
            3 migrations: 3 proven
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_failing_test_names_what_is_broken_and_how() {
    let forgets = "create table orders (id bigint);\n-- upshift: down\nselect 1;";
    let verification = verify_rollbacks(files(&[USERS, ("2_orders.sql", forgets)])).await.unwrap();
    let unproven = verification.require_proven().unwrap_err();
    expect!["the way back does not hold of 2_orders"].assert_eq(&unproven.to_string());
    expect![[r#"
        the way back does not hold of 2_orders
        2_orders cannot be applied again after its down
            relation "orders" already exists (42P07)
            after the down, where before the up it was not so:
                added table public.orders (1 column)
    "#]]
    .assert_eq(&format!("{unproven:?}"));
    assert_eq!(unproven.verification().broken().count(), 1);
}

#[tokio::test]
async fn an_old_history_is_applied_and_not_tried() {
    let old = ("1_old.sql", "create table old ();\n-- upshift: down\ndrop table odl;");
    let new = ("2_new.sql", "create table new ();\n-- upshift: down\ndrop table new;");
    let verification =
        VerifyRollbacks::new(files(&[old, new])).since("2".parse().unwrap()).run().await.unwrap();
    let tried: Vec<&str> = verification.migrations.iter().map(|it| it.label.as_str()).collect();
    assert_eq!(tried, ["2_new"]);
    assert!(matches!(verification.migrations[0].verdict, RollbackVerdict::Proven));
}

#[tokio::test]
async fn what_is_no_verdict_is_an_error() {
    let error = verify_rollbacks(files(&[("1_a.sql", "create table a (;")])).await.unwrap_err();
    assert_eq!(error.to_string(), "the migrations cannot make a test database");
    let error = VerifyRollbacks::new(files(&[USERS]))
        .sample("1".parse().unwrap(), "rows.sql", "insert into users values (1)")
        .run()
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "the fixture rows.sql failed: relation \"users\" does not exist");
    let error = VerifyRollbacks::new(files(&[USERS]))
        .sample("7".parse().unwrap(), "rows.sql", "")
        .run()
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the sample rows.sql is to be inserted before 7, which is no migration of this set"
    );
}

#[tokio::test]
async fn a_history_in_another_schema_is_no_difference() {
    let source = files(&[USERS]);
    let verification = VerifyRollbacks::new(source).history_schema("migrations").run().await.unwrap();
    assert_eq!(verification.to_string(), "1 migration: 1 proven\n");
}

#[tokio::test]
async fn the_285_ways_back_of_crates_io_are_known() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/real/crates-io/migrations");
    if !folder.is_dir() {
        eprintln!("skipped: there is no {}", folder.display());
        return;
    }
    // They need 14 themselves, and the server's words and the version of an extension are those of 15.
    if SERVER.version().major != 15 {
        eprintln!("SKIPPED: PostgreSQL {} is not 15", SERVER.version().major);
        return;
    }
    let verification = verify_rollbacks(Source::folder(&folder)).await.unwrap();
    eprintln!("crates.io in {} ms", verification.took.as_millis());
    assert!(verification.migrations.len() >= 285);
    expect_file!["crates_io.txt"].assert_eq(&verification.to_string());
}
