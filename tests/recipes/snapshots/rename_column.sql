------ 20261121090000_expand_users_name.sql
-- upshift: phase expand
-- Renames app.users.name to full_name. Adds the new side; a trigger keeps both in step from here on.
-- Locks: ACCESS EXCLUSIVE on app.users, a moment.
alter table app.users add column full_name text;
alter table app.users
    add constraint upshift_not_null_full_name check (full_name is not null) not valid;
create function app.upshift_sync_users_name_full_name() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
begin
    if tg_op = 'INSERT' then
        -- The new column has no default: a value in it was sent, and wins.
        if new.full_name is not null then
            new.name := new.full_name;
        else
            new.full_name := new.name;
        end if;
        return new;
    end if;
    if row(new.full_name)::pg_catalog.record operator(pg_catalog.*<>) row(old.full_name)::pg_catalog.record then
        new.name := new.full_name;
    elsif row(new.full_name)::pg_catalog.record operator(pg_catalog.*<>) row(new.name)::pg_catalog.record then
        -- The old column was written, or the row is not backfilled yet.
        new.full_name := new.name;
    end if;
    return new;
end
$upshift$;
create trigger zzz_upshift_sync_name_full_name_i before insert on app.users for each row
    execute function app.upshift_sync_users_name_full_name();
create trigger zzz_upshift_sync_name_full_name_u before update on app.users for each row
    when (row(new.name)::pg_catalog.record operator(pg_catalog.*<>) row(old.name)::pg_catalog.record
        or row(new.full_name)::pg_catalog.record operator(pg_catalog.*<>) row(old.full_name)::pg_catalog.record
        or row(new.full_name)::pg_catalog.record operator(pg_catalog.*<>) row(new.name)::pg_catalog.record)
    execute function app.upshift_sync_users_name_full_name();
alter table app.users enable always trigger zzz_upshift_sync_name_full_name_i, enable always trigger zzz_upshift_sync_name_full_name_u;

-- upshift: down
drop trigger zzz_upshift_sync_name_full_name_i on app.users;
drop trigger zzz_upshift_sync_name_full_name_u on app.users;
drop function app.upshift_sync_users_name_full_name();
alter table app.users drop column full_name;

------ 20261121090001_backfill_users_name.sql
-- upshift: backfill table=app.users key=id
-- upshift: requires 20261121090000
-- Fills the new side of the rows nobody has written since; batch by batch, as often as need be.
-- Locks: each batch locks the rows it fills, and no others.
update app.users
set full_name = name
where full_name is null and name is not null;

-- upshift: verify
select not exists (
    select from app.users
    where full_name is null and name is not null
);
select not exists (
    select from app.users
    where row(full_name)::pg_catalog.record operator(pg_catalog.*<>) row(name)::pg_catalog.record
);

-- upshift: down
-- What was filled goes with the new side.

------ 20261121090002_check_users_name_not_null.sql
-- upshift: phase backfill
-- upshift: requires 20261121090001
-- Looks at every row: full_name of app.users holds no NULL.
-- Locks: SHARE UPDATE EXCLUSIVE on app.users while every row is read; reads and writes go on.
alter table app.users validate constraint upshift_not_null_full_name;

-- upshift: down
-- That every row was looked at need not be taken back.

------ 20261121090003_users_name_not_null.sql
-- upshift: phase backfill
-- upshift: requires 20261121090002
-- Makes full_name of app.users NOT NULL; the valid CHECK spares the scan, and has served.
-- Locks: ACCESS EXCLUSIVE on app.users, a moment.
alter table app.users alter column full_name set not null;
alter table app.users drop constraint upshift_not_null_full_name;

-- upshift: down
alter table app.users
    add constraint upshift_not_null_full_name check (full_name is not null) not valid;
alter table app.users alter column full_name drop not null;

------ 20261121090004_hide_users_name.sql
-- upshift: phase contract
-- upshift: requires 20261121090003
-- Hides the old side: code that still uses it gets an error, and it is kept filled. Down gives it
-- back.
-- Locks: ACCESS EXCLUSIVE on app.users, a moment.
alter table app.users rename column name to _upshift_hidden_name;
create or replace function app.upshift_sync_users_name_full_name() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
begin
    if tg_op = 'INSERT' then
        new._upshift_hidden_name := new.full_name;
    elsif row(new.full_name)::pg_catalog.record operator(pg_catalog.*<>) row(old.full_name)::pg_catalog.record then
        new._upshift_hidden_name := new.full_name;
    end if;
    return new;
end
$upshift$;

-- upshift: down
alter table app.users rename column _upshift_hidden_name to name;
create or replace function app.upshift_sync_users_name_full_name() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
begin
    if tg_op = 'INSERT' then
        -- The new column has no default: a value in it was sent, and wins.
        if new.full_name is not null then
            new.name := new.full_name;
        else
            new.full_name := new.name;
        end if;
        return new;
    end if;
    if row(new.full_name)::pg_catalog.record operator(pg_catalog.*<>) row(old.full_name)::pg_catalog.record then
        new.name := new.full_name;
    elsif row(new.full_name)::pg_catalog.record operator(pg_catalog.*<>) row(new.name)::pg_catalog.record then
        -- The old column was written, or the row is not backfilled yet.
        new.full_name := new.name;
    end if;
    return new;
end
$upshift$;

------ 20261121090005_purge_users_name.sql
-- upshift: phase contract
-- upshift: requires 20261121090004
-- upshift: after 7d
-- upshift: irreversible because the values of the old side are gone with it
-- Drops the hidden side and what kept it filled.
-- Locks: ACCESS EXCLUSIVE on app.users, a moment; no row is rewritten.
drop trigger zzz_upshift_sync_name_full_name_i on app.users;
drop trigger zzz_upshift_sync_name_full_name_u on app.users;
drop function app.upshift_sync_users_name_full_name();
alter table app.users drop column _upshift_hidden_name;

------ notes
-- old code: reads and writes name as ever until the hide; then it gets an error (42703).
-- new code: reads and writes full_name only once the backfill is verified: a NULL written into a row that still waits is taken for waiting, and filled. Give the backfill a deploy of its own where the table is big.
-- review: triggers that are declared UPDATE OF the old column do not fire when new code writes the new one: declare them for both. A logical subscriber wants the new column before it is added here.
