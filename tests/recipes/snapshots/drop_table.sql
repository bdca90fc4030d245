------ 20261121090000_hide_orders.sql
-- upshift: phase contract
-- Hides app.orders: code that still uses it gets an error. Down gives it back.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
alter table app.orders rename to _upshift_hidden_orders;

-- upshift: down
alter table app._upshift_hidden_orders rename to orders;

------ 20261121090001_purge_orders.sql
-- upshift: phase contract
-- upshift: requires 20261121090000
-- upshift: after 7d
-- upshift: irreversible because the rows of the table are gone with it
-- Drops the hidden table.
-- Locks: ACCESS EXCLUSIVE on app._upshift_hidden_orders, its partitions and the tables its foreign
-- keys point at, a moment.
drop table app._upshift_hidden_orders;

------ notes
-- old code: reads and writes app.orders until the hide; then it gets an error (42P01).
-- review: functions that name the table in their text are not seen by this recipe.
