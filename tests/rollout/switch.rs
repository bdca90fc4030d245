//! Code learns from the schema's real state which shape to read, and cannot disagree with it.

use std::sync::{Arc, Mutex};

use expect_test::expect;
use upshift::{Event, Member, Migrator, Shape, Share, Source, Switch, Target};
use upshift_promises::releases::{first_on, quick, release, tick};
use upshift_promises::{Database, files};

/// `orders.status` becomes `orders.state`: an expand, a backfill, a contract.
fn changing() -> Source {
    files(&[
        upshift_promises::releases::ORDERS,
        (
            "2_state.sql",
            "-- upshift: switch orders.state\nalter table orders add column state text;\n\
             -- upshift: down\nalter table orders drop column state;",
        ),
        (
            "3_fill.sql",
            "-- upshift: switch orders.state\n-- upshift: backfill table=orders\n\
             update orders set state = status where state is null and status is not null;\n\
             -- upshift: down\nupdate orders set state = null;",
        ),
        (
            "4_hide_status.sql",
            "-- upshift: switch orders.state\n-- upshift: phase contract\n\
             alter table orders rename column status to hidden_status;\n\
             -- upshift: down\nalter table orders rename column hidden_status to status;",
        ),
    ])
}

fn version(number: u64) -> upshift::Version {
    upshift::Version::new(number).unwrap()
}

/// A database of the first release, and the second release that has booted on it.
async fn changing_on(db: &Database) -> Migrator {
    drop(first_on(db).await);
    db.run("insert into orders (status) select 'paid' from generate_series(1, 10)").await;
    let migrator = release(db, changing(), "2.0.0");
    migrator.run().await.unwrap();
    migrator
}

fn seen(switch: &Switch) -> String {
    format!("{}: {:?}", switch.state(), switch.shape())
}

/// A heartbeat of a member that has nothing to do beside, since an operator holds everything.
async fn beat(member: &Member) {
    member.tick().await.unwrap();
}

#[tokio::test]
async fn it_follows_the_schema_from_expand_to_contract_and_back() {
    let db = Database::new().await;
    let migrator = changing_on(&db).await;
    let member = migrator.register().await.unwrap();
    let switch = member.switch("orders.state");
    assert_eq!(seen(&switch), "expanded: Old");
    migrator.rollout().hold("step by step").await.unwrap();
    migrator.up(Target::Only(vec![version(3)])).await.unwrap();
    beat(&member).await;
    assert_eq!(seen(&switch), "backfilled: New");
    migrator.up(Target::Only(vec![version(4)])).await.unwrap();
    beat(&member).await;
    assert_eq!(seen(&switch), "contracted: New");
    migrator.rollout().unhide(version(4)).await.unwrap();
    beat(&member).await;
    assert_eq!(seen(&switch), "backfilled: New");
    assert_eq!(seen(&member.switch("orders.stat")), "absent: Old");
}

#[tokio::test]
async fn a_share_of_the_keys_sees_the_new_shape_and_the_contract_waits_for_the_rest() {
    let db = Database::new().await;
    let migrator = changing_on(&db).await;
    let member = migrator.register().await.unwrap();
    let switch = member.switch("orders.state");
    migrator.rollout().share("orders.state", Share::keys(["tenant-7"])).await.unwrap();
    assert_eq!(tick(&member).await, "backfilled 3_fill");
    expect![
        "4_hide_status: closed: the switch orders.state shows the new shape to 0 % and 1 keys and not to everybody"
    ]
    .assert_eq(&tick(&member).await);
    assert_eq!(seen(&switch), "backfilled: Old");
    assert_eq!(switch.shape_for("tenant-7"), Shape::New);
    assert_eq!(switch.shape_for("tenant-8"), Shape::Old);

    // Somebody else is alive, and has not looked since everybody was let in.
    let other = migrator.register().await.unwrap();
    migrator.rollout().share("orders.state", Share::All).await.unwrap();
    let held = tick(&member).await;
    assert!(held.contains(&format!("({}) has not heard yet", other.id())), "{held}");
    beat(&other).await;
    assert_eq!(other.switch("orders.state").shape_for("tenant-8"), Shape::New);
    tick(&member).await;
    assert_eq!(tick(&member).await, "contracted 4_hide_status");
    expect![[r#"
        switch | orders.state for 0 % and 1 keys
        switch | orders.state for everybody"#]]
    .assert_eq(
        &db.rows("select action, detail from upshift.audit where action = 'switch' order by id").await,
    );
}

#[tokio::test]
async fn both_shapes_are_compared_where_both_are_filled() {
    let db = Database::new().await;
    changing_on(&db).await;
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let hears = Arc::clone(&told);
    let migrator = release(&db, changing(), "2.0.0").gate(quick()).observer(move |event: &Event<'_>| {
        if let Event::Shadow { switch, why } = event {
            hears.lock().unwrap().push(format!("{switch}: {why}"));
        }
    });
    let member = migrator.register().await.unwrap();
    let switch = member.switch("orders.state");
    let client = db.client().await;
    let read = async |column: &str| {
        let sql = format!("select string_agg({column}, ' ' order by id) from orders where id <= 2");
        client.query_typed(&sql, &[]).await.map(|rows| rows[0].get::<_, Option<String>>(0))
    };
    let both = async || switch.shadow(read("status"), read("state")).await.map_err(|it| it.to_string());

    // Not filled yet: only the old one is read.
    assert_eq!(both().await.unwrap().as_deref(), Some("paid paid"));
    assert_eq!(switch.shadowed().compared, 0);
    migrator.rollout().hold("we compare").await.unwrap();
    migrator.rollout().share("orders.state", Share::none()).await.unwrap();
    migrator.up(Target::Only(vec![version(3)])).await.unwrap();
    beat(&member).await;
    assert_eq!(both().await.unwrap().as_deref(), Some("paid paid"));
    db.run("update orders set state = 'lost' where id = 1").await;
    assert_eq!(both().await.unwrap().as_deref(), Some("paid paid"), "the old one is in use");
    migrator.rollout().share("orders.state", Share::All).await.unwrap();
    beat(&member).await;
    assert_eq!(both().await.unwrap().as_deref(), Some("lost paid"), "the new one is");
    db.run("alter table orders rename column status to gone").await;
    assert_eq!(both().await.unwrap().as_deref(), Some("lost paid"), "an error of the other one is counted");
    let shadowed = switch.shadowed();
    assert_eq!((shadowed.compared, shadowed.different, shadowed.failed), (3, 2, 1));
    expect![[r#"
        orders.state: the two shapes gave different answers
        orders.state: the two shapes gave different answers
        orders.state: db error"#]]
    .assert_eq(&told.lock().unwrap().join("\n"));
}
