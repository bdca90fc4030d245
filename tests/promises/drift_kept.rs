//! When the schema is kept, and what becomes of that where processes die, boots race, tables are locked and roles are small.

use std::time::Duration;

use expect_test::expect;
use upshift::{Drift, DriftPolicy, Migrator, NothingKept, Timeouts};
use upshift_promises::dropped::drop_at;
use upshift_promises::pgbouncer::PgBouncer;
use upshift_promises::proxy::{Pace, Proxy, ProxySettings};
use upshift_promises::{Database, database, files, steps};

use crate::drift::{MORE, SHOP, drift, shop, shown, watching};

#[tokio::test]
async fn migrations_that_nobody_kept_a_schema_of_are_not_taken_for_drift() {
    let db = shop().await;
    db.migrator(files(&[SHOP[0], MORE])).run().await.unwrap();
    let unknown = drift(&db).await;
    expect![[r#"
        whether the schema has drifted is not known: a run after promises 1.0.0 of DATE has applied or reverted migrations and kept no snapshot
        help: the next run that does something keeps one where it is told `drift_policy(DriftPolicy::Watch)`; `migrator.repair().accept_drift("why")` does now
        changed since, by those migrations or by others:
        added table public.notes
    "#]].assert_eq(&shown(&unknown));
    let Drift::Unknown { why: NothingKept::Outdated { diff, .. }, .. } = unknown else { panic!("{unknown}") };
    expect![[r#"
        added table public.notes
    "#]]
    .assert_eq(&diff.to_string());
    // Nobody can say what of it is drift, so a run is not refused: it may be the one that goes on after a crash.
    let further = [SHOP[0], MORE, ("3_more.sql", "create table more ()")];
    db.migrator(files(&further)).drift_policy(DriftPolicy::Refuse).run().await.unwrap();
    assert!(matches!(drift(&db).await, Drift::None { .. }));
}

/// As if the process had died at each place where it waits.
#[tokio::test]
async fn a_run_that_dies_anywhere_leaves_nothing_that_looks_like_drift() {
    let (mut unknown, mut nth) = (0, 0);
    for _ in 0..200 {
        nth += 1;
        let db = shop().await;
        let migrator = watching(&db, files(&[SHOP[0], MORE]));
        let finished = drop_at(nth, migrator.run()).await;
        db.settle().await;
        match drift(&db).await {
            Drift::None { .. } => {}
            Drift::Unknown { why: NothingKept::Outdated { .. }, .. } => unknown += 1,
            other => panic!("dropped at {nth}: {other}"),
        }
        if finished.is_some() {
            assert!(nth > 5, "{nth} awaits");
            if unknown > 0 {
                return;
            }
            // Answers that come together are waited for once: the moment between a run and its snapshot was stepped over.
            nth -= 6;
        }
        migrator.run().await.unwrap();
    }
    panic!("it was never dropped between the run and its snapshot");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_racing_boots_one_keeps_the_schema() {
    let db = Database::new().await;
    let boots = (0..6).map(|_| {
        let migrator = watching(&db, files(&[SHOP[0], MORE]));
        tokio::spawn(async move { migrator.run().await.unwrap().steps.len() })
    });
    let done: Vec<usize> = futures_util::future::try_join_all(boots).await.unwrap();
    assert_eq!(done.iter().sum::<usize>(), 2, "{done:?}");
    assert!(matches!(drift(&db).await, Drift::None { .. }));
    // A boot that got the lock and found nothing left has not kept it again.
    assert_eq!(
        db.rows("select s.token = h.token from upshift.snapshot s, upshift.history h limit 1").await,
        "t"
    );
}

#[tokio::test]
async fn a_table_that_is_locked_for_long_holds_up_neither_a_run_nor_a_question() {
    let db = shop().await;
    let timeouts = Timeouts { lock: Duration::from_millis(50), ..Default::default() };
    let locker = db.client().await;
    locker.batch_execute("begin; lock table users in access exclusive mode").await.unwrap();
    let migrator = db.migrator(files(&[SHOP[0], MORE])).timeouts(timeouts);
    let error = migrator.drift().await.unwrap_err();
    expect![[r#"
        could not read the schema
          caused by: canceling statement due to lock timeout (55P03)
          help: another session holds a table exclusively: ask again when it is gone, or raise `Timeouts::lock`"#]]
    .assert_eq(&error.render());
    let refusing = migrator.clone().drift_policy(DriftPolicy::Refuse);
    assert_eq!(refusing.run().await.unwrap_err().sqlstate(), Some("55P03"), "it cannot know");
    let report = migrator.drift_policy(DriftPolicy::Watch).run().await.unwrap();
    assert_eq!(steps(&report), "up 2_notes");
    locker.batch_execute("rollback").await.unwrap();
    assert!(matches!(drift(&db).await, Drift::Unknown { why: NothingKept::Outdated { .. }, .. }));
}

#[tokio::test]
async fn tables_of_an_older_format_have_kept_nothing_yet() {
    let db = Database::new().await;
    db.migrator(files(SHOP)).run().await.unwrap();
    db.run("drop table upshift.snapshot; update upshift.format set version = 2").await;
    assert!(matches!(drift(&db).await, Drift::Unknown { why: NothingKept::Never, .. }));
    db.migrator(files(SHOP)).repair().accept_drift("from now on").await.unwrap();
    assert!(matches!(drift(&db).await, Drift::None { .. }));
}

#[tokio::test]
async fn what_was_kept_in_another_format_is_not_compared() {
    let db = shop().await;
    db.run("update upshift.snapshot set schema = replace(schema, 'upshift schema 1', 'upshift schema 0')")
        .await;
    expect![[r#"
        whether the schema has drifted is not known: the snapshot that was kept cannot be read: line 1 is `upshift schema 0`, not `upshift schema 1`: no snapshot, or one of another version of upshift
        help: the next run that does something keeps one where it is told `drift_policy(DriftPolicy::Watch)`; `migrator.repair().accept_drift("why")` does now
    "#]].assert_eq(&shown(drift(&db).await));
    db.run("delete from upshift.snapshot").await;
    assert!(matches!(drift(&db).await, Drift::Unknown { why: NothingKept::Never, .. }));
}

#[tokio::test]
async fn the_server_compresses_what_is_kept() {
    let db = Database::new().await;
    watching(&db, upshift_promises::many(100)).run().await.unwrap();
    let sizes = db.rows("select octet_length(schema), pg_column_size(schema) from upshift.snapshot").await;
    println!("the schema of 100 tables, in bytes: {sizes} kept");
    let (text, kept) = sizes.split_once(" | ").unwrap();
    assert!(text.parse::<usize>().unwrap() > 5 * kept.parse::<usize>().unwrap(), "{sizes}");
}

/// A proxy that counts, and a pool behind it whose first connection is open already.
async fn counted(db: &Database) -> (Proxy, deadpool_postgres::Pool) {
    let settings = ProxySettings { pace: Pace::Lockstep, ..ProxySettings::default() };
    let proxy = Proxy::start(database::SERVER.port(), settings).await;
    let pool = database::pool(&proxy.url(db.name()), 2);
    drop(pool.get().await.unwrap());
    proxy.take_traffic();
    (proxy, pool)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_boot_with_nothing_to_do_does_not_look_at_the_schema() {
    let db = shop().await;
    let before = db.rows("select to_jsonb(s) from upshift.snapshot s").await;
    db.run("create table by_hand ()").await;
    let (proxy, pool) = counted(&db).await;
    for policy in [DriftPolicy::Watch, DriftPolicy::Refuse] {
        let report = Migrator::new(pool.clone(), files(SHOP)).drift_policy(policy).run().await.unwrap();
        assert!(report.is_empty() && report.notes.is_empty(), "{report}");
        assert_eq!(proxy.take_traffic().round_trips, 1);
    }
    assert_eq!(db.rows("select to_jsonb(s) from upshift.snapshot s").await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_waits_four_times_more_and_a_question_three_times() {
    let db = shop().await;
    let (proxy, pool) = counted(&db).await;
    let migrator = Migrator::new(pool, files(&[SHOP[0], MORE])).drift_policy(DriftPolicy::Watch);
    assert_eq!(steps(&migrator.run().await.unwrap()), "up 2_notes");
    // Five as ever (round_trips.rs); what was kept, what is there; what is there at the end, keep it.
    assert_eq!(proxy.take_traffic().round_trips, 9);
    assert!(matches!(migrator.drift().await.unwrap(), Drift::None { .. }));
    assert_eq!(proxy.take_traffic().round_trips, 3);
}

#[tokio::test]
async fn behind_poolers_it_is_kept_and_compared_as_well() {
    for (mode, pooler) in PgBouncer::each(4) {
        let db = Database::new().await;
        let pool = database::pool(&pooler.url(db.name()), 3);
        let migrator = |policy| Migrator::new(pool.clone(), files(SHOP)).drift_policy(policy);
        migrator(DriftPolicy::Watch).run().await.unwrap();
        assert!(
            matches!(migrator(DriftPolicy::Watch).drift().await.unwrap(), Drift::None { .. }),
            "{mode:?}"
        );
        db.run("drop index users_email").await;
        let more = Migrator::new(pool.clone(), files(&[SHOP[0], MORE])).drift_policy(DriftPolicy::Refuse);
        let refused = more.run().await.unwrap_err();
        assert_eq!(refused.drift().unwrap().relations(), ["public.users"], "{mode:?}: {refused:?}");
        more.repair().accept_drift("unused").await.unwrap();
        assert_eq!(steps(&more.run().await.unwrap()), "up 2_notes");
        assert!(matches!(more.drift().await.unwrap(), Drift::None { .. }), "{mode:?}");
    }
}

/// A role of this database that may do nothing yet; the superuser's statements, with `ROLE` for its name.
async fn small(db: &Database) -> (deadpool_postgres::Pool, impl AsyncFn(&str)) {
    let role = format!("small_of_{}", db.name());
    db.run(&format!("create role {role} login")).await;
    let pool = database::pool(&db.url().replace("postgres@", &format!("{role}@")), 3);
    (pool, async move |sql: &str| db.run(&sql.replace("ROLE", &role)).await)
}

#[tokio::test]
async fn a_role_that_may_only_read_is_told_what_the_question_needs() {
    let db = shop().await;
    let (pool, prepare) = small(&db).await;
    let migrator = Migrator::new(pool, files(SHOP));
    let refused = migrator.drift().await.unwrap_err();
    expect![[r#"
        the role "ROLE" lacks 3 things in the database "DATABASE", and nothing was changed
          - use the schema "upshift"
          - select on "upshift".history
          - select on "upshift".snapshot
          help: have an administrator run
            grant usage on schema "upshift" to "ROLE";
            grant select on "upshift".history to "ROLE";
            grant select on "upshift".snapshot to "ROLE";"#]]
    .assert_eq(
        &refused.render().replace(&format!("small_of_{}", db.name()), "ROLE").replace(db.name(), "DATABASE"),
    );
    prepare(&refused.grants().join("; ")).await;
    prepare("alter role ROLE set default_transaction_read_only = on").await;
    assert!(matches!(migrator.drift().await.unwrap(), Drift::None { .. }), "the role sees the same schema");
}

#[tokio::test]
async fn what_a_role_lacks_to_keep_the_schema_is_said_before_anything_is_done() {
    let db = shop().await;
    let (pool, prepare) = small(&db).await;
    prepare(
        "grant usage on schema upshift to ROLE; grant create on schema public to ROLE;
        grant all on upshift.format, upshift.lease, upshift.history, upshift.audit to ROLE",
    )
    .await;
    let migrator = Migrator::new(pool, files(&[SHOP[0], MORE]));
    let watching = migrator.clone().drift_policy(DriftPolicy::Watch);
    let refused = watching.run().await.unwrap_err();
    assert_eq!(refused.grants().len(), 1, "{refused:?}");
    expect![[r#"grant select, insert, update on "upshift".snapshot to "ROLE""#]]
        .assert_eq(&refused.grants()[0].replace(&format!("small_of_{}", db.name()), "ROLE"));
    assert_eq!(db.tables().await, "orders users");
    // Who does not keep it does not need it.
    assert_eq!(steps(&migrator.up(upshift::Target::Head).await.unwrap()), "up 2_notes");
    prepare(&refused.grants().join("; ")).await;
    let further = files(&[SHOP[0], MORE, ("3_more.sql", "create table more ()")]);
    let watching = Migrator::new(watching_pool(&db), further).drift_policy(DriftPolicy::Watch);
    assert_eq!(steps(&watching.run().await.unwrap()), "up 3_more");
    let found = drift(&db).await;
    assert!(matches!(found, Drift::None { .. }), "{found}");
}

/// A pool of the small role.
fn watching_pool(db: &Database) -> deadpool_postgres::Pool {
    database::pool(&db.url().replace("postgres@", &format!("small_of_{}@", db.name())), 3)
}
