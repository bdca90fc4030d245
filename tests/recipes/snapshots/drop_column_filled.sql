------ 20261121090000_hide_orders_user_id.sql
-- upshift: phase contract
-- Hides user_id of app.orders: code that still uses it gets an error. Down gives it back.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
alter table app.orders rename column user_id to _upshift_hidden_user_id;
alter table app.orders alter column _upshift_hidden_user_id set default 0;

-- upshift: down
alter table app.orders alter column _upshift_hidden_user_id drop default;
alter table app.orders rename column _upshift_hidden_user_id to user_id;

------ 20261121090001_purge_orders_user_id.sql
-- upshift: phase contract
-- upshift: requires 20261121090000
-- upshift: after 7d
-- upshift: irreversible because the values of the column are gone with it
-- Drops the hidden column.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment; no row is rewritten.
alter table app.orders drop column _upshift_hidden_user_id;

------ notes
-- old code: reads and writes user_id until the hide; then it gets an error (42703).
-- new code: does not name user_id, nor SELECT *: a prepared one fails once after the hide and the purge (0A000).
