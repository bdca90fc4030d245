//! Guard and verify: queries that must be true in every row, before and after.

use expect_test::expect;
use upshift::Error;
use upshift_promises::{Database, files, steps};

async fn verified(db: &Database, query: &str) -> Result<upshift::Report, Error> {
    let text = format!(
        "create table t (id int, ok boolean);\ncreate table checked (good boolean, checked int);\n-- upshift: verify\n{query}\n"
    );
    db.migrator(files(&[("1_t.sql", &text)])).run().await
}

#[tokio::test]
async fn what_is_true_in_every_row_passes() {
    for query in [
        "select true;",
        "select count(*) = 0 from t;",
        "select true where false;",
        "select ok from t;",
        "values (true), (true);",
        "select count(*) = 0, bool_and(ok) as ok from t;",
        "table checked;",
        "with one as (select 1 as x) select x = 1 from one;",
        "select true -- and that is that",
        "select true /* and that is that */",
        "(select true) union all (select 1 = 1);",
        "select true as a, 1 as b, 2 as b;",
        "select true order by 1 limit 1;",
        "select true from t for update;",
        "select true;\nselect 1 = 1;\n\n-- the end\n",
    ] {
        let db = Database::new().await;
        verified(&db, query).await.unwrap_or_else(|error| panic!("{query}: {error:?}"));
    }
}

#[tokio::test]
async fn what_is_false_or_null_in_a_row_fails_and_shows_the_row() {
    let db = Database::new().await;
    let error = verified(&db, "select true;\nselect count(*) > 0 as filled, count(*) as orders from t;")
        .await
        .unwrap_err();
    expect![[r#"
        migration 1_t: its verify query is not true
          --> 1_t.sql:5:1
           |
         5 | select count(*) > 0 as filled, count(*) as orders from t;
           | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          its answer: {"true?": false, "orders": 0}
          help: nothing of it was done; mend the migration, or its verify section, and run again"#]]
    .assert_eq(&error.render());
    assert_eq!(db.tables().await, "-");
    assert_eq!(db.history().await, "");
    let error = verified(&db, "select null::boolean;").await.unwrap_err();
    expect![[r#"
        migration 1_t: its verify query is not true
          --> 1_t.sql:4:1
           |
         4 | select null::boolean;
           | ^^^^^^^^^^^^^^^^^^^^
          its answer: {"true?": null}
          help: nothing of it was done; mend the migration, or its verify section, and run again"#]]
    .assert_eq(&error.render());
    let error = verified(&db, "values (true), (false);").await.unwrap_err();
    expect!["migration 1_t: its verify query is not true (1_t.sql:4:1)"].assert_eq(&error.to_string());
}

#[tokio::test]
async fn what_is_no_query_is_told_before_anything_runs() {
    let db = Database::new().await;
    let error = verified(&db, "select true;\ndo $$ begin raise exception 'no'; end $$;").await.unwrap_err();
    expect![[r#"
        a mistake in the migration files

        a check is a query, and this is none
          --> 1_t.sql:5:1
           |
         5 | do $$ begin raise exception 'no'; end $$;
           | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
           = help: write a SELECT, VALUES, TABLE or WITH whose first column is true in every row"#]]
    .assert_eq(&error.render());
    for query in
        ["insert into t values (1, true) returning ok;", "show work_mem;", "explain select true;", "vacuum;"]
    {
        assert!(verified(&db, query).await.unwrap_err().diagnostics().is_some(), "{query}");
    }
    assert_eq!(db.rows("select to_regnamespace('upshift')").await, "-");
}

#[tokio::test]
async fn a_check_cannot_break_out_of_its_parentheses() {
    let db = Database::new().await;
    let error = verified(&db, "select true) as x (y) where false; --").await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("42601"));
    assert_eq!(db.tables().await, "-");
}

#[tokio::test]
async fn a_check_that_does_not_answer_with_true_or_false_says_what_is_missing() {
    let db = Database::new().await;
    let error = verified(&db, "select id from t;").await.unwrap_err();
    expect![[r#"
        migration 1_t failed at query 1 of its verify
          --> 1_t.sql:4:1
           |
         4 | select id from t;
           | ^^^^^^^^^^^^^^^^
          caused by: argument of IS NOT TRUE must be type boolean, not type integer (42804)
          help: nothing of it was done; let the first column of its query be true or false, and run again"#]]
    .assert_eq(&error.render());
}

const GUARDED: &[(&str, &str)] = &[
    ("1_a.sql", "create table ready ();\n"),
    (
        "2_b.sql",
        "create table b ();\n-- upshift: guard\nselect count(*) > 0 from pg_tables where tablename = 'go';\n",
    ),
    ("3_c.sql", "create table c ();\n"),
];

#[tokio::test]
async fn a_guard_that_is_not_true_blocks_and_later_ones_do_not_run() {
    let db = Database::new().await;
    let error = db.migrator(files(GUARDED)).run().await.unwrap_err();
    assert!(error.is_blocked());
    expect![[r#"
        migration 2_b: its guard query is not true
          --> 2_b.sql:3:1
           |
         3 | select count(*) > 0 from pg_tables where tablename = 'go';
           | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          its answer: {"true?": false}
          help: nothing of it was done; run again when its guard is true"#]]
    .assert_eq(&error.render());
    assert_eq!(steps(error.report().unwrap()), "up 1_a");
    assert_eq!(db.tables().await, "ready");
    db.run("create table go ()").await;
    assert_eq!(steps(&db.migrator(files(GUARDED)).run().await.unwrap()), "up 2_b, up 3_c");
}

#[tokio::test]
async fn a_guard_before_statements_outside_of_transactions_blocks_too() {
    let db = Database::new().await;
    let mut set = GUARDED.to_vec();
    set[1].1 = "create table b (x int);\ncreate index concurrently on b (x);\n-- upshift: guard\n\
                select count(*) > 0 from pg_tables where tablename = 'go';\n";
    let error = db.migrator(files(&set)).run().await.unwrap_err();
    assert!(error.is_blocked());
    expect!["1 | a | applied"].assert_eq(&db.history().await);
    db.run("create table go ()").await;
    assert_eq!(steps(&db.migrator(files(&set)).run().await.unwrap()), "up 2_b, up 3_c");
}

#[tokio::test]
async fn a_verify_sees_what_its_migration_did_and_set() {
    for header in ["", "-- upshift: transaction off\n"] {
        let db = Database::new().await;
        let text = format!(
            "{header}create schema app;\nset search_path to app;\ncreate table t (id int);\ninsert into t values (1);\n\
             -- upshift: verify\nselect count(*) = 1 from t;\n"
        );
        db.migrator(files(&[("1_t.sql", &text)])).run().await.unwrap();
    }
}

#[tokio::test]
async fn a_guard_sees_the_database_as_it_was() {
    let db = Database::new().await;
    let text = "create table t ();\n-- upshift: guard\nselect to_regclass('t') is null;\n";
    db.migrator(files(&[("1_t.sql", text)])).run().await.unwrap();
}

#[tokio::test]
async fn variables_are_put_into_checks() {
    let db = Database::new().await;
    let text = "-- upshift: vars on\ncreate table ${name} ();\n-- upshift: verify\nselect count(*) = 0 from ${name};\n";
    let migrator = db.migrator(files(&[("1_t.sql", text)])).vars(upshift::Vars::new().with("name", "t"));
    migrator.run().await.unwrap();
}
