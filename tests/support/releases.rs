//! Two releases of a service: the second takes away what the first one needs.

use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use upshift::{Gate, GatePolicy, Member, Migrator, Source, Version};

use crate::{Database, database, files};

/// What the first release brings.
pub const ORDERS: (&str, &str) = (
    "1_orders.sql",
    "create table orders (id bigint generated always as identity primary key, status text);\n\
     -- upshift: down\ndrop table orders;",
);
/// The new shape.
pub const EXPAND: (&str, &str) = (
    "2_state.sql",
    "alter table orders add column state text;\n-- upshift: down\nalter table orders drop column state;",
);
/// The old shape, taken out of the way.
pub const HIDE: (&str, &str) = (
    "4_hide_status.sql",
    "-- upshift: phase contract\nalter table orders rename column status to hidden_status;\n\
     -- upshift: down\nalter table orders rename column hidden_status to status;",
);

/// The version of [`HIDE`].
///
/// # Panics
/// Never: 4 is a version.
pub fn hide() -> Version {
    Version::new(4).unwrap()
}

/// The first release.
pub fn first() -> Source {
    files(&[ORDERS])
}

/// The second.
pub fn second() -> Source {
    files(&[ORDERS, EXPAND, HIDE])
}

/// Gates that do in a tenth of a second what takes minutes in earnest; a lease holds on long enough for a busy machine.
pub fn quick() -> GatePolicy {
    GatePolicy {
        gate: Gate::Leases,
        lease: Duration::from_secs(30),
        heartbeat: Duration::from_millis(20),
        grace: Duration::from_millis(50),
        checks: 2,
        // The tests' own connections.
        allowed: vec![String::new()],
        waits_for: Vec::new(),
    }
}

/// A pool whose sessions say which release they are of.
pub fn pool_of(db: &Database, application: &str) -> Pool {
    database::pool(&format!("{}?application_name={application}", db.url()), 4)
}

/// A release, as its instances are told apart by.
pub fn release(db: &Database, source: Source, release: &str) -> Migrator {
    Migrator::new(pool_of(db, &format!("orders-{release}")), source)
        .service("orders", release)
        .host("test")
        .gate(quick())
}

/// The first release on a database that it has migrated.
///
/// # Panics
/// When it cannot boot.
pub async fn first_on(db: &Database) -> Migrator {
    let migrator = release(db, first(), "1.0.0");
    migrator.run().await.unwrap();
    migrator
}

/// The second one, booted as well.
///
/// # Panics
/// When it cannot boot.
pub async fn second_on(db: &Database) -> Migrator {
    let migrator = release(db, second(), "2.0.0");
    migrator.run().await.unwrap();
    migrator
}

/// Waits until it is so: 30 s at most.
///
/// # Panics
/// When it is not.
pub async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}: not within 30 s");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Whether the contract is applied.
pub async fn is_hidden(db: &Database) -> bool {
    db.rows("select count(*) from upshift.history where version = 4").await == "1"
}

/// Leaves a member as a killed process does: no goodbye, no sessions.
///
/// # Panics
/// When the sessions cannot be ended.
pub async fn kill(db: &Database, application: &str, members: impl IntoIterator<Item = Member>) {
    members.into_iter().for_each(std::mem::forget);
    let end = format!(
        "select pg_terminate_backend(pid, 10000) from pg_stat_activity
        where datname = current_database() and application_name = '{application}'"
    );
    let end = if database::SERVER.version().major < 14 { end.replace(", 10000", "") } else { end };
    db.run(&end).await;
}

/// What a tick came to, in words.
///
/// # Panics
/// When it failed.
pub async fn tick(member: &Member) -> String {
    use upshift::Did;
    match member.tick().await.unwrap().did {
        Did::Nothing => "nothing".to_owned(),
        Did::Backfilled { label } => format!("backfilled {label}"),
        Did::Held { label, why } => format!("{label} holds: {why}"),
        Did::Contracted { label, .. } => format!("contracted {label}"),
        Did::Waited(gates) => {
            let gates = gates.iter().map(|(label, verdict)| format!("{label}: {verdict}"));
            gates.collect::<Vec<_>>().join("\n")
        }
        other => format!("{other:?}"),
    }
}
