//! What PostgreSQL refuses in a transaction: run statement by statement, the place kept, resumed there.

use expect_test::expect;
use upshift::{Error, Target};
use upshift_promises::{Database, files, steps};

const PLACE: &str = "select version, state, statements_done, error from upshift.history order by ordinal";

/// Counts how often the statements around the index were run.
const ORDERS: &str = "\
create table orders (id int, code text);
insert into orders values (1, 'a'), (2, 'a');
create table counted (n int generated always as identity);
insert into counted default values;
create unique index concurrently orders_code on orders (code);
insert into counted default values;
";

async fn fails(db: &Database, set: &[(&str, &str)]) -> Error {
    db.migrator(files(set)).run().await.unwrap_err()
}

async fn invalid(db: &Database) -> String {
    db.rows("select indexrelid::regclass from pg_index where not indisvalid order by 1").await
}

#[tokio::test]
async fn it_stops_in_the_middle_and_says_what_is_done() {
    let db = Database::new().await;
    let error = fails(&db, &[("1_orders.sql", ORDERS)]).await;
    expect![[r#"
        migration 1_orders failed at statement 5 of 6
          --> 1_orders.sql:5:1
           |
         5 | create unique index concurrently orders_code on orders (code);
           | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          caused by: could not create unique index "orders_code" (23505)
            detail: Key (code)=(a) is duplicated.
          help: its first 4 statements are done and stay; the next run goes on there; mend it and run again"#]].assert_eq(&error.render());
    expect![[r#"1 | failed | 4 | could not create unique index "orders_code" (23505)"#]]
        .assert_eq(&db.rows(PLACE).await);
    assert_eq!(invalid(&db).await, "", "the INVALID index is dropped at once");
    assert_eq!(
        db.rows("select action, outcome, version, name from upshift.audit").await,
        "apply | failed | 1 | orders"
    );
}

#[tokio::test]
async fn it_goes_on_where_it_stopped_once_the_data_is_mended() {
    let db = Database::new().await;
    fails(&db, &[("1_orders.sql", ORDERS)]).await;
    db.run("update orders set code = 'b' where id = 2").await;
    let report = db.migrator(files(&[("1_orders.sql", ORDERS)])).run().await.unwrap();
    assert_eq!(steps(&report), "up 1_orders");
    assert_eq!(db.rows("select count(*) from counted").await, "2", "no statement ran twice");
    assert_eq!(
        db.rows("select indisvalid from pg_index where indexrelid = 'orders_code'::regclass").await,
        "t"
    );
    expect!["1 | applied | 6 | -"].assert_eq(&db.rows(PLACE).await);
    assert!(db.migrator(files(&[("1_orders.sql", ORDERS)])).run().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_statement_that_failed_may_be_mended_again_and_again() {
    let db = Database::new().await;
    fails(&db, &[("1_orders.sql", ORDERS)]).await;
    // A done one before it was edited as well.
    let mended = ORDERS.replace("create unique index", "create index").replace("(1, 'a')", "(7, 'a')");
    let error = fails(&db, &[("1_orders.sql", &mended)]).await;
    assert_eq!(
        error.to_string(),
        "no plan can be made: 1_orders stopped after statement 4, and the statements up to there were edited since",
    );
    // A question is answered as the run would be.
    let planned = db.migrator(files(&[("1_orders.sql", &mended)])).plan(Target::Head).await.unwrap_err();
    assert_eq!(planned.to_string(), error.to_string());
    let again = ORDERS.replace("create unique index", "create index") + "insert into nowhere values (1);\n";
    fails(&db, &[("1_orders.sql", &again)]).await;
    expect![[r#"1 | failed | 6 | relation "nowhere" does not exist (42P01)"#]]
        .assert_eq(&db.rows(PLACE).await);
    let whole = again.replace("nowhere values (1)", "counted default values");
    db.migrator(files(&[("1_orders.sql", &whole)])).run().await.unwrap();
    assert_eq!(db.rows("select count(*) from counted").await, "3");
    assert_eq!(db.rows("select up from upshift.history").await, whole);
}

#[tokio::test]
async fn a_mended_one_without_anything_concurrent_left_goes_on_all_the_same() {
    let db = Database::new().await;
    fails(&db, &[("1_orders.sql", ORDERS)]).await;
    let mended = ORDERS.replace("unique index concurrently", "index");
    db.migrator(files(&[("1_orders.sql", &mended)])).run().await.unwrap();
    assert_eq!(db.rows("select count(*) from counted").await, "2");
    expect!["1 | applied | 6 | -"].assert_eq(&db.rows(PLACE).await);
}

#[tokio::test]
async fn one_that_stopped_before_its_first_statement_may_become_transactional() {
    let db = Database::new().await;
    fails(&db, &[("1_t.sql", "create index concurrently on t (a);\n")]).await;
    db.migrator(files(&[("1_t.sql", "create table t (a int);\ncreate index on t (a);\n")]))
        .run()
        .await
        .unwrap();
    expect!["1 | applied | 2 | -"].assert_eq(&db.rows(PLACE).await);
}

#[tokio::test]
async fn variables_in_done_statements_are_no_edit() {
    let db = Database::new().await;
    let set = [(
        "1_t.sql",
        "-- upshift: vars on\ncreate table ${name} (a int);\ncreate index concurrently on nowhere (a);\n",
    )];
    let migrator = || db.migrator(files(&set)).vars(upshift::Vars::new().with("name", "t"));
    migrator().run().await.unwrap_err();
    db.run("create table nowhere (a int)").await;
    migrator().run().await.unwrap();
    assert_eq!(db.tables().await, "nowhere t");
}

#[tokio::test]
async fn settings_of_done_statements_are_there_again_when_it_goes_on() {
    let db = Database::new().await;
    let set = [(
        "1_app.sql",
        "create schema app;\nset search_path to app;\ncreate table t (a int);\ncreate index concurrently on t (a);\n\
         vacuum nowhere;\ncreate table after (a int);\n",
    )];
    fails(&db, &set).await;
    db.run("create table app.nowhere (a int)").await;
    db.migrator(files(&set)).run().await.unwrap();
    assert_eq!(db.rows("select 'app.after'::regclass").await, "app.after");
}

#[tokio::test]
async fn what_a_server_refuses_in_a_transaction_runs() {
    let db = Database::new().await;
    let other = format!("{}_other", db.name());
    let text = format!(
        "create table t (a int);\nvacuum (analyze) t;\nalter system set log_min_messages = 'warning';\n\
         alter system reset log_min_messages;\ncreate database {other};\ndrop database {other};\n\
         reindex table concurrently t;\ncluster;\n"
    );
    db.migrator(files(&[("1_t.sql", &text)])).run().await.unwrap();
    expect!["1 | applied | 8 | -"].assert_eq(&db.rows(PLACE).await);
}

#[tokio::test]
async fn transaction_off_runs_ordinary_statements_one_by_one() {
    let db = Database::new().await;
    let set = [(
        "1_t.sql",
        "-- upshift: transaction off\ncreate table t (x bigint);\ninsert into t values (txid_current());\n\
         insert into t values (txid_current());\n",
    )];
    db.migrator(files(&set)).run().await.unwrap();
    assert_eq!(db.rows("select count(distinct x) from t").await, "2");
}

#[tokio::test]
async fn a_statement_refused_for_what_the_catalog_says_runs_outside_of_transactions() {
    if !upshift_promises::database::server_is_at_least(14) {
        return;
    }
    let db = Database::new().await;
    db.run("create table p (a int) partition by list (a); create index on p (a)").await;
    let inside = fails(&db, &[("1_p.sql", "reindex table p;")]).await;
    assert_eq!(inside.sqlstate(), Some("25001"));
    assert!(inside.help().unwrap().contains("transaction off"), "{inside:?}");
    let set = [("1_p.sql", "-- upshift: transaction off\nreindex table p;\n")];
    db.migrator(files(&set)).run().await.unwrap();
}

#[tokio::test]
async fn an_ordinary_statement_and_its_place_are_one_transaction() {
    let db = Database::new().await;
    let set = [(
        "1_t.sql",
        "-- upshift: transaction off\ncreate table t (x int);\ninsert into t values (1);\nselect 1/0;\n",
    )];
    fails(&db, &set).await;
    let one = "select (select xmin from t) = (select xmin from upshift.history where statements_done = 2)";
    // The row was written once more when the third statement failed.
    assert_eq!(db.rows(one).await, "f");
    expect!["1 | failed | 2 | division by zero (22012)"].assert_eq(&db.rows(PLACE).await);
    fails(&db, &set).await;
    assert_eq!(db.rows("select count(*) from t").await, "1");
}

#[tokio::test]
async fn a_procedure_that_commits_runs_outside_of_transactions() {
    let db = Database::new().await;
    let make = (
        "1_make.sql",
        "create table t (a int);\n\
        create procedure fill() language plpgsql as $$ begin insert into t values (1); commit; insert into t values (2); end $$;\n",
    );
    let inside = fails(&db, &[make, ("2_call.sql", "call fill();\n")]).await;
    expect![[r#"
        migration 2_call failed at statement 1 of 1
          --> 2_call.sql:1:1
           |
         1 | call fill();
           | ^^^^^^^^^^^
          caused by: invalid transaction termination (2D000)
            context: PL/pgSQL function fill() line 1 at COMMIT
          help: nothing of it was done; write `-- upshift: transaction off` into its header"#]]
    .assert_eq(&inside.render());
    db.migrator(files(&[
        make,
        ("2_call.sql", "-- upshift: transaction off\ncall fill();\ndo $$ begin commit; end $$;\n"),
    ]))
    .run()
    .await
    .unwrap();
    assert_eq!(db.rows("select count(*) from t").await, "2");
}

#[tokio::test]
async fn a_new_enum_value_and_its_use_are_two_migrations() {
    let db = Database::new().await;
    let kind = ("1_kind.sql", "create type kind as enum ('a');\ncreate table t (k kind);\n");
    let both = "alter type kind add value 'b';\ninsert into t values ('b');\n";
    let error = fails(&db, &[kind, ("2_b.sql", both)]).await;
    expect![[r#"
        migration 2_b failed at statement 2 of 2
          --> 2_b.sql:2:23
           |
         2 | insert into t values ('b');
           |                       ^
          caused by: unsafe use of new value "b" of enum type kind (55P04)
            hint: New enum values must be committed before they can be used.
          help: nothing of it was done; PostgreSQL lets a new enum value be used only after its transaction: put the use of it into a migration of its own"#]].assert_eq(&error.render());
    let off = format!("-- upshift: transaction off\n{both}");
    db.migrator(files(&[kind, ("2_b.sql", &off)])).run().await.unwrap();
}

#[tokio::test]
async fn a_verify_that_is_not_true_is_asked_again_next_time() {
    let db = Database::new().await;
    let text = "create table t (a int);\nvacuum t;\n-- upshift: verify\nselect count(*) > 0 from t;\n";
    let error = fails(&db, &[("1_t.sql", text)]).await;
    expect![[r#"
        migration 1_t: its verify query is not true
          --> 1_t.sql:4:1
           |
         4 | select count(*) > 0 from t;
           | ^^^^^^^^^^^^^^^^^^^^^^^^^^
          its answer: {"true?": false}
          help: its first 2 statements are done and stay; the next run goes on there; mend the migration, or its verify section, and run again"#]].assert_eq(&error.render());
    expect![[r#"1 | failed | 2 | not true: {"true?": false}"#]].assert_eq(&db.rows(PLACE).await);
    db.run("insert into t values (1)").await;
    db.migrator(files(&[("1_t.sql", text)])).run().await.unwrap();
    expect!["1 | applied | 2 | -"].assert_eq(&db.rows(PLACE).await);
}

#[tokio::test]
async fn a_role_of_the_migration_does_not_write_the_place() {
    let db = Database::new().await;
    let role = format!("{}_role", db.name());
    db.run(&format!("create role {role}; grant create, usage on schema public to {role}")).await;
    let text = format!(
        "set role {role};\ncreate table t (a int);\ncreate index concurrently on t (a);\nvacuum t;\nselect nonsense;\n"
    );
    let error = fails(&db, &[("1_t.sql", &text)]).await;
    assert_eq!(error.sqlstate(), Some("42703"));
    expect![[r#"1 | failed | 4 | column "nonsense" does not exist (42703)"#]]
        .assert_eq(&db.rows(PLACE).await);
    assert_eq!(
        db.rows("select tableowner = current_database() || '_role' from pg_tables where tablename = 't'")
            .await,
        "t"
    );
    assert_eq!(db.rows("select outcome from upshift.audit").await, "failed");
    let mended = text.replace("select nonsense", "create table after ()");
    db.migrator(files(&[("1_t.sql", &mended)])).run().await.unwrap();
    let owners = "select count(*) from pg_tables where tableowner = current_database() || '_role'";
    assert_eq!(db.rows(owners).await, "2", "the role is there again when it goes on");
    db.run(&format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test]
async fn limits_the_migration_sets_itself_count() {
    let db = Database::new().await;
    let text = "set lock_timeout = '7s';\ncreate table t as select current_setting('lock_timeout') as t;\n\
                create index concurrently on t (t);\ninsert into t select current_setting('lock_timeout');\n";
    db.migrator(files(&[("1_t.sql", text)])).run().await.unwrap();
    assert_eq!(db.rows("select string_agg(t, ' ') from t").await, "7s 7s");
}

#[tokio::test]
async fn copy_data_runs_there_too() {
    let db = Database::new().await;
    let text = "create table t (a int, b text);\nvacuum t;\ncopy t from stdin;\n1\tone\n2\ttw\\\\o\n\\.\nvacuum t;\n";
    db.migrator(files(&[("1_t.sql", text)])).run().await.unwrap();
    assert_eq!(db.rows("select string_agg(b, ' ' order by a) from t").await, "one tw\\o");
}
