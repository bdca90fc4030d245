//! upshift's own tables: their shape, format by format, and the schema they live in.

use std::borrow::Cow;

use crate::ident::Ident;

/// The schema that holds history and audit, and the SQL texts aimed at it.
#[derive(Debug, Clone)]
pub(crate) struct Tables {
    schema: Ident,
}

impl Tables {
    pub(crate) fn new(schema: Ident) -> Tables {
        Tables { schema }
    }

    pub(crate) fn schema(&self) -> &Ident {
        &self.schema
    }

    /// The text, aimed at the configured schema.
    pub(crate) fn sql(&self, text: &'static str) -> Cow<'static, str> {
        if self.schema.as_str() == "upshift" {
            return Cow::Borrowed(text);
        }
        Cow::Owned(text.replace("upshift.", &format!("{}.", self.schema)))
    }

    /// The key of an advisory lock of this schema: FNV-1a over the words and its name.
    ///
    /// PostgreSQL keeps advisory locks per database, so two services with a history each do not wait for each other.
    pub(crate) fn advisory_key(&self, words: &str) -> i64 {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0100_0000_01b3;
        let bytes = words.bytes().chain(self.schema.as_str().bytes());
        let hash = bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
        i64::from_ne_bytes(hash.to_ne_bytes())
    }

    /// The statements that bring the tables from format `from` (0: nothing there) to the one this library writes.
    pub(crate) fn upgrade(&self, from: usize) -> String {
        let schema = crate::ident::literal(self.schema.as_str());
        let quoted = crate::ident::literal(&self.schema.to_string());
        let create = CREATE_SCHEMA.replace("'upshift'", &schema).replace("'\"upshift\"'", &quoted);
        let formats = FORMATS.iter().skip(from).map(|text| self.sql(text));
        let alone = format!("select pg_catalog.pg_advisory_xact_lock({});", self.advisory_key(FORMAT_LOCK));
        let begin =
            [Cow::Borrowed(OUR_SEARCH_PATH), Cow::Owned(alone), Cow::Owned(create), self.sql(REFUSE_PIECES)];
        begin.into_iter().chain(formats).collect::<Vec<_>>().join("\n")
    }
}

/// The format of the tables that this library writes.
pub(crate) const FORMAT: usize = FORMATS.len();

/// The names of our tables and functions, for who looks at a schema that may hold others beside them.
pub(crate) const NAMES: &[&str] = &[
    "format",
    "lease",
    "history",
    "audit",
    "unsettle",
    "refuse_change",
    "instance",
    "word",
    "switch",
    "backfill",
    "backfill_range",
    "snapshot",
];

/// What the key of the lock is made of that whoever makes our tables holds until they are there. Behind a pooler the
/// migration lock may be gone while its holder's last message is still being carried out.
pub(crate) const FORMAT_LOCK: &str = "upshift format ";

/// What the text below names is PostgreSQL's own, whoever may write to a schema of the connection's search_path. It ends
/// with the transaction that a text of several statements is.
const OUR_SEARCH_PATH: &str = "select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);";

/// `CREATE SCHEMA IF NOT EXISTS` asks for the privilege even when the schema is there, so it is asked for first.
const CREATE_SCHEMA: &str = "\
do $upshift$ begin
    if not exists (select from pg_catalog.pg_namespace where nspname = 'upshift') then
        execute 'create schema ' || '\"upshift\"';
    end if;
end $upshift$;";

/// Where one of the tables was dropped by hand the others must not count for nothing: everything would be applied again.
const REFUSE_PIECES: &str = "\
do $upshift$ begin
    begin
        perform from upshift.lease;
    exception when undefined_table then
        return;
    end;
    perform from upshift.format, upshift.history, upshift.audit limit 1;
exception when undefined_table then
    raise exception '%, though other tables of upshift do', sqlerrm using errcode = 'object_not_in_prerequisite_state';
end $upshift$;";

/// One text a format; few check constraints, since each costs every one of a thousand migrations a percent and what is
/// read is checked where it is read. Each brings the tables from its predecessor's shape to its own and can be run twice.
const FORMATS: &[&str] = &[
    "\
create table if not exists upshift.format (
    singleton boolean constraint format_pkey primary key default true
        constraint format_one_row check (singleton),
    version integer not null,
    settled text
);
create table if not exists upshift.lease (
    singleton boolean constraint lease_pkey primary key default true
        constraint lease_one_row check (singleton),
    token bigint not null,
    owner text not null,
    service text,
    release text,
    host text,
    since timestamptz not null,
    audit_id bigint not null,
    audit_hash bytea not null
);
create table if not exists upshift.history (
    ordinal bigint generated always as identity constraint history_pkey primary key,
    version bigint,
    name text not null,
    phase text not null,
    state text not null constraint history_state_check check (state in ('applied', 'failed', 'baseline')),
    direction text not null,
    statements_done integer,
    error text,
    up_checksum text,
    down_checksum text,
    verify_checksum text,
    guard_checksum text,
    up text,
    down text,
    irreversible text,
    indexes_before oid[],
    applied_at timestamptz not null,
    duration_ms bigint not null,
    role text not null,
    service text,
    release text,
    host text,
    token bigint not null
);
create unique index if not exists history_version_key on upshift.history (version);
create unique index if not exists history_repeatable_key on upshift.history (name) where version is null;
create table if not exists upshift.audit (
    id bigint constraint audit_pkey primary key,
    at timestamptz not null,
    action text not null,
    outcome text not null,
    version bigint,
    name text not null,
    checksum text,
    detail text,
    duration_ms bigint not null,
    role text not null,
    service text,
    release text,
    host text,
    token bigint not null,
    previous_hash bytea not null,
    hash bytea not null
);
create or replace function upshift.unsettle() returns trigger language plpgsql as $upshift$
begin
    update upshift.format set settled = null where settled is not null;
    return null;
end $upshift$;
drop trigger if exists history_unsettles on upshift.history;
create trigger history_unsettles after insert or update or delete or truncate on upshift.history
    for each statement execute function upshift.unsettle();
alter table upshift.history enable always trigger history_unsettles;
create or replace function upshift.refuse_change() returns trigger language plpgsql as $upshift$
begin
    raise exception '%.% is append-only: rows are neither changed nor removed', tg_table_schema, tg_table_name;
end $upshift$;
drop trigger if exists audit_append_only on upshift.audit;
create trigger audit_append_only before update or delete or truncate on upshift.audit
    for each statement execute function upshift.refuse_change();
insert into upshift.lease (token, owner, since, audit_id, audit_hash)
    values (0, '', now(), 0, ''::bytea) on conflict do nothing;
insert into upshift.format (version) values (1) on conflict (singleton) do update set version = 1;",
    // Rollouts: who is alive, what an operator said, how far backfills are.
    "\
create table if not exists upshift.instance (
    id text constraint instance_pkey primary key,
    service text not null,
    release text,
    host text,
    application text not null,
    role text not null,
    address text not null,
    contracts bigint[] not null,
    joined_at timestamptz not null,
    seen_at timestamptz not null,
    expires_at timestamptz not null,
    left_at timestamptz
);
create table if not exists upshift.word (
    kind text not null,
    version bigint,
    reason text not null,
    role text not null,
    at timestamptz not null
);
create unique index if not exists word_key on upshift.word (kind, version) where version is not null;
create unique index if not exists word_of_all_key on upshift.word (kind) where version is null;
create table if not exists upshift.switch (
    name text constraint switch_pkey primary key,
    percentage integer not null,
    keys text[] not null,
    role text not null,
    at timestamptz not null
);
create table if not exists upshift.backfill (
    version bigint constraint backfill_pkey primary key,
    name text not null,
    relation text not null,
    key text[] not null,
    checksum text not null,
    state text not null constraint backfill_state_check
        check (state in ('running', 'paused', 'cancelled', 'failed', 'finished')),
    words text,
    held text,
    held_until timestamptz,
    holds integer not null,
    pass integer not null,
    frontier text[],
    upto text[],
    opening boolean not null,
    drained boolean not null,
    rows bigint not null,
    spent_ms bigint not null,
    estimate bigint not null,
    batch bigint not null,
    started_at timestamptz not null,
    changed_at timestamptz not null,
    finished_at timestamptz
);
create table if not exists upshift.backfill_range (
    id bigint generated always as identity constraint backfill_range_pkey primary key,
    version bigint not null,
    relation text,
    after text[] not null,
    upto text[] not null,
    opening boolean not null,
    done boolean not null,
    rows bigint not null,
    spent_ms bigint not null,
    worker text,
    at timestamptz
);
create index if not exists backfill_range_left on upshift.backfill_range (version, id) where not done;
update upshift.format set version = 2;",
    // Drift: the schema as the last run left it.
    "\
create table if not exists upshift.snapshot (
    singleton boolean constraint snapshot_pkey primary key default true
        constraint snapshot_one_row check (singleton),
    at timestamptz not null,
    token bigint not null,
    service text,
    release text,
    history text not null,
    filter text not null,
    server integer not null,
    fingerprint text not null,
    schema text not null
);
update upshift.format set version = 3;",
];

#[cfg(test)]
mod tests {
    use super::{FORMATS, NAMES};

    #[test]
    fn every_table_and_function_of_ours_has_its_name_in_the_list() {
        let text = FORMATS.join("\n");
        let made = ["create table if not exists upshift.", "create or replace function upshift."];
        let names: Vec<&str> = text
            .lines()
            .filter_map(|line| made.iter().find_map(|made| line.strip_prefix(made)))
            .map(|rest| rest.split([' ', '(']).next().unwrap())
            .collect();
        assert_eq!(names, NAMES);
    }
}
