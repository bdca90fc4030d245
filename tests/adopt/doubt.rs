//! What is refused: half-done migrations, edited files, files that are gone, histories that are not what they seem.

use expect_test::expect;
use upshift::SourceFile;
use upshift_adopt::{OnChanged, OnMissing, Request, TableName, Tool};
use upshift_promises::{Database, files, steps};

use crate::stage::{database, old_tables, project};

/// What an adoption is refused with; neither history nor old table is touched.
async fn refused(db: &Database, source: upshift::Source, request: &Request) -> String {
    let migrator = db.migrator(source);
    let before = old_tables(db, &migrator).await;
    let error = upshift_adopt::adopt(&migrator, request).await.unwrap_err();
    assert!(error.adoption().is_some());
    assert_eq!(db.rows("select to_regnamespace('upshift')").await, "-");
    assert_eq!(old_tables(db, &migrator).await, before);
    error.render()
}

#[tokio::test]
async fn a_dirty_golang_migrate() {
    let db = database("golang-migrate.from-source.sql").await;
    db.run("update schema_migrations set dirty = true").await;
    let source = files(&[("20240102120000_b.up.sql", "create table b ();")]);
    expect![[r#"
        the history of golang-migrate is not adopted: version 20240102120000 is dirty: it was begun and did not finish

        golang-migrate: public.schema_migrations, 1 row; upshift files
        migration         golang-migrate  applied (UTC)  standing
        20240102120000_b  20240102120000  -              unverifiable: its table has one row, and all up to it counts
        to adopt: 1 migration, 0 verified
        refused: version 20240102120000 is dirty: it was begun and did not finish
          help: put its work right by hand, then `migrate force VERSION`"#]].assert_eq(&refused(&db, source, &Request::new(Tool::GolangMigrate)).await);
}

#[tokio::test]
async fn a_failed_flyway_row() {
    let db = database("flyway-13.0.0.from-source.sql").await;
    db.run("insert into flyway_schema_history values (4, '2', 'two', 'SQL', 'V2__two.sql', 7, 'me', now(), 1, false)").await;
    let source = files(&[
        ("V1_1__create_t.sql", "create table t(id int);"),
        ("V2__two.sql", "select 2;"),
        ("R__my_view.sql", "select 1;\n"),
    ]);
    expect![[r#"
        the history of flyway is not adopted: 2 has `success = false`

        flyway: public.flyway_schema_history, 4 rows; flyway files; its times say no zone and are taken as UTC
        migration               flyway      applied (UTC)        standing
        1000100000000_create_t  1.1         2026-11-20 10:33:00  verified
        2000000000000_two       -           -                    pending
        R__my_view              R__my view  2026-11-20 10:33:00  verified
        to adopt: 2 migrations, 2 verified; not applied: 1
        refused: 2 has `success = false`
          help: put its work right by hand, then `flyway repair`"#]]
    .assert_eq(&refused(&db, source, &Request::new(Tool::Flyway)).await);
}

#[tokio::test]
async fn a_failed_sqlx_row() {
    let db = database("sqlx-0.9.from-source.sql").await;
    db.run("update _sqlx_migrations set success = false").await;
    let source = files(&[("20240101120000_create_t.sql", "create table t(id int);")]);
    expect![[r#"
        the history of sqlx is not adopted: version 20240101120000 has `success = false`

        sqlx: public._sqlx_migrations, 1 row; upshift files
        migration                sqlx            applied (UTC)        standing
        20240101120000_create_t  20240101120000  2026-11-20 10:33:00  verified
        to adopt: 1 migration, 1 verified
        refused: version 20240101120000 has `success = false`
          help: put its work right by hand, then set `success`, or delete the row"#]]
    .assert_eq(&refused(&db, source, &Request::new(Tool::Sqlx)).await);
}

#[tokio::test]
async fn an_edited_file_unless_it_is_accepted() {
    let db = database("sqlx-0.9.from-source.sql").await;
    let source = files(&[("20240101120000_create_t.sql", "create table t(id bigint);")]);
    expect![[r#"
        the history of sqlx is not adopted: edited after it was applied: 20240101120000_create_t

        sqlx: public._sqlx_migrations, 1 row; upshift files
        migration                sqlx            applied (UTC)        standing
        20240101120000_create_t  20240101120000  2026-11-20 10:33:00  changed: its checksum is another one
        to adopt: 1 migration, 0 verified
        refused: edited after it was applied: 20240101120000_create_t
          help: put the files back as they were applied, or say that today's text is to count (`--accept-changed`)"#]].assert_eq(&refused(&db, source.clone(), &Request::new(Tool::Sqlx)).await);
    let request = Request::new(Tool::Sqlx).changed(OnChanged::Accept);
    upshift_adopt::adopt(&db.migrator(&source), &request).await.unwrap();
    expect!["20240101120000 | create_t | baseline"].assert_eq(&db.history().await);
    assert!(db.migrator(&source).run().await.unwrap().is_empty());
    let sql = "select detail from upshift.audit where version is not null";
    expect!["sqlx 20240101120000; applied 2026-11-20 10:33:00 UTC; checksum 11f038a9c10317336871bfcff3e4364437bb6648b89cd88266813edf3877290824b818ef4b758f165645bd21d55d09aa; changed: its checksum is another one"].assert_eq(&db.rows(sql).await);
}

#[tokio::test]
async fn a_file_that_is_gone_unless_it_is_left_out() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let source = files(&[("20240102120000_b.sql", "-- +goose Up\ncreate table b ();\n")]);
    expect![[r#"
        the history of goose is not adopted: applied, and without a file: 20240101120000

        goose: public.goose_db_version, 3 rows; goose files; its times say no zone and are taken as UTC
        migration         goose           applied (UTC)        standing
        20240102120000_b  20240102120000  2026-11-20 10:33:00  unverifiable: it keeps no checksum
        20240101120000    20240101120000  2026-11-20 10:33:00  file missing
        to adopt: 1 migration, 0 verified
        refused: applied, and without a file: 20240101120000
          help: restore the files, or leave those migrations out of the history (`--leave-out-missing`)"#]]
    .assert_eq(&refused(&db, source.clone(), &Request::new(Tool::Goose)).await);
    let request = Request::new(Tool::Goose).missing(OnMissing::LeaveOut);
    upshift_adopt::adopt(&db.migrator(&source), &request).await.unwrap();
    expect!["20240102120000 | b | baseline"].assert_eq(&db.history().await);
    let sql = "select left(detail, 50), right(detail, 60) from upshift.audit where version is null";
    expect!["from public.goose_db_version: rows 3, fingerprint  | 26bc46c6e05dcc; left out, for want of a file: 20240101120000"].assert_eq(&db.rows(sql).await);
}

#[tokio::test]
async fn a_release_that_is_behind_its_database() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let source = files(&[("20240101120000_a.sql", "-- +goose Up\ncreate table a ();\n")]);
    // It would be applied again as soon as its file is there, so leaving it out is no way.
    let request = Request::new(Tool::Goose).missing(OnMissing::LeaveOut);
    expect![[r#"
        the history of goose is not adopted: applied, and newer than all files: 20240102120000

        goose: public.goose_db_version, 3 rows; goose files; its times say no zone and are taken as UTC
        migration         goose           applied (UTC)        standing
        20240101120000_a  20240101120000  2026-11-20 10:33:00  unverifiable: it keeps no checksum
        20240102120000    20240102120000  2026-11-20 10:33:00  newer than these files
        to adopt: 1 migration, 0 verified
        refused: applied, and newer than all files: 20240102120000
          help: adopt with the files of the newest release: the next one would apply them again"#]]
    .assert_eq(&refused(&db, source, &request).await);
}

#[tokio::test]
async fn a_pending_file_between_applied_ones_is_shown_and_left_to_the_next_run() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let up = |name: &str| format!("-- +goose Up\ncreate table {name} ();\n");
    let source = files(&[
        ("20240101120000_a.sql", &up("a")),
        ("20240101130000_late.sql", &up("late")),
        ("20240102120000_b.sql", &up("b")),
    ]);
    let migrator = db.migrator(source);
    let adopted = upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose)).await.unwrap();
    expect![[r#"
        goose: public.goose_db_version, 3 rows; goose files; its times say no zone and are taken as UTC
        migration            goose           applied (UTC)        standing
        20240101120000_a     20240101120000  2026-11-20 10:33:00  unverifiable: it keeps no checksum
        20240101130000_late  -               -                    out of order: newer ones are applied
        20240102120000_b     20240102120000  2026-11-20 10:33:00  unverifiable: it keeps no checksum
        to adopt: 2 migrations, 0 verified; not applied: 1
    "#]]
    .assert_eq(&adopted.to_string());
    assert!(migrator.run().await.is_err(), "the next run refuses it as it does any late one");
    let policy = upshift::Policy { out_of_order: upshift::OutOfOrder::Apply, ..upshift::Policy::default() };
    assert_eq!(steps(&migrator.policy(policy).run().await.unwrap()), "up 20240101130000_late");
}

#[tokio::test]
async fn what_goose_had_taken_back_is_pending() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    // As goose wrote it before its version 3: a down is a row.
    db.run("insert into goose_db_version (version_id, is_applied) values (20240102120000, false)").await;
    let source = files(&[
        ("20240101120000_a.sql", "-- +goose Up\ncreate table a ();\n"),
        ("20240102120000_b.sql", "-- +goose Up\ncreate table b ();\n"),
    ]);
    let migrator = db.migrator(source);
    upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose)).await.unwrap();
    assert_eq!(steps(&migrator.run().await.unwrap()), "up 20240102120000_b");
}

#[tokio::test]
async fn files_of_another_tool() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    expect![[r#"
        the history of goose is not adopted: the files are read as graphile-migrate's, and not as goose's

        goose: public.goose_db_version, 3 rows; graphile-migrate files
        refused: the files are read as graphile-migrate's, and not as goose's
          help: adopt with the folder of goose's files, or say which layout it has; `--baseline` takes any files"#]].assert_eq(&refused(&db, project("gm/migrations"), &Request::new(Tool::Goose)).await);
}

#[tokio::test]
async fn a_tool_that_was_never_here_and_one_that_has_done_nothing() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let source = || files(&[("1_a.sql", "-- +goose Up\ncreate table a ();\n")]);
    expect![[r#"
        the history of flyway is not adopted: no table looks like the history of flyway; there is goose: public.goose_db_version

        flyway
        refused: no table looks like the history of flyway; there is goose: public.goose_db_version
          help: adopt from that tool, or name the table"#]].assert_eq(&refused(&db, source(), &Request::new(Tool::Flyway)).await);
    let elsewhere = Request::new(Tool::Goose).table(TableName::new("public", "goose_lock"));
    expect![[r#"
        the history of goose is not adopted: public.goose_lock is no table of goose, or is not there

        goose
        refused: public.goose_lock is no table of goose, or is not there
          help: see which tables there are with the survey, without a table"#]]
    .assert_eq(&refused(&db, source(), &elsewhere).await);
    db.run("delete from goose_db_version where version_id > 0").await;
    expect![[r#"
        the history of goose is not adopted: public.goose_db_version has no applied migration

        goose: public.goose_db_version, 1 row; goose files
        migration  goose  applied (UTC)  standing
        1_a        -      -              pending
        to adopt: 0 migrations, 0 verified; not applied: 1
        refused: public.goose_db_version has no applied migration
          help: there is nothing to adopt: `up` applies the files"#]]
    .assert_eq(&refused(&db, source(), &Request::new(Tool::Goose)).await);
}

#[tokio::test]
async fn several_histories_of_one_tool_until_one_is_named() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    db.run("create schema billing; create table billing.goose_db_version as table goose_db_version").await;
    let source = files(&[
        ("20240101120000_a.sql", "-- +goose Up\ncreate table a ();\n"),
        ("20240102120000_b.sql", "-- +goose Up\ncreate table b ();\n"),
    ]);
    expect![[r#"
        the history of goose is not adopted: several tables look like it: billing.goose_db_version, public.goose_db_version

        goose
        refused: several tables look like it: billing.goose_db_version, public.goose_db_version
          help: name the one, as in `--table billing.goose_db_version`"#]].assert_eq(&refused(&db, source.clone(), &Request::new(Tool::Goose)).await);
    let request = Request::new(Tool::Goose).table("billing.goose_db_version".parse().unwrap());
    let migrator =
        db.migrator(source.with_files([SourceFile::new("20240103120000_c.sql", "-- +goose Up\nselect 1;")]));
    upshift_adopt::adopt(&migrator, &request).await.unwrap();
    assert_eq!(steps(&migrator.run().await.unwrap()), "up 20240103120000_c");
}

#[tokio::test]
async fn a_repeatable_that_is_gone_is_missing_and_never_newer() {
    let db = database("flyway-13.0.0.from-source.sql").await;
    db.run("insert into flyway_schema_history values (4, null, 'zoo', 'SQL', 'R__zoo.sql', 7, 'me', now(), 1, true)").await;
    let source =
        files(&[("V1_1__create_t.sql", "create table t(id int);"), ("R__my_view.sql", "select 1;\n")]);
    let migrator = db.migrator(source);
    let error = upshift_adopt::adopt(&migrator, &Request::new(Tool::Flyway)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the history of flyway is not adopted: applied, and without a file: R__zoo"
    );
    let request = Request::new(Tool::Flyway).missing(OnMissing::LeaveOut);
    upshift_adopt::adopt(&migrator, &request).await.unwrap();
    assert!(migrator.run().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_row_that_two_runs_at_once_have_written_twice_counts_once() {
    let db = database("node-pg-migrate-9.0.0.real.sql").await;
    db.run("insert into pgmigrations (name, run_on) select name, run_on from pgmigrations").await;
    let source = files(&[("1700000000000_a.sql", "select 1;"), ("1700000000001_b.sql", "select 2;")]);
    let adopted =
        upshift_adopt::adopt(&db.migrator(source), &Request::new(Tool::NodePgMigrate)).await.unwrap();
    assert_eq!(adopted.lines.len(), 2);
}

/// A migrator as a role of its own, which may do this with goose's table.
async fn limited(db: &Database, grants: &str) -> upshift::Migrator {
    let role = format!("mover_{}", db.name());
    let sql = format!("create role {role}; grant create on database {} to {role}; {grants}", db.name());
    db.run(&sql.replace("ROLE", &role)).await;
    let source = files(&[
        ("20240101120000_a.sql", "-- +goose Up\ncreate table a ();\n"),
        ("20240102120000_b.sql", "-- +goose Up\ncreate table b ();\n"),
    ]);
    let url = format!("{}?options=-c%20role%3D{role}", db.url());
    upshift::Migrator::new(upshift_promises::database::pool(&url, 2), source)
}

#[tokio::test]
async fn a_table_the_role_may_not_read() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let error = upshift_adopt::adopt(&limited(&db, "").await, &Request::new(Tool::Goose)).await.unwrap_err();
    expect![[r#"
        the history of goose is not adopted: this role may not read public.goose_db_version

        goose
        refused: this role may not read public.goose_db_version
          help: have an administrator run `grant select on public.goose_db_version to …`"#]]
    .assert_eq(&error.render());
}

#[tokio::test]
async fn a_table_the_role_may_read_and_not_lock() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let migrator = limited(&db, "grant select on goose_db_version to ROLE").await;
    let error = upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose)).await.unwrap_err();
    expect![[r#"
        this role may not lock "public"."goose_db_version", so goose could write to it meanwhile
          help: have an administrator run `grant update on "public"."goose_db_version" to …` for the time of the adoption: nothing is written there, but LOCK TABLE asks for it"#]].assert_eq(&error.render());
    db.settle().await;
    db.run(&format!("grant update on goose_db_version to mover_{}", db.name())).await;
    upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose)).await.unwrap();
}

const FAIL: &str = "insert into sqitch.events (event, change_id, change, project, committed_at, committer_name, committer_email,
        planned_at, planner_name, planner_email)
    values ('fail', 'x', 'late', 'myproj', '2026-11-21 10:00:00+00', 'n', 'e', now(), 'n', 'e')";

#[tokio::test]
async fn a_failed_deploy_of_sqitch_until_it_is_deployed() {
    let db = database("sqitch-1.3.1.real.sql").await;
    db.run(FAIL).await;
    expect![[r#"
        the history of sqitch is not adopted: the deploy of `late` failed, and nothing followed

        sqitch: sqitch.changes, 3 rows; sqitch files
        migration             sqitch  applied (UTC)        standing
        20261120103020_users  users   2026-11-20 10:30:21  verified
        20261120103021_mail   mail    2026-11-20 10:30:21  verified
        to adopt: 2 migrations, 2 verified
        refused: the deploy of `late` failed, and nothing followed
          help: put its work right by hand, then deploy it: `sqitch deploy`"#]]
    .assert_eq(&refused(&db, project("sqi"), &Request::new(Tool::Sqitch)).await);
    db.run(&FAIL.replace("'fail'", "'deploy'").replace("10:00", "11:00")).await;
    upshift_adopt::adopt(&db.migrator(project("sqi")), &Request::new(Tool::Sqitch)).await.unwrap();
}

#[tokio::test]
async fn several_projects_of_sqitch_until_one_is_named() {
    let db = database("sqitch-1.3.1.real.sql").await;
    db.run(
        "insert into sqitch.projects values ('other', null, now(), 'n', 'e');
        insert into sqitch.changes values ('y', 'z', 'other', 'other', '', now(), 'n', 'e', now(), 'n', 'e')",
    )
    .await;
    expect![[r#"
        the history of sqitch is not adopted: the registry holds several projects: myproj, other

        sqitch: sqitch.changes, 3 rows; sqitch files
        refused: the registry holds several projects: myproj, other
          help: name the one, as in `--project myproj`"#]]
    .assert_eq(&refused(&db, project("sqi"), &Request::new(Tool::Sqitch)).await);
    let request = Request::new(Tool::Sqitch).project("myproj");
    let adopted = upshift_adopt::adopt(&db.migrator(project("sqi")), &request).await.unwrap();
    assert_eq!(adopted.lines.len(), 2);
}
