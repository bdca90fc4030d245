------ 20261121090000_expand_orders_status.sql
-- upshift: phase expand
-- Replaces the values of app.orders.status by those of state. Adds the new side; a trigger keeps both
-- in step from here on.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
create type app.order_state as enum ('open', 'paid');
alter table app.orders add column state app.order_state;
alter table app.orders
    add constraint upshift_not_null_state check (state is not null) not valid;
create function app.upshift_up_orders_state(status app.order_status) returns app.order_state
language sql stable set search_path = pg_catalog, app, pg_temp as $upshift$
    select (case status::text when 'new' then 'open' else status::text end)::app.order_state
$upshift$;
grant execute on function app.upshift_up_orders_state(app.order_status) to public;
create function app.upshift_down_orders_status(state app.order_state) returns app.order_status
language sql stable set search_path = pg_catalog, app, pg_temp as $upshift$
    select (case state::text when 'open' then 'new' else state::text end)::app.order_status
$upshift$;
grant execute on function app.upshift_down_orders_status(app.order_state) to public;
create function app.upshift_sync_orders_status_state() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
declare
    -- What the new side held before, computed where the row waits for the backfill.
    filled_1 app.order_state;
begin
    if tg_op = 'INSERT' then
        -- The new side has no default: a value in it was sent, and wins.
        if new.state is not null then
            new.status := app.upshift_down_orders_status(new.state);
        else
            new.state := app.upshift_up_orders_state(new.status);
        end if;
        return new;
    end if;
    if old.state is null and old.status is not null then
        filled_1 := app.upshift_up_orders_state(old.status);
        if new.state is null then new.state := filled_1; end if;
    else
        filled_1 := old.state;
    end if;
    if row(new.state)::pg_catalog.record operator(pg_catalog.*<>) row(filled_1)::pg_catalog.record then
        new.status := app.upshift_down_orders_status(new.state);
    elsif row(new.status)::pg_catalog.record operator(pg_catalog.*<>) row(old.status)::pg_catalog.record then
        new.state := app.upshift_up_orders_state(new.status);
    end if;
    return new;
end
$upshift$;
create trigger zzz_upshift_sync_status_state_i before insert on app.orders for each row
    execute function app.upshift_sync_orders_status_state();
create trigger zzz_upshift_sync_status_state_u before update on app.orders for each row
    when (row(new.status)::pg_catalog.record operator(pg_catalog.*<>) row(old.status)::pg_catalog.record
        or row(new.state)::pg_catalog.record operator(pg_catalog.*<>) row(old.state)::pg_catalog.record
        or new.state is null)
    execute function app.upshift_sync_orders_status_state();
alter table app.orders enable always trigger zzz_upshift_sync_status_state_i, enable always trigger zzz_upshift_sync_status_state_u;

-- upshift: down
drop trigger zzz_upshift_sync_status_state_i on app.orders;
drop trigger zzz_upshift_sync_status_state_u on app.orders;
drop function app.upshift_sync_orders_status_state();
drop function app.upshift_up_orders_state(app.order_status);
drop function app.upshift_down_orders_status(app.order_state);
alter table app.orders drop column state;
drop type app.order_state;

------ 20261121090001_backfill_orders_status.sql
-- upshift: backfill table=app.orders key=id
-- upshift: requires 20261121090000
-- Fills the new side of the rows nobody has written since; batch by batch, as often as need be.
-- Locks: each batch locks the rows it fills, and no others.
update app.orders
set state = app.upshift_up_orders_state(status)
where state is null and app.upshift_up_orders_state(status) is not null;

-- upshift: verify
select not exists (
    select from app.orders
    where state is null and app.upshift_up_orders_state(status) is not null
);
select not exists (
    select from app.orders
    where row(state)::pg_catalog.record operator(pg_catalog.*<>) row(app.upshift_up_orders_state(status)::app.order_state)::pg_catalog.record
        and row(status)::pg_catalog.record operator(pg_catalog.*<>) row(app.upshift_down_orders_status(state)::app.order_status)::pg_catalog.record
);

-- upshift: down
-- What was filled goes with the new side.

------ 20261121090002_check_orders_status_not_null.sql
-- upshift: phase backfill
-- upshift: requires 20261121090001
-- Looks at every row: state of app.orders holds no NULL.
-- Locks: SHARE UPDATE EXCLUSIVE on app.orders while every row is read; reads and writes go on.
alter table app.orders validate constraint upshift_not_null_state;

-- upshift: down
-- That every row was looked at need not be taken back.

------ 20261121090003_orders_status_not_null.sql
-- upshift: phase backfill
-- upshift: requires 20261121090002
-- Makes state of app.orders NOT NULL; the valid CHECK spares the scan, and has served.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
alter table app.orders alter column state set not null;
alter table app.orders drop constraint upshift_not_null_state;

-- upshift: down
alter table app.orders
    add constraint upshift_not_null_state check (state is not null) not valid;
alter table app.orders alter column state drop not null;

------ 20261121090004_hide_orders_status.sql
-- upshift: phase contract
-- upshift: requires 20261121090003
-- Hides the old side: code that still uses it gets an error, and it is kept filled. Down gives it
-- back.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
alter table app.orders rename column status to _upshift_hidden_status;
create or replace function app.upshift_sync_orders_status_state() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
begin
    if tg_op = 'INSERT' then
        new._upshift_hidden_status := app.upshift_down_orders_status(new.state);
    elsif row(new.state)::pg_catalog.record operator(pg_catalog.*<>) row(old.state)::pg_catalog.record then
        new._upshift_hidden_status := app.upshift_down_orders_status(new.state);
    end if;
    return new;
end
$upshift$;
alter table app.orders alter column state set default 'open';

-- upshift: down
alter table app.orders alter column state drop default;
alter table app.orders rename column _upshift_hidden_status to status;
create or replace function app.upshift_sync_orders_status_state() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
declare
    -- What the new side held before, computed where the row waits for the backfill.
    filled_1 app.order_state;
begin
    if tg_op = 'INSERT' then
        -- The new side has no default: a value in it was sent, and wins.
        if new.state is not null then
            new.status := app.upshift_down_orders_status(new.state);
        else
            new.state := app.upshift_up_orders_state(new.status);
        end if;
        return new;
    end if;
    if old.state is null and old.status is not null then
        filled_1 := app.upshift_up_orders_state(old.status);
        if new.state is null then new.state := filled_1; end if;
    else
        filled_1 := old.state;
    end if;
    if row(new.state)::pg_catalog.record operator(pg_catalog.*<>) row(filled_1)::pg_catalog.record then
        new.status := app.upshift_down_orders_status(new.state);
    elsif row(new.status)::pg_catalog.record operator(pg_catalog.*<>) row(old.status)::pg_catalog.record then
        new.state := app.upshift_up_orders_state(new.status);
    end if;
    return new;
end
$upshift$;

------ 20261121090005_purge_orders_status.sql
-- upshift: phase contract
-- upshift: requires 20261121090004
-- upshift: after 7d
-- upshift: irreversible because the values of the old side are gone with it
-- Drops the hidden side and what kept it filled.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment; no row is rewritten.
drop trigger zzz_upshift_sync_status_state_i on app.orders;
drop trigger zzz_upshift_sync_status_state_u on app.orders;
drop function app.upshift_sync_orders_status_state();
drop function app.upshift_up_orders_state(app.order_status);
drop function app.upshift_down_orders_status(app.order_state);
alter table app.orders drop column _upshift_hidden_status;
drop type app.order_status;

------ notes
-- old code: reads and writes status as ever until the hide; then it gets an error (42703).
-- new code: reads and writes state only once the backfill is verified: a NULL written into a row that still waits is taken for waiting, and filled. Give the backfill a deploy of its own where the table is big.
-- new code: must not INSERT an explicit NULL into state where status has a default: a trigger cannot tell it from a column left out, so the default wins. Leave it out, or send the value.
-- review: triggers that are declared UPDATE OF the old column do not fire when new code writes the new one: declare them for both. A logical subscriber wants the new column before it is added here.
-- review: a value that is neither mapped nor called the same in the other type fails where it is written: map every old value up, and every new value down.
