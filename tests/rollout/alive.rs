//! Who is alive is known: a process registers before it serves, and its end is noticed.

use std::time::Duration;

use expect_test::expect;
use upshift::{Fitness, GatePolicy};
use upshift_promises::Database;
use upshift_promises::pgbouncer::{Mode, PgBouncer};
use upshift_promises::releases::{eventually, first, first_on, quick, release, second_on};

const WHO: &str = "select service, release, host, application, role, contracts, left_at is not null as left
    from upshift.instance order by joined_at";

#[tokio::test]
async fn a_process_is_registered_with_what_it_tolerates() {
    let db = Database::new().await;
    let first = first_on(&db).await.join().await.unwrap();
    let second = second_on(&db).await.join().await.unwrap();
    expect![[r#"
        orders | 1.0.0 | test | orders-1.0.0 | postgres | {} | f
        orders | 2.0.0 | test | orders-2.0.0 | postgres | {4} | f"#]]
    .assert_eq(&db.rows(WHO).await);
    assert_ne!(first.id(), second.id());
    assert_eq!(first.fitness(), Fitness::Fit);
}

#[tokio::test]
async fn leaving_and_dropping_deregister() {
    let db = Database::new().await;
    let migrator = first_on(&db).await;
    let left = "select count(*) from upshift.instance where left_at is not null";
    migrator.join().await.unwrap().leave().await;
    assert_eq!(db.rows(left).await, "1");
    drop(migrator.join().await.unwrap());
    eventually("deregistered by drop", async || db.rows(left).await == "2").await;
    drop(migrator.register().await.unwrap());
    eventually("a member too", async || db.rows(left).await == "3").await;
    migrator.register().await.unwrap().leave().await.unwrap();
    assert_eq!(db.rows(left).await, "4");
}

#[tokio::test]
async fn heartbeats_prolong_the_lease_and_are_one_round_trip_without_a_write_to_anything_else() {
    let db = Database::new().await;
    let migrator = first_on(&db).await;
    let member = migrator.register().await.unwrap();
    let expires = "select expires_at from upshift.instance";
    let before = db.rows(expires).await;
    member.tick().await.unwrap();
    assert_ne!(db.rows(expires).await, before);
    let fleet = migrator.join().await.unwrap();
    let before = db.rows(&format!("{expires} where id = '{}'", fleet.id())).await;
    eventually("a heartbeat of the task", async || {
        db.rows(&format!("{expires} where id = '{}'", fleet.id())).await != before
    })
    .await;
}

#[tokio::test]
async fn whose_registration_is_gone_registers_again() {
    let db = Database::new().await;
    let migrator = first_on(&db).await;
    let member = migrator.register().await.unwrap();
    for gone in [
        "truncate upshift.instance",
        "update upshift.instance set expires_at = now() - interval '1 minute'",
        "update upshift.instance set left_at = now()",
    ] {
        db.run(gone).await;
        member.tick().await.unwrap();
        let alive = "select count(*) from upshift.instance where left_at is null and expires_at > now()";
        assert_eq!(db.rows(alive).await, "1", "{gone}");
    }
}

#[tokio::test]
async fn who_cannot_send_heartbeats_says_so_before_its_lease_is_over() {
    let db = Database::new().await;
    first_on(&db).await;
    let lease = Duration::from_millis(900);
    let migrator = release(&db, first(), "1.0.0").gate(GatePolicy { lease, ..quick() });
    let fleet = migrator.join().await.unwrap();
    let expires = "select expires_at > clock_timestamp() from upshift.instance";
    // The network is gone: nothing can be written any more.
    db.run("alter table upshift.instance rename to gone").await;
    let fitness = fleet.unfit().await;
    assert!(matches!(fitness, Fitness::Late { silent } if silent < lease), "{fitness}");
    assert_eq!(db.rows(&expires.replace("instance", "gone")).await, "t", "its lease goes on for a third");
    db.run("alter table upshift.gone rename to instance").await;
    eventually("fit again", async || fleet.fitness() == Fitness::Fit).await;
}

#[tokio::test]
async fn a_role_that_may_not_join_is_told_what_to_ask_for() {
    let db = Database::new().await;
    first_on(&db).await;
    let role = format!("joiner_{}", db.name());
    db.run(&format!("create role {role} login; grant usage on schema upshift to {role}")).await;
    let url = db.url().replace("postgres@", &format!("{role}@"));
    let pool = upshift_promises::database::pool(&url, 2);
    let migrator = upshift::Migrator::new(pool, first()).service("orders", "1.0.0").gate(quick());
    let refused = migrator.register().await.unwrap_err();
    expect![[r#"
        the role "ROLE" lacks 6 things in the database "DATABASE", and nothing was changed
          - select on "upshift".format
          - select on "upshift".lease
          - select on "upshift".history
          - select, insert, update, delete on "upshift".instance
          - select on "upshift".switch
          - select on "upshift".word
          help: have an administrator run
            grant select on "upshift".format to "ROLE";
            grant select on "upshift".lease to "ROLE";
            grant select on "upshift".history to "ROLE";
            grant select, insert, update, delete on "upshift".instance to "ROLE";
            grant select on "upshift".switch to "ROLE";
            grant select on "upshift".word to "ROLE";"#]]
    .assert_eq(&refused.render().replace(&role, "ROLE").replace(db.name(), "DATABASE"));
    for grant in refused.grants() {
        db.run(grant).await;
    }
    migrator.register().await.unwrap().tick().await.unwrap();
    drop(migrator);
    db.run(&format!("drop owned by {role}")).await;
}

#[tokio::test]
async fn behind_a_transaction_pooler_it_is_the_same() {
    let Some(pooler) = PgBouncer::start() else { return };
    let _ = Mode::Transaction;
    let db = Database::new().await;
    first_on(&db).await;
    let pool = upshift_promises::database::pool(
        &format!("{}?application_name=orders-1.0.0", pooler.url(db.name())),
        4,
    );
    let migrator =
        upshift::Migrator::new(pool, first()).service("orders", "1.0.0").host("test").gate(quick());
    let member = migrator.register().await.unwrap();
    member.tick().await.unwrap();
    expect!["orders | 1.0.0 | test | orders-1.0.0 | postgres | {} | f"].assert_eq(&db.rows(WHO).await);
    member.leave().await.unwrap();
    db.settle().await;
}

#[tokio::test]
async fn tables_of_an_older_format_are_brought_to_this_one() {
    let db = Database::new().await;
    let migrator = first_on(&db).await;
    db.run("drop table upshift.instance, upshift.word; update upshift.format set version = 1").await;
    migrator.register().await.unwrap();
    assert_eq!(db.rows("select count(*) from upshift.instance").await, "1");
}
