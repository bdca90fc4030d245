//! Somebody changed upshift's own tables by hand: an error that says what, and nothing is done on top of it.

use expect_test::{Expect, expect};
use upshift_promises::{Database, files, many};

/// What a boot with something to do says after somebody ran this.
async fn check(edit: &str, expected: Expect) {
    let db = Database::new().await;
    db.migrator(many(2)).run().await.unwrap();
    db.run(edit).await;
    let audited = "select count(*) from upshift.audit";
    let before = db.rows(audited).await;
    let error = db.migrator(many(3)).run().await.unwrap_err();
    expected.assert_eq(&error.render());
    assert_eq!(db.tables().await, "t0001 t0002", "nothing was done on top of it");
    assert_eq!(db.rows(audited).await, before);
}

#[tokio::test]
async fn a_state_that_was_never_written() {
    let db = Database::new().await;
    db.migrator(many(1)).run().await.unwrap();
    let edit = "update upshift.history set state = 'done'";
    let refused = db.client().await.batch_execute(edit).await.unwrap_err();
    assert_eq!(refused.as_db_error().unwrap().constraint(), Some("history_state_check"));
    let edit = format!("alter table upshift.history drop constraint history_state_check; {edit}");
    check(&edit, expect![[r#"
        the history row with ordinal 1 has `done up 0` as its state, which was never written
          help: somebody changed upshift's tables by hand: put the row back as it was; the audit table knows how it was"#]]).await;
}

#[tokio::test]
async fn a_direction_that_was_never_written() {
    let edit = "update upshift.history set state = 'failed', direction = 'left' where version = 2";
    check(edit, expect![[r#"
        the history row with ordinal 2 has `failed left 0` as its state, which was never written
          help: somebody changed upshift's tables by hand: put the row back as it was; the audit table knows how it was"#]]).await;
}

#[tokio::test]
async fn a_checksum_that_is_none() {
    check("update upshift.history set up_checksum = 'abc' where version = 1", expect![[r#"
        the history row with ordinal 1 has `abc` as its up_checksum, which was never written
          help: somebody changed upshift's tables by hand: put the row back as it was; the audit table knows how it was"#]]).await;
}

#[tokio::test]
async fn a_checksum_of_another_text() {
    let edit = "update upshift.history set up = 'create table t0001 (id int)',
        up_checksum = 'v1:' || encode(sha256('create table t0001 (id int)'), 'hex') where version = 1";
    check(edit, expect![[r#"
        no plan can be made: 1_t0001 was edited after it was applied
            --- as applied
            +++ 1_t0001.sql
            @@ -1 +1 @@
            -create table t0001 (id int)
            \ No newline at end of file
            +create table t0001 (id bigint primary key);
            \ No newline at end of file
          help: put the change into a new migration; if the database already fits the new text, accept it with `migrator.repair().accept_checksum(version)`"#]]).await;
}

#[tokio::test]
async fn a_version_below_zero() {
    check("update upshift.history set version = -5 where version = 2", expect![[r#"
        the history row with ordinal 2 has `-5` as its version, which was never written
          help: somebody changed upshift's tables by hand: put the row back as it was; the audit table knows how it was"#]]).await;
}

#[tokio::test]
async fn a_place_below_zero() {
    let edit = "update upshift.history set state = 'failed', statements_done = -1 where version = 2";
    check(edit, expect![[r#"
        the history row with ordinal 2 has `failed up -1` as its state, which was never written
          help: somebody changed upshift's tables by hand: put the row back as it was; the audit table knows how it was"#]]).await;
}

#[tokio::test]
async fn a_row_that_is_gone() {
    check(
        "delete from upshift.history where version = 1",
        expect![[r#"
            no plan can be made: 1_t0001 is older than 2, which is already applied
              help: give it a newer version, or apply it all the same with `OutOfOrder::Apply`"#]],
    )
    .await;
}

#[tokio::test]
async fn the_row_of_the_format_is_gone() {
    check("delete from upshift.format", expect![[r#"
        the table upshift.format is empty
          help: somebody changed upshift's tables by hand: put the row back as it was; the audit table knows how it was"#]]).await;
}

#[tokio::test]
async fn a_format_of_the_future() {
    check(
        "update upshift.format set version = 999",
        expect![[r#"
            the history has format 999, and this library knows formats up to 3
              help: a newer release has migrated this database: use that release of the library"#]],
    )
    .await;
}

#[tokio::test]
async fn a_format_below_zero() {
    check("update upshift.format set version = -1", expect![[r#"
        the history has format -1, and formats count from 1
          help: somebody changed upshift's tables by hand: put the row back as it was; the audit table knows how it was"#]]).await;
}

#[tokio::test]
async fn a_column_is_gone() {
    check("alter table upshift.history drop column up_checksum", expect![[r#"
        could not read the history
          caused by: column h.up_checksum does not exist (42703)
          help: upshift's tables were changed by hand, or belong to something else: put them back, or choose another schema with `Migrator::schema`"#]]).await;
}

#[tokio::test]
async fn a_column_of_another_type() {
    check("alter table upshift.history alter statements_done type text", expect![[r#"
        could not read the history
          caused by: COALESCE types text and integer cannot be matched (42804)
          help: upshift's tables were changed by hand, or belong to something else: put them back, or choose another schema with `Migrator::schema`"#]]).await;
}

#[tokio::test]
async fn a_null_where_none_can_be() {
    let edit = "alter table upshift.history alter name drop not null; update upshift.history set name = null";
    check(
        edit,
        expect![[r#"
        could not read the history
          caused by: error deserializing column 3: a Postgres value was `NULL`
          help: upshift's tables were changed by hand: put them back as they were"#]],
    )
    .await;
}

/// What a boot says when one of the tables is gone: nothing may be applied a second time.
async fn check_without(table: &str, expected: Expect) {
    let db = Database::new().await;
    let twice = ("1_twice.sql", "create table if not exists twice (); insert into twice default values");
    db.migrator(files(&[twice])).run().await.unwrap();
    db.run(&format!("drop table upshift.{table}")).await;
    let error = db.migrator(files(&[twice, ("2_more.sql", "create table more ()")])).run().await.unwrap_err();
    expected.assert_eq(&error.render());
    assert_eq!(db.rows("select count(*) from twice").await, "1");
}

#[tokio::test]
async fn the_table_of_the_format_is_gone() {
    check_without("format", expect![[r#"
        could not create upshift's tables
          caused by: relation "upshift.format" does not exist, though other tables of upshift do (55000)
            context: PL/pgSQL function inline_code_block line 9 at RAISE
          help: upshift's tables were changed by hand, or belong to something else: put them back, or choose another schema with `Migrator::schema`"#]]).await;
}

#[tokio::test]
async fn the_table_of_the_lease_is_gone() {
    check_without("lease", expect![[r#"
        could not take the lease
          caused by: relation "upshift.lease" does not exist (42P01)
          help: upshift's tables were changed by hand, or belong to something else: put them back, or choose another schema with `Migrator::schema`"#]]).await;
}

#[tokio::test]
async fn the_table_of_the_audit_is_gone() {
    check_without("audit", expect![[r#"
        could not prepare the writing of the history
          caused by: relation "upshift.audit" does not exist (42P01)
          help: upshift's tables were changed by hand, or belong to something else: put them back, or choose another schema with `Migrator::schema`"#]]).await;
}

#[tokio::test]
async fn the_table_of_the_history_is_gone() {
    check_without("history", expect![[r#"
        could not create upshift's tables
          caused by: relation "upshift.history" does not exist, though other tables of upshift do (55000)
            context: PL/pgSQL function inline_code_block line 9 at RAISE
          help: upshift's tables were changed by hand, or belong to something else: put them back, or choose another schema with `Migrator::schema`"#]]).await;
}

#[tokio::test]
async fn the_row_of_the_lease_is_gone() {
    let db = Database::new().await;
    db.migrator(many(2)).run().await.unwrap();
    db.run("delete from upshift.lease").await;
    let error = db.migrator(many(3)).run().await.unwrap_err();
    expect![[r#"
        the table upshift.lease is empty
          help: somebody changed upshift's tables by hand: put the row back as it was; the audit table knows how it was"#]].assert_eq(&error.render());
    assert_eq!(db.tables().await, "t0001 t0002");
}
