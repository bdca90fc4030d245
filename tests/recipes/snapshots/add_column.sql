------ 20261121090000_add_orders_channel.sql
-- upshift: phase expand
-- Adds channel to app.orders; no row is written.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
alter table app.orders add column channel text default 'shop' not null;

-- upshift: down
alter table app.orders drop column channel;

------ notes
-- review: the default must not be volatile (random(), clock_timestamp(), nextval()): PostgreSQL would rewrite the table under ACCESS EXCLUSIVE. Such ones are ColumnDefault::PerRow.
-- old code: does not see the column; SELECT * of a prepared statement fails once (0A000).
