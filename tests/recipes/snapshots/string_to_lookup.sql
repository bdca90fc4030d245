------ 20261121090000_expand_orders_status.sql
-- upshift: phase expand
-- Turns the strings of app.orders.status into rows of app.order_statuses, named by status_id. Adds the
-- new side; a trigger keeps both in step from here on.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
create table app.order_statuses (
    id bigint generated always as identity primary key,
    name text not null unique
);
insert into app.order_statuses (name) values ('new'), ('paid'), ('sent');
alter table app.orders add column status_id bigint;
alter table app.orders
    add constraint upshift_not_null_status_id check (status_id is not null) not valid;
alter table app.orders
    add constraint orders_status_id_fkey foreign key (status_id) references app.order_statuses (id) not valid;
create function app.upshift_up_orders_status_id(status text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, app, pg_temp as $upshift$
declare
    key bigint;
begin
    if $1 is null then
        return null;
    end if;
    select l.id into key from app.order_statuses l where l.name = $1;
    if key is not null then
        return key;
    end if;
    insert into app.order_statuses as l (name) values ($1) on conflict do nothing returning l.id into key;
    if key is not null then
        return key;
    end if;
    -- Somebody else has added it meanwhile.
    select l.id into strict key from app.order_statuses l where l.name = $1;
    return key;
end
$upshift$;
grant execute on function app.upshift_up_orders_status_id(text) to public;
create function app.upshift_down_orders_status(status_id bigint) returns text
language sql stable security definer set search_path = pg_catalog, app, pg_temp as $upshift$
    select l.name from app.order_statuses l where l.id = $1
$upshift$;
grant execute on function app.upshift_down_orders_status(bigint) to public;
create function app.upshift_sync_orders_status_status_id() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
declare
    -- What the new side held before, computed where the row waits for the backfill.
    filled_1 bigint;
begin
    if tg_op = 'INSERT' then
        -- The new side has no default: a value in it was sent, and wins.
        if new.status_id is not null then
            new.status := app.upshift_down_orders_status(new.status_id);
        else
            new.status_id := app.upshift_up_orders_status_id(new.status);
        end if;
        return new;
    end if;
    if old.status_id is null and old.status is not null then
        filled_1 := app.upshift_up_orders_status_id(old.status);
        if new.status_id is null then new.status_id := filled_1; end if;
    else
        filled_1 := old.status_id;
    end if;
    if row(new.status_id)::pg_catalog.record operator(pg_catalog.*<>) row(filled_1)::pg_catalog.record then
        new.status := app.upshift_down_orders_status(new.status_id);
    elsif row(new.status)::pg_catalog.record operator(pg_catalog.*<>) row(old.status)::pg_catalog.record then
        new.status_id := app.upshift_up_orders_status_id(new.status);
    end if;
    return new;
end
$upshift$;
create trigger zzz_upshift_sync_status_status_id_i before insert on app.orders for each row
    execute function app.upshift_sync_orders_status_status_id();
create trigger zzz_upshift_sync_status_status_id_u before update on app.orders for each row
    when (row(new.status)::pg_catalog.record operator(pg_catalog.*<>) row(old.status)::pg_catalog.record
        or row(new.status_id)::pg_catalog.record operator(pg_catalog.*<>) row(old.status_id)::pg_catalog.record
        or new.status_id is null)
    execute function app.upshift_sync_orders_status_status_id();
alter table app.orders enable always trigger zzz_upshift_sync_status_status_id_i, enable always trigger zzz_upshift_sync_status_status_id_u;

-- upshift: down
drop trigger zzz_upshift_sync_status_status_id_i on app.orders;
drop trigger zzz_upshift_sync_status_status_id_u on app.orders;
drop function app.upshift_sync_orders_status_status_id();
drop function app.upshift_up_orders_status_id(text);
drop function app.upshift_down_orders_status(bigint);
alter table app.orders drop column status_id;
drop table app.order_statuses;

------ 20261121090001_backfill_orders_status.sql
-- upshift: backfill table=app.orders key=id
-- upshift: requires 20261121090000
-- Fills the new side of the rows nobody has written since; batch by batch, as often as need be.
-- Locks: each batch locks the rows it fills, and no others.
update app.orders
set status_id = app.upshift_up_orders_status_id(status)
where status_id is null and status is not null;

-- upshift: verify
select not exists (
    select from app.orders
    where status_id is null and status is not null
);
select not exists (
    select from app.orders
    where row(status_id)::pg_catalog.record operator(pg_catalog.*<>) row(app.upshift_up_orders_status_id(status)::bigint)::pg_catalog.record
        and row(status)::pg_catalog.record operator(pg_catalog.*<>) row(app.upshift_down_orders_status(status_id)::text)::pg_catalog.record
);

-- upshift: down
-- What was filled goes with the new side.

------ 20261121090002_check_orders_status.sql
-- upshift: phase backfill
-- upshift: requires 20261121090001
-- Looks at every row once; reads and writes go on.
-- Locks: SHARE UPDATE EXCLUSIVE on app.orders, ROW SHARE on app.order_statuses.
alter table app.orders validate constraint orders_status_id_fkey;

-- upshift: down
-- That every row was looked at need not be taken back.

------ 20261121090003_check_orders_status_not_null.sql
-- upshift: phase backfill
-- upshift: requires 20261121090002
-- Looks at every row: status_id of app.orders holds no NULL.
-- Locks: SHARE UPDATE EXCLUSIVE on app.orders while every row is read; reads and writes go on.
alter table app.orders validate constraint upshift_not_null_status_id;

-- upshift: down
-- That every row was looked at need not be taken back.

------ 20261121090004_orders_status_not_null.sql
-- upshift: phase backfill
-- upshift: requires 20261121090003
-- Makes status_id of app.orders NOT NULL; the valid CHECK spares the scan, and has served.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
alter table app.orders alter column status_id set not null;
alter table app.orders drop constraint upshift_not_null_status_id;

-- upshift: down
alter table app.orders
    add constraint upshift_not_null_status_id check (status_id is not null) not valid;
alter table app.orders alter column status_id drop not null;

------ 20261121090005_hide_orders_status.sql
-- upshift: phase contract
-- upshift: requires 20261121090004
-- Hides the old side: code that still uses it gets an error, and it is kept filled. Down gives it
-- back.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
alter table app.orders rename column status to _upshift_hidden_status;
create or replace function app.upshift_sync_orders_status_status_id() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
begin
    if tg_op = 'INSERT' then
        new._upshift_hidden_status := app.upshift_down_orders_status(new.status_id);
    elsif row(new.status_id)::pg_catalog.record operator(pg_catalog.*<>) row(old.status_id)::pg_catalog.record then
        new._upshift_hidden_status := app.upshift_down_orders_status(new.status_id);
    end if;
    return new;
end
$upshift$;
alter table app.orders alter column status_id set default 1;

-- upshift: down
alter table app.orders alter column status_id drop default;
alter table app.orders rename column _upshift_hidden_status to status;
create or replace function app.upshift_sync_orders_status_status_id() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
declare
    -- What the new side held before, computed where the row waits for the backfill.
    filled_1 bigint;
begin
    if tg_op = 'INSERT' then
        -- The new side has no default: a value in it was sent, and wins.
        if new.status_id is not null then
            new.status := app.upshift_down_orders_status(new.status_id);
        else
            new.status_id := app.upshift_up_orders_status_id(new.status);
        end if;
        return new;
    end if;
    if old.status_id is null and old.status is not null then
        filled_1 := app.upshift_up_orders_status_id(old.status);
        if new.status_id is null then new.status_id := filled_1; end if;
    else
        filled_1 := old.status_id;
    end if;
    if row(new.status_id)::pg_catalog.record operator(pg_catalog.*<>) row(filled_1)::pg_catalog.record then
        new.status := app.upshift_down_orders_status(new.status_id);
    elsif row(new.status)::pg_catalog.record operator(pg_catalog.*<>) row(old.status)::pg_catalog.record then
        new.status_id := app.upshift_up_orders_status_id(new.status);
    end if;
    return new;
end
$upshift$;

------ 20261121090006_purge_orders_status.sql
-- upshift: phase contract
-- upshift: requires 20261121090005
-- upshift: after 7d
-- upshift: irreversible because the values of the old side are gone with it
-- Drops the hidden side and what kept it filled.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment; no row is rewritten.
drop trigger zzz_upshift_sync_status_status_id_i on app.orders;
drop trigger zzz_upshift_sync_status_status_id_u on app.orders;
drop function app.upshift_sync_orders_status_status_id();
drop function app.upshift_up_orders_status_id(text);
drop function app.upshift_down_orders_status(bigint);
alter table app.orders drop column _upshift_hidden_status;

------ notes
-- old code: reads and writes status as ever until the hide; then it gets an error (42703).
-- new code: reads and writes status_id only once the backfill is verified: a NULL written into a row that still waits is taken for waiting, and filled. Give the backfill a deploy of its own where the table is big.
-- new code: must not INSERT an explicit NULL into status_id where status has a default: a trigger cannot tell it from a column left out, so the default wins. Leave it out, or send the value.
-- review: triggers that are declared UPDATE OF the old column do not fire when new code writes the new one: declare them for both. A logical subscriber wants the new column before it is added here.
-- old code: strings that app.order_statuses does not have are added to it as they are written.
-- new code: joins app.order_statuses by status_id. Names in app.order_statuses may change only when status is purged: rows keep the string they were written with.
-- new code: a key that app.order_statuses does not have makes status NULL, which it must not be.
-- review: app.order_statuses gets the grants of the table for SELECT and INSERT. Its rows are few: give status_id an index (ConcurrentIndex) only where code looks rows up by it, or rows of app.order_statuses are deleted.
