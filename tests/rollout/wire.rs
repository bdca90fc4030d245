//! A connection that is cut, or goes silent, at any message, and a future that is dropped where it waits: nobody is
//! registered who does not know it, nothing is left open, and what nobody has heard counts as not heard.

use std::time::Duration;

use upshift::{Fitness, GatePolicy, Member, Migrator, Shape, Share, Source, Target};
use upshift_promises::database::{SERVER, pool};
use upshift_promises::dropped::drop_at;
use upshift_promises::proxy::{Fault, Proxy, ProxySettings, Sender, Way};
use upshift_promises::releases::{
    ORDERS, eventually, first, first_on, hide, is_hidden, quick, release, second, second_on, tick,
};
use upshift_promises::{Database, files};

async fn proxy() -> Proxy {
    Proxy::start(SERVER.port(), ProxySettings::default()).await
}

fn through(proxy: &Proxy, db: &Database, source: Source, release: &str, policy: GatePolicy) -> Migrator {
    let url = format!("{}?application_name=orders-{release}", proxy.url(db.name()));
    Migrator::new(pool(&url, 3), source).service("orders", release).host("test").gate(policy)
}

fn faults() -> impl Iterator<Item = Fault> {
    let ways =
        [(Sender::Client, Way::CutBefore), (Sender::Server, Way::CutBefore), (Sender::Server, Way::CutAfter)];
    ways.into_iter().flat_map(|(sender, way)| (1..60).map(move |nth| Fault { sender, nth, way }))
}

const ALIVE: &str = "select count(*) from upshift.instance where left_at is null";

#[tokio::test]
async fn who_is_cut_while_joining_is_registered_or_said_goodbye() {
    let db = Database::new().await;
    drop(first_on(&db).await);
    let proxy = proxy().await;
    let (mut cuts, mut way) = (0, None);
    for fault in faults() {
        if way == Some((fault.sender, fault.way)) {
            continue;
        }
        let migrator = through(&proxy, &db, first(), "1.0.0", quick());
        proxy.plan(fault);
        match migrator.register().await {
            Ok(member) => member.leave().await.unwrap_or_default(),
            Err(error) => assert!(error.is_connection_lost(), "{fault:?}: {error:?}"),
        }
        match proxy.mend() {
            // It was over before.
            true => way = Some((fault.sender, fault.way)),
            false => cuts += 1,
        }
        db.settle().await;
        eventually("nobody is left", async || db.rows(ALIVE).await == "0").await;
    }
    assert!(cuts > 10, "only {cuts}");
}

#[tokio::test]
async fn who_is_dropped_while_joining_ticking_or_leaving_leaves_nothing_behind() {
    let db = Database::new().await;
    drop(first_on(&db).await);
    drop(second_on(&db).await);
    let policy = GatePolicy { checks: 1, allowed: vec![String::new(), "orders-2.0.0".to_owned()], ..quick() };
    let (mut dropped, mut nth) = (0, 0);
    loop {
        nth += 1;
        let migrator = release(&db, second(), "2.0.0").gate(policy.clone());
        let whole = async {
            let member = migrator.register().await?;
            let tick = member.tick().await?;
            member.leave().await?;
            Ok::<_, upshift::Error>(tick)
        };
        let outcome = drop_at(nth, whole).await;
        db.settle().await;
        eventually("nobody is left", async || db.rows(ALIVE).await == "0").await;
        // Applied whole, or not at all.
        let hidden = "select count(*) from pg_attribute where attrelid = 'orders'::regclass and attname = 'hidden_status'";
        assert_eq!(db.rows(hidden).await == "1", is_hidden(&db).await, "dropped at {nth}");
        if is_hidden(&db).await {
            migrator.rollout().unhide(hide()).await.unwrap();
            migrator.rollout().release().await.unwrap();
        }
        match outcome {
            None => dropped += 1,
            Some(done) => {
                done.unwrap();
                break;
            }
        }
    }
    assert!(dropped > 15, "only {dropped}");
}

#[tokio::test]
async fn an_unhide_that_is_dropped_has_held_the_contract_or_done_nothing() {
    let db = Database::new().await;
    release(&db, second(), "2.0.0").run().await.unwrap();
    let (mut dropped, mut nth) = (0, 0);
    loop {
        nth += 1;
        let migrator = release(&db, first(), "1.0.0");
        let outcome = drop_at(nth, migrator.rollout().unhide(hide())).await;
        db.settle().await;
        let held =
            db.rows("select count(*) from upshift.word where kind = 'hold' and version = 4").await == "1";
        assert!(held || is_hidden(&db).await, "dropped at {nth}: given back and not held");
        if let Some(done) = outcome {
            done.unwrap();
            break;
        }
        dropped += 1;
        let new = release(&db, second(), "2.0.0");
        new.rollout().release().await.unwrap();
        new.up(Target::Only(vec![hide()])).await.unwrap();
    }
    assert!(dropped > 10, "only {dropped}");
}

/// A set whose contract waits until everybody has heard that the new shape is in use.
fn switched() -> Source {
    files(&[
        ORDERS,
        ("2_state.sql", "-- upshift: switch orders.state\nalter table orders add column state text;"),
        (
            "4_hide_status.sql",
            "-- upshift: switch orders.state\n-- upshift: phase contract\n\
             alter table orders rename column status to hidden_status;\n\
             -- upshift: down\nalter table orders rename column hidden_status to status;",
        ),
    ])
}

#[tokio::test]
async fn who_is_cut_in_a_heartbeat_has_not_heard_what_it_does_not_know() {
    let db = Database::new().await;
    drop(first_on(&db).await);
    let here = release(&db, switched(), "2.0.0").gate(GatePolicy { checks: u32::MAX, ..quick() });
    here.run().await.unwrap();
    here.rollout().share("orders.state", Share::none()).await.unwrap();
    let watcher = here.register().await.unwrap();
    let proxy = proxy().await;
    let never = GatePolicy { gate: upshift::Gate::Manual, ..quick() };
    let (mut cuts, mut way) = (0, None);
    for fault in faults().filter(|it| it.way == Way::CutBefore) {
        if way == Some((fault.sender, fault.way)) {
            continue;
        }
        let cut = through(&proxy, &db, switched(), "2.0.0", never.clone()).register().await.unwrap();
        let switch = cut.switch("orders.state");
        assert_eq!(switch.shape(), Shape::Old);
        here.rollout().share("orders.state", Share::All).await.unwrap();
        proxy.plan(fault);
        let ticked = cut.tick().await;
        let over = proxy.mend();
        if switch.shape() == Shape::Old {
            let said = tick(&watcher).await;
            assert!(said.contains(&format!("({}) has not heard", cut.id())), "{fault:?}: {ticked:?}: {said}");
        }
        db.settle().await;
        match over {
            true => way = Some((fault.sender, fault.way)),
            false => cuts += 1,
        }
        here.rollout().share("orders.state", Share::none()).await.unwrap();
        cut.leave().await.unwrap_or_default();
        db.run("delete from upshift.instance where contracts = '{}'").await;
    }
    assert!(cuts > 10, "only {cuts}");
}

#[tokio::test]
async fn a_connection_that_has_gone_silent_is_given_up_in_time() {
    let db = Database::new().await;
    drop(first_on(&db).await);
    let proxy = proxy().await;
    let lease = Duration::from_millis(1500);
    let policy = GatePolicy { lease, heartbeat: Duration::from_millis(50), ..quick() };
    let fleet = through(&proxy, &db, first(), "1.0.0", policy).join().await.unwrap();
    proxy.plan(Fault { sender: Sender::Client, nth: 1, way: Way::Hold });
    proxy.until_held().await;
    let seen = "select seen_at from upshift.instance";
    let before = db.rows(seen).await;
    eventually("another heartbeat", async || db.rows(seen).await != before).await;
    assert_eq!(fleet.fitness(), Fitness::Fit);
    proxy.let_go();
    fleet.leave().await;
}

fn crowd_of(db: &Database) -> Vec<Migrator> {
    (0..32).map(|_| release(db, second(), "2.0.0").gate(GatePolicy { checks: 1, ..quick() })).collect()
}

#[tokio::test]
async fn thirty_two_join_at_once_and_one_of_them_contracts() {
    let db = Database::new().await;
    drop(first_on(&db).await);
    drop(second_on(&db).await);
    db.run(
        "insert into upshift.instance select 'gone' || n, 'orders', '1.0.0', 'test', 'x', 'x', 'x', '{}', t, t, t, t
        from generate_series(1, 500) n, (select now() - interval '2 days' as t) t",
    )
    .await;
    let crowd = crowd_of(&db);
    let joined = futures_util::future::join_all(crowd.iter().map(Migrator::register)).await;
    let members: Vec<Member> = joined.into_iter().map(Result::unwrap).collect();
    assert_eq!(
        db.rows("select count(*) from upshift.instance").await,
        "32",
        "and those long gone are taken out"
    );
    let said = futures_util::future::join_all(members.iter().map(tick)).await;
    let contracted = said.iter().filter(|it| it.as_str() == "contracted 4_hide_status").count();
    assert_eq!(contracted, 1, "{said:?}");
    assert_eq!(db.rows("select count(*) from upshift.audit where version = 4").await, "1");
}

#[tokio::test]
async fn a_fleet_outlives_neither_its_runtime_nor_needs_one_to_be_dropped() {
    let db = Database::new().await;
    drop(first_on(&db).await);
    let elsewhere = release(&db, first(), "1.0.0");
    let fleet = tokio::task::spawn_blocking(move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let fleet = runtime.block_on(elsewhere.join()).unwrap();
        drop(runtime);
        fleet
    })
    .await
    .unwrap();
    // Its task is gone with the runtime, and so is whoever would have said goodbye.
    tokio::time::timeout(Duration::from_secs(10), fleet.leave()).await.unwrap();
    assert_eq!(db.rows(ALIVE).await, "1", "the lease ends by itself");

    let (fleet, member) = (
        release(&db, first(), "1.0.0").join().await.unwrap(),
        release(&db, first(), "1.0.0").register().await.unwrap(),
    );
    let outside = std::thread::spawn(move || drop((fleet, member)));
    outside.join().unwrap();
    eventually("the fleet's task says goodbye, and nobody does for the member", async || {
        db.rows(ALIVE).await == "2"
    })
    .await;
}

#[tokio::test]
async fn contracts_of_which_some_are_held_run_in_their_order() {
    let db = Database::new().await;
    drop(first_on(&db).await);
    let contract = |n: u64| {
        (
            format!("{n}_c{n}.sql"),
            format!("-- upshift: phase contract\ncreate table c{n} ();\n-- upshift: down\ndrop table c{n};"),
        )
    };
    let texts: Vec<(String, String)> = (4..24).map(contract).collect();
    let mut set = vec![ORDERS];
    set.extend(texts.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    let migrator = release(&db, files(&set), "2.0.0");
    migrator.run().await.unwrap();
    db.run("insert into upshift.word values ('hold', 7, 'not this one', 'postgres', now())").await;
    let fleet = migrator.join().await.unwrap();
    eventually("all but one", async || {
        db.rows("select count(*) from upshift.history where phase = 'contract'").await == "19"
    })
    .await;
    fleet.leave().await;
    assert_eq!(
        db.rows("select string_agg(version::text, ' ' order by ordinal) from upshift.history").await,
        "1 4 5 6 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23"
    );
}
