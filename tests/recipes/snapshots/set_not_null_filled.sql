------ 20261121090000_expand_orders_note_not_null.sql
-- upshift: phase expand
-- Every row written from now on has a note: a trigger fills in what old code leaves NULL.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
alter table app.orders
    add constraint upshift_not_null_note check (note is not null) not valid;
create function app.upshift_fill_orders_note() returns trigger
language plpgsql set search_path = pg_catalog, app, pg_temp as $upshift$
begin
    new.note := '';
    return new;
end
$upshift$;
create trigger zzz_upshift_fill_note before insert or update on app.orders for each row
    when (new.note is null)
    execute function app.upshift_fill_orders_note();
alter table app.orders enable always trigger zzz_upshift_fill_note;

-- upshift: down
drop trigger zzz_upshift_fill_note on app.orders;
drop function app.upshift_fill_orders_note();
alter table app.orders drop constraint upshift_not_null_note;

------ 20261121090001_backfill_orders_note_not_null.sql
-- upshift: backfill table=app.orders key=id
-- upshift: requires 20261121090000
-- Fills the rows that hold NULL; batch by batch.
-- Locks: each batch locks the rows it fills, and no others.
update app.orders
set note = ''
where note is null;

-- upshift: verify
select not exists (
    select from app.orders
    where note is null
);

-- upshift: down
-- Which rows held NULL is not known any more: they keep their value.

------ 20261121090002_check_orders_note_not_null.sql
-- upshift: phase backfill
-- upshift: requires 20261121090001
-- Looks at every row: note of app.orders holds no NULL.
-- Locks: SHARE UPDATE EXCLUSIVE on app.orders while every row is read; reads and writes go on.
alter table app.orders validate constraint upshift_not_null_note;

-- upshift: down
-- That every row was looked at need not be taken back.

------ 20261121090003_orders_note_not_null.sql
-- upshift: phase backfill
-- upshift: requires 20261121090002
-- Makes note of app.orders NOT NULL; the valid CHECK spares the scan, and has served.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
alter table app.orders alter column note set not null;
alter table app.orders drop constraint upshift_not_null_note;

-- upshift: down
alter table app.orders
    add constraint upshift_not_null_note check (note is not null) not valid;
alter table app.orders alter column note drop not null;

------ 20261121090004_finish_orders_note_not_null.sql
-- upshift: phase contract
-- upshift: requires 20261121090003
-- Takes the trigger away: NULL is an error now.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
drop trigger zzz_upshift_fill_note on app.orders;
drop function app.upshift_fill_orders_note();

-- upshift: down
create function app.upshift_fill_orders_note() returns trigger
language plpgsql set search_path = pg_catalog, app, pg_temp as $upshift$
begin
    new.note := '';
    return new;
end
$upshift$;
create trigger zzz_upshift_fill_note before insert or update on app.orders for each row
    when (new.note is null)
    execute function app.upshift_fill_orders_note();
alter table app.orders enable always trigger zzz_upshift_fill_note;

------ notes
-- old code: may write NULL into note, and gets '' instead, until the last file; then an error (23502).
-- new code: writes no NULL into note.
-- review: the way back restores the schema; rows that were filled stay filled.
