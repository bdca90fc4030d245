------ 20261121090000_rename_orders.sql
-- upshift: phase expand
-- Renames app.orders to purchases. A view keeps the old name.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
alter table app.orders rename to purchases;
create view app.orders with (security_invoker = true) as
    select id, user_id, status, amount, note
    from app.purchases;
alter view app.orders owner to shop;

-- upshift: down
drop view app.orders;
alter table app.purchases rename to orders;

------ 20261121090001_hide_orders.sql
-- upshift: phase contract
-- upshift: requires 20261121090000
-- Takes the old name away: code that still uses it gets an error. Down gives it back; there is nothing
-- to purge.
-- Locks: ACCESS EXCLUSIVE on the view app.orders, a moment.
drop view app.orders;

-- upshift: down
create view app.orders with (security_invoker = true) as
    select id, user_id, status, amount, note
    from app.purchases;
alter view app.orders owner to shop;

------ notes
-- old code: uses app.orders until the hide; then it gets an error (42P01).
-- new code: uses app.purchases from the expand on.
-- review: while app.orders is a view, these fail on it: COPY to and from it, TRUNCATE, ON CONFLICT ON CONSTRAINT, CREATE INDEX, a foreign key to it, ALTER TABLE ADD COLUMN, WHERE CURRENT OF, ctid and xmin; pg_get_serial_sequence gives NULL, and information_schema shows neither defaults nor NOT NULL. Run them on app.purchases.
-- review: other migrations of app.purchases wait until the view is gone: it has the columns of today, and stops DROP COLUMN and ALTER TYPE. Grants on single columns are not copied. A logical subscriber knows the table by its old name.
-- server: MERGE into a view works from PostgreSQL 17 on.
-- server: before PostgreSQL 15 the view reads and writes the table with its owner's rights, since then with those of whoever asks. The files are made for one of the two: make them again after an upgrade.
-- review: indexes, constraints, sequences and their names stay as they are; functions that name the table in their text go through the view until the hide.
