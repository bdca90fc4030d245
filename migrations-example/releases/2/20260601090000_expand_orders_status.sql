-- upshift: phase expand
-- upshift: switch orders.status_id
-- Turns the strings of public.orders.status into rows of public.order_statuses, named by status_id.
-- Adds the new side; a trigger keeps both in step from here on.
-- Locks: ACCESS EXCLUSIVE on public.orders, a moment.
create table public.order_statuses (
    id bigint generated always as identity primary key,
    name text not null unique
);
insert into public.order_statuses (name) values ('placed'), ('paid'), ('shipped'), ('delivered'), ('cancelled');
alter table public.orders add column status_id bigint;
alter table public.orders
    add constraint upshift_not_null_status_id check (status_id is not null) not valid;
alter table public.orders
    add constraint orders_status_id_fkey foreign key (status_id) references public.order_statuses (id) not valid;
create function public.upshift_up_orders_status_id(status text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as $upshift$
declare
    key bigint;
begin
    if $1 is null then
        return null;
    end if;
    select l.id into key from public.order_statuses l where l.name = $1;
    if key is not null then
        return key;
    end if;
    insert into public.order_statuses as l (name) values ($1) on conflict do nothing returning l.id into key;
    if key is not null then
        return key;
    end if;
    -- Somebody else has added it meanwhile.
    select l.id into strict key from public.order_statuses l where l.name = $1;
    return key;
end
$upshift$;
grant execute on function public.upshift_up_orders_status_id(text) to public;
create function public.upshift_down_orders_status(status_id bigint) returns text
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $upshift$
    select l.name from public.order_statuses l where l.id = $1
$upshift$;
grant execute on function public.upshift_down_orders_status(bigint) to public;
create function public.upshift_sync_orders_status_status_id() returns trigger
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
create trigger zzz_upshift_sync_status_status_id_i before insert on public.orders for each row
    execute function public.upshift_sync_orders_status_status_id();
create trigger zzz_upshift_sync_status_status_id_u before update on public.orders for each row
    when (row(new.status)::pg_catalog.record operator(pg_catalog.*<>) row(old.status)::pg_catalog.record
        or row(new.status_id)::pg_catalog.record operator(pg_catalog.*<>) row(old.status_id)::pg_catalog.record
        or new.status_id is null)
    execute function public.upshift_sync_orders_status_status_id();
alter table public.orders enable always trigger zzz_upshift_sync_status_status_id_i, enable always trigger zzz_upshift_sync_status_status_id_u;

-- upshift: down
drop trigger zzz_upshift_sync_status_status_id_i on public.orders;
drop trigger zzz_upshift_sync_status_status_id_u on public.orders;
drop function public.upshift_sync_orders_status_status_id();
drop function public.upshift_up_orders_status_id(text);
drop function public.upshift_down_orders_status(bigint);
alter table public.orders drop column status_id;
drop table public.order_statuses;
