------ 20261121090000_expand_users_name.sql
-- upshift: phase expand
-- Splits app.users.name into first, last. Adds the new side; a trigger keeps both in step from here
-- on.
-- Locks: ACCESS EXCLUSIVE on app.users, a moment.
alter table app.users add column first text;
alter table app.users add column last text;
create function app.upshift_up_users_first(name text) returns text
language sql stable set search_path = pg_catalog, app, pg_temp as $upshift$
    select split_part(name, ' ', 1)
$upshift$;
grant execute on function app.upshift_up_users_first(text) to public;
create function app.upshift_up_users_last(name text) returns text
language sql stable set search_path = pg_catalog, app, pg_temp as $upshift$
    select nullif(substr(name, strpos(name || ' ', ' ') + 1), '')
$upshift$;
grant execute on function app.upshift_up_users_last(text) to public;
create function app.upshift_down_users_name(first text, last text) returns text
language sql stable set search_path = pg_catalog, app, pg_temp as $upshift$
    select concat_ws(' ', first, last)
$upshift$;
grant execute on function app.upshift_down_users_name(text, text) to public;
create function app.upshift_sync_users_name_first_last() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
declare
    -- What the new side held before, computed where the row waits for the backfill.
    filled_1 text;
    filled_2 text;
begin
    if tg_op = 'INSERT' then
        -- The new side has no default: a value in it was sent, and wins.
        if new.first is not null or new.last is not null then
            new.name := app.upshift_down_users_name(new.first, new.last);
        else
            new.first := app.upshift_up_users_first(new.name);
            new.last := app.upshift_up_users_last(new.name);
        end if;
        return new;
    end if;
    if old.first is null and old.last is null and old.name is not null then
        filled_1 := app.upshift_up_users_first(old.name);
        filled_2 := app.upshift_up_users_last(old.name);
        if new.first is null then new.first := filled_1; end if;
        if new.last is null then new.last := filled_2; end if;
    else
        filled_1 := old.first;
        filled_2 := old.last;
    end if;
    if row(new.first, new.last)::pg_catalog.record operator(pg_catalog.*<>) row(filled_1, filled_2)::pg_catalog.record then
        new.name := app.upshift_down_users_name(new.first, new.last);
    elsif row(new.name)::pg_catalog.record operator(pg_catalog.*<>) row(old.name)::pg_catalog.record then
        new.first := app.upshift_up_users_first(new.name);
        new.last := app.upshift_up_users_last(new.name);
    end if;
    return new;
end
$upshift$;
create trigger zzz_upshift_sync_name_first_last_i before insert on app.users for each row
    execute function app.upshift_sync_users_name_first_last();
create trigger zzz_upshift_sync_name_first_last_u before update on app.users for each row
    when (row(new.name)::pg_catalog.record operator(pg_catalog.*<>) row(old.name)::pg_catalog.record
        or row(new.first, new.last)::pg_catalog.record operator(pg_catalog.*<>) row(old.first, old.last)::pg_catalog.record
        or (new.first is null and new.last is null))
    execute function app.upshift_sync_users_name_first_last();
alter table app.users enable always trigger zzz_upshift_sync_name_first_last_i, enable always trigger zzz_upshift_sync_name_first_last_u;

-- upshift: down
drop trigger zzz_upshift_sync_name_first_last_i on app.users;
drop trigger zzz_upshift_sync_name_first_last_u on app.users;
drop function app.upshift_sync_users_name_first_last();
drop function app.upshift_up_users_first(text);
drop function app.upshift_up_users_last(text);
drop function app.upshift_down_users_name(text, text);
alter table app.users drop column last;
alter table app.users drop column first;

------ 20261121090001_backfill_users_name.sql
-- upshift: backfill table=app.users key=id
-- upshift: requires 20261121090000
-- Fills the new side of the rows nobody has written since; batch by batch, as often as need be.
-- Locks: each batch locks the rows it fills, and no others.
update app.users
set first = app.upshift_up_users_first(name), last = app.upshift_up_users_last(name)
where first is null and last is null and (app.upshift_up_users_first(name) is not null or app.upshift_up_users_last(name) is not null);

-- upshift: verify
select not exists (
    select from app.users
    where first is null and last is null and (app.upshift_up_users_first(name) is not null or app.upshift_up_users_last(name) is not null)
);
select not exists (
    select from app.users
    where row(first, last)::pg_catalog.record operator(pg_catalog.*<>) row(app.upshift_up_users_first(name)::text, app.upshift_up_users_last(name)::text)::pg_catalog.record
        and row(name)::pg_catalog.record operator(pg_catalog.*<>) row(app.upshift_down_users_name(first, last)::text)::pg_catalog.record
);

-- upshift: down
-- What was filled goes with the new side.

------ 20261121090002_hide_users_name.sql
-- upshift: phase contract
-- upshift: requires 20261121090001
-- Hides the old side: code that still uses it gets an error, and it is kept filled. Down gives it
-- back.
-- Locks: ACCESS EXCLUSIVE on app.users, a moment.
alter table app.users rename column name to _upshift_hidden_name;
create or replace function app.upshift_sync_users_name_first_last() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
begin
    if tg_op = 'INSERT' then
        new._upshift_hidden_name := app.upshift_down_users_name(new.first, new.last);
    elsif row(new.first, new.last)::pg_catalog.record operator(pg_catalog.*<>) row(old.first, old.last)::pg_catalog.record then
        new._upshift_hidden_name := app.upshift_down_users_name(new.first, new.last);
    end if;
    return new;
end
$upshift$;

-- upshift: down
alter table app.users rename column _upshift_hidden_name to name;
create or replace function app.upshift_sync_users_name_first_last() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
declare
    -- What the new side held before, computed where the row waits for the backfill.
    filled_1 text;
    filled_2 text;
begin
    if tg_op = 'INSERT' then
        -- The new side has no default: a value in it was sent, and wins.
        if new.first is not null or new.last is not null then
            new.name := app.upshift_down_users_name(new.first, new.last);
        else
            new.first := app.upshift_up_users_first(new.name);
            new.last := app.upshift_up_users_last(new.name);
        end if;
        return new;
    end if;
    if old.first is null and old.last is null and old.name is not null then
        filled_1 := app.upshift_up_users_first(old.name);
        filled_2 := app.upshift_up_users_last(old.name);
        if new.first is null then new.first := filled_1; end if;
        if new.last is null then new.last := filled_2; end if;
    else
        filled_1 := old.first;
        filled_2 := old.last;
    end if;
    if row(new.first, new.last)::pg_catalog.record operator(pg_catalog.*<>) row(filled_1, filled_2)::pg_catalog.record then
        new.name := app.upshift_down_users_name(new.first, new.last);
    elsif row(new.name)::pg_catalog.record operator(pg_catalog.*<>) row(old.name)::pg_catalog.record then
        new.first := app.upshift_up_users_first(new.name);
        new.last := app.upshift_up_users_last(new.name);
    end if;
    return new;
end
$upshift$;

------ 20261121090003_purge_users_name.sql
-- upshift: phase contract
-- upshift: requires 20261121090002
-- upshift: after 7d
-- upshift: irreversible because the values of the old side are gone with it
-- Drops the hidden side and what kept it filled.
-- Locks: ACCESS EXCLUSIVE on app.users, a moment; no row is rewritten.
drop trigger zzz_upshift_sync_name_first_last_i on app.users;
drop trigger zzz_upshift_sync_name_first_last_u on app.users;
drop function app.upshift_sync_users_name_first_last();
drop function app.upshift_up_users_first(text);
drop function app.upshift_up_users_last(text);
drop function app.upshift_down_users_name(text, text);
alter table app.users drop column _upshift_hidden_name;

------ notes
-- old code: reads and writes name as ever until the hide; then it gets an error (42703).
-- new code: reads and writes first, last only once the backfill is verified: a NULL written into a row that still waits is taken for waiting, and filled. Give the backfill a deploy of its own where the table is big.
-- review: triggers that are declared UPDATE OF the old column do not fire when new code writes the new one: declare them for both. A logical subscriber wants the new column before it is added here.
-- new code: a row whose new columns are all NULL while its old ones are not counts as waiting for the backfill: a NULL for which the old side has a substitute does not stay.
-- review: what makes the old side must take every value new code may write: where it raises an error, new code's write fails; where it gives NULL and the old column is NOT NULL, too. What makes the new side must take every value there is: try both over the table before the expand.
-- review: both are functions declared STABLE: nothing in them may depend on the session, such as its time zone, or old and new code, and the backfill, make different values.
