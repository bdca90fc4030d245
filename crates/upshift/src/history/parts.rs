//! What several texts of [`super::sql`] have in common. Macros, since `concat!` takes nothing else.

/// The columns of an audit row that its hash covers, as one canonical text (written for an alias `a`).
macro_rules! audit_content {
    () => {
        "pg_catalog.jsonb_build_array(a.id, (extract(epoch from a.at) operator(pg_catalog.*) 1000000)::bigint, \
        a.action, a.outcome, a.version, a.name, a.checksum, a.detail, a.duration_ms, a.role, a.service, a.release, \
        a.host, a.token)::varchar"
    };
}

/// A number from the lease row; raises when there is none, since somebody else has the lease now.
///
/// The words hang on the number, for the planner computes what is constant even in a branch that is never taken.
macro_rules! ours {
    ($number:literal) => {
        concat!(
            "coalesce(",
            $number,
            ", pg_catalog.concat('upshift: the lease was taken by another migrator', ",
            $number,
            ")::bigint)"
        )
    };
}

/// The lease row, held, if it is still ours. $1 token, $2 owner.
macro_rules! fence {
    () => {
        "fence as (
    select l.token, l.audit_id, l.audit_hash from upshift.lease l
    where l.token operator(pg_catalog.=) $1::bigint and l.owner operator(pg_catalog.=) $2::varchar for update
)"
    };
}

/// The history row (alias `h`) of the migration that an audit row (alias `a`) is about.
macro_rules! its_row {
    () => {
        "case when a.version is null then h.version is null and h.name operator(pg_catalog.=) a.name
        else h.version operator(pg_catalog.=) a.version end"
    };
}

/// A number; raises where the history has no row for the migration of the audit row `a`.
macro_rules! has_row {
    ($ordinal:literal) => {
        concat!(
            "select case when ",
            $ordinal,
            " is null then pg_catalog.concat('upshift: the history has no row for ', a.name)::integer::bigint
    else a.duration_ms end as duration_ms
from facts a"
        )
    };
}

/// Milliseconds from then until this statement.
macro_rules! milliseconds_since {
    ($then:literal) => {
        concat!(
            "(extract(epoch from pg_catalog.statement_timestamp() operator(pg_catalog.-) ",
            $then,
            ") operator(pg_catalog.*) 1000)::bigint"
        )
    };
}

/// The common parts of every statement that writes an audit row: the facts, the row, and the fence.
///
/// $1 token, $2 owner, $3 service, $4 release, $5 host, $6 action, $7 outcome, $8 version, $9 name, $10 checksum,
/// $11 detail. The lease row is the fence: when its token is no longer ours, `fence` is empty and the transaction fails.
///
/// The duration is the transaction's, unless an expression (null: the transaction's) is given that knows better.
macro_rules! audit_row {
    () => {
        audit_row!("null")
    };
    ($milliseconds:expr) => {
        concat!(
            fence!(),
            ", facts as (
    select ",
            ours!("l.audit_id operator(pg_catalog.+) 1"),
            " as id, pg_catalog.statement_timestamp() as at, $6::varchar as action, $7::varchar as outcome,
        $8::bigint as version, $9::varchar as name, $10::varchar as checksum, $11::varchar as detail,
        coalesce(",
            $milliseconds,
            "::bigint, ",
            milliseconds_since!("pg_catalog.transaction_timestamp()"),
            ") as duration_ms,
        session_user::varchar as role, $3::varchar as service, $4::varchar as release,
        coalesce($5::varchar, pg_catalog.host(pg_catalog.inet_client_addr()), 'local') as host, l.token,
        l.audit_hash as previous_hash
    from (values (true)) one (one) left join fence l on true
), audited as (
    insert into upshift.audit (id, at, action, outcome, version, name, checksum, detail, duration_ms, role, service,
        release, host, token, previous_hash, hash)
    select a.*, pg_catalog.sha256(a.previous_hash operator(pg_catalog.||) pg_catalog.convert_to(",
            audit_content!(),
            ", 'UTF8')) from facts a
    returning id, hash
), chained as (
    update upshift.lease l set audit_id = a.id, audit_hash = a.hash from audited a
)"
        )
    };
}

/// Begins the history row of a migration that is applied whole, from the audit's facts (alias `a`). Values as in
/// [`super::sql::RECORD_APPLIED`].
macro_rules! applied_row {
    () => {
        "
insert into upshift.history (version, name, phase, state, direction, statements_done, up_checksum, down_checksum,
    verify_checksum, guard_checksum, up, down, irreversible, applied_at, duration_ms, role, service, release, host,
    token)
select a.version, a.name, $12::varchar, $20::varchar, 'up', $21::integer, $13::varchar, $14::varchar, $15::varchar,
    $16::varchar, $17::varchar, $18::varchar, $19::varchar, a.at, a.duration_ms, a.role, a.service, a.release, a.host,
    a.token"
    };
}
