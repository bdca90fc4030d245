//! Transactions a file writes itself.

use expect_test::expect;
use upshift::Error;
use upshift_promises::{Database, files};

const PLACE: &str = "select version, state, statements_done, error from upshift.history order by ordinal";

async fn fails(db: &Database, set: &[(&str, &str)]) -> Error {
    db.migrator(files(set)).run().await.unwrap_err()
}

#[tokio::test]
async fn a_written_transaction_in_the_middle_is_one_unit() {
    let db = Database::new().await;
    let text = |name: &str| {
        format!(
            "create table t (a int);\nbegin;\ninsert into t values (1);\nsavepoint s;\ninsert into t values (99);\n\
             rollback to s;\ninsert into {name} values (2);\ncommit;\ncreate index concurrently on t (a);\n"
        )
    };
    let error = fails(&db, &[("1_t.sql", &text("nowhere"))]).await;
    expect![[r#"
        migration 1_t failed at statement 7 of 9
          --> 1_t.sql:7:13
           |
         7 | insert into nowhere values (2);
           |             ^^^^^^^
          caused by: relation "nowhere" does not exist (42P01)
          help: its first statement is done and stays; the next run goes on behind it; mend it and run again"#]].assert_eq(&error.render());
    expect![[r#"1 | failed | 1 | relation "nowhere" does not exist (42P01)"#]]
        .assert_eq(&db.rows(PLACE).await);
    assert_eq!(db.rows("select count(*) from t").await, "0");
    db.migrator(files(&[("1_t.sql", &text("t"))])).run().await.unwrap();
    assert_eq!(db.rows("select string_agg(a::text, ' ' order by a) from t").await, "1 2");
    expect!["1 | applied | 9 | -"].assert_eq(&db.rows(PLACE).await);
}

#[tokio::test]
async fn a_written_transaction_that_rolls_back_leaves_nothing_of_it() {
    let db = Database::new().await;
    let text = "create table t (a int);\nbegin;\ninsert into t values (1);\nrollback;\ncreate index concurrently on t (a);\n";
    db.migrator(files(&[("1_t.sql", text)])).run().await.unwrap();
    assert_eq!(db.rows("select count(*) from t").await, "0");
    expect!["1 | applied | 5 | -"].assert_eq(&db.rows(PLACE).await);
}

#[tokio::test]
async fn a_written_transaction_that_nobody_ends_is_refused() {
    let db = Database::new().await;
    let error =
        fails(&db, &[("1_t.sql", "create table t (a int);\nvacuum;\nbegin;\ninsert into t values (1);\n")])
            .await;
    expect![[r#"
        a mistake in the migration files

        this transaction is never ended
          --> 1_t.sql:3:1
           |
         3 | begin;
           | ^^^^^
           = help: write COMMIT behind it, or leave BEGIN out"#]]
    .assert_eq(&error.render());
}

#[tokio::test]
async fn a_chained_transaction_is_refused() {
    let db = Database::new().await;
    let text = "create table t (a int);\nbegin;\ninsert into t values (1);\ncommit and chain;\ncommit;\n";
    let error = fails(&db, &[("1_t.sql", text)]).await;
    expect![[r#"
        a mistake in the migration files

        AND CHAIN cannot be part of a migration
          --> 1_t.sql:4:1
           |
         4 | commit and chain;
           | ^^^^^^^^^^^^^^^^
           = help: write COMMIT or ROLLBACK, then BEGIN"#]]
    .assert_eq(&error.render());
}

#[tokio::test]
async fn a_prepared_transaction_is_committed_by_another_statement() {
    let db = Database::new().await;
    let text = format!(
        "create table t (a int);\nbegin;\ninsert into t values (1);\nprepare transaction '{0}';\n\
         commit prepared '{0}';\n",
        db.name()
    );
    db.migrator(files(&[("1_t.sql", &text)])).run().await.unwrap();
    assert_eq!(db.rows("select count(*) from t").await, "1");
}

#[tokio::test]
async fn a_file_that_is_one_transaction_is_run_in_ours() {
    let db = Database::new().await;
    let set = [
        ("1_a.sql", "begin;\ncreate table a (x bigint);\ninsert into a values (txid_current());\ncommit;\n"),
        (
            "2_b.sql",
            "BEGIN ISOLATION LEVEL REPEATABLE READ; -- for the figures\ncreate table b as select \
                     current_setting('transaction_isolation') as level, current_setting('lock_timeout') as t;\nEND;\n",
        ),
        ("3_c.sql", "begin;\ncreate table c ();\nselect 1/0;\ncommit;\n"),
    ];
    let error = fails(&db, &set).await;
    assert_eq!(error.to_string(), "migration 3_c failed at statement 3 of 4 (3_c.sql:3:1)");
    assert_eq!(db.tables().await, "a b");
    assert_eq!(db.rows("select level, t from b").await, "repeatable read | 50ms");
    assert_eq!(
        db.rows("select a.x::text = h.xmin::text from a, upshift.history h where version = 1").await,
        "t"
    );
}
