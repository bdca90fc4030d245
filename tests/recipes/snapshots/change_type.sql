------ 20261121090000_expand_orders_amount.sql
-- upshift: phase expand
-- Changes app.orders.amount to amount_dec, which is numeric(12, 2). Adds the new side; a trigger keeps
-- both in step from here on.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
alter table app.orders add column amount_dec numeric(12, 2);
alter table app.orders
    add constraint upshift_not_null_amount_dec check (amount_dec is not null) not valid;
create function app.upshift_up_orders_amount_dec(amount integer) returns numeric(12, 2)
language sql stable set search_path = pg_catalog, app, pg_temp as $upshift$
    select amount::numeric
$upshift$;
grant execute on function app.upshift_up_orders_amount_dec(integer) to public;
create function app.upshift_down_orders_amount(amount_dec numeric(12, 2)) returns integer
language sql stable set search_path = pg_catalog, app, pg_temp as $upshift$
    select round(amount_dec)::integer
$upshift$;
grant execute on function app.upshift_down_orders_amount(numeric(12, 2)) to public;
create function app.upshift_sync_orders_amount_amount_dec() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
declare
    -- What the new side held before, computed where the row waits for the backfill.
    filled_1 numeric(12, 2);
begin
    if tg_op = 'INSERT' then
        -- The new side has no default: a value in it was sent, and wins.
        if new.amount_dec is not null then
            new.amount := app.upshift_down_orders_amount(new.amount_dec);
        else
            new.amount_dec := app.upshift_up_orders_amount_dec(new.amount);
        end if;
        return new;
    end if;
    if old.amount_dec is null and old.amount is not null then
        filled_1 := app.upshift_up_orders_amount_dec(old.amount);
        if new.amount_dec is null then new.amount_dec := filled_1; end if;
    else
        filled_1 := old.amount_dec;
    end if;
    if row(new.amount_dec)::pg_catalog.record operator(pg_catalog.*<>) row(filled_1)::pg_catalog.record then
        new.amount := app.upshift_down_orders_amount(new.amount_dec);
    elsif row(new.amount)::pg_catalog.record operator(pg_catalog.*<>) row(old.amount)::pg_catalog.record then
        new.amount_dec := app.upshift_up_orders_amount_dec(new.amount);
    end if;
    return new;
end
$upshift$;
create trigger zzz_upshift_sync_amount_amount_dec_i before insert on app.orders for each row
    execute function app.upshift_sync_orders_amount_amount_dec();
create trigger zzz_upshift_sync_amount_amount_dec_u before update on app.orders for each row
    when (row(new.amount)::pg_catalog.record operator(pg_catalog.*<>) row(old.amount)::pg_catalog.record
        or row(new.amount_dec)::pg_catalog.record operator(pg_catalog.*<>) row(old.amount_dec)::pg_catalog.record
        or new.amount_dec is null)
    execute function app.upshift_sync_orders_amount_amount_dec();
alter table app.orders enable always trigger zzz_upshift_sync_amount_amount_dec_i, enable always trigger zzz_upshift_sync_amount_amount_dec_u;

-- upshift: down
drop trigger zzz_upshift_sync_amount_amount_dec_i on app.orders;
drop trigger zzz_upshift_sync_amount_amount_dec_u on app.orders;
drop function app.upshift_sync_orders_amount_amount_dec();
drop function app.upshift_up_orders_amount_dec(integer);
drop function app.upshift_down_orders_amount(numeric(12, 2));
alter table app.orders drop column amount_dec;

------ 20261121090001_backfill_orders_amount.sql
-- upshift: backfill table=app.orders key=id
-- upshift: requires 20261121090000
-- Fills the new side of the rows nobody has written since; batch by batch, as often as need be.
-- Locks: each batch locks the rows it fills, and no others.
update app.orders
set amount_dec = app.upshift_up_orders_amount_dec(amount)
where amount_dec is null and app.upshift_up_orders_amount_dec(amount) is not null;

-- upshift: verify
select not exists (
    select from app.orders
    where amount_dec is null and app.upshift_up_orders_amount_dec(amount) is not null
);
select not exists (
    select from app.orders
    where row(amount_dec)::pg_catalog.record operator(pg_catalog.*<>) row(app.upshift_up_orders_amount_dec(amount)::numeric(12, 2))::pg_catalog.record
        and row(amount)::pg_catalog.record operator(pg_catalog.*<>) row(app.upshift_down_orders_amount(amount_dec)::integer)::pg_catalog.record
);

-- upshift: down
-- What was filled goes with the new side.

------ 20261121090002_check_orders_amount_not_null.sql
-- upshift: phase backfill
-- upshift: requires 20261121090001
-- Looks at every row: amount_dec of app.orders holds no NULL.
-- Locks: SHARE UPDATE EXCLUSIVE on app.orders while every row is read; reads and writes go on.
alter table app.orders validate constraint upshift_not_null_amount_dec;

-- upshift: down
-- That every row was looked at need not be taken back.

------ 20261121090003_orders_amount_not_null.sql
-- upshift: phase backfill
-- upshift: requires 20261121090002
-- Makes amount_dec of app.orders NOT NULL; the valid CHECK spares the scan, and has served.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
alter table app.orders alter column amount_dec set not null;
alter table app.orders drop constraint upshift_not_null_amount_dec;

-- upshift: down
alter table app.orders
    add constraint upshift_not_null_amount_dec check (amount_dec is not null) not valid;
alter table app.orders alter column amount_dec drop not null;

------ 20261121090004_hide_orders_amount.sql
-- upshift: phase contract
-- upshift: requires 20261121090003
-- Hides the old side: code that still uses it gets an error, and it is kept filled. Down gives it
-- back.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
alter table app.orders rename column amount to _upshift_hidden_amount;
create or replace function app.upshift_sync_orders_amount_amount_dec() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
begin
    if tg_op = 'INSERT' then
        new._upshift_hidden_amount := app.upshift_down_orders_amount(new.amount_dec);
    elsif row(new.amount_dec)::pg_catalog.record operator(pg_catalog.*<>) row(old.amount_dec)::pg_catalog.record then
        new._upshift_hidden_amount := app.upshift_down_orders_amount(new.amount_dec);
    end if;
    return new;
end
$upshift$;
alter table app.orders alter column amount_dec set default 0;

-- upshift: down
alter table app.orders alter column amount_dec drop default;
alter table app.orders rename column _upshift_hidden_amount to amount;
create or replace function app.upshift_sync_orders_amount_amount_dec() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
declare
    -- What the new side held before, computed where the row waits for the backfill.
    filled_1 numeric(12, 2);
begin
    if tg_op = 'INSERT' then
        -- The new side has no default: a value in it was sent, and wins.
        if new.amount_dec is not null then
            new.amount := app.upshift_down_orders_amount(new.amount_dec);
        else
            new.amount_dec := app.upshift_up_orders_amount_dec(new.amount);
        end if;
        return new;
    end if;
    if old.amount_dec is null and old.amount is not null then
        filled_1 := app.upshift_up_orders_amount_dec(old.amount);
        if new.amount_dec is null then new.amount_dec := filled_1; end if;
    else
        filled_1 := old.amount_dec;
    end if;
    if row(new.amount_dec)::pg_catalog.record operator(pg_catalog.*<>) row(filled_1)::pg_catalog.record then
        new.amount := app.upshift_down_orders_amount(new.amount_dec);
    elsif row(new.amount)::pg_catalog.record operator(pg_catalog.*<>) row(old.amount)::pg_catalog.record then
        new.amount_dec := app.upshift_up_orders_amount_dec(new.amount);
    end if;
    return new;
end
$upshift$;

------ 20261121090005_purge_orders_amount.sql
-- upshift: phase contract
-- upshift: requires 20261121090004
-- upshift: after 7d
-- upshift: irreversible because the values of the old side are gone with it
-- Drops the hidden side and what kept it filled.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment; no row is rewritten.
drop trigger zzz_upshift_sync_amount_amount_dec_i on app.orders;
drop trigger zzz_upshift_sync_amount_amount_dec_u on app.orders;
drop function app.upshift_sync_orders_amount_amount_dec();
drop function app.upshift_up_orders_amount_dec(integer);
drop function app.upshift_down_orders_amount(numeric(12, 2));
alter table app.orders drop column _upshift_hidden_amount;

------ notes
-- old code: reads and writes amount as ever until the hide; then it gets an error (42703).
-- new code: reads and writes amount_dec only once the backfill is verified: a NULL written into a row that still waits is taken for waiting, and filled. Give the backfill a deploy of its own where the table is big.
-- new code: must not INSERT an explicit NULL into amount_dec where amount has a default: a trigger cannot tell it from a column left out, so the default wins. Leave it out, or send the value.
-- review: triggers that are declared UPDATE OF the old column do not fire when new code writes the new one: declare them for both. A logical subscriber wants the new column before it is added here.
-- review: what makes the old side must take every value new code may write: where it raises an error, new code's write fails; where it gives NULL and the old column is NOT NULL, too. What makes the new side must take every value there is: try both over the table before the expand.
-- review: both are functions declared STABLE: nothing in them may depend on the session, such as its time zone, or old and new code, and the backfill, make different values.
