-- upshift: phase contract
-- upshift: switch orders.status_id
-- upshift: requires 20260601090005
-- upshift: after 7d
-- upshift: irreversible because the values of the old side are gone with it
-- Drops the hidden side and what kept it filled.
-- Locks: ACCESS EXCLUSIVE on public.orders, a moment; no row is rewritten.
drop trigger zzz_upshift_sync_status_status_id_i on public.orders;
drop trigger zzz_upshift_sync_status_status_id_u on public.orders;
drop function public.upshift_sync_orders_status_status_id();
drop function public.upshift_up_orders_status_id(text);
drop function public.upshift_down_orders_status(bigint);
alter table public.orders drop column _upshift_hidden_status;
