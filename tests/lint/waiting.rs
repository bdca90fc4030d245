//! Statements that no transaction can hold (CONCURRENTLY, VACUUM), and some that one can: what they ask for, seen from
//! outside while they wait.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use tokio_postgres::Client;
use upshift_files::sql::split;
use upshift_lint::effect::{Certainty, Major, effects};
use upshift_lint::read;
use upshift_lint::statement::{LockMode, Name};
use upshift_promises::Database;
use upshift_promises::database::{SERVER, rows};

use crate::observe::full_mode;
use crate::predict::{SETUP, catalog};

/// A statement, what another transaction did and holds, and the table whose strongest lock is compared.
const CASES: [(&str, &str, &str); 20] = [
    ("create index concurrently u_c on u(b)", WRITER, "u"),
    ("create unique index concurrently u_d on u(g)", WRITER, "u"),
    ("reindex index concurrently u_a", WRITER, "u"),
    ("reindex table concurrently u", WRITER, "u"),
    ("drop index concurrently u_c", READER, "u"),
    ("alter table p detach partition p1 concurrently", "lock table p1 in share update exclusive mode", "p"),
    ("vacuum u", VACUUM, "u"),
    ("vacuum full u", READER, "u"),
    ("analyze u", VACUUM, "u"),
    ("cluster u using u_a", READER, "u"),
    ("create index on u(g)", WRITER, "u"),
    ("reindex table u", WRITER, "u"),
    ("reindex index u_a", WRITER, "u"),
    ("alter table u add column zz int", READER, "u"),
    ("alter table u alter column b set statistics 50", VACUUM, "u"),
    ("alter table c2 validate constraint c2_fk", "lock table c2 in share update exclusive mode", "c2"),
    (
        "alter table c2 add constraint c2_two foreign key (tid) references t(id) not valid",
        "update c2 set tid = 1",
        "c2",
    ),
    ("create trigger u_tr before insert on u for each row execute procedure trf()", WRITER, "u"),
    ("truncate u", READER, "u"),
    ("drop table u", READER, "u"),
];

const WRITER: &str = "update u set b = 'q' where id = 1";
const READER: &str = "select 1 from u limit 1";
const VACUUM: &str = "lock table u in share update exclusive mode";

/// The locks that a session has and waits for, by relation of the schema `z`.
async fn locks_of(watcher: &Client, pid: &str) -> BTreeMap<String, LockMode> {
    let sql = format!(
        "select c.relname, l.mode
         from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid = l.relation
         where l.pid = {pid} and l.locktype = 'relation' and c.relnamespace = 'z'::regnamespace"
    );
    let mut locks: BTreeMap<String, LockMode> = BTreeMap::new();
    for line in rows(watcher, &sql).await.lines() {
        let (name, mode) = line.split_once(" | ").unwrap();
        let strongest = locks.entry(name.to_owned()).or_insert(full_mode(mode));
        *strongest = (*strongest).max(full_mode(mode));
    }
    locks
}

/// What a statement has and asks for at the moment it waits for a lock.
async fn while_it_waits(db: &Database, statement: &str, blocker: &str) -> BTreeMap<String, LockMode> {
    let (holder, worker, watcher) = (db.client().await, db.client().await, db.client().await);
    holder.batch_execute(&format!("set search_path = z; begin; {blocker}")).await.unwrap();
    worker.batch_execute("set search_path = z; set client_min_messages = error").await.unwrap();
    let pid = rows(&worker, "select pg_backend_pid()").await;
    let sql = statement.to_owned();
    let work = tokio::spawn(async move { worker.batch_execute(&sql).await });
    let waits = format!("select 1 from pg_stat_activity where pid = {pid} and wait_event_type = 'Lock'");
    let began = Instant::now();
    while rows(&watcher, &waits).await.is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20), "it never waited: {statement}");
        assert!(!work.is_finished(), "it ended without waiting: {statement}: {:?}", work.await);
        tokio::task::yield_now().await;
    }
    let locks = locks_of(&watcher, &pid).await;
    holder.batch_execute("rollback").await.unwrap();
    work.await.unwrap().unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    locks
}

#[tokio::test]
async fn the_model_knows_what_waiting_statements_ask_for() {
    let db = Database::new().await;
    let client = db.client().await;
    client.batch_execute("set client_min_messages = error").await.unwrap();
    client.batch_execute(SETUP).await.unwrap();
    let mut catalog = catalog(SETUP);
    let major = u16::try_from(SERVER.version().major).unwrap();
    for (sql, blocker, table) in CASES {
        let cuts = split(sql).unwrap();
        let statement = read(sql, &cuts[0]);
        let said = effects(&statement, &catalog, Major(major));
        if let Certainty::Refused(_) = said.certainty {
            assert!(
                db.client().await.batch_execute(&format!("set search_path = z; {sql}")).await.is_err(),
                "{sql}"
            );
            continue;
        }
        let did = while_it_waits(&db, sql, blocker).await;
        let named = Name::in_schema("z", table);
        assert_eq!(said.strongest(&named), did.get(table).copied(), "{sql}: {did:?}, said {:?}", said.locks);
        let unsaid: BTreeSet<&String> = did
            .iter()
            .filter(|(name, mode)| {
                let name = Name::in_schema("z", name.as_str());
                // What the statement makes itself has no name in the model.
                catalog.relation(&name).is_some()
                    && said.strongest(&name).is_none_or(|strongest| strongest < **mode)
            })
            .map(|(name, _)| name)
            .collect();
        assert!(unsaid.is_empty(), "{sql}: {unsaid:?} of {did:?}, said {:?}", said.locks);
        catalog.apply(&statement);
    }
}
