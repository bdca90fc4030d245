//! Spans have names and fields that stay, those of OpenTelemetry where it has some.

use expect_test::expect;
use upshift::DownTarget;
use upshift_promises::log::Spans;
use upshift_promises::{Database, files};

#[tokio::test]
async fn a_run_its_lock_and_each_step_have_a_span() {
    let db = Database::new().await;
    let set = [
        ("1_a.sql", "create table a (x int);\n-- upshift: down\ndrop table a;\n"),
        ("2_b.sql", "create index concurrently b on a (x);\n-- upshift: down\ndrop index concurrently b;\n"),
        ("3_c.sql", "select nonsense"),
    ];
    let migrator = db.migrator(files(&set)).service("orders", "1.4.2");
    let spans = Spans::listen();
    migrator.run().await.unwrap_err();
    migrator.down(DownTarget::Steps(1)).await.unwrap();
    expect![[r#"
        upshift.up db.system.name="postgresql" service.name="orders" service.version="1.4.2" upshift.schema="upshift"
        upshift.lock db.system.name="postgresql" db.operation.name="LOCK"
        upshift.step otel.kind="client" db.system.name="postgresql" db.operation.name="apply" db.query.summary="1_a" upshift.phase=expand upshift.outcome="done" upshift.retries=0
        upshift.step otel.kind="client" db.system.name="postgresql" db.operation.name="apply" db.query.summary="2_b" upshift.phase=expand upshift.outcome="done" upshift.retries=0
        upshift.step otel.kind="client" db.system.name="postgresql" db.operation.name="apply" db.query.summary="3_c" upshift.phase=expand upshift.outcome="failed" otel.status_code="ERROR" error.type="42703" db.response.status_code="42703"
        upshift.down db.system.name="postgresql" service.name="orders" service.version="1.4.2" upshift.schema="upshift"
        upshift.lock db.system.name="postgresql" db.operation.name="LOCK"
        upshift.step otel.kind="client" db.system.name="postgresql" db.operation.name="revert" db.query.summary="2_b" upshift.phase=expand upshift.outcome="done" upshift.retries=0"#]].assert_eq(&spans.lines().join("\n"));
}

#[tokio::test]
async fn each_batch_of_a_backfill_has_one() {
    let db = Database::new().await;
    let set = [
        ("1_a.sql", "create table a (id int primary key, x int)"),
        ("2_b.sql", "-- upshift: backfill table=a batch=50\nupdate a set x = 1"),
    ];
    db.migrator(files(&set[..1])).run().await.unwrap();
    db.run("insert into a select n from generate_series(1, 100) n").await;
    let spans = Spans::listen();
    let version = upshift::Version::new(2).unwrap();
    db.migrator(files(&set)).up(upshift::Target::Only(vec![version])).await.unwrap();
    let batches = spans.lines().into_iter().filter(|line| line.starts_with("upshift.batch"));
    let batches: std::collections::BTreeSet<String> = batches.collect();
    expect![[r#"upshift.batch otel.kind="client" db.system.name="postgresql" db.operation.name="backfill" db.query.summary="2_b" upshift.phase=backfill"#]].assert_eq(&batches.into_iter().collect::<Vec<_>>().join("\n"));
}
