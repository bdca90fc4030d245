//! A role for each release: the sessions of the other one are seen, though the server shows little of them.

use upshift::{GatePolicy, Migrator};
use upshift_promises::Database;
use upshift_promises::database::{connect, pool};
use upshift_promises::releases::{eventually, first_on, quick, second, second_on, tick};

#[tokio::test]
async fn sessions_of_a_role_whose_doings_it_may_not_see_hold_a_contract() {
    let db = Database::new().await;
    drop(first_on(&db).await);
    drop(second_on(&db).await);
    let roles = [format!("{}_v1", db.name()), format!("{}_v2", db.name())];
    let [old, new] = &roles;
    for role in &roles {
        db.run(&format!(
            "create role {role} login; grant usage, create on schema upshift, public to {role};
            grant all on all tables in schema upshift, public to {role};
            grant all on all sequences in schema upshift, public to {role}"
        ))
        .await;
    }
    db.run(&format!("alter table orders owner to {new}")).await;
    let url = |role: &str| db.url().replace("postgres@", &format!("{role}@"));
    let zombie = connect(&format!("{}?application_name=orders-1.0.0", url(old))).await;
    db.run(&format!(
        "insert into upshift.instance select 'old', 'orders', '1.0.0', 'test', 'orders-1.0.0', '{old}', '127.0.0.1',
            '{{}}', now(), now(), now(), now()"
    ))
    .await;
    let policy = GatePolicy { allowed: Vec::new(), ..quick() };
    let pool = pool(&format!("{}?application_name=orders-2.0.0", url(new)), 4);
    let migrator = Migrator::new(pool, second()).service("orders", "2.0.0").host("test").gate(policy);
    let member = migrator.register().await.unwrap();
    for _ in 0..3 {
        let held = tick(&member).await;
        assert!(held.contains("belongs to no registered instance"), "{held}");
    }
    drop(zombie);
    eventually("with that one gone it runs", async || tick(&member).await == "contracted 4_hide_status")
        .await;
    drop((member, migrator));
    for role in &roles {
        db.run(&format!("reassign owned by {role} to postgres; drop owned by {role}")).await;
    }
}
