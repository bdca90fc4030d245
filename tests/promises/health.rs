//! A health check says whether this binary may serve, in one round trip, and what is so where it may not.

use expect_test::{Expect, expect};
use upshift::{DriftPolicy, Health, LockPolicy, Migrator};
use upshift_promises::proxy::{Pace, Proxy, ProxySettings};
use upshift_promises::{Database, database, files};

const SHOP: &[(&str, &str)] =
    &[("1_users.sql", "create table users (id bigint primary key, email text)"), ("2_more.sql", "select 2")];

async fn check(migrator: &Migrator, expected: Expect) {
    expected.assert_eq(&shown(&migrator.health().await.unwrap()));
}

/// Whether it is fit, and the words a person reads, without times and numbers of processes.
fn shown(health: &Health) -> String {
    let mut text = health.to_string();
    while let Some(end) = text.find(" UTC") {
        text.replace_range(end - 19..end + 4, "DATE");
    }
    if let (Some(from), Some(to)) = (text.find("being migrated by "), text.find("; pending")) {
        text.replace_range(from..to, "being migrated by SOMEBODY");
    }
    format!("{}: {text}", if health.is_fit() { "fit" } else { "unfit" })
}

#[tokio::test]
async fn what_is_pending_newer_edited_or_unknown_is_told() {
    let db = Database::new().await;
    let migrator = db.migrator(files(SHOP));
    check(&migrator, expect!["unfit: pending: 1_users, 2_more"]).await;
    migrator.run().await.unwrap();
    check(&migrator, expect!["fit: the schema fits"]).await;
    check(
        &db.migrator(files(&SHOP[..1])),
        expect!["fit: the schema fits; a newer release has applied 2_more"],
    )
    .await;
    let edited = [("1_users.sql", "create table users ()"), SHOP[1]];
    check(&db.migrator(files(&edited)), expect!["unfit: 1_users was edited after it was applied"]).await;
}

#[tokio::test]
async fn a_contract_that_this_binary_does_not_know_fences_it() {
    let db = Database::new().await;
    let contract =
        [SHOP[0], ("2_gone.sql", "-- upshift: phase contract\nalter table users drop column email;\n")];
    db.migrator(files(&contract)).run().await.unwrap();
    check(&db.migrator(files(&contract)), expect!["fit: the schema fits"]).await;
    let old = db.migrator(files(&SHOP[..1]));
    check(&old, expect!["unfit: applied, and not known to this binary: 2_gone"]).await;
    // The same verdict as that of joining.
    assert!(old.join().await.unwrap_err().is_fenced());
}

#[tokio::test]
async fn what_the_service_cannot_do_without_is_looked_for() {
    let db = Database::new().await;
    let migrator = db
        .migrator(files(SHOP))
        .requires("users", &["id", "email"])
        .requires("public.users", &["Email"])
        .requires("billing.invoices", &[])
        .requires("\"Orders\"", &["total"]);
    check(&migrator, expect!["unfit: pending: 1_users, 2_more"]).await;
    migrator.run().await.unwrap();
    check(&migrator, expect!["unfit: not there: public.users.Email, billing.invoices, \"Orders\""]).await;
    db.run(
        "alter table users add column \"Email\" text; create schema billing; create view billing.invoices as select 1;
        create table \"Orders\" (total int)",
    )
    .await;
    check(&migrator, expect!["fit: the schema fits"]).await;
    db.run("alter table users drop column email").await;
    check(&migrator, expect!["unfit: not there: users.email"]).await;
}

#[tokio::test]
async fn a_name_that_is_none_is_an_error_and_no_verdict() {
    let db = Database::new().await;
    let migrator = db.migrator(files(SHOP)).requires("a.b.c.d", &[]);
    migrator.run().await.unwrap();
    let error = migrator.health().await.unwrap_err();
    let words = error.render().to_string();
    assert!(words.contains("a.b.c.d"), "{words}");
}

#[tokio::test]
async fn somebody_at_work_is_told_where_something_is_pending() {
    let db = Database::new().await;
    db.migrator(files(&SHOP[..1])).run().await.unwrap();
    let (held, release) = (std::sync::Arc::new(tokio::sync::Notify::new()), db.client().await);
    release.batch_execute("begin; lock table users").await.unwrap();
    let told = held.clone();
    let slow =
        [SHOP[0], ("2_slow.sql", "-- upshift: lock-timeout 60s\nalter table users add column a int;\n")];
    let at_work = db.migrator(files(&slow)).observer(move |event: &upshift::Event<'_>| {
        if matches!(event, upshift::Event::StepStarted { .. }) {
            told.notify_one();
        }
    });
    let mut running = tokio::spawn(async move { at_work.run().await });
    tokio::select! {
        _ = held.notified() => {}
        ended = &mut running => panic!("{ended:?}"),
    }
    check(&db.migrator(files(&slow)), expect!["unfit: being migrated by SOMEBODY; pending: 2_slow"]).await;
    let Health::Migrating { by, .. } = db.migrator(files(&slow)).health().await.unwrap() else {
        panic!("nobody is at work")
    };
    assert_eq!(by.role, "postgres");
    // Who has all it needs is not kept from serving by the work of others.
    check(&db.migrator(files(&SHOP[..1])), expect!["fit: the schema fits"]).await;
    let busy = db.migrator(files(&slow)).lock(LockPolicy { wait: std::time::Duration::ZERO });
    assert!(busy.run().await.unwrap_err().is_locked());
    release.batch_execute("commit").await.unwrap();
    running.await.unwrap().unwrap();
    check(&db.migrator(files(&slow)), expect!["fit: the schema fits"]).await;
}

#[tokio::test]
async fn drift_is_told_and_keeps_nobody_from_serving() {
    let db = Database::new().await;
    let watching = db.migrator(files(SHOP)).drift_policy(DriftPolicy::Watch);
    watching.run().await.unwrap();
    check(&watching, expect!["fit: the schema fits"]).await;
    let changes = [
        ("create index by_hand on users (email)", "drop index by_hand"),
        ("alter table users alter email set default 'a'", "alter table users alter email drop default"),
        ("grant select on users to public", "revoke all on users from public"),
        ("comment on table users is 'by hand'", "comment on table users is null"),
        ("create type by_hand as enum ('a')", "drop type by_hand"),
        ("create function by_hand() returns int language sql as 'select 1'", "drop function by_hand"),
        ("create domain by_hand as int check (value > 0)", "drop domain by_hand"),
        ("comment on schema public is 'by hand'", "comment on schema public is 'standard public schema'"),
        ("create sequence by_hand", "drop sequence by_hand"),
        ("alter table users enable row level security", "alter table users disable row level security"),
        ("create policy by_hand on users using (true)", "drop policy by_hand on users"),
    ];
    for (change, back) in changes {
        db.run(change).await;
        let health = watching.health().await.unwrap();
        assert!(matches!(&health, Health::Drifted(drift) if drift.is_found()), "{change}: {health:?}");
        assert!(health.is_fit());
        assert_eq!(watching.health().await.unwrap(), health, "{change}: as it was, from memory");
        // Only who asked for it is told.
        assert_eq!(db.migrator(files(SHOP)).health().await.unwrap(), Health::Fits);
        db.run(back).await;
        let health = watching.health().await.unwrap();
        assert_eq!(health, Health::Fits, "{back}");
    }
    db.run("drop table users").await;
    check(&watching.requires("users", &[]), expect!["unfit: not there: users"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_costs_one_round_trip_whatever_is_asked() {
    let db = Database::new().await;
    db.migrator(files(SHOP)).drift_policy(DriftPolicy::Watch).run().await.unwrap();
    let settings = ProxySettings { pace: Pace::Lockstep, ..ProxySettings::default() };
    let proxy = Proxy::start(database::SERVER.port(), settings).await;
    let pool = database::pool(&proxy.url(db.name()), 2);
    drop(pool.get().await.unwrap());
    proxy.take_traffic();
    let plain = Migrator::new(pool.clone(), files(SHOP));
    let much =
        Migrator::new(pool, files(SHOP)).requires("users", &["email"]).drift_policy(DriftPolicy::Watch);
    assert_eq!(plain.health().await.unwrap(), Health::Fits);
    assert_eq!(proxy.take_traffic().round_trips, 1);
    assert_eq!(much.health().await.unwrap(), Health::Fits);
    assert!(proxy.take_traffic().round_trips > 1, "the first look reads the schema");
    // Neither rows nor statistics are a change of the schema.
    for sql in ["insert into users values (1, 'a')", "analyze users", "vacuum users"] {
        db.run(sql).await;
    }
    for _ in 0..3 {
        assert_eq!(much.health().await.unwrap(), Health::Fits);
        assert_eq!(proxy.take_traffic().round_trips, 1);
    }
}
