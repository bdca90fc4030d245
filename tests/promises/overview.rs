//! An overview says at once what health, status, rollout and waits say; measures say the same without the rows.

use upshift::{Counts, DriftPolicy, Health, Measures, Migrator, SourceFile, Target, Version};
use upshift_promises::proxy::{Pace, Proxy, ProxySettings};
use upshift_promises::{Database, database, files};

const ROLLOUT: &[(&str, &str)] = &[
    ("1_users.sql", "create table users (id bigint primary key, name text, email text)"),
    (
        "2_fill.sql",
        "-- upshift: phase backfill\n-- upshift: backfill table=users\nupdate users set name = 'x'",
    ),
    ("3_gone.sql", "-- upshift: phase contract\nalter table users drop column email;\n"),
    ("R__names.sql", "create or replace view names as select name from users"),
];

/// Both, and each question alone, agree; gives what they agree on.
async fn agreed(migrator: &Migrator) -> Measures {
    let (overview, measures) = (migrator.overview().await.unwrap(), migrator.measures().await.unwrap());
    assert_eq!(overview.health, migrator.health().await.unwrap());
    assert_eq!(overview.status, migrator.status().await.unwrap());
    let rollout = migrator.rollout().status().await.unwrap();
    assert_eq!(overview.rollout.migrations, rollout.migrations);
    assert_eq!(overview.rollout.instances.len(), rollout.instances.len());
    assert_eq!(overview.rollout.words, rollout.words);
    assert_eq!(overview.waits, migrator.waits().await.unwrap());
    let of_it = Measures::from(overview);
    assert_eq!((&of_it.health, of_it.migrations), (&measures.health, measures.migrations));
    assert_eq!(of_it.rollout.migrations, measures.rollout.migrations);
    assert_eq!(of_it.rollout.words, measures.rollout.words);
    measures
}

fn counts(of: Counts) -> String {
    let Counts { pending, blocked, failed, applied, other, .. } = of;
    format!("{pending} pending, {blocked} blocked, {failed} failed, {applied} applied, {other} other")
}

#[tokio::test]
async fn they_agree_with_each_question_alone_wherever_a_database_stands() {
    let db = Database::new().await;
    let migrator = db.migrator(files(ROLLOUT));
    let nothing = agreed(&migrator).await;
    assert_eq!(counts(nothing.migrations), "4 pending, 0 blocked, 0 failed, 0 applied, 0 other");
    db.migrator(files(&ROLLOUT[..1])).run().await.unwrap();
    db.run("insert into users select n from generate_series(1, 100) n").await;
    let member = migrator.register().await.unwrap();
    migrator.rollout().hold("the sale").await.unwrap();
    migrator.run().await.unwrap();
    let held = agreed(&migrator).await;
    assert_eq!(counts(held.migrations), "0 pending, 2 blocked, 0 failed, 2 applied, 0 other");
    assert_eq!((held.rollout.instances.len(), held.rollout.words.len()), (1, 1));
    migrator.rollout().release().await.unwrap();
    member.leave().await.unwrap();
    for later in [2, 3] {
        migrator.up(Target::Only(vec![Version::new(later).unwrap()])).await.unwrap();
    }
    let settled = agreed(&migrator).await;
    assert_eq!(counts(settled.migrations), "0 pending, 0 blocked, 0 failed, 4 applied, 0 other");
    assert_eq!(settled.rollout.migrations.len(), 2, "the backfill and the contract, both applied");
    let older = agreed(&db.migrator(files(&ROLLOUT[..1]))).await;
    assert_eq!(counts(older.migrations), "0 pending, 0 blocked, 0 failed, 1 applied, 3 other");
    let broken =
        [ROLLOUT, &[("4_b.sql", "-- upshift: transaction off\nselect 1;\nselect nonsense;\n")]].concat();
    let broken = db.migrator(files(&broken));
    broken.run().await.unwrap_err();
    let failed = agreed(&broken).await;
    assert_eq!(counts(failed.migrations), "0 pending, 0 blocked, 1 failed, 4 applied, 0 other");
}

#[tokio::test]
async fn they_agree_on_what_a_baseline_accepted_what_is_to_run_again_what_was_edited_and_what_has_drifted() {
    let db = Database::new().await;
    db.run("create table users (id bigint primary key, name text, email text)").await;
    let migrator = db.migrator(files(&ROLLOUT[..1])).drift_policy(DriftPolicy::Watch);
    migrator.baseline(Version::new(1).unwrap()).await.unwrap();
    assert_eq!(db.rows("select settled is not null from upshift.format").await, "t");
    assert_eq!(agreed(&migrator).await.migrations.applied, 1);
    db.run("alter table users add column by_hand int").await;
    assert!(matches!(agreed(&migrator).await.health, Health::Drifted(_)));
    let lacking = db.migrator(files(&ROLLOUT[..1])).requires("nowhere", &[]);
    assert!(matches!(agreed(&lacking).await.health, Health::Lacking { .. }));
    let view = ("R__names.sql", "create or replace view names as select name from users");
    db.migrator(files(&[ROLLOUT[0], view])).run().await.unwrap();
    let other = ("R__names.sql", "create or replace view names as select name, id from users");
    let again = agreed(&db.migrator(files(&[ROLLOUT[0], other]))).await;
    assert_eq!(counts(again.migrations), "0 pending, 0 blocked, 0 failed, 1 applied, 1 other");
    let edited = db.migrator(files(&[("1_users.sql", "select 1"), view]));
    assert_eq!(
        counts(agreed(&edited).await.migrations),
        "0 pending, 0 blocked, 0 failed, 1 applied, 1 other"
    );
}

#[tokio::test]
async fn tables_of_the_first_format_have_no_fleet_and_answer_all_the_same() {
    let db = Database::new().await;
    let migrator = db.migrator(files(&ROLLOUT[..1]));
    migrator.run().await.unwrap();
    for table in ["instance", "word", "switch", "backfill_range", "backfill", "snapshot"] {
        db.run(&format!("drop table upshift.{table}")).await;
    }
    db.run("update upshift.format set version = 1").await;
    let settled = agreed(&migrator).await;
    assert_eq!((settled.migrations.applied, settled.rollout.instances.len()), (1, 0));
    assert_eq!(agreed(&db.migrator(files(&ROLLOUT[..2]))).await.migrations.applied, 1);
}

/// Everything is asked at once, in one transaction, of which the first error spoils the rest.
#[tokio::test]
async fn a_table_that_is_gone_is_named_and_not_what_came_of_it() {
    let db = Database::new().await;
    db.migrator(files(&ROLLOUT[..1])).run().await.unwrap();
    db.run("drop table upshift.backfill_range, upshift.backfill").await;
    let migrator = db.migrator(files(&ROLLOUT[..2]));
    for error in [migrator.overview().await.unwrap_err(), migrator.measures().await.unwrap_err()] {
        assert_eq!(error.sqlstate(), Some("42P01"), "{error}");
    }
    assert!(migrator.status().await.is_err() && migrator.health().await.is_ok());
}

#[tokio::test]
async fn they_tell_who_waits_for_whom() {
    let db = Database::new().await;
    let migrator = db.migrator(files(&ROLLOUT[..1]));
    migrator.run().await.unwrap();
    let (holder, waiter) = (db.client().await, db.client().await);
    holder.batch_execute("begin; lock table users").await.unwrap();
    let waiting = tokio::spawn(async move { waiter.batch_execute("select from users").await });
    while migrator.waits().await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let (overview, measures) = (migrator.overview().await.unwrap(), migrator.measures().await.unwrap());
    for waits in [overview.waits, measures.waits] {
        let [wait] = waits.as_slice() else { panic!("{waits:?}") };
        assert_eq!((wait.query.as_str(), wait.by.len()), ("select from users", 1));
    }
    holder.batch_execute("commit").await.unwrap();
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_settled_database_that_somebody_has_written_to_by_hand_is_looked_at_anew() {
    let db = Database::new().await;
    let migrator = db.migrator(files(&ROLLOUT[..1]));
    migrator.run().await.unwrap();
    assert_eq!(agreed(&migrator).await.migrations.applied, 1);
    db.run("delete from upshift.history").await;
    let after = agreed(&migrator).await;
    assert_eq!((after.migrations.applied, after.migrations.pending), (0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn measures_of_a_settled_database_cost_the_same_however_many_migrations_there_are() {
    let settings = ProxySettings { pace: Pace::Lockstep, ..ProxySettings::default() };
    let proxy = Proxy::start(database::SERVER.port(), settings).await;
    let mut told = Vec::new();
    for count in [2, 300] {
        let db = Database::new().await;
        let file = |n| SourceFile::new(format!("{n}_t.sql"), format!("create table t{n} ();"));
        let pool = database::pool(&proxy.url(db.name()), 2);
        let migrator = Migrator::new(pool.clone(), upshift::Source::files((1..=count).map(file)));
        migrator.run().await.unwrap();
        drop(pool.get().await.unwrap());
        proxy.take_traffic();
        assert_eq!(migrator.measures().await.unwrap().migrations.applied, count);
        let traffic = proxy.take_traffic();
        assert_eq!(traffic.round_trips, 2);
        told.push(traffic.server_messages);
    }
    assert_eq!(told[0], told[1]);
}
