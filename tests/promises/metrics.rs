//! Metrics say what happened and what is, under names that stay.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use expect_test::{Expect, expect};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::sync::Notify;
use upshift::metrics::{BUCKETS, describe, names};
use upshift::{Did, DownTarget, Event, Migrator, Source, Target};
use upshift_promises::{Database, files};

/// The recorder of this program: all its tests write into it, each for a service of its own.
static RECORDER: LazyLock<PrometheusHandle> = LazyLock::new(|| {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
        .expect("buckets");
    let handle = builder.install_recorder().expect("no other recorder");
    describe();
    handle
});

fn service(db: &Database, source: impl Into<Source>) -> Migrator {
    LazyLock::force(&RECORDER);
    db.migrator(source).service(db.name(), "1.0.0")
}

/// The lines of a service: counts and gauges, no times.
fn told(db: &Database) -> String {
    let own = format!("service=\"{}\"", db.name());
    let text = RECORDER.render();
    let lines = text.lines().filter(|line| line.contains(&own) && !line.contains("_bucket"));
    let lines = lines.filter(|line| !line.contains("_seconds_sum") && !line.contains("per_second"));
    let mut lines: Vec<String> = lines.map(|line| line.replace(&own, "S").replace("upshift_", "")).collect();
    lines.sort();
    lines.join("\n")
}

fn check(db: &Database, expected: Expect) {
    expected.assert_eq(&told(db));
}

#[tokio::test]
async fn each_migration_that_was_applied_reverted_or_failed_is_counted_with_its_time() {
    let db = Database::new().await;
    let shop = [
        ("1_a.sql", "create table a (x int);\n-- upshift: down\ndrop table a;\n"),
        ("2_b.sql", "select 2;\n-- upshift: down\nselect 2;\n"),
        ("R__v.sql", "create or replace view v as select 1 as x"),
    ];
    let migrator = service(&db, files(&shop));
    migrator.run().await.unwrap();
    migrator.down(DownTarget::Steps(1)).await.unwrap();
    let wrong = [shop[0], shop[1], shop[2], ("3_wrong.sql", "select nonsense")];
    service(&db, files(&wrong)).run().await.unwrap_err();
    check(
        &db,
        expect![[r#"
        lock_wait_seconds_count{S,lock="migration"} 3
        migration_duration_seconds_count{S,version="1",phase="expand",outcome="applied"} 1
        migration_duration_seconds_count{S,version="2",phase="expand",outcome="applied"} 2
        migration_duration_seconds_count{S,version="2",phase="expand",outcome="reverted"} 1
        migration_duration_seconds_count{S,version="3",phase="expand",outcome="failed"} 1
        migration_duration_seconds_count{S,version="R__v",phase="repeatable",outcome="applied"} 1
        run_duration_seconds_count{S,outcome="done"} 2
        run_duration_seconds_count{S,outcome="failed"} 1"#]],
    );
}

#[tokio::test]
async fn measures_set_what_is() {
    let db = Database::new().await;
    let rollout = [
        ("1_users.sql", "create table users (id bigint primary key, name text, email text)"),
        (
            "2_fill.sql",
            "-- upshift: phase backfill\n-- upshift: backfill table=users\nupdate users set name = 'x'",
        ),
        ("3_gone.sql", "-- upshift: phase contract\nalter table users drop column email;\n"),
    ];
    service(&db, files(&rollout[..1])).run().await.unwrap();
    db.run("insert into users select n from generate_series(1, 100) n").await;
    let migrator = service(&db, files(&rollout));
    let member = migrator.register().await.unwrap();
    migrator.run().await.unwrap();
    upshift::metrics::measures(Some(db.name()), &migrator.measures().await.unwrap());
    check(
        &db,
        expect![[r#"
        contract_waits{S,version="3"} 1
        fleet_instances{S,release="1.0.0",state="alive"} 1
        fleet_instances{S,release="1.0.0",state="late"} 0
        lock_wait_seconds_count{S,lock="migration"} 1
        lock_waiters{S,part="migrator"} 0
        lock_waiters{S,part="other"} 0
        migration_duration_seconds_count{S,version="1",phase="expand",outcome="applied"} 1
        migrations{S,state="applied"} 1
        migrations{S,state="blocked"} 2
        migrations{S,state="failed"} 0
        migrations{S,state="other"} 0
        migrations{S,state="pending"} 0
        run_duration_seconds_count{S,outcome="done"} 1
        schema_drift{S} 0
        schema_fits{S} 1"#]],
    );
    let backfilled = |did: &Did| matches!(did, Did::Backfilled { .. });
    while backfilled(&member.tick().await.unwrap().did) {}
    upshift::metrics::measures(Some(db.name()), &migrator.measures().await.unwrap());
    let rows = told_of(&db, names::BACKFILL_ROWS);
    assert_eq!(rows, "upshift_backfill_rows_total{S,version=\"2\"} 100");
    let states = told_of(&db, names::BACKFILL_STATE);
    assert!(states.contains("state=\"finished\"} 1") && states.contains("state=\"running\"} 0"), "{states}");
    member.leave().await.unwrap();
}

#[tokio::test]
async fn who_is_in_the_way_and_how_long_it_took_is_told() {
    let db = Database::new().await;
    let set = [("1_a.sql", "create table a (x int)"), ("2_b.sql", "alter table a add column y int")];
    service(&db, files(&set[..1])).run().await.unwrap();
    let holder = db.client().await;
    holder.batch_execute("begin; select * from a").await.unwrap();
    let blocked = Arc::new(Notify::new());
    let told = blocked.clone();
    let migrator = service(&db, files(&set)).observer(move |event: &Event<'_>| {
        if matches!(event, Event::Blocked { .. }) {
            told.notify_one();
        }
    });
    let running = tokio::spawn(async move { migrator.up(Target::Head).await });
    blocked.notified().await;
    holder.batch_execute("commit").await.unwrap();
    running.await.unwrap().unwrap();
    let text = told_of(&db, names::BLOCKERS);
    assert_eq!(text, "upshift_blockers{S,version=\"2\"} 0", "nobody any more");
    let waits = told_of(&db, "upshift_lock_wait_seconds_count");
    assert!(waits.contains("lock=\"table\""), "{waits}");
}

fn told_of(db: &Database, name: &str) -> String {
    let own = format!("service=\"{}\"", db.name());
    let text = RECORDER.render();
    let lines = text.lines().filter(|line| line.starts_with(name) && line.contains(&own));
    lines.map(|line| line.replace(&own, "S")).collect::<Vec<_>>().join("\n")
}

/// What dashboards, alerts, their tests and the docs name is what the code exports, all of it.
#[test]
fn every_name_that_is_used_outside_is_one_that_the_code_exports() {
    let all: BTreeSet<&str> = all_names().into_iter().collect();
    assert_eq!(all.len(), all_names().len(), "a name is given twice");
    assert!(all.iter().all(|name| name.starts_with("upshift_")));
    for file in ["grafana/upshift.json", "grafana/alerts.yaml", "grafana/alerts.test.yaml", "watching.md"] {
        let text = std::fs::read_to_string(format!("../docs/{file}")).unwrap();
        let named: BTreeSet<&str> = text.split(|c: char| !c.is_ascii_lowercase() && c != '_').collect();
        let named: BTreeSet<&str> = named
            .into_iter()
            .filter(|word| word.starts_with("upshift_"))
            .map(|word| word.trim_end_matches("_bucket").trim_end_matches("_count"))
            .collect();
        let unknown: Vec<&&str> = named.difference(&all).collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}");
        if file == "watching.md" {
            let untold: Vec<&&str> = all.difference(&named).collect();
            assert!(untold.is_empty(), "{file} does not name {untold:?}");
        }
    }
    let dashboard = std::fs::read_to_string("../docs/grafana/upshift.json").unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    let shown = dashboard["panels"].to_string();
    let unseen: Vec<&&str> = all.iter().filter(|name| !shown.contains(**name)).collect();
    assert!(unseen.is_empty(), "no panel shows {unseen:?}");
}

fn all_names() -> Vec<&'static str> {
    vec![
        names::MIGRATION_DURATION,
        names::RUN_DURATION,
        names::LOCK_WAIT,
        names::BLOCKERS,
        names::RETRIES,
        names::BACKFILL_ROWS,
        names::BACKFILL_CHANGED,
        names::BACKFILL_BATCH,
        names::BACKFILL_RETRIES,
        names::BACKFILL_HOLDS,
        names::DUTY_FAILURES,
        names::SHADOW_DIFFERENCES,
        names::GATE_OPEN,
        names::MIGRATIONS,
        names::SCHEMA_FITS,
        names::SCHEMA_DRIFT,
        names::FLEET,
        names::BACKFILL_DONE,
        names::BACKFILL_ESTIMATE,
        names::BACKFILL_RATE,
        names::BACKFILL_LEFT,
        names::BACKFILL_STATE,
        names::CONTRACT_WAITS,
        names::LOCK_WAITERS,
    ]
}
