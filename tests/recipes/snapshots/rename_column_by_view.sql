------ 20261121090000_alias_users_name.sql
-- upshift: phase expand
-- Renames app.users.name to full_name. A view takes the table's place and has the column under both
-- names.
-- Locks: ACCESS EXCLUSIVE on app.users, a moment.
alter table app.users rename to users__base;
create view app.users with (security_invoker = true) as
    select id, name, street, town, name as full_name
    from app.users__base;

-- upshift: down
drop view app.users;
alter table app.users__base rename to users;

------ 20261121090001_hide_users_name.sql
-- upshift: phase contract
-- upshift: requires 20261121090000
-- Puts the table back in its place, with the new name alone: the old one gets an error. Down gives it
-- back; there is nothing to purge.
-- Locks: ACCESS EXCLUSIVE on app.users and app.users__base, a moment.
drop view app.users;
alter table app.users__base rename to users;
alter table app.users rename column name to full_name;

-- upshift: down
alter table app.users rename column full_name to name;
alter table app.users rename to users__base;
create view app.users with (security_invoker = true) as
    select id, name, street, town, name as full_name
    from app.users__base;

------ notes
-- old code: reads and writes name as ever until the hide; then it gets an error (42703).
-- new code: reads and writes full_name from the expand on. A statement that writes both names is refused.
-- review: while app.users is a view, these fail on it: COPY to and from it, TRUNCATE, ON CONFLICT ON CONSTRAINT, CREATE INDEX, a foreign key to it, ALTER TABLE ADD COLUMN, WHERE CURRENT OF, ctid and xmin; pg_get_serial_sequence gives NULL, and information_schema shows neither defaults nor NOT NULL. Run them on app.users__base.
-- review: other migrations of app.users__base wait until the view is gone: it has the columns of today, and stops DROP COLUMN and ALTER TYPE. Grants on single columns are not copied. A logical subscriber knows the table by its old name.
-- server: MERGE into a view works from PostgreSQL 17 on.
-- server: before PostgreSQL 15 the view reads and writes the table with its owner's rights, since then with those of whoever asks. The files are made for one of the two: make them again after an upgrade.
