//! A connection lost beside a statement outside of transactions: nothing is done twice, nothing is taken for done that is
//! not, and no INVALID index stays.

use upshift::__private::{CodeDown, CodeFuture, CodeHeader, CodeMigration, Transaction};
use upshift::Error;
use upshift_promises::{Database, files};

async fn fails(db: &Database, set: &[(&str, &str)]) -> Error {
    db.migrator(files(set)).run().await.unwrap_err()
}

/// As a crash leaves the row: so many statements are done, and nobody wrote down how the next one ended.
async fn crashed(db: &Database, done: usize, indexes_before: &str) {
    let sql = format!(
        "update upshift.history set state = 'failed', statements_done = {done}, error = 'did not finish', \
         indexes_before = {indexes_before} where ordinal = (select max(ordinal) from upshift.history)"
    );
    db.run(&sql).await;
}

#[tokio::test]
async fn an_index_without_a_name_is_made_once() {
    let db = Database::new().await;
    let set = [(
        "1_t.sql",
        "create table t (id int primary key, a int);\ncreate index concurrently on t (a);\nvacuum nowhere;\n",
    )];
    fails(&db, &set).await;
    // It was made, and the connection was lost before its place was written.
    crashed(&db, 1, "array['t_pkey'::regclass::oid]").await;
    fails(&db, &set).await;
    assert_eq!(db.rows("select count(*) from pg_index where indrelid = 't'::regclass").await, "2");
}

#[tokio::test]
async fn an_index_that_was_not_begun_is_not_taken_for_made() {
    let db = Database::new().await;
    let set =
        [("1_t.sql", "create table t (id int primary key, a int);\ncreate index concurrently on t (a);\n")];
    db.migrator(files(&set)).run().await.unwrap();
    db.run("drop index t_a_idx").await;
    // The connection was lost between the place of the table and the index.
    crashed(&db, 1, "null").await;
    db.migrator(files(&set)).run().await.unwrap();
    assert_eq!(db.rows("select count(*) from pg_index where indrelid = 't'::regclass").await, "2");
}

#[tokio::test]
async fn an_index_that_was_made_before_the_connection_was_lost_is_not_made_twice() {
    let db = Database::new().await;
    let set = [("1_t.sql", "create table t (a int);\ncreate index concurrently t_a on t (a);\n")];
    db.migrator(files(&set)).run().await.unwrap();
    crashed(&db, 1, "'{}'").await;
    db.migrator(files(&set)).run().await.unwrap();
    assert_eq!(db.rows("select count(*) from pg_index where indrelid = 't'::regclass").await, "1");
}

#[tokio::test]
async fn an_invalid_index_of_a_lost_connection_is_dropped_and_made_again() {
    let db = Database::new().await;
    let set = [("1_t.sql", "create table t (a int);\ncreate index concurrently t_a on t (a);\n")];
    db.migrator(files(&set)).run().await.unwrap();
    db.run("update pg_index set indisvalid = false where indexrelid = 't_a'::regclass").await;
    crashed(&db, 1, "'{}'").await;
    let dropped = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = dropped.clone();
    let watch = move |event: &upshift::Event<'_>| {
        if let upshift::Event::InvalidIndexDropped { index } = event {
            seen.lock().unwrap().push(index.to_string());
        }
    };
    db.migrator(files(&set)).observer(watch).run().await.unwrap();
    assert_eq!(*dropped.lock().unwrap(), ["public.t_a"]);
    assert_eq!(db.rows("select indisvalid from pg_index where indrelid = 't'::regclass").await, "t");
}

#[tokio::test]
async fn if_not_exists_does_not_take_an_invalid_index_for_success() {
    let db = Database::new().await;
    db.run("create table t (a int); create index t_a on t (a)").await;
    db.run("update pg_index set indisvalid = false where indexrelid = 't_a'::regclass").await;
    db.migrator(files(&[("1_t.sql", "create index concurrently if not exists t_a on t (a);")]))
        .run()
        .await
        .unwrap();
    assert_eq!(db.rows("select indisvalid from pg_index where indrelid = 't'::regclass").await, "t");
}

#[tokio::test]
async fn invalid_indexes_of_others_are_left_alone() {
    let db = Database::new().await;
    db.run("create table other (a int); create index other_a on other (a)").await;
    db.run("update pg_index set indisvalid = false where indexrelid = 'other_a'::regclass").await;
    let twice = "create table t (a int);\ninsert into t values (1), (1);\n\
                 create unique index concurrently t_a on t (a);\n";
    fails(&db, &[("1_t.sql", twice)]).await;
    let invalid = "select indexrelid::regclass from pg_index where not indisvalid";
    assert_eq!(db.rows(invalid).await, "other_a");
}

#[tokio::test]
async fn leftovers_of_a_failed_reindex_are_dropped() {
    let db = Database::new().await;
    db.run("create table t (a int); create unique index t_a on t (a); insert into t values (1)").await;
    // A heap that breaks the index, as corruption leaves one: REINDEX finds it and leaves `t_a_ccnew`.
    db.run(
        "update pg_index set indisready = false, indislive = false where indexrelid = 't_a'::regclass; \
         insert into t values (1); \
         update pg_index set indisready = true, indislive = true where indexrelid = 't_a'::regclass",
    )
    .await;
    let error = fails(&db, &[("1_t.sql", "reindex index concurrently t_a;")]).await;
    assert_eq!(error.sqlstate(), Some("23505"));
    assert_eq!(
        db.rows("select relname from pg_class where relkind = 'i' and relname like 't_a%'").await,
        "t_a"
    );
    db.run("delete from t").await;
    db.migrator(files(&[("1_t.sql", "reindex index concurrently t_a;")])).run().await.unwrap();
}

#[tokio::test]
async fn a_database_that_was_made_before_the_connection_was_lost_is_not_made_twice() {
    let db = Database::new().await;
    let other = format!("{}_other", db.name());
    let text = format!("create database {other};\nselect 1;\n");
    db.migrator(files(&[("1_t.sql", &text)])).run().await.unwrap();
    crashed(&db, 0, "null").await;
    db.migrator(files(&[("1_t.sql", &text)])).run().await.unwrap();
    db.run(&format!("drop database {other}")).await;
}

#[tokio::test]
async fn a_database_that_somebody_else_made_is_an_error() {
    let db = Database::new().await;
    let other = format!("{}_other", db.name());
    db.run(&format!("create database {other}")).await;
    let error = fails(&db, &[("1_t.sql", &format!("create table t ();\ncreate database {other};\n"))]).await;
    assert_eq!(error.sqlstate(), Some("42P04"));
    // Also when it is tried again: this attempt was answered, so nothing of it can have got through.
    let error = fails(&db, &[("1_t.sql", &format!("create table t ();\ncreate database {other};\n"))]).await;
    assert_eq!(error.sqlstate(), Some("42P04"));
    db.run(&format!("drop database {other}")).await;
}

#[tokio::test]
async fn a_partition_that_was_detached_before_the_connection_was_lost_is_not_detached_twice() {
    if !upshift_promises::database::server_is_at_least(14) {
        return;
    }
    let db = Database::new().await;
    let text = "create table p (a int) partition by list (a);\ncreate table p1 partition of p for values in (1);\n\
                alter table p detach partition p1 concurrently;\ncreate table after ();\n";
    db.migrator(files(&[("1_p.sql", text)])).run().await.unwrap();
    db.run("drop table after").await;
    crashed(&db, 2, "null").await;
    db.migrator(files(&[("1_p.sql", text)])).run().await.unwrap();
    assert_eq!(db.rows("select count(*) from pg_inherits").await, "0");
}

/// What is sent again though it may have been done, in the run that goes on.
async fn sent_again(db: &Database, source: upshift::Source) -> Vec<String> {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = seen.clone();
    let watch = move |event: &upshift::Event<'_>| {
        if let upshift::Event::SentAgain { step: upshift::StepAt { label, .. }, statement } = event {
            kept.lock().unwrap().push(format!("{label} {statement:?}"));
        }
    };
    let log = upshift_promises::log::Log::listen();
    db.migrator(source).observer(watch).run().await.unwrap();
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    let warned = log.lines().iter().filter(|line| line.contains("may have been done already")).count();
    assert_eq!(warned, seen.len(), "{:?}", log.lines());
    seen
}

#[tokio::test]
async fn what_nobody_can_look_up_is_sent_again_and_that_is_said() {
    let db = Database::new().await;
    let text = "-- upshift: transaction off\ncreate table t (a int);\n\
                create procedure fill() language plpgsql as $$ begin insert into t values (1); commit; end $$;\n\
                call fill();\nselect 1;\n";
    let set = || files(&[("1_t.sql", text)]);
    db.migrator(set()).run().await.unwrap();
    crashed(&db, 2, "null").await;
    assert_eq!(sent_again(&db, set()).await, ["1_t Some(3)"]);
    assert_eq!(db.rows("select count(*) from t").await, "2");
    // What runs in a transaction together with its place was not done when the place says so.
    crashed(&db, 3, "null").await;
    assert_eq!(sent_again(&db, set()).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_can_be_looked_up_is_not_said_to_be_sent_again() {
    let db = Database::new().await;
    let text = "create table t (a int);\ncreate index concurrently t_a on t (a);\n";
    let set = || files(&[("1_t.sql", text)]);
    db.migrator(set()).run().await.unwrap();
    crashed(&db, 1, "'{}'").await;
    assert_eq!(sent_again(&db, set()).await, Vec::<String>::new());
    db.run("drop index t_a").await;
    crashed(&db, 1, "'{}'").await;
    assert_eq!(sent_again(&db, set()).await, Vec::<String>::new());
    assert_eq!(db.rows("select indisvalid from pg_index where indrelid = 't'::regclass").await, "t");
}

#[tokio::test]
async fn rust_code_without_a_transaction_runs_again_and_that_is_said() {
    fn insert<'a>(step: &'a mut upshift::StepContext<'_>) -> CodeFuture<'a> {
        Box::pin(async move { Ok(step.batch_execute("insert into t values (1)").await?) })
    }
    let header = CodeHeader {
        path: "src/interrupted.rs",
        version: upshift::Version::new(2).unwrap(),
        name: "code",
        text: "async fn insert(…)",
        transaction: Transaction::Off,
        down: CodeDown::Absent,
    };
    let set = || {
        files(&[("1_t.sql", "create table t (a int)")]).with([CodeMigration::function(header, insert, None)])
    };
    let db = Database::new().await;
    db.migrator(set()).run().await.unwrap();
    crashed(&db, 0, "null").await;
    assert_eq!(sent_again(&db, set()).await, ["2_code None"]);
    assert_eq!(db.rows("select count(*) from t").await, "2");
}
