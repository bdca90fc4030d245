//! SQL that gives applied migrations other numbers. Written for PostgreSQL 13 to 18; see [`super::sql`].
//!
//! In two steps, since a number may be free only when its owner has gone: 7 becomes 8, and 8 becomes 9. The books of a
//! backfill go with it. The audit stays: it tells what was done under which number. What somebody has said about a
//! contract names no more than its number, so it is made to err on the side that waits: an approval of a number that is
//! not what it was is taken back, and a contract that is held is held under both.

macro_rules! if_ours {
    () => {
        "with fence as (
    select from upshift.lease l
    where l.token operator(pg_catalog.=) $1::bigint and l.owner operator(pg_catalog.=) $2::varchar for update
)"
    };
}

/// Out of the way: below zero, where no migration is. $1 token, $2 owner, $3 the numbers they were applied under, $4 the
/// new ones.
pub(crate) const MOVE_AWAY: &str = concat!(
    if_ours!(),
    ", history as (
    update upshift.history t set version = operator(pg_catalog.-) t.version from fence
    where t.version operator(pg_catalog.=) any ($3::bigint[])
), backfill as (
    update upshift.backfill t set version = operator(pg_catalog.-) t.version from fence
    where t.version operator(pg_catalog.=) any ($3::bigint[])
), backfill_range as (
    update upshift.backfill_range t set version = operator(pg_catalog.-) t.version from fence
    where t.version operator(pg_catalog.=) any ($3::bigint[])
), word as (
    delete from upshift.word t using fence
    where t.kind operator(pg_catalog.=) 'approval'
        and (t.version operator(pg_catalog.=) any ($3::bigint[]) or t.version operator(pg_catalog.=) any ($4::bigint[]))
)
select 1"
);

/// To their new numbers. $1 token, $2 owner, $3 the numbers they were applied under, $4 the new ones, in the same order.
pub(crate) const MOVE_IN: &str = concat!(
    if_ours!(),
    ", moved as (
    select operator(pg_catalog.-) ($3::bigint[])[s.at] as was, ($4::bigint[])[s.at] as version
    from fence cross join pg_catalog.generate_subscripts($3::bigint[], 1) s (at)
), history as (
    update upshift.history t set version = m.version, token = $1::bigint from moved m
    where t.version operator(pg_catalog.=) m.was
), backfill as (
    update upshift.backfill t set version = m.version from moved m where t.version operator(pg_catalog.=) m.was
), backfill_range as (
    update upshift.backfill_range t set version = m.version from moved m
    where t.version operator(pg_catalog.=) m.was
), word as (
    insert into upshift.word (kind, version, reason, role, at)
    select t.kind, m.version, t.reason, t.role, t.at
    from moved m join upshift.word t on t.version operator(pg_catalog.=) (operator(pg_catalog.-) m.was)
    on conflict do nothing
)
select 1"
);

/// The text of today, where what it requires has other numbers, too. $1 token, $2 owner, $3 version, $4 checksum, $5 text.
pub(crate) const KEEP_TEXT: &str = concat!(
    if_ours!(),
    "
update upshift.history t set up_checksum = $4::varchar, up = $5::varchar from fence
where t.version operator(pg_catalog.=) $3::bigint"
);

/// Backfills that have begun and are not applied: with all their rows done, or given up, they are known by their books all
/// the same.
pub(crate) const READ_BEGUN: &str = "select b.version, b.name, b.checksum, b.state from upshift.backfill b";
