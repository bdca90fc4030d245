-- upshift: phase backfill
-- upshift: switch orders.status_id
-- upshift: requires 20260601090002
-- Looks at every row: status_id of public.orders holds no NULL.
-- Locks: SHARE UPDATE EXCLUSIVE on public.orders while every row is read; reads and writes go on.
alter table public.orders validate constraint upshift_not_null_status_id;

-- upshift: down
-- That every row was looked at need not be taken back.
