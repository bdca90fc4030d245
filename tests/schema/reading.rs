//! How a snapshot is read: one round trip, nothing written, nothing left behind.

use upshift_promises::Database;
use upshift_promises::database::{SERVER, connect};
use upshift_promises::dropped::drop_at;
use upshift_promises::proxy::{Pace, Proxy, ProxySettings};
use upshift_schema::{Filter, Kind, Snapshot, SnapshotReader};

use crate::oracle::{role, snapshot};
use crate::sink::kitchen_sink;

/// The settings that a snapshot changes for itself, and whether a transaction is open.
const AFTERWARDS: &str = "select current_setting('search_path'), current_setting('jit'), \
    current_setting('transaction_read_only'), current_setting('datestyle'), \
    now() = statement_timestamp(), txid_current_if_assigned() is null";

#[tokio::test]
async fn a_question_that_is_dropped_where_it_waits_leaves_nothing() {
    let db = kitchen_sink().await;
    let client = db.client().await;
    let before = upshift_promises::database::rows(&client, AFTERWARDS).await;
    let whole = snapshot(&db).await;
    for nth in 1..50 {
        let read = drop_at(nth, Snapshot::read(&client, &Filter::new())).await;
        assert_eq!(upshift_promises::database::rows(&client, AFTERWARDS).await, before, "dropped at {nth}");
        if let Some(read) = read {
            assert_eq!(read.unwrap(), whole);
            assert!(nth > 1, "it never waited");
            return;
        }
    }
    panic!("it waits more often than a person can count");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_is_one_round_trip_whatever_the_number_of_tables() {
    let db = Database::new().await;
    let settings = ProxySettings { pace: Pace::Lockstep, ..ProxySettings::default() };
    let proxy = Proxy::start(SERVER.port(), settings).await;
    let client = connect(&proxy.url(db.name())).await;
    for tables in [0, 1, 300] {
        db.run(
            &(0..tables)
                .map(|n| format!("create table t{tables}_{n} (a integer, b text);"))
                .collect::<String>(),
        )
        .await;
        proxy.take_traffic();
        let snapshot = Snapshot::read(&client, &Filter::new()).await.unwrap();
        let traffic = proxy.take_traffic();
        assert_eq!((traffic.round_trips, traffic.client_messages), (1, 1), "{tables} tables");
        assert!(snapshot.facts().len() > 3 * tables);
    }
}

#[tokio::test]
async fn a_role_that_may_read_nothing_reads_the_same_schema() {
    let db = kitchen_sink().await;
    let whole = snapshot(&db).await;
    let client = db.client().await;
    role(&db, "nobody_at_all").await;
    client.batch_execute("set role nobody_at_all").await.unwrap();
    let theirs = Snapshot::read(&client, &Filter::new()).await.unwrap();
    // What a mapping says beside its name, the server tells its owner alone.
    let told: Vec<String> =
        whole.diff(&theirs).changes.iter().map(|it| format!("{} {}", it.kind(), it.id())).collect();
    assert_eq!(told, ["user mapping away FOR PUBLIC"]);
}

#[tokio::test]
async fn no_password_is_in_a_snapshot() {
    let text = snapshot(&kitchen_sink().await).await.to_string();
    assert!(text.contains("password=(secret)"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn in_an_open_transaction_the_question_is_refused() {
    let db = Database::new().await;
    let client = db.client().await;
    client.batch_execute("begin; select 1").await.unwrap();
    let error = Snapshot::read(&client, &Filter::new()).await.unwrap_err();
    assert_eq!(error.to_string(), "the schema cannot be read");
    client.batch_execute("rollback").await.unwrap();
    Snapshot::read(&client, &Filter::new()).await.unwrap();
}

#[tokio::test]
async fn what_others_put_on_the_path_is_not_called() {
    let db = Database::new().await;
    db.run(
        "create schema evil; create table public.t (a integer);
        create function evil.quote_ident(name) returns text language plpgsql as $$ begin raise 'called'; end $$;
        create function evil.eq(oid, oid) returns boolean language plpgsql as $$ begin raise 'called'; end $$;
        create operator evil.= (leftarg = oid, rightarg = oid, function = evil.eq);
        create table evil.pg_class (oid oid)",
    )
    .await;
    let client = db.client().await;
    client
        .batch_execute(
            "set search_path = evil, pg_catalog; create temporary table pg_namespace (oid oid); \
            create temporary table pg_type (oid oid); create domain pg_temp.text as integer",
        )
        .await
        .unwrap();
    let theirs = Snapshot::read(&client, &Filter::new()).await.unwrap();
    assert_eq!(theirs, snapshot(&db).await);
    assert_eq!(theirs.get(Kind::Table, "public.t"), Some(""));
}

#[tokio::test]
async fn the_path_of_the_one_who_asks_changes_no_name() {
    let db = kitchen_sink().await;
    let client = db.client().await;
    let whole = snapshot(&db).await;
    let settings = "set search_path = app, public; set quote_all_identifiers = on; set datestyle = 'German'; \
        set timezone = 'Asia/Tokyo'; set extra_float_digits = 0; set bytea_output = 'escape'; set intervalstyle = 'iso_8601'";
    client.batch_execute(settings).await.unwrap();
    assert_eq!(Snapshot::read(&client, &Filter::new()).await.unwrap(), whole);
}

#[tokio::test]
async fn what_is_not_asked_for_is_not_there() {
    let db = kitchen_sink().await;
    let client = db.client().await;
    let read = async |filter: &Filter| Snapshot::read(&client, filter).await.unwrap();
    let odd = read(&Filter::new().only_schemas(["Odd Names"])).await;
    let of_app =
        |snapshot: &Snapshot| snapshot.facts().iter().filter(|fact| fact.id.contains("app.")).count();
    let named: Vec<&str> =
        odd.facts().iter().filter(|fact| fact.id.contains("app.")).map(|fact| fact.id.as_str()).collect();
    assert_eq!(named, Vec::<&str>::new());
    assert_eq!(odd.get(Kind::Table, r#""Odd Names"."Table: one""#), Some(""));
    assert!(odd.get(Kind::Server, "away").is_some());
    let without = read(&Filter::new().without_schema("app")).await;
    assert_eq!(of_app(&without), 0);
    assert_eq!(without.get(Kind::Schema, "app"), None);
    let alike = read(&Filter::new().without_kinds([Kind::Owner, Kind::Grant, Kind::Revoke])).await;
    assert!(alike.facts().iter().all(|fact| ![Kind::Owner, Kind::Grant, Kind::Revoke].contains(&fact.kind)));
    let history = read(&Filter::new().history_schema("app")).await;
    assert_eq!(history, without);
}

#[tokio::test]
async fn upshifts_own_schema_is_nobodys_difference() {
    let db = Database::new().await;
    let before = snapshot(&db).await;
    db.migrator(upshift_promises::files(&[("1_nothing.sql", "select 1")])).run().await.unwrap();
    assert_eq!(snapshot(&db).await.diff(&before).to_string(), "");
}

#[tokio::test]
async fn a_fingerprint_is_one_value_for_one_schema() {
    let (one, other) = (kitchen_sink().await, kitchen_sink().await);
    let before = snapshot(&one).await.fingerprint();
    assert_eq!(snapshot(&other).await.fingerprint(), before);
    other.run("comment on column app.users.name is 'theirs'").await;
    assert_ne!(snapshot(&other).await.fingerprint(), before);
}

#[tokio::test]
async fn a_lost_connection_is_an_error() {
    let db = Database::new().await;
    let client = db.client().await;
    let pid = upshift_promises::database::rows(&client, "select pg_backend_pid()").await;
    connect(&db.url()).await.batch_execute(&format!("select pg_terminate_backend({pid})")).await.unwrap();
    // Whether the question finds the connection dead, or it dies under it.
    let error = Snapshot::read(&client, &Filter::new()).await.unwrap_err();
    assert_eq!(error.to_string(), "the schema cannot be read");
}

#[tokio::test]
async fn a_reader_sees_what_others_do_and_cannot_write() {
    let db = kitchen_sink().await;
    let reader = SnapshotReader::new(db.client().await, Filter::new()).await.unwrap();
    assert_eq!(reader.read().await.unwrap(), snapshot(&db).await);
    db.run(
        "create schema later; create type later.t as enum ('a'); create function later.f() returns later.t \
        language sql as $$ select 'a'::later.t $$; drop schema \"Odd Names\" cascade",
    )
    .await;
    assert_eq!(reader.read().await.unwrap(), snapshot(&db).await);
    for nth in 1..20 {
        if drop_at(nth, reader.read()).await.is_some() {
            break;
        }
        assert_eq!(reader.read().await.unwrap(), snapshot(&db).await);
    }
    let error = reader.client().batch_execute("create table public.t ()").await.unwrap_err();
    assert_eq!(error.code().map(|code| code.code()), Some("25006"));
}
