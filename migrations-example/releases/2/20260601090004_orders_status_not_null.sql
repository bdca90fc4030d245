-- upshift: phase backfill
-- upshift: switch orders.status_id
-- upshift: requires 20260601090003
-- Makes status_id of public.orders NOT NULL; the valid CHECK spares the scan, and has served.
-- Locks: ACCESS EXCLUSIVE on public.orders, a moment.
alter table public.orders alter column status_id set not null;
alter table public.orders drop constraint upshift_not_null_status_id;

-- upshift: down
alter table public.orders
    add constraint upshift_not_null_status_id check (status_id is not null) not valid;
alter table public.orders alter column status_id drop not null;
