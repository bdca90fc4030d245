//! Going back: by steps, to a version, all of it; with the down of the binary or the one the history keeps.

use std::sync::Arc;

use expect_test::expect;
use tokio::sync::Notify;
use upshift::{DownTarget, Event, Target};
use upshift_promises::{Database, files, steps};

const THREE: &[(&str, &str)] = &[
    ("1_a.sql", "create table a ();\n-- upshift: down\ndrop table a;\n"),
    ("2_b.sql", "create table b ();\n-- upshift: down\ndrop table b;\n"),
    ("3_c.sql", "create table c ();\n-- upshift: down\ndrop table c;\n"),
];

const AUDIT: &str =
    "select id, action, outcome, coalesce(version::text, 'R'), name from upshift.audit order by id";

#[tokio::test]
async fn steps_go_back_from_the_last() {
    let db = Database::new().await;
    db.migrator(files(THREE)).run().await.unwrap();
    let report = db.migrator(files(THREE)).down(DownTarget::Steps(2)).await.unwrap();
    assert_eq!(steps(&report), "down 3_c, down 2_b");
    assert_eq!(db.tables().await, "a");
    expect!["1 | a | applied"].assert_eq(&db.history().await);
}

#[tokio::test]
async fn steps_go_back_in_the_reverse_order_of_application_not_of_version() {
    let db = Database::new().await;
    db.migrator(files(THREE)).up(Target::Only(vec![version(3)])).await.unwrap();
    db.migrator(files(THREE)).up(Target::Only(vec![version(1)])).await.unwrap();
    let report = db.migrator(files(THREE)).down(DownTarget::Steps(1)).await.unwrap();
    assert_eq!(steps(&report), "down 1_a");
    assert_eq!(db.tables().await, "c");
}

#[tokio::test]
async fn a_version_stays_and_everything_above_it_goes() {
    let db = Database::new().await;
    db.migrator(files(THREE)).run().await.unwrap();
    let report = db.migrator(files(THREE)).down(DownTarget::Version(version(1))).await.unwrap();
    assert_eq!(steps(&report), "down 3_c, down 2_b");
    let report = db.migrator(files(THREE)).down(DownTarget::Version(version(1))).await.unwrap();
    assert!(report.is_empty());
}

#[tokio::test]
async fn up_and_all_the_way_down_and_up_again_is_the_same() {
    let db = Database::new().await;
    db.migrator(files(THREE)).run().await.unwrap();
    db.migrator(files(THREE)).down(DownTarget::All).await.unwrap();
    assert_eq!(db.tables().await, "-");
    assert_eq!(db.history().await, "");
    db.migrator(files(THREE)).run().await.unwrap();
    assert_eq!(db.tables().await, "a b c");
    expect![[r#"
        1 | apply | done | 1 | a
        2 | apply | done | 2 | b
        3 | apply | done | 3 | c
        4 | revert | done | 3 | c
        5 | revert | done | 2 | b
        6 | revert | done | 1 | a
        7 | apply | done | 1 | a
        8 | apply | done | 2 | b
        9 | apply | done | 3 | c"#]]
    .assert_eq(&db.rows(AUDIT).await);
}

#[tokio::test]
async fn a_redo_reverts_the_last_one_and_applies_it_as_it_is_now() {
    let db = Database::new().await;
    db.migrator(files(THREE)).run().await.unwrap();
    let mut edited = THREE.to_vec();
    edited[2].1 = "create table c2 ();\n-- upshift: down\ndrop table c;\n";
    let report = db.migrator(files(&edited)).redo().await.unwrap();
    assert_eq!(steps(&report), "down 3_c, up 3_c");
    assert_eq!(db.tables().await, "a b c2");
}

#[tokio::test]
async fn a_redo_whose_second_half_fails_says_what_was_done() {
    let db = Database::new().await;
    db.migrator(files(THREE)).run().await.unwrap();
    let mut edited = THREE.to_vec();
    edited[2].1 = "create table b ();\n-- upshift: down\ndrop table c;\n";
    let error = db.migrator(files(&edited)).redo().await.unwrap_err();
    assert_eq!(steps(error.report().unwrap()), "down 3_c");
    assert_eq!(db.tables().await, "a b");
}

/// Somebody was shown a plan, and answers after others have migrated.
#[tokio::test]
async fn what_somebody_agreed_to_is_reverted_and_nothing_else() {
    let db = Database::new().await;
    db.migrator(files(&THREE[..2])).run().await.unwrap();
    let migrator = db.migrator(files(THREE));
    let shown = migrator.plan_down(DownTarget::Steps(1)).await.unwrap();
    migrator.run().await.unwrap();
    for refused in [
        migrator.down_agreed(DownTarget::Steps(1), &shown).await.unwrap_err(),
        migrator.redo_agreed(&shown).await.unwrap_err(),
    ] {
        let words: Vec<String> = refused.refusals().iter().map(ToString::to_string).collect();
        assert_eq!(words, ["the plan is another one than was agreed to: it would revert 3_c"]);
    }
    assert_eq!(db.tables().await, "a b c");
    let shown = migrator.plan_down(DownTarget::All).await.unwrap();
    migrator.down(DownTarget::All).await.unwrap();
    let refused = migrator.down_agreed(DownTarget::All, &shown).await.unwrap_err();
    assert_eq!(refused.refusals()[0].to_string(), "the plan has nothing to revert any more");
    migrator.run().await.unwrap();
    let shown = migrator.plan_down(DownTarget::Steps(2)).await.unwrap();
    let report = migrator.down_agreed(DownTarget::Steps(2), &shown).await.unwrap();
    assert_eq!(steps(&report), "down 3_c, down 2_b");
}

/// The plan is looked at once more under the lock, for which others may have been waited.
#[tokio::test]
async fn what_somebody_agreed_to_is_looked_at_again_under_the_lock() {
    let db = Database::new().await;
    db.migrator(files(&THREE[..2])).run().await.unwrap();
    let shown = db.migrator(files(&THREE[..2])).plan_down(DownTarget::Steps(1)).await.unwrap();
    let holder = db.client().await;
    holder.batch_execute("begin; lock table a").await.unwrap();
    let third =
        ("3_c.sql", "create table c ();\nalter table a add x int;\n-- upshift: down\ndrop table c;\n");
    let set = [THREE[0], THREE[1], third];
    let (began, waits) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (told_began, told_waits) = (began.clone(), waits.clone());
    let at_work = db.migrator(files(&set)).observer(move |event: &Event<'_>| {
        if matches!(event, Event::StepStarted { .. }) {
            told_began.notify_one();
        }
    });
    let running = tokio::spawn(async move { at_work.run().await });
    began.notified().await;
    let agreed = db.migrator(files(&set)).observer(move |event: &Event<'_>| {
        if matches!(event, Event::Waiting { .. }) {
            told_waits.notify_one();
        }
    });
    let mut reverting = tokio::spawn(async move { agreed.down_agreed(DownTarget::Steps(1), &shown).await });
    tokio::select! {
        _ = waits.notified() => {}
        ended = &mut reverting => panic!("{ended:?}"),
    }
    holder.batch_execute("commit").await.unwrap();
    running.await.unwrap().unwrap();
    let refused = reverting.await.unwrap().unwrap_err();
    let words = refused.refusals()[0].to_string();
    assert_eq!(words, "the plan is another one than was agreed to: it would revert 3_c");
    assert_eq!(db.tables().await, "a b c");
}

#[tokio::test]
async fn a_binary_that_lacks_the_migration_uses_the_down_the_history_keeps() {
    let db = Database::new().await;
    db.migrator(files(THREE)).run().await.unwrap();
    let plan = db.migrator(files(&THREE[..1])).plan_down(DownTarget::Steps(2)).await.unwrap();
    expect![[r#"
        revert  3_c: asked for; its down comes from the history
        revert  2_b: asked for; its down comes from the history
    "#]]
    .assert_eq(&plan.to_string());
    db.migrator(files(&THREE[..1])).down(DownTarget::Steps(2)).await.unwrap();
    assert_eq!(db.tables().await, "a");
}

#[tokio::test]
async fn a_binary_that_lost_the_down_uses_the_one_the_history_keeps() {
    let db = Database::new().await;
    db.migrator(files(THREE)).run().await.unwrap();
    let without = [("1_a.sql", "create table a ();\n"), THREE[1], THREE[2]];
    db.migrator(files(&without)).run().await.unwrap();
    db.migrator(files(&without)).down(DownTarget::All).await.unwrap();
    assert_eq!(db.tables().await, "-");
}

#[tokio::test]
async fn a_stored_down_that_fails_is_shown_with_its_line() {
    let db = Database::new().await;
    let set = [("1_a.sql", "create table a ();\n-- upshift: down\ndrop table a;\n\ndrop table nowhere;\n")];
    db.migrator(files(&set)).run().await.unwrap();
    let error = db.migrator(files(&[])).down(DownTarget::All).await.unwrap_err();
    expect![[r#"
        the down of migration 1_a failed at statement 2 of 2
          --> 1_a (down kept in the history):3:1
           |
         3 | drop table nowhere;
           | ^^^^^^^^^^^^^^^^^^
          caused by: table "nowhere" does not exist (42P01)
          help: nothing of it was done; mend it and run again"#]]
    .assert_eq(&error.render());
}

#[tokio::test]
async fn an_edited_down_is_kept_in_the_history_and_audited() {
    let db = Database::new().await;
    db.migrator(files(THREE)).run().await.unwrap();
    let mut edited = THREE.to_vec();
    edited[0].1 = "create table a ();\n-- upshift: down\ndrop table if exists a;\n";
    let report = db.migrator(files(&edited)).run().await.unwrap();
    assert!(report.is_empty());
    assert_eq!(
        db.rows("select down from upshift.history where version = 1").await.trim(),
        "drop table if exists a;"
    );
    let last = "select action, name, detail from upshift.audit order by id desc limit 1";
    expect!["record | a | the down was edited"].assert_eq(&db.rows(last).await);
    db.migrator(files(&edited)).run().await.unwrap();
    assert_eq!(db.rows("select count(*) from upshift.audit").await, "4", "recorded once");
}

#[tokio::test]
async fn the_audit_has_the_checksum_of_the_down_that_ran() {
    let db = Database::new().await;
    db.migrator(files(&THREE[..1])).run().await.unwrap();
    let edited = [("1_a.sql", "create table a ();\n-- upshift: down\ndrop table if exists a;\n")];
    db.migrator(files(&edited)).down(DownTarget::All).await.unwrap();
    let ran = upshift::Checksum::of("drop table if exists a;\n").to_string();
    assert_eq!(db.rows("select checksum from upshift.audit order by id desc limit 1").await, ran);
}

#[tokio::test]
async fn an_irreversible_one_is_refused_before_anything_is_done() {
    let db = Database::new().await;
    let mut set = THREE.to_vec();
    set[1].1 = "-- upshift: irreversible because the old names are gone\ncreate table b ();\n";
    db.migrator(files(&set)).run().await.unwrap();
    let error = db.migrator(files(&set)).down(DownTarget::All).await.unwrap_err();
    expect![[r#"
        no plan can be made: 2_b is irreversible: the old names are gone
          help: write a new migration that leads to the schema you want"#]]
    .assert_eq(&error.render());
    assert_eq!(db.tables().await, "a b c");
    assert_eq!(db.rows("select count(*) from upshift.audit where action = 'revert'").await, "0");
}

#[tokio::test]
async fn a_down_that_fails_leaves_everything_of_it() {
    let db = Database::new().await;
    let mut set = THREE.to_vec();
    set[1].1 = "create table b ();\n-- upshift: down\ndrop table b;\ndrop table nowhere;\n";
    db.migrator(files(&set)).run().await.unwrap();
    let error = db.migrator(files(&set)).down(DownTarget::All).await.unwrap_err();
    assert_eq!(error.to_string(), "the down of migration 2_b failed at statement 2 of 2 (2_b.sql:4:1)");
    assert_eq!(steps(error.report().unwrap()), "down 3_c");
    assert_eq!(db.tables().await, "a b");
    expect!["1 | a | applied\n2 | b | applied"].assert_eq(&db.history().await);
    assert_eq!(
        db.rows("select action, outcome from upshift.audit order by id desc limit 1").await,
        "revert | failed"
    );
}

const BY_ONE: &str = "\
create table t (a int);
create index concurrently t_a on t (a);
-- upshift: down
drop index concurrently t_a;
drop table t;
drop table u;
";

#[tokio::test]
async fn a_down_outside_of_transactions_stops_in_the_middle_and_goes_on_there() {
    let db = Database::new().await;
    db.migrator(files(&[("1_t.sql", BY_ONE)])).run().await.unwrap();
    let error = db.migrator(files(&[("1_t.sql", BY_ONE)])).down(DownTarget::All).await.unwrap_err();
    expect![[r#"
        the down of migration 1_t failed at statement 3 of 3
          --> 1_t.sql:6:1
           |
         6 | drop table u;
           | ^^^^^^^^^^^^
          caused by: table "u" does not exist (42P01)
          help: its first 2 statements are done and stay; the next run goes on there; mend it and run again"#]].assert_eq(&error.render());
    let place = "select state, direction, statements_done, error from upshift.history";
    expect![[r#"failed | down | 2 | table "u" does not exist (42P01)"#]].assert_eq(&db.rows(place).await);
    db.run("create table u ()").await;
    db.migrator(files(&[("1_t.sql", BY_ONE)])).down(DownTarget::All).await.unwrap();
    assert_eq!(db.tables().await, "-");
    assert_eq!(db.history().await, "");
}

#[tokio::test]
async fn a_half_done_down_blocks_the_way_up() {
    let db = Database::new().await;
    db.migrator(files(&[("1_t.sql", BY_ONE)])).run().await.unwrap();
    db.migrator(files(&[("1_t.sql", BY_ONE)])).down(DownTarget::All).await.unwrap_err();
    let error = db.migrator(files(&[("1_t.sql", BY_ONE)])).run().await.unwrap_err();
    expect![[r#"
        no plan can be made: 1_t stopped after statement 2 of its down
          help: finish it: run `down` again"#]]
    .assert_eq(&error.render());
}

#[tokio::test]
async fn a_down_that_was_lost_behind_its_first_statement_is_not_stuck_there() {
    let db = Database::new().await;
    db.run("create table u ()").await;
    db.migrator(files(&[("1_t.sql", BY_ONE)])).run().await.unwrap();
    // The server dropped the index, and the connection was lost before its place was written.
    db.run("drop index t_a").await;
    let lost = "update upshift.history set state = 'failed', direction = 'down', statements_done = 0, \
                error = 'did not finish'";
    db.run(lost).await;
    db.migrator(files(&[("1_t.sql", BY_ONE)])).down(DownTarget::All).await.unwrap();
    assert_eq!(db.tables().await, "-");
}

#[tokio::test]
async fn the_done_statements_of_a_half_done_down_may_not_be_edited() {
    let db = Database::new().await;
    db.migrator(files(&[("1_t.sql", BY_ONE)])).run().await.unwrap();
    db.migrator(files(&[("1_t.sql", BY_ONE)])).down(DownTarget::All).await.unwrap_err();
    let edited = BY_ONE.replace("drop table t;\n", "");
    let error = db.migrator(files(&[("1_t.sql", &edited)])).down(DownTarget::All).await.unwrap_err();
    expect![[r#"
        no plan can be made: 1_t stopped after statement 2, and the statements up to there were edited since
          help: put the done statements back as they were, or bring the schema to the new text by hand and call `migrator.repair().forget(version)`"#]].assert_eq(&error.render());
    let planned = db.migrator(files(&[("1_t.sql", &edited)])).plan_down(DownTarget::All).await.unwrap_err();
    assert_eq!(planned.render(), error.render());
    // The statement that failed, and those behind it, may be.
    let mended = BY_ONE.replace("drop table u;", "drop table if exists u;");
    db.migrator(files(&[("1_t.sql", &mended)])).down(DownTarget::All).await.unwrap();
    assert_eq!(db.tables().await, "-");
}

fn version(number: u64) -> upshift::Version {
    upshift::Version::new(number).unwrap()
}
