-- upshift: phase contract
-- upshift: switch orders.status_id
-- upshift: requires 20260601090004
-- Hides the old side: code that still uses it gets an error, and it is kept filled. Down gives it
-- back.
-- Locks: ACCESS EXCLUSIVE on public.orders, a moment.
alter table public.orders rename column status to _upshift_hidden_status;
create or replace function public.upshift_sync_orders_status_status_id() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
begin
    if tg_op = 'INSERT' then
        new._upshift_hidden_status := public.upshift_down_orders_status(new.status_id);
    elsif row(new.status_id)::pg_catalog.record operator(pg_catalog.*<>) row(old.status_id)::pg_catalog.record then
        new._upshift_hidden_status := public.upshift_down_orders_status(new.status_id);
    end if;
    return new;
end
$upshift$;
alter table public.orders alter column status_id set default 1;

-- upshift: down
alter table public.orders alter column status_id drop default;
alter table public.orders rename column _upshift_hidden_status to status;
create or replace function public.upshift_sync_orders_status_status_id() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
declare
    -- What the new side held before, computed where the row waits for the backfill.
    filled_1 bigint;
begin
    if tg_op = 'INSERT' then
        -- The new side has no default: a value in it was sent, and wins.
        if new.status_id is not null then
            new.status := public.upshift_down_orders_status(new.status_id);
        else
            new.status_id := public.upshift_up_orders_status_id(new.status);
        end if;
        return new;
    end if;
    if old.status_id is null and old.status is not null then
        filled_1 := public.upshift_up_orders_status_id(old.status);
        if new.status_id is null then new.status_id := filled_1; end if;
    else
        filled_1 := old.status_id;
    end if;
    if row(new.status_id)::pg_catalog.record operator(pg_catalog.*<>) row(filled_1)::pg_catalog.record then
        new.status := public.upshift_down_orders_status(new.status_id);
    elsif row(new.status)::pg_catalog.record operator(pg_catalog.*<>) row(old.status)::pg_catalog.record then
        new.status_id := public.upshift_up_orders_status_id(new.status);
    end if;
    return new;
end
$upshift$;
