------ 20261121090000_add_orders_token.sql
-- upshift: phase expand
-- Adds token to app.orders; new rows get its default, those there are wait for the backfill.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
alter table app.orders add column token uuid;
alter table app.orders alter column token set default gen_random_uuid();

-- upshift: down
alter table app.orders drop column token;

------ 20261121090001_backfill_orders_token.sql
-- upshift: backfill table=app.orders key=id
-- upshift: requires 20261121090000
-- Gives each row a value of its own; batch by batch.
-- Locks: each batch locks the rows it fills, and no others.
update app.orders
set token = gen_random_uuid()
where token is null;

-- upshift: verify
select not exists (
    select from app.orders
    where token is null
);

-- upshift: down
-- What was filled goes with the column.

------ 20261121090002_hold_orders_token_not_null.sql
-- upshift: phase backfill
-- upshift: requires 20261121090001
-- Holds every row that is written from now on: token of app.orders is not NULL.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
alter table app.orders
    add constraint upshift_not_null_token check (token is not null) not valid;

-- upshift: down
alter table app.orders drop constraint upshift_not_null_token;

------ 20261121090003_check_orders_token_not_null.sql
-- upshift: phase backfill
-- upshift: requires 20261121090002
-- Looks at every row: token of app.orders holds no NULL.
-- Locks: SHARE UPDATE EXCLUSIVE on app.orders while every row is read; reads and writes go on.
alter table app.orders validate constraint upshift_not_null_token;

-- upshift: down
-- That every row was looked at need not be taken back.

------ 20261121090004_orders_token_not_null.sql
-- upshift: phase backfill
-- upshift: requires 20261121090003
-- Makes token of app.orders NOT NULL; the valid CHECK spares the scan, and has served.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
alter table app.orders alter column token set not null;
alter table app.orders drop constraint upshift_not_null_token;

-- upshift: down
alter table app.orders
    add constraint upshift_not_null_token check (token is not null) not valid;
alter table app.orders alter column token drop not null;

------ notes
-- new code: sees NULL in token of rows that still wait for the backfill.
-- new code: must not write an explicit NULL before the backfill is done: it is filled like a row that waits.
-- old code: does not see the column; SELECT * of a prepared statement fails once (0A000).
