//! A schema that somebody changed behind our back is seen; what migrations, hooks and repeatables changed is no drift.

use expect_test::{Expect, expect};
use upshift::schema::Filter;
use upshift::{
    BoxError, DownTarget, Drift, DriftPolicy, Hooks, Migrator, NothingKept, Report, Source, StepContext,
};
use upshift_promises::{Database, files, steps};

pub(crate) const SHOP: &[(&str, &str)] = &[(
    "1_shop.sql",
    "create table users (id bigint primary key, email text not null constraint users_email_check check (email <> ''));
    create index users_email on users (email);
    create table orders (id bigint primary key, user_id bigint constraint orders_user_fkey references users);
    create function loud(t text) returns text language sql as 'select upper(t)';
    create function touch() returns trigger language plpgsql as 'begin return new; end';
    create trigger users_touch before update on users for each row execute function touch();
    create view mails as select u.email from users u;",
)];

pub(crate) fn watching(db: &Database, source: impl Into<Source>) -> Migrator {
    db.migrator(source).drift_policy(DriftPolicy::Watch)
}

/// A database with the shop, whose schema was kept.
pub(crate) async fn shop() -> Database {
    let db = Database::new().await;
    watching(&db, files(SHOP)).run().await.unwrap();
    db
}

/// What a person reads, without the times.
pub(crate) fn shown(text: impl ToString) -> String {
    let mut text = text.to_string();
    while let Some(end) = text.find(" UTC") {
        text.replace_range(end - 19..end + 4, "DATE");
    }
    text
}

pub(crate) async fn drift(db: &Database) -> Drift {
    db.migrator(files(SHOP)).drift().await.unwrap()
}

/// A change behind our back, what a person reads of it, and nothing any more when it is taken back.
async fn check(db: &Database, change: &str, back: &str, expected: Expect) {
    db.run(change).await;
    let found = drift(db).await;
    assert!(found.is_found(), "{change}: {found}");
    expected.assert_eq(&shown(&found));
    db.run(back).await;
    let left = drift(db).await;
    assert!(matches!(left, Drift::None { .. }), "{back}: {left}");
}

#[tokio::test]
async fn what_changes_a_table_is_named_with_it() {
    let db = shop().await;
    expect![[r#"
        no drift: the schema is as promises 1.0.0 of DATE left it
    "#]]
    .assert_eq(&shown(drift(&db).await));
    check(
        &db,
        "alter table users add note text",
        "alter table users drop note",
        expect![[r#"
        the schema has drifted since promises 1.0.0 of DATE left it: 1 change, in public.users
        added column public.users.note: text
    "#]],
    )
    .await;
    check(
        &db,
        "alter table users alter email drop not null",
        "alter table users alter email set not null",
        expect![[r#"
            the schema has drifted since promises 1.0.0 of DATE left it: 1 change, in public.users
            changed column public.users.email
                - text NOT NULL
                + text
        "#]],
    )
    .await;
    check(
        &db,
        "drop index users_email",
        "create index users_email on users (email)",
        expect![[r#"
        the schema has drifted since promises 1.0.0 of DATE left it: 1 change, in public.users
        removed index public.users.users_email: CREATE INDEX users_email ON public.users USING btree (email)
    "#]],
    )
    .await;
    check(
        &db,
        "alter table orders drop constraint orders_user_fkey,
        add constraint orders_user_fkey foreign key (user_id) references users not valid",
        "alter table orders validate constraint orders_user_fkey",
        expect![[r#"
            the schema has drifted since promises 1.0.0 of DATE left it: 1 change, in public.orders
            changed constraint public.orders.orders_user_fkey
                - FOREIGN KEY (user_id) REFERENCES public.users(id)
                + FOREIGN KEY (user_id) REFERENCES public.users(id) NOT VALID
        "#]],
    )
    .await;
    check(
        &db,
        "alter table users disable trigger users_touch",
        "alter table users enable trigger users_touch",
        expect![[r#"
            the schema has drifted since promises 1.0.0 of DATE left it: 1 change, in public.users
            changed trigger public.users.users_touch
                - CREATE TRIGGER users_touch BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.touch()
                + CREATE TRIGGER users_touch BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.touch() DISABLED
        "#]],
    )
    .await;
    check(
        &db,
        "alter table users enable row level security; create policy everybody on users using (true)",
        "drop policy everybody on users; alter table users disable row level security",
        expect![[r#"
            the schema has drifted since promises 1.0.0 of DATE left it: 2 changes, in public.users
            changed table public.users
                + ROW LEVEL SECURITY
            added policy public.users.everybody: PERMISSIVE FOR ALL TO PUBLIC USING (true)
        "#]],
    )
    .await;
    check(
        &db,
        "grant select on users to public",
        "revoke select on users from public",
        expect![[r#"
        the schema has drifted since promises 1.0.0 of DATE left it: 1 change, in public.users
        added grant on table public.users TO PUBLIC: SELECT
    "#]],
    )
    .await;
    check(
        &db,
        "comment on column users.email is 'by hand'",
        "comment on column users.email is null",
        expect![[r#"
            the schema has drifted since promises 1.0.0 of DATE left it: 1 change, in public.users
            added comment on column public.users.email: by hand
        "#]],
    )
    .await;
}

#[tokio::test]
async fn what_changes_beside_the_tables_is_named_too() {
    let db = shop().await;
    check(
        &db,
        "create or replace function loud(t text) returns text language sql as 'select lower(t)'",
        "create or replace function loud(t text) returns text language sql as 'select upper(t)'",
        expect![[r#"
            the schema has drifted since promises 1.0.0 of DATE left it: 1 change
            changed function public.loud(text)
                - AS $function$select upper(t)$function$
                + AS $function$select lower(t)$function$
        "#]],
    )
    .await;
    check(
        &db,
        "create table stray (id bigint primary key, at date)",
        "drop table stray",
        expect![[r#"
            the schema has drifted since promises 1.0.0 of DATE left it: 1 change, in public.stray
            added table public.stray (2 columns, 1 constraint)
        "#]],
    )
    .await;
    check(
        &db,
        "create type mood as enum ('sad', 'happy'); create sequence numbers",
        "drop type mood; drop sequence numbers",
        expect![[r#"
            the schema has drifted since promises 1.0.0 of DATE left it: 2 changes
            added type public.mood
            added sequence public.numbers: bigint
        "#]],
    )
    .await;
    check(
        &db,
        "drop view mails; create table a (); create table b (); create table c (); create table d (); create table e ()",
        "create view mails as select u.email from users u; drop table a, b, c, d, e",
        expect![[r#"
            the schema has drifted since promises 1.0.0 of DATE left it: 6 changes, in public.a, public.b, public.c, public.d, public.e and 1 more
            added table public.a
            added table public.b
            added table public.c
            added table public.d
            added table public.e
            removed view public.mails (1 column)
        "#]],
    )
    .await;
}

#[tokio::test]
async fn drift_as_a_value_names_its_tables() {
    let db = shop().await;
    db.run("alter table users add note text; grant select on mails to public; create sequence numbers").await;
    let drift = drift(&db).await;
    assert_eq!(drift.relations(), ["public.mails", "public.users"]);
    assert_eq!(drift.diff().unwrap().changes.len(), 3);
}

#[tokio::test]
async fn nothing_is_kept_unless_somebody_asked_for_it() {
    let db = Database::new().await;
    expect![[r#"
        whether the schema has drifted is not known: no run has kept a snapshot of it
        help: the next run that does something keeps one where it is told `drift_policy(DriftPolicy::Watch)`; `migrator.repair().accept_drift("why")` does now
    "#]].assert_eq(&shown(drift(&db).await));
    db.migrator(files(SHOP)).run().await.unwrap();
    assert!(matches!(drift(&db).await, Drift::Unknown { why: NothingKept::Never, .. }));
    assert_eq!(db.rows("select count(*) from upshift.snapshot").await, "0");
}

pub(crate) const MORE: (&str, &str) =
    ("2_notes.sql", "create table notes ();\n-- upshift: down\ndrop table notes;");

#[tokio::test]
async fn a_run_does_not_make_drift_right() {
    let db = shop().await;
    db.run("alter table users add by_hand text").await;
    let report = watching(&db, files(&[SHOP[0], MORE])).run().await.unwrap();
    let notes: Vec<String> = report.notes.iter().map(ToString::to_string).collect();
    expect!["the schema has drifted since promises 1.0.0 of DATE left it: 1 change, in public.users"]
        .assert_eq(&shown(notes.join("\n")));
    expect![[r#"
        the schema has drifted since promises 1.0.0 of DATE left it: 1 change, in public.users
        added column public.users.by_hand: text
    "#]]
    .assert_eq(&shown(drift(&db).await));
    // The way back as well, and another column beside the drifted one.
    watching(&db, files(&[SHOP[0], MORE])).down(DownTarget::Steps(1)).await.unwrap();
    let beside = ("3_beside.sql", "alter table users add ours text");
    watching(&db, files(&[SHOP[0], beside])).run().await.unwrap();
    expect![[r#"
        the schema has drifted since promises 1.0.0 of DATE left it: 1 change, in public.users
        added column public.users.by_hand: text
    "#]]
    .assert_eq(&shown(drift(&db).await));
    db.run("alter table users drop by_hand").await;
    assert!(matches!(drift(&db).await, Drift::None { .. }));
}

#[tokio::test]
async fn a_run_on_a_drifted_schema_may_be_refused() {
    let db = shop().await;
    db.run("drop index users_email; alter table users add note text").await;
    let migrator = db.migrator(files(&[SHOP[0], MORE])).drift_policy(DriftPolicy::Refuse);
    let refused = migrator.run().await.unwrap_err();
    expect![[r#"
        the schema has drifted since promises 1.0.0 of DATE left it: 2 changes, in public.users; nothing was done
          added column public.users.note: text
          removed index public.users.users_email: CREATE INDEX users_email ON public.users USING btree (email)
          help: take the changes back, or accept them with `migrator.repair().accept_drift("why")`, and write a migration for the other databases if they are to stay"#]].assert_eq(&shown(refused.render()));
    assert_eq!(refused.drift().unwrap().relations(), ["public.users"]);
    assert_eq!(db.tables().await, "orders users");
    db.settle().await;
    // Nothing to do is not refused: a service that boots is no migration.
    assert!(db.migrator(files(SHOP)).drift_policy(DriftPolicy::Refuse).run().await.unwrap().is_empty());
    let accepted = migrator.repair().accept_drift("the index was never used").await.unwrap();
    assert_eq!(accepted.diff().unwrap().changes.len(), 2);
    let said = "select action, outcome, name, detail from upshift.audit order by id desc limit 1";
    expect!["accept | done | drift | the index was never used (the schema has drifted since promises 1.0.0 of DATE left it: 2 changes, in public.users)"].assert_eq(&shown(db.rows(said).await));
    assert_eq!(steps(&migrator.run().await.unwrap()), "up 2_notes");
    assert!(matches!(drift(&db).await, Drift::None { .. }));
    migrator.audit().verify().await.unwrap();
}

struct Making;

#[upshift::async_trait]
impl Hooks for Making {
    async fn after_run(&self, _: &Report, context: &mut StepContext<'_>) -> Result<(), BoxError> {
        Ok(context.batch_execute("create table of_a_hook ()").await?)
    }
}

#[tokio::test]
async fn what_a_hook_or_a_repeatable_changes_is_no_drift() {
    let db = shop().await;
    let repeatable = |sql| files(&[SHOP[0], ("R__one.sql", sql)]);
    let first = "create or replace function one() returns integer language sql as 'select 1'";
    watching(&db, repeatable(first)).hooks_with(Making).run().await.unwrap();
    assert!(matches!(drift(&db).await, Drift::None { .. }));
    let again = "create or replace function one() returns integer language sql as 'select 2 - 1'";
    assert_eq!(steps(&watching(&db, repeatable(again)).run().await.unwrap()), "up R__one");
    assert!(matches!(drift(&db).await, Drift::None { .. }));
}

#[tokio::test]
async fn what_a_failed_migration_left_is_no_drift_and_what_a_person_does_about_it_is() {
    let db = shop().await;
    let broken = [SHOP[0], ("2_half.sql", "create table half ();\nvacuum nowhere;")];
    watching(&db, files(&broken)).run().await.unwrap_err();
    assert_eq!(db.tables().await, "half orders users");
    assert!(matches!(drift(&db).await, Drift::None { .. }));
    db.run("drop table half").await;
    watching(&db, files(&broken)).repair().forget("2".parse().unwrap()).await.unwrap();
    expect![[r#"
        the schema has drifted since promises 1.0.0 of DATE left it: 1 change, in public.half
        removed table public.half
    "#]]
    .assert_eq(&shown(drift(&db).await));
    db.run("create table half ()").await;
    // What is rolled back whole leaves nothing to keep.
    let at = db.rows("select at from upshift.snapshot").await;
    let broken = [SHOP[0], ("2_nothing.sql", "create table nothing ();\nselect nonsense;")];
    watching(&db, files(&broken)).run().await.unwrap_err();
    assert_eq!(db.rows("select at from upshift.snapshot").await, at);
    assert!(matches!(drift(&db).await, Drift::None { .. }));
}

#[tokio::test]
async fn a_repair_hides_no_drift_and_a_baseline_begins_without() {
    let db = Database::new().await;
    db.run(SHOP[0].1).await;
    watching(&db, files(SHOP)).baseline("1".parse().unwrap()).await.unwrap();
    assert!(matches!(drift(&db).await, Drift::None { .. }));
    db.run("create table stray ()").await;
    let edited = [("1_shop.sql", "select 'edited'")];
    watching(&db, files(&edited)).repair().accept_checksum("1".parse().unwrap()).await.unwrap();
    assert_eq!(drift(&db).await.relations(), ["public.stray"]);
}

#[tokio::test]
async fn others_may_change_what_the_filter_leaves_out() {
    let db = Database::new().await;
    db.run("create schema theirs").await;
    let ours = |source: Source| watching(&db, source).drift_filter(Filter::new().only_schemas(["public"]));
    ours(files(SHOP)).run().await.unwrap();
    db.run("create table theirs.t ()").await;
    assert!(matches!(ours(files(SHOP)).drift().await.unwrap(), Drift::None { .. }));
    db.run("create table t ()").await;
    assert_eq!(ours(files(SHOP)).drift().await.unwrap().relations(), ["public.t"]);
    // With another filter nothing can be said, until a run keeps what it asks for.
    expect![[r#"
        whether the schema has drifted is not known: the last run kept a snapshot of other objects (the schemas "public") than are asked for (all schemas but "upshift"; without user mapping)
        help: the next run that does something keeps one where it is told `drift_policy(DriftPolicy::Watch)`; `migrator.repair().accept_drift("why")` does now
    "#]].assert_eq(&shown(drift(&db).await));
    watching(&db, files(&[SHOP[0], MORE])).run().await.unwrap();
    assert!(matches!(drift(&db).await, Drift::None { .. }));
}

#[tokio::test]
async fn a_history_among_the_services_own_tables_hides_none_of_them() {
    let db = Database::new().await;
    let beside = |db: &Database| watching(db, files(SHOP)).schema("public").unwrap();
    beside(&db).run().await.unwrap();
    assert!(matches!(beside(&db).drift().await.unwrap(), Drift::None { .. }));
    db.run("alter table users add note text; create index history_by_hand on history (name)").await;
    assert_eq!(
        beside(&db).drift().await.unwrap().relations(),
        ["public.users"],
        "ours are nobody's business"
    );
}

#[tokio::test]
async fn another_major_of_the_server_is_said_for_it_may_use_other_words() {
    let db = shop().await;
    let this = db.rows("select server from upshift.snapshot").await;
    db.run("update upshift.snapshot set server = 12; alter table users add note text").await;
    expect![[r#"
        the schema has drifted since promises 1.0.0 of DATE left it: 1 change, in public.users
        note: it was kept on PostgreSQL 12, and this is NOW, which may print views and functions in other words
        added column public.users.note: text
    "#]].assert_eq(&shown(drift(&db).await).replace(&format!("this is {this}"), "this is NOW"));
}
