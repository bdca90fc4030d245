-- upshift: backfill table=public.orders key=id
-- upshift: switch orders.status_id
-- upshift: requires 20260601090000
-- Fills the new side of the rows nobody has written since; batch by batch, as often as need be.
-- Locks: each batch locks the rows it fills, and no others.
update public.orders
set status_id = public.upshift_up_orders_status_id(status)
where status_id is null and status is not null;

-- upshift: verify
select not exists (
    select from public.orders
    where status_id is null and status is not null
);
select not exists (
    select from public.orders
    where row(status_id)::pg_catalog.record operator(pg_catalog.*<>) row(public.upshift_up_orders_status_id(status)::bigint)::pg_catalog.record
        and row(status)::pg_catalog.record operator(pg_catalog.*<>) row(public.upshift_down_orders_status(status_id)::text)::pg_catalog.record
);

-- upshift: down
-- What was filled goes with the new side.
