------ 20261121090000_hold_orders_note_not_null.sql
-- upshift: phase contract
-- Holds every row that is written from now on: note of app.orders is not NULL.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment, after every row was read under ACCESS SHARE.

-- upshift: guard
select not exists (
    select from app.orders
    where note is null
);

-- upshift: up
alter table app.orders
    add constraint upshift_not_null_note check (note is not null) not valid;

-- upshift: down
alter table app.orders drop constraint upshift_not_null_note;

------ 20261121090001_check_orders_note_not_null.sql
-- upshift: phase contract
-- upshift: requires 20261121090000
-- Looks at every row: note of app.orders holds no NULL.
-- Locks: SHARE UPDATE EXCLUSIVE on app.orders while every row is read; reads and writes go on.
alter table app.orders validate constraint upshift_not_null_note;

-- upshift: down
-- That every row was looked at need not be taken back.

------ 20261121090002_orders_note_not_null.sql
-- upshift: phase contract
-- upshift: requires 20261121090001
-- Makes note of app.orders NOT NULL; the valid CHECK spares the scan, and has served.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
alter table app.orders alter column note set not null;
alter table app.orders drop constraint upshift_not_null_note;

-- upshift: down
alter table app.orders
    add constraint upshift_not_null_note check (note is not null) not valid;
alter table app.orders alter column note drop not null;

------ notes
-- old code: writes NULL into note until the contract; then it gets an error (23502).
-- new code: writes no NULL into note. Fill the rows there are before the contract.
