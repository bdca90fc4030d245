//! A role that owns its own schema and nothing else can run everything; what it lacks is said before anything is changed,
//! all at once, as statements to paste.

use deadpool_postgres::Pool;
use expect_test::{Expect, expect};
use upshift::{DownTarget, Error, Health, Ident, Migrator, Target};
use upshift_promises::{Database, database, files};

/// Every kind of step, in a schema of the role's own.
const SET: &[(&str, &str)] = &[
    ("1_users.sql", "create table mine.users (id integer);\n-- upshift: down\ndrop table mine.users;"),
    (
        "2_index.sql",
        "insert into mine.users values (1);\ncreate index concurrently users_id on mine.users (id);\n\
         reindex table concurrently mine.users;\n-- upshift: down\ndrop index concurrently mine.users_id;",
    ),
    (
        "3_checked.sql",
        "-- upshift: transaction off\nprepare one as select 1;\nset role none;\nalter table mine.users add name text;\n\
         -- upshift: verify\nselect count(*) = 1 from mine.users;\n-- upshift: down\nselect 1;",
    ),
    ("4_copy.sql", "copy mine.users from stdin;\n2\tb\n\\.\n-- upshift: down\nselect 1;"),
    ("R__answer.sql", "create or replace function mine.answer() returns integer language sql as 'select 42'"),
];

/// A database and a role that owns the schema `mine` in it, and nothing else.
struct Small {
    db: Database,
    role: String,
}

impl Small {
    async fn new() -> Small {
        let db = Database::new().await;
        let role = format!("role_of_{}", db.name());
        db.run(&format!("create role {role} login; create schema mine authorization {role}")).await;
        Small { db, role }
    }

    /// Runs statements as the superuser; `ROLE` and `DATABASE` stand for the names.
    async fn prepare(&self, sql: &str) {
        self.db.run(&sql.replace("ROLE", &self.role).replace("DATABASE", self.db.name())).await;
    }

    fn pool(&self) -> Pool {
        database::pool(&self.db.url().replace("postgres@", &format!("{}@", self.role)), 4)
    }

    fn migrator(&self) -> Migrator {
        Migrator::new(self.pool(), files(SET))
    }

    /// What is there of upshift, with the content of its tables.
    async fn state(&self) -> String {
        let schemas =
            self.db.rows("select nspname, nspacl from pg_namespace where nspname not like 'pg%'").await;
        let tables = "select c.oid, c.relname, c.relacl from pg_class c where c.relnamespace not in (select oid from pg_namespace where nspname like 'pg%' or nspname = 'information_schema')";
        let mut state = format!("{schemas}\n{}", self.db.rows(tables).await);
        if self.db.rows("select to_regclass('upshift.lease')").await != "-" {
            for table in ["format", "lease", "history", "audit"] {
                state.push_str(&self.db.rows(&format!("select to_jsonb(t) from upshift.{table} t")).await);
            }
        }
        state
    }

    fn shown(&self, error: &Error) -> String {
        error.render().replace(&self.role, "ROLE").replace(self.db.name(), "DATABASE")
    }

    async fn done(self) {
        self.db.settle().await;
        self.prepare("drop owned by ROLE cascade; drop role ROLE").await;
    }
}

async fn goes_everywhere_and_back(migrator: &Migrator) {
    assert_eq!(migrator.run().await.unwrap().steps.len(), SET.len());
    assert!(migrator.run().await.unwrap().is_empty());
    assert_eq!(migrator.health().await.unwrap(), Health::Fits);
    migrator.redo().await.unwrap();
    assert_eq!(migrator.down(DownTarget::All).await.unwrap().steps.len(), SET.len() - 1);
    migrator.audit().verify().await.unwrap();
}

#[tokio::test]
async fn a_schema_made_by_an_administrator_is_all_it_takes() {
    let small = Small::new().await;
    small.prepare("create schema upshift authorization ROLE").await;
    let may = "select has_database_privilege('ROLE', current_database(), 'create'), rolsuper, rolcreaterole from pg_roles where rolname = 'ROLE'";
    assert_eq!(small.db.rows(&may.replace("ROLE", &small.role)).await, "f | f | f");
    goes_everywhere_and_back(&small.migrator()).await;
    small.done().await;
}

#[tokio::test]
async fn the_history_may_stand_in_the_roles_own_schema() {
    let small = Small::new().await;
    goes_everywhere_and_back(&small.migrator().schema("mine").unwrap()).await;
    small.done().await;
}

#[tokio::test]
async fn a_failure_and_what_follows_need_no_more_than_success() {
    let small = Small::new().await;
    small.prepare("create schema upshift authorization ROLE").await;
    Migrator::new(small.pool(), files(SET)).baseline("1".parse().unwrap()).await.unwrap();
    small.prepare("create table mine.users (id integer); alter table mine.users owner to ROLE").await;
    let broken = [
        SET[0],
        (
            "2_broken.sql",
            "insert into mine.users values (1), (1); create unique index concurrently on mine.users (id)",
        ),
    ];
    let error = Migrator::new(small.pool(), files(&broken)).run().await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("23505"), "{error:?}");
    assert_eq!(small.db.rows("select outcome from upshift.audit order by id desc limit 1").await, "failed");
    assert_eq!(small.db.rows("select count(*) from pg_index where not indisvalid").await, "0");
    let repair = Migrator::new(small.pool(), files(&broken));
    repair.repair().forget("2".parse().unwrap()).await.unwrap();
    small.done().await;
}

/// A run that is refused changes nothing; what it asks for is enough, at once.
async fn check(prepared: &str, expected: Expect) {
    let small = Small::new().await;
    small.prepare(prepared).await;
    let migrator = small.migrator();
    let before = small.state().await;
    let refused = migrator.run().await.unwrap_err();
    assert_eq!(small.state().await, before);
    expected.assert_eq(&small.shown(&refused));
    assert_eq!(refused.sqlstate(), Some("42501"));
    let baseline = migrator.baseline("1".parse().unwrap()).await.unwrap_err();
    assert_eq!(baseline.grants(), refused.grants(), "a baseline asks for the same");
    small.prepare(&refused.grants().join("; ")).await;
    goes_everywhere_and_back(&migrator).await;
    small.done().await;
}

#[tokio::test]
async fn a_role_that_may_not_create_the_schema() {
    check("", expect![[r#"
        the role "ROLE" lacks one thing in the database "DATABASE", and nothing was changed
          - create the schema "upshift", which is not there (or: grant create on database "DATABASE" to "ROLE")
          help: have an administrator run
            create schema "upshift" authorization "ROLE";"#]]).await;
}

#[tokio::test]
async fn a_role_that_may_not_use_the_schema() {
    check(
        "create schema upshift",
        expect![[r#"
        the role "ROLE" lacks one thing in the database "DATABASE", and nothing was changed
          - create tables in the schema "upshift"
          help: have an administrator run
            grant usage, create on schema "upshift" to "ROLE";"#]],
    )
    .await;
}

#[tokio::test]
async fn a_role_that_may_not_create_tables_in_the_schema() {
    check(
        "create schema upshift; grant usage on schema upshift to ROLE",
        expect![[r#"
        the role "ROLE" lacks one thing in the database "DATABASE", and nothing was changed
          - create tables in the schema "upshift"
          help: have an administrator run
            grant create on schema "upshift" to "ROLE";"#]],
    )
    .await;
}

#[tokio::test]
async fn a_role_that_may_not_take_the_lock() {
    check(
        "create schema upshift authorization ROLE;
        revoke execute on function pg_try_advisory_lock(bigint) from public",
        expect![[r#"
            the role "ROLE" lacks one thing in the database "DATABASE", and nothing was changed
              - take the migration lock
              help: have an administrator run
                grant execute on function pg_catalog.pg_try_advisory_lock(bigint), pg_catalog.pg_advisory_unlock(bigint), pg_catalog.pg_try_advisory_xact_lock(bigint) to "ROLE";"#]],
    )
    .await;
}

/// The tables, made and owned by somebody else.
async fn with_foreign_tables() -> Small {
    let small = Small::new().await;
    small.db.migrator(files(&[("1_first.sql", "select 1")])).run().await.unwrap();
    small.db.run("delete from upshift.history").await;
    small
}

#[tokio::test]
async fn tables_of_somebody_else_are_asked_for_one_by_one() {
    let small = with_foreign_tables().await;
    let migrator = small.migrator();
    let before = small.state().await;
    let refused = migrator.run().await.unwrap_err();
    assert_eq!(small.state().await, before);
    expect![[r#"
        the role "ROLE" lacks 5 things in the database "DATABASE", and nothing was changed
          - use the schema "upshift"
          - select, update on "upshift".format
          - select, update on "upshift".lease
          - select, insert, update, delete on "upshift".history
          - select, insert on "upshift".audit
          help: have an administrator run
            grant usage on schema "upshift" to "ROLE";
            grant select, update on "upshift".format to "ROLE";
            grant select, update on "upshift".lease to "ROLE";
            grant select, insert, update, delete on "upshift".history to "ROLE";
            grant select, insert on "upshift".audit to "ROLE";"#]]
    .assert_eq(&small.shown(&refused));
    small.prepare(&refused.grants().join("; ")).await;
    goes_everywhere_and_back(&migrator).await;
    small.done().await;
}

#[tokio::test]
async fn every_single_privilege_that_is_missing_is_named() {
    let small = with_foreign_tables().await;
    let all = small.migrator().run().await.unwrap_err();
    small.prepare(&all.grants().join("; ")).await;
    let mut missing = 0;
    for grant in all.grants().into_iter().map(str::to_owned) {
        let (what, on) = grant.strip_prefix("grant ").unwrap().split_once(" on ").unwrap();
        for privilege in what.split(", ") {
            let on_from = on.replace(" to ", " from ");
            small.db.run(&format!("revoke {privilege} on {on_from}")).await;
            let before = small.state().await;
            let refused = small.migrator().run().await.unwrap_err();
            assert_eq!(refused.grants(), [format!("grant {privilege} on {on}")], "{refused:?}");
            assert_eq!(small.state().await, before);
            small.db.run(refused.grants()[0]).await;
            missing += 1;
        }
    }
    assert_eq!(missing, 11);
    goes_everywhere_and_back(&small.migrator()).await;
    small.done().await;
}

#[tokio::test]
async fn tables_of_an_older_format_must_be_the_roles_own_to_be_brought_to_the_newer_one() {
    let small = with_foreign_tables().await;
    small.prepare("grant all on schema upshift to ROLE; grant all on all tables in schema upshift to ROLE; update upshift.format set version = 0").await;
    let refused = small.migrator().run().await.unwrap_err();
    expect![[r#"
        the role "ROLE" lacks 8 things in the database "DATABASE", and nothing was changed
          - bring the table "upshift".format to a newer format, as it does not own it
          - bring the table "upshift".lease to a newer format, as it does not own it
          - bring the table "upshift".history to a newer format, as it does not own it
          - bring the table "upshift".audit to a newer format, as it does not own it
          - bring the table "upshift".instance to a newer format, as it does not own it
          - bring the table "upshift".switch to a newer format, as it does not own it
          - bring the table "upshift".word to a newer format, as it does not own it
          - bring the table "upshift".snapshot to a newer format, as it does not own it
          help: have an administrator run
            alter table "upshift".format owner to "ROLE";
            alter table "upshift".lease owner to "ROLE";
            alter table "upshift".history owner to "ROLE";
            alter table "upshift".audit owner to "ROLE";
            alter table "upshift".instance owner to "ROLE";
            alter table "upshift".switch owner to "ROLE";
            alter table "upshift".word owner to "ROLE";
            alter table "upshift".snapshot owner to "ROLE";"#]]
    .assert_eq(&small.shown(&refused));
    small.done().await;
}

#[tokio::test]
async fn a_role_that_may_only_read_gets_answers_to_every_question() {
    let small = Small::new().await;
    small.db.migrator(files(SET)).run().await.unwrap();
    let migrator = small.migrator();
    let refused = migrator.status().await.unwrap_err();
    expect![[r#"
        the role "ROLE" lacks 4 things in the database "DATABASE", and nothing was changed
          - use the schema "upshift"
          - select on "upshift".format
          - select on "upshift".lease
          - select on "upshift".history
          help: have an administrator run
            grant usage on schema "upshift" to "ROLE";
            grant select on "upshift".format to "ROLE";
            grant select on "upshift".lease to "ROLE";
            grant select on "upshift".history to "ROLE";"#]]
    .assert_eq(&small.shown(&refused));
    small.prepare(&refused.grants().join("; ")).await;
    small.prepare("alter role ROLE set default_transaction_read_only = on").await;
    let migrator = small.migrator();
    assert!(migrator.status().await.unwrap().refused.is_empty());
    assert!(migrator.plan(Target::Head).await.unwrap().is_empty());
    assert_eq!(migrator.plan_down(DownTarget::All).await.unwrap().steps().count(), SET.len() - 1);
    assert_eq!(migrator.health().await.unwrap(), Health::Fits);
    assert!(migrator.run().await.unwrap().is_empty(), "with nothing to do it may even boot");
    small.done().await;
}

#[tokio::test]
async fn a_run_by_a_role_that_may_not_even_read_is_told_everything_at_once() {
    let small = with_foreign_tables().await;
    let all = small.migrator().run().await.unwrap_err();
    let down = small.migrator().down(DownTarget::All).await.unwrap_err();
    let reading = small.migrator().plan(Target::Head).await.unwrap_err();
    assert_eq!(down.grants(), all.grants());
    assert_eq!((reading.grants().len(), all.grants().len()), (4, 5));
    small.done().await;
}

/// Names that must be quoted are.
#[tokio::test]
async fn what_is_to_be_pasted_is_quoted() {
    let small = Small::new().await;
    let odd = Ident::new(format!("an \"odd\"; role of {}", small.db.name())).unwrap();
    small.db.run(&format!("create role {odd}; grant {odd} to {}", small.role)).await;
    let url = small.db.url();
    let manager = deadpool_postgres::Manager::new(url.parse().unwrap(), tokio_postgres::NoTls);
    let set_role = format!("set role {odd}");
    let hook = deadpool_postgres::Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
        let set_role = set_role.clone();
        Box::pin(async move {
            client.batch_execute(&set_role).await.map_err(deadpool_postgres::HookError::Backend)
        })
    });
    let pool = Pool::builder(manager).max_size(2).post_create(hook).build().unwrap();
    let migrator = Migrator::new(pool, files(&[("1_one.sql", "select 1")])).schema("a \"history\"").unwrap();
    let refused = migrator.run().await.unwrap_err();
    small.db.run(&refused.grants().join("; ")).await;
    assert_eq!(migrator.run().await.unwrap().steps.len(), 1);
    small.db.run(&format!("drop owned by {odd}; drop role {odd}")).await;
    small.done().await;
}
