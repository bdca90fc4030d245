-- upshift: phase backfill
-- upshift: switch orders.status_id
-- upshift: requires 20260601090001
-- Looks at every row once; reads and writes go on.
-- Locks: SHARE UPDATE EXCLUSIVE on public.orders, ROW SHARE on public.order_statuses.
alter table public.orders validate constraint orders_status_id_fkey;

-- upshift: down
-- That every row was looked at need not be taken back.
