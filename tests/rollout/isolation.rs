//! The fence holds whatever isolation level the database gives to those who do not ask for one.

use upshift::{GatePolicy, Migrator};
use upshift_promises::releases::{
    EXPAND, ORDERS, eventually, first_on, is_hidden, quick, release, second_on, tick,
};
use upshift_promises::{Database, files};

/// As `Tables::advisory_key` makes it for the default schema.
fn fleet_key() -> i64 {
    let bytes = "upshift fleet upshift".bytes();
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    i64::from_ne_bytes(hash.to_ne_bytes())
}

const WAITS: &str = "select count(*) from pg_locks l join pg_database d on d.oid = l.database
    where d.datname = current_database() and l.locktype = 'advisory' and not l.granted";

async fn strict(level: &str) -> Database {
    let db = Database::new().await;
    let name = db.name();
    db.run(&format!("alter database {name} set default_transaction_isolation = '{level}'")).await;
    drop(first_on(&db).await);
    drop(second_on(&db).await);
    db
}

fn sure() -> GatePolicy {
    GatePolicy { checks: 1, allowed: vec![String::new(), "orders-1.0.0".to_owned()], ..quick() }
}

/// The second release, whose contract waits for `door` once it is behind the fence.
fn slow(db: &Database, begin: &str, commit: &str) -> Migrator {
    let hide = format!(
        "-- upshift: phase contract\n-- upshift: lock-timeout 30s\n{begin}lock table door;\n\
         alter table orders rename column status to hidden_status;\n{commit}\
         -- upshift: down\nalter table orders rename column hidden_status to status;"
    );
    release(db, files(&[ORDERS, EXPAND, ("4_hide_status.sql", &hide)]), "2.0.0").gate(sure())
}

async fn who_waited_meets_the_contract(level: &str, begin: &str, commit: &str) {
    let db = strict(level).await;
    db.run("create table door ()").await;
    let member = slow(&db, begin, commit).register().await.unwrap();
    let door = db.client().await;
    door.batch_execute("begin; lock table door").await.unwrap();
    let old = release(&db, upshift_promises::releases::first(), "1.0.0");
    let contracting = tokio::spawn(async move { tick(&member).await });
    let waits_for_door = "select count(*) from pg_locks where relation = 'door'::regclass and not granted";
    eventually("the contract is behind the fence", async || db.rows(waits_for_door).await == "1").await;
    let joining = tokio::spawn(async move { old.register().await });
    eventually("old code waits for the contract", async || db.rows(WAITS).await == "1").await;
    door.batch_execute("commit").await.unwrap();
    assert_eq!(contracting.await.unwrap(), "contracted 4_hide_status");
    let joined = joining.await.unwrap();
    assert!(joined.as_ref().is_err_and(upshift::Error::is_fenced), "{level}: {joined:?}");
}

#[tokio::test]
async fn who_waits_for_a_contract_to_end_meets_it() {
    who_waited_meets_the_contract("read committed", "", "").await;
    who_waited_meets_the_contract("repeatable read", "", "").await;
    who_waited_meets_the_contract("serializable", "", "").await;
}

async fn contract_sees_who_joined(level: &str, begin: &str, commit: &str) {
    let db = strict(level).await;
    db.run("create table door ()").await;
    let member = slow(&db, begin, commit).register().await.unwrap();
    let old = db.client().await;
    old.batch_execute(&format!(
        "begin; select pg_advisory_xact_lock_shared({});
        insert into upshift.instance select 'old', 'orders', '1.0.0', 'test', 'orders-1.0.0', 'postgres', '127.0.0.1',
            '{{}}', now(), now(), now() + interval '1 minute'",
        fleet_key()
    ))
    .await
    .unwrap();
    let contracting = tokio::spawn(async move { tick(&member).await });
    eventually("the contract waits for who joins", async || db.rows(WAITS).await == "1").await;
    old.batch_execute("commit").await.unwrap();
    let said = contracting.await.unwrap();
    assert!(said.contains("orders 1.0.0 on test (old) still needs it"), "{level}: {said}");
    assert!(!is_hidden(&db).await);
}

#[tokio::test]
async fn a_contract_that_waits_for_somebody_to_join_sees_who_it_was() {
    contract_sees_who_joined("read committed", "", "").await;
    contract_sees_who_joined("repeatable read", "", "").await;
    contract_sees_who_joined("serializable", "", "").await;
}

#[tokio::test]
async fn so_does_one_that_asks_for_another_level_itself() {
    contract_sees_who_joined("read committed", "begin isolation level serializable;\n", "commit;\n").await;
    who_waited_meets_the_contract("read committed", "begin isolation level repeatable read;\n", "commit;\n")
        .await;
}

#[tokio::test]
async fn statement_by_statement_it_is_the_same() {
    let db = strict("repeatable read").await;
    let hide = "-- upshift: phase contract\n-- upshift: transaction off\n-- upshift: lock-timeout 30s\n\
        alter table orders rename column status to hidden_status;";
    let set = files(&[ORDERS, EXPAND, ("4_hide_status.sql", hide)]);
    let member = release(&db, set, "2.0.0").gate(sure()).register().await.unwrap();
    let old = db.client().await;
    old.batch_execute(&format!(
        "begin; select pg_advisory_xact_lock_shared({});
        insert into upshift.instance select 'old', 'orders', '1.0.0', 'test', 'orders-1.0.0', 'postgres', '127.0.0.1',
            '{{}}', now(), now(), now() + interval '1 minute'",
        fleet_key()
    ))
    .await
    .unwrap();
    let contracting = tokio::spawn(async move { tick(&member).await });
    eventually("the contract waits for who joins", async || db.rows(WAITS).await == "1").await;
    old.batch_execute("commit").await.unwrap();
    let said = contracting.await.unwrap();
    assert!(said.contains("orders 1.0.0 on test (old) still needs it"), "{said}");
    assert_eq!(db.rows("select count(*) from upshift.history where version = 4").await, "0");
}
