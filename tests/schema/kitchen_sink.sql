-- Every kind of object that a snapshot knows, for PostgreSQL 13 and later.
create schema app;
create schema "Odd Names";
create extension citext schema app;
create extension hstore schema app version '1.4';
create collation app.german from "de-x-icu";
create collation app.c_like (locale = 'C');

create type app.mood as enum ('sad', 'it''s ok', 'happy');
create type app.address as (street text, city text collate "C", zip varchar(10));
create type app.span as range (subtype = float8, subtype_diff = float8mi);
create type app.shell;
create domain app.email as app.citext default 'nobody@example.org' not null
    constraint has_at check (value operator(app.~~) '%@%');

create function app.touch() returns trigger language plpgsql as $$
begin
    new.changed_at = now();
    return new;
end
$$;
create function app.add(a integer, b integer default 1) returns integer
    language sql immutable strict parallel safe as 'select a + b';
create procedure app.nothing(inout n integer) language plpgsql as $$ begin n := n + 1; end $$;
create function app.noted() returns event_trigger language plpgsql as $$ begin end $$;
create aggregate app.total(integer) (sfunc = app.add, stype = integer, initcond = '0', parallel = safe);
create operator app.=== (leftarg = integer, rightarg = integer, function = app.add, commutator = operator(app.===));
create cast (app.mood as integer) with inout as assignment;
create operator family app.numbers using btree;
create operator class app.numbers_ops for type integer using btree family app.numbers as
    operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1 btint4cmp(integer, integer);
create conversion app.latin for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;

create sequence app.counter as integer increment by 2 start with 10 maxvalue 1000 cache 5 cycle;

create table app.users (
    id bigint generated always as identity (start with 100 increment by 5) primary key,
    email app.email,
    name text collate "C" not null default 'nobody',
    mood app.mood default 'happy',
    born date check (born > '1900-01-01'),
    home app.address,
    score numeric(10, 2) default 0,
    tags text[] default '{}',
    shown text generated always as (upper(name)) stored,
    changed_at timestamptz default now(),
    constraint users_email_key unique (email) deferrable initially deferred,
    constraint score_is_sane check (score >= 0) no inherit
) with (fillfactor = 70, toast.autovacuum_enabled = false);
alter table app.users alter column tags set storage external;
alter table app.users alter column name set statistics 500;
alter table app.users alter column born set (n_distinct = 100);
alter table app.users replica identity full;
create table app.serials (id serial primary key, name varchar(20) not null);
create unlogged table app.scratch (note text);
create table app.moods of app.address (primary key (zip));
create table app.admins (level integer not null) inherits (app.users);

create table app.events (
    id bigint not null, at timestamptz not null, user_id bigint references app.users on delete cascade, kind text,
    primary key (id, at)
) partition by range (at);
create table app.events_2026 partition of app.events for values from ('2026-01-01') to ('2027-01-01');
create table app.events_rest partition of app.events default;
create table app.rooms (room integer, during tsrange, exclude using gist (during with &&));
create table "Odd Names"."Table: one" ("select" integer, "a.b" text, "line
break" text);

alter table app.serials add constraint name_is_long check (length(name) > 3) not valid;
create index users_name_idx on app.users (lower(name) text_pattern_ops desc nulls last) include (mood) where mood <> 'sad';
create index events_user_idx on app.events (user_id);
create index users_born_idx on app.users (born);
alter table app.users cluster on users_born_idx;
alter index app.users_name_idx alter column 1 set statistics 300;
create statistics app.user_stats (ndistinct, dependencies) on name, born from app.users;

create trigger touch before update on app.users for each row when (old.name is distinct from new.name) execute function app.touch();
create trigger off after insert on app.users for each statement execute function app.touch();
alter table app.users disable trigger off;
create trigger each_event before insert on app.events_2026 for each row execute function app.touch();
create constraint trigger late after insert on app.serials deferrable initially deferred
    for each row execute function app.touch();
create event trigger ddl_noted on ddl_command_end when tag in ('CREATE TABLE') execute function app.noted();
alter event trigger ddl_noted disable;
create rule no_delete as on delete to app.serials do instead nothing;

alter table app.users enable row level security;
create policy own on app.users for select to public using (name = current_user);
create policy write on app.users as restrictive for insert with check (score < 10);

create view app.happy with (security_barrier) as
    select u.id, u.name, e.kind from app.users u join app.events e on e.user_id = u.id where u.mood = 'happy';
alter view app.happy alter column kind set default 'none';
create materialized view app.counts as select mood, count(*) as n from app.users group by mood;
create unique index counts_mood_idx on app.counts (mood);

create text search dictionary app.simple_dict (template = simple, stopwords = english);
create text search configuration app.search (copy = simple);
alter text search configuration app.search alter mapping for word, asciiword with app.simple_dict, simple;
create text search parser app.words (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end,
    lextypes = prsd_lextype, headline = prsd_headline);
create text search template app.plain (init = dsimple_init, lexize = dsimple_lexize);

create access method heapish type table handler heap_tableam_handler;
create language plodd handler plpgsql_call_handler inline plpgsql_inline_handler validator plpgsql_validator;
create transform for app.mood language plodd (from sql with function varchar_support(internal));
create foreign data wrapper far options (a 'b');
create server away type 'x' version '2' foreign data wrapper far options (host 'h', password 'hunter2');
create user mapping for public server away options ("user" 'u', password 'hunter2');
create foreign table app.remote (id integer options (column_name 'key'), name text) server away options (tab 'le');

create publication told for table app.users, app.serials with (publish = 'insert, update');
create publication all_of_it for all tables with (publish_via_partition_root);

comment on schema app is 'what we do';
comment on table app.users is E'people\nand others';
comment on column app.users.email is 'where they are reached';
comment on constraint users_email_key on app.users is 'one each';
comment on index app.users_name_idx is 'for the search';
comment on trigger touch on app.users is 'when';
comment on policy own on app.users is 'who';
comment on function app.add(integer, integer) is 'sums';
comment on type app.mood is 'how';
comment on column app.address.zip is 'as text';
comment on sequence app.counter is 'counts';
comment on view app.happy is 'good';
comment on event trigger ddl_noted is 'notes';
comment on cast (app.mood as integer) is 'why not';
comment on operator app.=== (integer, integer) is 'odd';

grant usage on schema app to reader;
grant select on app.users to reader with grant option;
grant all on app.serials to writer;
grant update (name) on app.users to writer;
grant usage on sequence app.counter to public;
revoke execute on function app.add(integer, integer) from public;
revoke delete on app.scratch from postgres;
alter default privileges in schema app grant select on tables to reader;
alter default privileges revoke execute on functions from public;
alter table app.scratch owner to writer;
alter function app.touch() owner to writer;
