------ 20261121090000_index_orders_orders_status_idx.sql
-- upshift: phase expand
-- Builds the index orders_status_idx of app.orders while writes go on.
-- Locks: SHARE UPDATE EXCLUSIVE on app.orders while it builds; it waits for transactions older than
-- itself.
create index concurrently orders_status_idx on app.orders (status, id desc) where status <> 'sent';

-- upshift: down
drop index concurrently app.orders_status_idx;

------ notes
