//! One change at a time: a snapshot differs exactly when pg_dump does.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use upshift_promises::Database;
use upshift_promises::database::SERVER;

use crate::oracle::{dump, pg_dump, read, snapshot};
use crate::sink::kitchen_sink;

/// Whether both see a change, neither does, or one alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Both,
    Neither,
    /// With the reason.
    SnapshotAlone(&'static str),
    /// With the reason.
    DumpAlone(&'static str),
}

use Seen::{Both, DumpAlone, Neither, SnapshotAlone};

/// Each on the kitchen sink. The objects stand in `kitchen_sink.sql`.
const CHANGES: &[(Seen, &[&str])] = &[
    (Both, SPACES),
    (Both, TYPES),
    (Both, TABLES),
    (Both, COLUMNS),
    (Both, CONSTRAINTS),
    (Both, INDEXES),
    (Both, VIEWS),
    (Both, CODE),
    (Both, OUTSIDE),
    (Both, PRIVILEGES),
    (Both, COMMENTS),
    (Neither, NOTHING),
    (
        SnapshotAlone("pg_dump leaves the version of an extension to the server it restores on"),
        &["alter extension hstore update to '1.5'"],
    ),
    (
        DumpAlone("a secret stays on the server"),
        &[
            "alter server away options (set password 'another')",
            "alter user mapping for public server away options (set password 'another')",
        ],
    ),
    (
        DumpAlone("what a subscription connects to may hold a password, and only a superuser may read it"),
        &["alter subscription listens connection 'dbname=elsewhere'"],
    ),
    (
        DumpAlone("PostgreSQL 13 tells it superusers alone"),
        &["alter subscription listens set (synchronous_commit = on)"],
    ),
];

const SPACES: &[&str] = &[
    "create schema more",
    "alter schema \"Odd Names\" rename to odd",
    "drop schema \"Odd Names\" cascade",
    "create extension pg_trgm",
    "drop extension citext cascade",
    "create extension pg_trgm schema app",
    "alter language plodd rename to plod",
    "drop language plodd cascade",
    "create access method more type index handler bthandler",
    "drop access method heapish",
    "create collation app.more (provider = icu, locale = 'de', deterministic = false)",
    "alter collation app.german rename to deutsch",
    "drop collation app.c_like",
    "drop collation app.c_like; create collation app.c_like (lc_collate = 'C', lc_ctype = 'C.UTF-8')",
    "drop conversion app.latin",
    "drop conversion app.latin; create default conversion app.latin for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8",
    "create text search dictionary app.more (template = simple)",
    "alter text search dictionary app.simple_dict (accept = false)",
    "alter text search dictionary app.simple_dict rename to plain_dict",
    "alter text search configuration app.search drop mapping for email",
    "alter text search configuration app.search alter mapping for word with simple",
    "drop text search configuration app.search",
    "drop text search parser app.words",
    "drop text search template app.plain",
];

const TYPES: &[&str] = &[
    "alter type app.mood add value 'better' before 'happy'",
    "alter type app.mood rename value 'sad' to 'blue'",
    "alter type app.mood rename to temper",
    "create type app.more as enum ()",
    "alter type app.address add attribute country text cascade",
    "drop type app.address cascade; create type app.address as (street varchar, city text collate \"C\", zip varchar(10))",
    "alter type app.address rename attribute zip to code cascade",
    "create type app.other_span as range (subtype = integer)",
    "drop type app.span",
    "drop type app.span; create type app.span as range (subtype = float8)",
    "drop type app.span; create type app.span as range (subtype = float8, subtype_diff = float8mi, multirange_type_name = app.spans)",
    "drop type app.shell",
    "create domain app.more as text",
    "alter domain app.email drop not null",
    "alter domain app.email set default 'else@example.org'",
    "alter domain app.email drop constraint has_at",
    "alter domain app.email add constraint long check (length(value::text) > 3) not valid",
    "alter domain app.email rename constraint has_at to at",
    "create type app.base",
    "create type app.base; create function app.base_in(cstring) returns app.base language internal immutable strict as 'int4in'; \
     create function app.base_out(app.base) returns cstring language internal immutable strict as 'int4out'; \
     create type app.base (input = app.base_in, output = app.base_out, like = integer)",
    "create type app.base; create function app.base_in(cstring) returns app.base language internal immutable strict as 'int4in'; \
     create function app.base_out(app.base) returns cstring language internal immutable strict as 'int4out'; \
     create type app.base (input = app.base_in, output = app.base_out, like = integer, category = 'N', preferred = true, delimiter = ';')",
];

const TABLES: &[&str] = &[
    "create table app.more ()",
    "drop table app.rooms",
    "alter table app.rooms rename to halls",
    "alter table app.rooms set schema public",
    "alter table app.scratch set logged",
    "alter table app.users set (fillfactor = 80)",
    "alter table app.users reset (fillfactor)",
    "alter table app.users set (toast.autovacuum_enabled = true)",
    "alter table app.users disable row level security",
    "alter table app.users force row level security",
    "alter table app.users replica identity default",
    "alter table app.users replica identity nothing",
    "alter table app.users replica identity using index users_pkey",
    "alter table app.admins no inherit app.users",
    "alter table app.moods not of",
    "alter table app.events detach partition app.events_2026",
    "create table app.events_2025 partition of app.events for values from ('2025-01-01') to ('2026-01-01')",
    "create table app.more (a integer) partition by hash (a); create table app.more_0 partition of app.more for values with (modulus 2, remainder 0)",
    "create table app.more (a integer) partition by list ((a + 1))",
    "alter table app.scratch add column grown text; alter table app.scratch drop column note; alter table app.scratch add column note text",
    "create sequence app.more",
    "drop sequence app.counter",
    "alter sequence app.counter increment by 3",
    "alter sequence app.counter no cycle",
    "alter sequence app.counter as bigint",
    "alter sequence app.counter minvalue 5",
    "alter sequence app.counter maxvalue 2000",
    "alter sequence app.counter cache 1",
    "alter sequence app.counter start with 11",
    "alter sequence app.counter owned by app.rooms.room",
    "alter sequence app.serials_id_seq owned by none",
    "alter sequence app.counter rename to tally",
    "create rule more as on insert to app.scratch do also select 1",
    "alter rule no_delete on app.serials rename to keep",
    "drop rule no_delete on app.serials",
    "alter table app.serials disable rule no_delete",
    "create policy more on app.scratch for delete using (true)",
    "alter policy own on app.users to reader",
    "alter policy own on app.users using (true)",
    "alter policy write on app.users with check (true)",
    "alter policy own on app.users rename to mine",
    "drop policy own on app.users",
    "drop policy write on app.users; create policy write on app.users for insert with check (score < 10)",
    "create trigger more after delete on app.users for each row execute function app.touch()",
    "drop trigger touch on app.users",
    "alter trigger touch on app.users rename to feel",
    "alter table app.users enable trigger off",
    "alter table app.users enable replica trigger touch",
    "alter table app.users enable always trigger touch",
    "create or replace trigger touch before update of email on app.users for each row execute function app.touch()",
    "create trigger each before insert on app.events for each row execute function app.touch()",
    "create trigger each before insert on app.events for each row execute function app.touch(); \
     alter table app.events_2026 disable trigger each",
    "create trigger seen after update on app.users referencing new table as fresh for each statement execute function app.touch()",
    "create statistics app.more on id, name from app.serials",
    "drop statistics app.user_stats",
    "alter statistics app.user_stats set statistics 50",
    "alter statistics app.user_stats rename to figures",
    "create statistics app.more on (lower(name)) from app.serials",
];

const COLUMNS: &[&str] = &[
    "alter table app.rooms add column size integer",
    "alter table app.rooms drop column room",
    "alter table app.rooms rename column room to number",
    "alter table app.rooms alter column room type bigint",
    "alter table app.serials alter column name type varchar(30)",
    "alter table app.users add column share numeric(12, 2); alter table app.users alter column share type numeric(12, 3)",
    "alter table app.serials alter column name type varchar(20) collate \"de-x-icu\" using name",
    "alter table app.rooms alter column room set not null",
    "alter table app.serials alter column name drop not null",
    "alter table app.rooms alter column room set default 1",
    "alter table app.users alter column name drop default",
    "alter table app.users alter column mood set default 'sad'",
    "alter table app.users alter column id drop identity",
    "alter table app.users alter column id set generated by default",
    "alter table app.users alter column id set increment by 7",
    "alter sequence app.users_id_seq rename to ids",
    "alter table app.users alter column shown drop expression",
    "alter table app.users add column doubled numeric generated always as (score * 2) stored",
    "alter table app.users alter column tags set storage extended",
    "alter table app.users alter column tags set compression pglz",
    "alter table app.users alter column name set statistics -1",
    "alter table app.users alter column name set statistics 0",
    "alter table app.users alter column born set (n_distinct = 50)",
    "alter table app.users alter column born reset (n_distinct)",
    "alter table app.users alter column born set (n_distinct_inherited = 5)",
    "alter table app.admins alter column name set default 'admin'",
    "alter table app.admins add column more text; alter table app.users add column more text",
    "alter table app.rooms add column days integer[]",
    "alter table app.rooms add column lasts interval day to second (3)",
];

const CONSTRAINTS: &[&str] = &[
    "alter table app.rooms add primary key (room)",
    "alter table app.serials drop constraint serials_pkey",
    "alter table app.users rename constraint users_email_key to one_email",
    "alter table app.users drop constraint users_email_key; alter table app.users add constraint users_email_key unique (email)",
    "alter table app.users drop constraint users_email_key; \
     alter table app.users add constraint users_email_key unique (email) deferrable",
    "alter table app.rooms add unique (room) include (during)",
    "alter table app.rooms add unique nulls not distinct (room)",
    "alter table app.rooms add constraint small check (room < 100)",
    "alter table app.rooms add constraint small check (room < 100) not valid",
    "alter table app.serials validate constraint name_is_long",
    "alter table app.users drop constraint score_is_sane",
    "alter table app.users drop constraint score_is_sane; alter table app.users add constraint score_is_sane check (score >= 0)",
    "alter table app.events drop constraint events_user_id_fkey",
    "alter table app.events drop constraint events_user_id_fkey; \
     alter table app.events add constraint events_user_id_fkey foreign key (user_id) references app.users on delete set null",
    "alter table app.rooms add constraint of_serial foreign key (room) references app.serials not valid",
    "alter table app.rooms add constraint of_serial foreign key (room) references app.serials deferrable initially deferred",
    "alter table app.rooms add constraint of_serial foreign key (room) references app.serials match full on update cascade",
    "alter table app.rooms drop constraint rooms_during_excl",
    "alter table app.rooms drop constraint rooms_during_excl; \
     alter table app.rooms add constraint rooms_during_excl exclude using gist (during with &&) where (room > 1)",
    "alter index app.users_pkey set (fillfactor = 50)",
    "alter table app.users cluster on users_pkey",
    "alter table app.events_2026 add constraint early check (id > 0)",
    "alter table app.events alter constraint events_user_id_fkey deferrable",
];

const INDEXES: &[&str] = &[
    "create index on app.rooms (room)",
    "create index concurrently rooms_room on app.rooms (room)",
    "drop index app.users_name_idx",
    "alter index app.users_born_idx rename to users_by_age",
    "alter index app.users_born_idx set (fillfactor = 50)",
    "alter table app.users set without cluster",
    "alter index app.users_name_idx alter column 1 set statistics -1",
    "create unique index on app.rooms (room desc) nulls not distinct",
    "create index on app.rooms using hash (room)",
    "create index on app.rooms using brin (room) with (pages_per_range = 4)",
    "create index on app.rooms using spgist (during)",
    "create index on only app.events (kind)",
    "create index on app.events (kind)",
    "create index on app.events_2026 (kind)",
    "create index on app.users (name collate \"de-x-icu\")",
];

const VIEWS: &[&str] = &[
    "create view app.more as select 1 as one",
    "drop view app.happy",
    "alter view app.happy rename to glad",
    "alter view app.happy reset (security_barrier)",
    "create view app.more with (check_option = local) as select * from app.rooms",
    "alter view app.happy alter column kind drop default",
    "alter view app.happy rename column kind to sort",
    "create or replace view app.happy as select u.id, u.name, e.kind from app.users u join app.events e on e.user_id = u.id",
    "drop materialized view app.counts",
    "alter materialized view app.counts set (fillfactor = 50)",
    "alter materialized view app.counts alter column n set statistics 5",
    "alter materialized view app.counts cluster on counts_mood_idx",
    "create recursive view app.more (n) as select 1 union all select n + 1 from more where n < 5",
];

const CODE: &[&str] = &[
    "create function app.more() returns integer language sql as 'select 1'",
    "create function app.add(a text) returns text language sql as 'select a'",
    "create or replace function app.add(a integer, b integer default 2) returns integer language sql immutable strict parallel safe as 'select a + b'",
    "create or replace function app.add(a integer, b integer default 1) returns integer language sql immutable strict parallel safe as 'select b + a'",
    "alter function app.add stable",
    "alter function app.add called on null input",
    "alter function app.add parallel unsafe",
    "alter function app.add cost 5",
    "alter function app.add leakproof",
    "alter function app.add security definer",
    "alter function app.add set search_path = app",
    "alter function app.add rename to plus",
    "alter function app.add set schema public",
    "create function app.more() returns setof integer rows 5 language sql as 'select 1'",
    "create function app.more(out a integer, variadic b text[]) language sql as 'select 1'",
    "create function app.more() returns table (a integer, b text) language sql as $$ select 1, 'a' $$",
    "create function app.more() returns integer language sql return 1",
    "create function app.more() returns integer language sql begin atomic select 1; end",
    "create function app.more(internal) returns internal language internal as 'int4in'",
    "drop procedure app.nothing",
    "create or replace procedure app.nothing(inout n integer) language plpgsql as $$ begin n := n + 2; end $$",
    "alter procedure app.nothing security definer",
    "drop aggregate app.total(integer)",
    "alter aggregate app.total(integer) rename to sum_of_all",
    "create or replace aggregate app.total(integer) (sfunc = app.add, stype = integer, initcond = '5', parallel = safe)",
    "create or replace aggregate app.total(integer) (sfunc = app.add, stype = integer, initcond = '0')",
    "create or replace aggregate app.total(integer) (sfunc = app.add, stype = integer, initcond = '0', parallel = safe, combinefunc = app.add)",
    "create or replace aggregate app.total(integer) (sfunc = app.add, stype = integer, initcond = '0', parallel = safe, \
     msfunc = app.add, minvfunc = int4mi, mstype = integer, minitcond = '0')",
    "create or replace aggregate app.total(integer) (sfunc = app.add, stype = integer, initcond = '0', parallel = safe, sspace = 100)",
    "create or replace aggregate app.total(integer) (sfunc = app.add, stype = integer, initcond = '0', parallel = safe, finalfunc = int4abs)",
    "create or replace aggregate app.total(integer) (sfunc = app.add, stype = integer, initcond = '0', parallel = safe, finalfunc = int4abs, finalfunc_modify = read_write)",
    "create or replace aggregate app.total(integer) (sfunc = app.add, stype = integer, initcond = '0', parallel = safe, sortop = <)",
    "create operator app.!!! (rightarg = integer, function = int4abs)",
    "drop operator app.=== (integer, integer)",
    "create operator app.<=> (leftarg = integer, rightarg = integer, function = int4eq, restrict = eqsel, join = eqjoinsel, hashes, merges)",
    "create operator app.<=> (leftarg = integer, rightarg = integer, function = int4eq, negator = operator(app.<~>))",
    "create cast (integer as app.mood) with inout",
    "drop cast (app.mood as integer)",
    "drop cast (app.mood as integer); create cast (app.mood as integer) with inout as implicit",
    "create operator class app.more for type integer using hash as operator 1 =",
    "alter operator class app.numbers_ops using btree rename to ints_ops",
    "drop operator class app.numbers_ops using btree",
    "alter operator family app.numbers using btree add operator 1 < (integer, bigint), function 1 (integer, bigint) btint48cmp(integer, bigint)",
    "drop operator family app.numbers using btree cascade",
    "drop transform for app.mood language plodd",
    "create event trigger more on sql_drop execute function app.noted()",
    "alter event trigger ddl_noted enable",
    "alter event trigger ddl_noted enable always",
    "alter event trigger ddl_noted rename to noted",
    "drop event trigger ddl_noted",
];

const OUTSIDE: &[&str] = &[
    "create foreign data wrapper more",
    "alter foreign data wrapper far options (set a 'c')",
    "alter foreign data wrapper far rename to distant",
    "create server more foreign data wrapper far",
    "alter server away version '3'",
    "alter server away options (set host 'i')",
    "alter server away rename to gone",
    "drop server away cascade",
    "create user mapping for reader server away options (\"user\" 'r')",
    "alter user mapping for public server away options (set \"user\" 'v')",
    "drop user mapping for public server away",
    "alter foreign table app.remote options (set tab 'else')",
    "alter foreign table app.remote alter column id options (set column_name 'nr')",
    "alter foreign table app.remote add column more text",
    "drop foreign table app.remote",
    "create publication more",
    "alter publication told set (publish = 'insert')",
    "alter publication told add table app.rooms",
    "alter publication told drop table app.serials",
    "alter publication told set table app.users (id, email), app.serials where (id > 5)",
    "alter publication told add tables in schema \"Odd Names\"",
    "alter publication all_of_it set (publish_via_partition_root = false)",
    "drop publication all_of_it",
    "create subscription more connection 'dbname=nowhere' publication told with (connect = false)",
    "alter subscription listens set publication told, more with (refresh = false)",
    "alter subscription listens set (streaming = true)",
    "alter subscription listens set (binary = true)",
    "alter subscription listens set (disable_on_error = true)",
    "alter subscription listens set (slot_name = none)",
];

const PRIVILEGES: &[&str] = &[
    "alter table app.rooms owner to writer",
    "alter schema app owner to writer",
    "alter type app.mood owner to writer",
    "alter domain app.email owner to writer",
    "alter sequence app.counter owner to writer",
    "alter view app.happy owner to writer",
    "alter server away owner to postgres; grant usage on foreign server away to reader",
    "alter publication told owner to writer",
    "alter statistics app.user_stats owner to writer",
    "alter operator app.=== (integer, integer) owner to writer",
    "alter text search dictionary app.simple_dict owner to writer",
    "alter function app.touch() owner to reader",
    "alter schema public owner to writer",
    "grant select on app.rooms to reader",
    "grant all on app.rooms to reader",
    "grant select on app.rooms to public",
    "revoke select on app.users from reader",
    "revoke grant option for select on app.users from reader",
    "grant select (name) on app.users to reader with grant option",
    "revoke update (name) on app.users from writer",
    "revoke all on app.rooms from postgres",
    "grant select on all tables in schema app to writer",
    "grant create on schema app to reader",
    "grant usage on type app.mood to reader; revoke usage on type app.mood from public",
    "revoke usage on domain app.email from public",
    "grant execute on function app.add to reader with grant option",
    "grant execute on procedure app.nothing to reader",
    "revoke execute on procedure app.nothing from public",
    "update pg_language set lanpltrusted = true where lanname = 'plodd'; grant usage on language plodd to reader",
    "grant usage on foreign data wrapper far to reader",
    "grant usage on foreign server away to reader",
    "grant select on app.happy to reader",
    "grant update on sequence app.counter to reader",
    "grant usage on sequence app.users_id_seq to reader",
    "grant all on sequence app.counter to reader",
    "grant create on schema public to reader",
    "revoke usage on schema public from public",
    "revoke execute on function app.citext_hash(app.citext) from public",
    "set role reader; grant select on app.users to writer",
    "set role reader; grant select on app.users to public",
    "alter default privileges in schema app revoke select on tables from reader",
    "alter default privileges in schema app grant usage on types to reader with grant option",
    "alter default privileges for role writer grant all on sequences to reader",
    "alter default privileges grant usage on schemas to reader",
    "alter default privileges revoke all on tables from postgres",
];

const COMMENTS: &[&str] = &[
    "comment on schema app is 'else'",
    "comment on schema app is null",
    "comment on schema public is 'ours'",
    "comment on schema public is null",
    "comment on extension citext is 'else'",
    "comment on language plodd is 'else'",
    "comment on access method heapish is 'else'",
    "comment on collation app.german is 'else'",
    "comment on conversion app.latin is 'else'",
    "comment on type app.address is 'else'",
    "comment on column app.address.city is 'else'",
    "comment on type app.span is 'else'",
    "comment on domain app.email is 'else'",
    "comment on constraint has_at on domain app.email is 'else'",
    "comment on table app.rooms is 'else'",
    "comment on column app.users.email is null",
    "comment on column app.happy.kind is 'else'",
    "comment on constraint name_is_long on app.serials is 'else'",
    "comment on index app.users_pkey is 'else'",
    "comment on index app.users_born_idx is 'else'",
    "comment on index app.counts_mood_idx is 'else'",
    "comment on sequence app.users_id_seq is 'else'",
    "comment on view app.happy is 'else'",
    "comment on materialized view app.counts is 'else'",
    "comment on foreign table app.remote is 'else'",
    "comment on column app.remote.id is 'else'",
    "comment on rule no_delete on app.serials is 'else'",
    "comment on trigger off on app.users is 'else'",
    "comment on policy write on app.users is 'else'",
    "comment on statistics app.user_stats is 'else'",
    "comment on procedure app.nothing is 'else'",
    "comment on aggregate app.total(integer) is 'else'",
    "comment on operator app.=== (integer, integer) is null",
    "comment on operator class app.numbers_ops using btree is 'else'",
    "comment on operator family app.numbers using btree is 'else'",
    "comment on cast (app.mood as integer) is 'else'",
    "comment on transform for app.mood language plodd is 'else'",
    "comment on text search parser app.words is 'else'",
    "comment on text search template app.plain is 'else'",
    "comment on text search dictionary app.simple_dict is 'else'",
    "comment on text search configuration app.search is 'else'",
    "comment on foreign data wrapper far is 'else'",
    "comment on server away is 'else'",
    "comment on event trigger ddl_noted is 'else'",
    "comment on publication told is 'else'",
];

/// What is no change of a schema.
const NOTHING: &[&str] = &[
    "select 1",
    "insert into app.rooms values (1, null)",
    "insert into app.events values (1, '2030-05-05'); select nextval('app.counter')",
    "analyze",
    "vacuum full app.users",
    "reindex table app.users",
    "cluster app.users",
    "refresh materialized view app.counts",
    "create temporary table more (a integer)",
    "alter table app.rooms rename to halls; alter table app.halls rename to rooms",
    "alter table app.rooms add column more text; alter table app.rooms drop column more",
    "alter table app.scratch drop column note; alter table app.scratch add column note text",
    "drop index app.users_name_idx; create index users_name_idx on app.users \
     (lower(name) text_pattern_ops desc nulls last) include (mood) where mood <> 'sad'; \
     alter index app.users_name_idx alter column 1 set statistics 300; comment on index app.users_name_idx is 'for the search'",
    "grant select on app.rooms to reader; revoke select on app.rooms from reader",
    "grant all on app.rooms to postgres",
    "create or replace function app.touch() returns trigger language plpgsql as $$\nbegin\n    new.changed_at = now();\n    \
     return new;\nend\n$$",
    "alter table app.users alter column born set (n_distinct = 100)",
    "alter table app.serials alter column name set not null",
    "select lo_create(0)",
    "comment on database current is 'not of the schema'",
];

/// One change with what was seen.
async fn try_one(
    program: Arc<PathBuf>,
    base: Arc<Base>,
    change: &'static str,
) -> Result<(bool, bool), String> {
    let db = base.db.copy().await;
    let change = change.replace("database current", &format!("database {}", db.name()));
    if change.contains("listens") {
        db.run(
            "create subscription listens connection 'dbname=nowhere' publication told with (connect = false)",
        )
        .await;
    }
    let before = if change.contains("listens") {
        (dump(&program, &db).await, snapshot(&db).await)
    } else {
        (base.dump.clone(), base.snapshot.clone())
    };
    let client = db.client().await;
    client.batch_execute(&change).await.map_err(|error| format!("{change}: {error:?}"))?;
    client.batch_execute("reset role").await.unwrap();
    let after = (dump(&program, &db).await, read(&client).await);
    Ok((before.0 != after.0, before.1 != after.1))
}

struct Base {
    db: Database,
    dump: String,
    snapshot: upshift_schema::Snapshot,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_change_is_seen_exactly_when_pg_dump_sees_it() {
    let Some(program) = pg_dump() else { return };
    let db = kitchen_sink().await;
    let base = Arc::new(Base { dump: dump(&program, &db).await, snapshot: snapshot(&db).await, db });
    let (program, turns) = (Arc::new(program), Arc::new(Semaphore::new(4)));
    let mut running = JoinSet::new();
    for (expected, changes) in CHANGES {
        for change in *changes {
            let (program, base, turns) = (program.clone(), base.clone(), turns.clone());
            running.spawn(async move {
                let _turn = turns.acquire_owned().await.unwrap();
                (*expected, *change, try_one(program, base, change).await)
            });
        }
    }
    let mut wrong = Vec::new();
    let mut tried = 0;
    for (expected, change, seen) in running.join_all().await {
        tried += 1;
        let is = match (expected, seen) {
            (Both, Ok((true, true))) | (Neither, Ok((false, false))) => true,
            (SnapshotAlone(why), Ok((false, true))) | (DumpAlone(why), Ok((true, false))) => !why.is_empty(),
            // It says so in words that came with a later major.
            (_, Err(_)) if SERVER.version().major < 15 => true,
            (_, seen) => {
                wrong.push(format!("{expected:?}: {change}: dump and snapshot: {seen:?}"));
                true
            }
        };
        assert!(is, "{change}: no reason");
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 300, "{tried} changes");
}
