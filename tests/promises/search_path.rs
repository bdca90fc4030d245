//! A search_path in which somebody else may write: what stands there under PostgreSQL's names is never used by us.
//!
//! `search_path/trap.sql` makes a schema that has a function, an operator, a type or a view for nearly every name of
//! PostgreSQL's own catalog. Each counts when it is used, even in a transaction that is rolled back. Migrations run with
//! the search_path that the connection has, so those here name nothing that the trap could catch.

use std::process::Command;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, Pool, Runtime};
use tokio::sync::OnceCell;
use tokio_postgres::NoTls;
use upshift::{DownTarget, Grouping, LockPolicy, Migrator, Source, Target, Timeouts, Version};
use upshift_promises::database::client_program;
use upshift_promises::{Database, database, files};

/// Every kind of step, each with a way back.
const SET: &[(&str, &str)] = &[
    (
        "1_users.sql",
        "-- upshift: guard\nselect true;\n-- upshift: up\ncreate table app.users (id integer);\n\
         -- upshift: verify\nselect true;\n-- upshift: down\ndrop table app.users;",
    ),
    ("2_copy.sql", "copy app.users from stdin;\n1\n2\n\\.\n-- upshift: down\ntruncate app.users;"),
    (
        "3_prepare.sql",
        "prepare one as select 1; create table app.orders (id integer);\n-- upshift: down\ndrop table app.orders;",
    ),
    (
        "4_index.sql",
        "create index concurrently if not exists users_id on app.users (id);\n\
         -- upshift: down\ndrop index concurrently app.users_id;",
    ),
    (
        "5_off.sql",
        "-- upshift: transaction off\ncreate table app.off1 ();\nreindex table concurrently app.users;\n\
         -- upshift: down\ndrop table app.off1;",
    ),
    (
        "6_partitions.sql",
        "create table app.parts (id integer) partition by list (id);\n\
         create table app.part partition of app.parts for values in (1);\n\
         -- upshift: down\ndrop table app.parts;",
    ),
    (
        "7_keyed.sql",
        "create table app.keyed (id integer, word varchar, primary key (word, id)); insert into app.keyed values (1, 'a'), (2, 'b'), (3, 'c');\n-- upshift: down\ndrop table app.keyed;",
    ),
    (
        "8_fill.sql",
        "-- upshift: backfill table=app.keyed batch=1\nupdate app.keyed set id = id;\n-- upshift: down\nselect true;",
    ),
    (
        "9_pages.sql",
        "-- upshift: backfill table=app.users\nupdate app.users set id = id;\n\
         -- upshift: verify\nselect true;\n-- upshift: down\nselect true;",
    ),
    ("R__answer.sql", "create or replace function app.answer() returns integer language sql as 'select 42'"),
];

/// The trap, made once and copied: it has ten thousand things.
static TRAP: OnceCell<Database> = OnceCell::const_new();

async fn trap() -> Database {
    let db = Database::new().await;
    db.run(include_str!("search_path/trap.sql")).await;
    db
}

/// A database with the trap, and a role whose search_path lets it in.
struct Trapped {
    db: Database,
    role: String,
}

impl Trapped {
    async fn new(search_path: &str) -> Trapped {
        let db = TRAP.get_or_init(trap).await.copy().await;
        let role = format!("victim_of_{}", db.name());
        db.run(&format!(
            "create role {role} login; create schema app authorization {role};
            grant create on database {db} to {role};
            alter role {role} in database {db} set search_path = {search_path}",
            db = db.name()
        ))
        .await;
        Trapped { db, role }
    }

    fn url(&self) -> String {
        self.db.url().replace("postgres@", &format!("{}@", self.role))
    }

    fn migrator(&self, source: Source) -> Migrator {
        Migrator::new(database::pool(&self.url(), 4), source).service("promises", "1.0.0")
    }

    /// Fails when the trap has sprung.
    async fn expect_untouched(&self, during: &str) {
        let sprung = self.db.rows("select is_called from evil.sprung").await;
        let loot = self.db.rows("select distinct what, left(query, 2000) from evil.loot limit 20").await;
        assert!(sprung == "f" && loot.is_empty(), "during {during} the trap was sprung:\n{loot}");
    }
}

/// The two places where the attacker's schema may stand. Without being named PostgreSQL's own comes first, and then
/// still an operator is taken that fits better.
const PATHS: &[&str] = &["evil, pg_catalog", "evil"];

fn with(set: &[(&str, &str)], path: &str, text: &str) -> Source {
    let kept = set.iter().filter(|(name, _)| *name != path).copied();
    files(&kept.chain([(path, text)]).collect::<Vec<_>>())
}

async fn each_path(check: impl AsyncFn(&Trapped)) {
    for path in PATHS {
        let trapped = Trapped::new(path).await;
        check(&trapped).await;
        trapped.db.settle().await;
        trapped.db.run(&format!("drop owned by {role}; drop role {role}", role = trapped.role)).await;
    }
}

/// The trap is none if it does not spring.
#[tokio::test]
async fn the_trap_springs_for_functions_operators_types_and_views() {
    for path in PATHS {
        let trapped = Trapped::new(path).await;
        let client = database::connect(&trapped.url()).await;
        let always = [
            "select 1::bigint || 'a'::text",
            "select 1::pg_catalog.int4 = 1::pg_catalog.numeric",
            "select lag(''::pg_catalog.bytea) over ()",
        ];
        let in_front = [
            "select sha256(pg_catalog.convert_to('', 'UTF8'))",
            "select 'a'::pg_catalog.text = 'a'::pg_catalog.text",
            "select 'a' like 'b'",
            "select 1 in (1, 2)",
            "select 'a'::text",
            "select now()",
            "select count(*) from pg_catalog.pg_class",
            "select 1 from pg_class limit 1",
            "select 1 from history",
        ];
        let in_front = in_front.iter().filter(|_| path.contains("pg_catalog"));
        for query in always.iter().chain(in_front) {
            trapped.db.run("alter sequence evil.sprung restart; truncate evil.loot").await;
            client.batch_execute(query).await.unwrap();
            assert_ne!(trapped.db.rows("select what from evil.loot").await, "", "{path}: {query}");
            assert_eq!(trapped.db.rows("select is_called from evil.sprung").await, "t", "{path}: {query}");
        }
    }
}

#[tokio::test]
async fn applying_and_reverting_everything() {
    each_path(async |trapped| {
        for grouping in [Grouping::Each, Grouping::AllInOne] {
            let set = if grouping == Grouping::Each { SET } else { &SET[..3] };
            let migrator = trapped.migrator(files(set)).grouping(grouping);
            assert_eq!(migrator.run().await.unwrap().steps.len(), set.len());
            trapped.expect_untouched("the first run").await;
            assert!(migrator.run().await.unwrap().is_empty());
            trapped.expect_untouched("a run with nothing to do").await;
            migrator.redo().await.unwrap();
            migrator.down(DownTarget::All).await.unwrap();
            trapped.expect_untouched("down").await;
            assert_eq!(trapped.db.rows("select count(*) from pg_tables where schemaname = 'app'").await, "0");
        }
    })
    .await;
}

#[tokio::test]
async fn detaching_a_partition() {
    if !database::server_is_at_least(14) {
        return;
    }
    let detach = ("7_detach.sql", "alter table app.parts detach partition app.part concurrently;");
    each_path(async |trapped| {
        trapped.migrator(files(&SET[5..6])).run().await.unwrap();
        trapped.migrator(files(&[SET[5], detach])).run().await.unwrap();
        trapped.expect_untouched("DETACH PARTITION CONCURRENTLY").await;
    })
    .await;
}

#[tokio::test]
async fn an_edited_repeatable_and_an_edited_down() {
    let repeatable = "create or replace function app.answer() returns integer language sql as 'select 43'";
    let statements = "-- upshift: transaction off\ncomment on table app.users is 'users'; comment on table app.users is null;";
    let down = "prepare one as select 1; create table app.orders (id integer);\n-- upshift: down\ndrop table app.orders cascade;";
    each_path(async |trapped| {
        trapped.migrator(files(SET)).run().await.unwrap();
        for text in [repeatable, statements] {
            assert_eq!(
                trapped.migrator(with(SET, "R__answer.sql", text)).run().await.unwrap().steps.len(),
                1
            );
            trapped.expect_untouched(text).await;
        }
        trapped.migrator(with(SET, "R__answer.sql", statements)).run().await.unwrap();
        let edited = with(&[SET[0], SET[1], SET[2]], "3_prepare.sql", down);
        trapped.migrator(edited).run().await.unwrap();
        trapped.expect_untouched("keeping an edited down").await;
        assert_eq!(trapped.db.rows("select count(*) from upshift.audit where action = 'record'").await, "1");
    })
    .await;
}

#[tokio::test]
async fn failing_and_going_on() {
    let base = [
        ("1_users.sql", "create table app.users (id integer);"),
        ("2_two.sql", "insert into app.users values (1), (1);"),
    ];
    let broken = [
        ("insert into app.users values (2); nonsense", "select 1"),
        (
            "-- upshift: transaction off\ninsert into app.users values (2); nonsense;",
            "-- upshift: transaction off\ninsert into app.users values (2); select 1;",
        ),
        (
            "create unique index concurrently broken on app.users (id)",
            "create index concurrently broken on app.users (id)",
        ),
        ("-- upshift: verify\nselect false;\n-- upshift: up\nselect 1;", "select 1"),
        ("-- upshift: guard\nselect false;\n-- upshift: up\nselect 1;", "select 1"),
        ("copy app.nowhere from stdin;\n1\n\\.\n", "select 1"),
    ];
    each_path(async |trapped| {
        trapped.migrator(files(&base)).run().await.unwrap();
        for (n, (first, mended)) in broken.iter().enumerate() {
            let name = format!("{}_broken.sql", n + 3);
            trapped.migrator(with(&base, &name, first)).run().await.unwrap_err();
            trapped.expect_untouched(first).await;
            let applied = trapped.migrator(with(&base, &name, mended));
            assert_eq!(applied.run().await.unwrap().steps.len(), 1);
            trapped.expect_untouched("going on").await;
            trapped.db.run(&format!("delete from upshift.history where version = {}", n + 3)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn questions_and_repairs() {
    each_path(async |trapped| {
        let migrator = trapped.migrator(files(SET));
        let ask = async |during: &str| {
            migrator.status().await.unwrap();
            migrator.plan(Target::Head).await.unwrap();
            migrator.health().await.unwrap();
            trapped.expect_untouched(during).await;
        };
        ask("questions to an empty database").await;
        let two: Version = "2".parse().unwrap();
        migrator.baseline(two).await.unwrap();
        trapped.expect_untouched("a baseline").await;
        trapped
            .db
            .run("create table app.users (id integer); alter table app.users owner to current_user")
            .await;
        trapped.db.run(&format!("alter table app.users owner to {}", trapped.role)).await;
        migrator.run().await.unwrap();
        ask("questions to a migrated database").await;
        migrator.plan_down(DownTarget::Steps(1)).await.unwrap();
        migrator.audit().rows().await.unwrap();
        migrator.audit().verify().await.unwrap();
        trapped.expect_untouched("the audit").await;
        let edited = trapped.migrator(with(SET, "3_prepare.sql", "create table app.orders (id bigint);"));
        assert!(edited.run().await.unwrap_err().is_changed());
        trapped.expect_untouched("the difference of an edited migration").await;
        edited.repair().accept_checksum("3".parse().unwrap()).await.unwrap();
        trapped.migrator(files(&SET[..2])).repair().forget("3".parse().unwrap()).await.unwrap();
        trapped.expect_untouched("a repair").await;
        let moved: Vec<_> = SET.iter().map(|(path, text)| (renumbered(path), *text)).collect();
        let moved: Vec<(&str, &str)> = moved.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        assert_ne!(trapped.migrator(files(&moved)).repair().accept_renumbered("why").await.unwrap(), []);
        trapped.expect_untouched("other numbers").await;
    })
    .await;
}

/// The same file under another number, if it has one.
fn renumbered(path: &str) -> String {
    if path.starts_with('R') { path.to_owned() } else { format!("7{path}") }
}

const ADVISORY: &str = "select count(*) from pg_locks l join pg_database d on d.oid = l.database
    where d.datname = current_database() and l.locktype = 'advisory'";

#[tokio::test]
async fn waiting_for_another_migrator_and_for_a_table() {
    each_path(async |trapped| {
        trapped.migrator(files(&SET[..1])).run().await.unwrap();
        let other = trapped.db.client().await;
        other.batch_execute("begin; lock table app.users").await.unwrap();
        let blocked = files(&[SET[0], ("2_alter.sql", "alter table app.users add name text collate \"C\"")]);
        let timeouts = Timeouts {
            lock: Duration::from_millis(200),
            retry: Duration::from_millis(500),
            ..Timeouts::default()
        };
        let working = trapped.migrator(blocked.clone()).timeouts(timeouts);
        let working = tokio::spawn(async move { working.run().await });
        while trapped.db.rows(ADVISORY).await == "0" {
            tokio::task::yield_now().await;
        }
        let wait = Duration::ZERO;
        let waiting = trapped.migrator(blocked).lock(LockPolicy { wait }).run().await.unwrap_err();
        assert!(waiting.is_locked() && waiting.to_string().contains("pid "), "{waiting:?}");
        let error = working.await.unwrap().unwrap_err();
        assert!(!error.blockers().is_empty(), "{error:?}");
        trapped.expect_untouched("waiting").await;
    })
    .await;
}

/// The trap is let in by a migration, in the very transaction whose history row is to be written.
#[tokio::test]
async fn a_search_path_that_a_migration_sets() {
    let ways = [
        "set search_path = evil, pg_catalog; create table app.one ();",
        "set local search_path = evil, pg_catalog; create table app.one ();\n-- upshift: verify\nselect true;",
        "set search_path = evil, pg_catalog; create index concurrently on app.users (id);",
        "-- upshift: transaction off\nset search_path = evil, pg_catalog;\ncreate table app.one ();\nreindex table concurrently app.users;\n-- upshift: verify\nselect true;",
        "begin; set search_path = evil, pg_catalog; create table app.one (); commit;",
        "do $$ begin perform pg_catalog.set_config('search_path', 'evil, pg_catalog', false); end $$;",
        "-- upshift: guard\nselect pg_catalog.set_config('search_path', 'evil, pg_catalog', false) is not null;\n-- upshift: up\nselect 1;",
        "set search_path = evil, pg_catalog; prepare one as select 1; nonsense",
        "-- upshift: transaction off\nset search_path = evil, pg_catalog;\ninsert into app.users values (1);\nnonsense",
        "set search_path = evil, pg_catalog; create unique index concurrently on app.users (id)",
    ];
    let trapped = Trapped::new("pg_catalog").await;
    trapped.migrator(files(&SET[..2])).run().await.unwrap();
    trapped.db.run("insert into app.users values (1)").await;
    for (n, text) in ways.iter().enumerate() {
        let name = format!("{}_set.sql", n + 3);
        let set = with(&SET[..2], &name, text);
        let outcome = trapped.migrator(set.clone()).run().await;
        assert_eq!(outcome.is_ok(), n < 7, "{text}: {outcome:?}");
        let again = trapped.migrator(set).run().await;
        assert_eq!(again.is_ok(), n < 7, "{text}: {again:?}");
        trapped.expect_untouched(text).await;
        trapped
            .db
            .run(&format!(
                "delete from upshift.history where version = {}; drop table if exists app.one",
                n + 3
            ))
            .await;
    }
}

/// What stands in the session's own schema of temporary things comes before everything else.
#[tokio::test]
async fn temporary_tables_and_types_of_the_session() {
    const TEMPORARY: &str = "
        create temporary table pg_class (oid oid); create temporary table pg_index (indexrelid oid);
        create temporary table pg_locks (pid integer); create temporary table pg_settings (name pg_catalog.text);
        create temporary table history (version bigint); create temporary table lease (token bigint);
        create domain pg_temp.text as pg_catalog.text check (evil.spring('temporary text'));
        create domain pg_temp.bytea as pg_catalog.bytea check (evil.spring('temporary bytea'));
        create domain pg_temp.int8 as pg_catalog.int8 check (evil.spring('temporary int8'));
        create domain pg_temp.oid as pg_catalog.oid check (evil.spring('temporary oid'));
        create domain pg_temp.timestamptz as pg_catalog.timestamptz check (evil.spring('temporary timestamptz'))";
    let trapped = Trapped::new("public").await;
    let manager = Manager::new(trapped.url().parse().unwrap(), NoTls);
    let hook = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
        Box::pin(async move { client.batch_execute(TEMPORARY).await.map_err(HookError::Backend) })
    });
    let pool: Pool =
        Pool::builder(manager).max_size(4).runtime(Runtime::Tokio1).post_create(hook).build().unwrap();
    let migrator = Migrator::new(pool, files(SET));
    migrator.plan(Target::Head).await.unwrap();
    assert_eq!(migrator.run().await.unwrap().steps.len(), SET.len());
    trapped.expect_untouched("the first run").await;
    migrator.status().await.unwrap();
    migrator.audit().verify().await.unwrap();
    migrator.down(DownTarget::All).await.unwrap();
    trapped.expect_untouched("down").await;
}

#[tokio::test]
async fn the_offline_script() {
    let Some(psql) = client_program("psql") else { return };
    each_path(async |trapped| {
        let migrator = trapped.migrator(files(SET));
        for down in [false, true] {
            let plan = match down {
                false => migrator.plan(Target::Head).await.unwrap(),
                true => migrator.plan_down(DownTarget::All).await.unwrap(),
            };
            let script = std::env::temp_dir().join(format!("upshift-trap-{}.sql", trapped.db.name()));
            std::fs::write(&script, plan.to_sql()).unwrap();
            let output = Command::new(&psql)
                .arg("--no-psqlrc")
                .arg("--file")
                .arg(&script)
                .arg(trapped.url())
                .output()
                .unwrap();
            std::fs::remove_file(&script).unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            trapped.expect_untouched("the script").await;
        }
    })
    .await;
}
