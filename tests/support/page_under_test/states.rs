//! The states.

use std::any::Any;
use std::time::Duration;

use axum::http::request::Parts;
use upshift::{BackfillPolicy, Gate, GatePolicy, Migrator, Source, SourceFile, Target, Version};
use upshift_http::{Allowed, Site};
use upshift_promises::releases::{first_on, quick, release, second};
use upshift_promises::{Database, database, files};

use super::shown;

/// What is mounted, and what lives as long as it is.
pub struct State {
    pub site: Site,
    pub keep: Vec<Box<dyn Any>>,
}

impl State {
    fn of(site: Site, db: Database) -> State {
        State { site, keep: vec![Box::new(db)] }
    }
}

/// What a name in a database may try.
pub const HOSTILE: &str = "<img src=x onerror=\"alert(1)\"><script>alert(2)</script>";

pub async fn all() -> Vec<(&'static str, State)> {
    vec![
        ("/empty", empty().await),
        ("/pending", pending().await),
        ("/backfill", backfill(Acts::No).await),
        ("/acting", backfill(Acts::AsAnna).await),
        ("/blocked", blocked().await),
        ("/failed", failed().await),
        ("/many", many().await),
        ("/hostile", hostile().await),
        ("/lost", lost()),
    ]
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Acts {
    No,
    AsAnna,
}

async fn empty() -> State {
    let db = Database::new().await;
    State::of(shown(orders(&db, files(&[]), "1.0.0")), db)
}

fn orders(db: &Database, source: impl Into<Source>, release: &str) -> Migrator {
    let pool = upshift_promises::releases::pool_of(db, &format!("orders-{release}"));
    Migrator::new(pool, source).service("orders", release).host("web-1").gate(patient())
}

/// As in earnest, so that nobody's lease is over while it is looked at.
fn patient() -> GatePolicy {
    GatePolicy { lease: Duration::from_secs(3600), heartbeat: Duration::from_secs(5), ..quick() }
}

async fn pending() -> State {
    let db = Database::new().await;
    let set = files(&[
        ("20260501080000_users.sql", "create table users (id bigint primary key);"),
        ("20260502080000_orders.sql", "create table orders (id bigint primary key);"),
        ("R__active_users.sql", "create or replace view active_users as select id from users;"),
    ]);
    State::of(shown(orders(&db, set, "1.0.0")), db)
}

const FILL: &str = "-- upshift: phase backfill\n-- upshift: backfill table=orders batch=500 max-batch=500\n\
    update orders set state = status where state is null;";

/// A row of a table that has triggers, as tables have.
const SLOWLY: &str = "create function slowly() returns trigger language plpgsql as
    $$ begin perform pg_sleep(0.0012); return new; end $$;
    create trigger slowly before update on orders for each row execute function slowly();";

/// A backfill that goes on as long as it is looked at, by two workers.
async fn backfill(acts: Acts) -> State {
    let db = Database::new().await;
    let set = files(&[
        ("20260501080000_orders.sql", "create table orders (id bigint primary key, status text not null);"),
        ("20260514093000_add_state.sql", "alter table orders add column state text;"),
        ("20260514093100_fill_state.sql", FILL),
        (
            "20260514093200_drop_status.sql",
            "-- upshift: phase contract\nalter table orders drop column status;",
        ),
    ]);
    let fill = Version::new(20260514093100).expect("a version");
    let gate = match acts {
        Acts::No => Gate::Leases,
        Acts::AsAnna => Gate::Manual,
    };
    let site = shown(orders(&db, set, "1.1.0").gate(GatePolicy { gate, ..patient() }));
    let migrator = site.migrator();
    migrator.up(Target::Version(Version::new(20260514093000).expect("a version"))).await.expect("a boot");
    db.run("insert into orders select n, 'paid' from generate_series(1, 400000) n; analyze orders").await;
    db.run(SLOWLY).await;
    let mut keep: Vec<Box<dyn Any>> = Vec::new();
    for worker in ["web-1", "web-2"] {
        let policy = BackfillPolicy { waiting_sessions: None, ..BackfillPolicy::default() };
        let migrator = migrator.clone().host(worker).backfill_policy(policy);
        keep.push(Box::new(tokio::spawn(async move {
            loop {
                // Paused is an answer as well: it is asked again.
                let _ = migrator.backfills().work(fill, Duration::from_secs(600)).await;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        })));
    }
    let first = db.client().await;
    upshift_promises::standby::until(&first, "select count(*) > 3000 from orders where state is not null")
        .await;
    keep.push(Box::new(db));
    let site = match acts {
        Acts::No => site,
        Acts::AsAnna => site.actions(|_: Parts| async { Ok(Allowed::to("anna")) }),
    };
    State { site, keep }
}

/// A contract that waits for an old release, one instance of which has gone without a word; and a lock.
async fn blocked() -> State {
    let db = Database::new().await;
    let old = first_on(&db).await.gate(patient());
    let mut keep: Vec<Box<dyn Any>> = Vec::new();
    for host in ["web-1", "web-2", "web-3"] {
        keep.push(Box::new(old.clone().host(host).register().await.expect("a member")));
    }
    let left = old.clone().host("web-4").register().await.expect("a member");
    left.leave().await.expect("a goodbye");
    let gone = "update upshift.instance set expires_at = now() - interval '9 minutes', seen_at = now() - interval '10 minutes'
        where host = 'web-3'";
    db.run(gone).await;
    let new = release(&db, second(), "2.0.0").gate(patient());
    new.run().await.expect("a boot");
    for host in ["web-5", "web-6"] {
        keep.push(Box::new(new.clone().host(host).register().await.expect("a member")));
    }
    new.rollout().by("anna").hold("Black Friday, nobody contracts before Tuesday").await.expect("a word");
    let holder = database::connect(&format!("{}?application_name=dashboard", db.url())).await;
    holder.batch_execute("begin; select count(*) from orders").await.expect("a lock");
    let waiting = database::connect(&format!("{}?application_name=orders-2.0.0", db.url())).await;
    keep.push(Box::new(tokio::spawn(async move { waiting.batch_execute("truncate orders").await })));
    keep.push(Box::new(holder));
    let site = shown(new);
    keep.push(Box::new(db));
    State { site, keep }
}

/// One that left nothing, and one that stopped in the middle.
async fn failed() -> State {
    let db = Database::new().await;
    let users = ("20260501080000_users.sql", "create table users (id bigint primary key, email text);");
    let index = (
        "20260503080000_index_email.sql",
        "-- upshift: transaction off\ninsert into users values (1, 'a'), (2, 'a');\n\
         create unique index concurrently users_email on users (email);",
    );
    let bad = (
        "20260502080000_check_email.sql",
        "insert into users values (7, 'no address');\n\
         alter table users add constraint email_is_one check (email like '%@%');",
    );
    orders(&db, files(&[users]), "1.0.0").run().await.expect("a boot");
    orders(&db, files(&[users, bad]), "1.1.0").run().await.expect_err("a violation");
    orders(&db, files(&[users, index]), "1.2.0").run().await.expect_err("a duplicate");
    State::of(shown(orders(&db, files(&[users, bad, index]), "1.2.0")), db)
}

/// Three years of a service, a thousand migrations.
async fn many() -> State {
    let db = Database::new().await;
    let names = ["add_status", "index_email", "orders_by_day", "rename_total", "invoices", "audit_trail"];
    let version = |n: u64| {
        20230102080000 + n / 28 * 100_000_000 % 1_200_000_000 + n / 336 * 10_000_000_000 + n % 28 * 1_000_000
    };
    let file = |n: u64| {
        let phase = match n % 23 {
            7 => "-- upshift: phase contract\n",
            _ => "",
        };
        let name = names[(n % 6) as usize];
        SourceFile::new(
            format!("{}_{name}_{n}.sql", version(n)),
            format!("{phase}create table t{n:04} (id bigint primary key);"),
        )
    };
    let mut all: Vec<SourceFile> = (0..994).map(file).collect();
    for view in ["active_users", "open_orders", "revenue", "stock", "late_parcels", "vat"] {
        all.push(SourceFile::new(
            format!("R__{view}.sql"),
            format!("create or replace view {view} as select 1 as n;"),
        ));
    }
    let migrator = orders(&db, Source::files(all.clone()), "7.4.0");
    let mut versions: Vec<Version> = (0..990).filter_map(|n| Version::new(version(n))).collect();
    versions.sort_unstable();
    migrator.up(Target::Only(versions)).await.expect("a boot");
    db.run(
        "update upshift.history set applied_at = timestamptz '2023-01-02 08:00:00+00'
            + (ordinal * interval '1 hour' * 29), duration_ms = 3 + ordinal * 7919 % 400",
    )
    .await;
    State::of(shown(migrator), db)
}

/// Whatever has a name has a hostile one.
async fn hostile() -> State {
    let db = Database::new().await;
    let url = format!("{}?application_name=img-src-x", db.url());
    let migrator = |set: &[(&str, &str)]| {
        Migrator::new(database::pool(&url, 4), files(set))
            .service(HOSTILE, HOSTILE)
            .host(HOSTILE)
            .gate(patient())
    };
    let users = ("1_users.sql", "create table users (id bigint primary key);");
    let raise = format!("do $$ begin raise exception '{HOSTILE}'; end $$;");
    let contract = ("3_drop.sql", "-- upshift: phase contract\ndrop table users;");
    migrator(&[users]).run().await.expect("a boot");
    let member = migrator(&[users]).register().await.expect("a member");
    let set = [users, ("2_raise.sql", raise.as_str()), contract];
    migrator(&set).run().await.expect_err("a failure");
    migrator(&set).rollout().hold(HOSTILE).await.expect("a word");
    let holder = database::connect(&db.url()).await;
    holder
        .batch_execute(&format!("set application_name = '{}'; begin; select * from users", &HOSTILE[..50]))
        .await
        .expect("a lock");
    let waiting = database::connect(&db.url()).await;
    let query = format!("truncate users -- {HOSTILE}");
    let waits = tokio::spawn(async move { waiting.batch_execute(&query).await });
    let site = shown(migrator(&set));
    State { site, keep: vec![Box::new(member), Box::new(holder), Box::new(waits), Box::new(db)] }
}

/// A database that is not there.
fn lost() -> State {
    let pool = database::pool("postgres://nobody@127.0.0.1:1/nothing", 2);
    let site = shown(Migrator::new(pool, files(&[])).service("orders", "1.0.0"));
    State { site, keep: Vec::new() }
}
