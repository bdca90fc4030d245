------ 20261121090000_expand_users_street_town.sql
-- upshift: phase expand
-- Merges street, town of app.users into address. Adds the new side; a trigger keeps both in step from
-- here on.
-- Locks: ACCESS EXCLUSIVE on app.users, a moment.
alter table app.users add column address text;
create function app.upshift_up_users_address(street text, town text) returns text
language sql stable set search_path = pg_catalog, app, pg_temp as $upshift$
    select nullif(concat_ws(', ', street, town), '')
$upshift$;
grant execute on function app.upshift_up_users_address(text, text) to public;
create function app.upshift_down_users_street(address text) returns text
language sql stable set search_path = pg_catalog, app, pg_temp as $upshift$
    select nullif(split_part(address, ', ', 1), '')
$upshift$;
grant execute on function app.upshift_down_users_street(text) to public;
create function app.upshift_down_users_town(address text) returns text
language sql stable set search_path = pg_catalog, app, pg_temp as $upshift$
    select nullif(split_part(address, ', ', 2), '')
$upshift$;
grant execute on function app.upshift_down_users_town(text) to public;
create function app.upshift_sync_users_street_town_address() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
declare
    -- What the new side held before, computed where the row waits for the backfill.
    filled_1 text;
begin
    if tg_op = 'INSERT' then
        -- The new side has no default: a value in it was sent, and wins.
        if new.address is not null then
            new.street := app.upshift_down_users_street(new.address);
            new.town := app.upshift_down_users_town(new.address);
        else
            new.address := app.upshift_up_users_address(new.street, new.town);
        end if;
        return new;
    end if;
    if old.address is null and (old.street is not null or old.town is not null) then
        filled_1 := app.upshift_up_users_address(old.street, old.town);
        if new.address is null then new.address := filled_1; end if;
    else
        filled_1 := old.address;
    end if;
    if row(new.address)::pg_catalog.record operator(pg_catalog.*<>) row(filled_1)::pg_catalog.record then
        new.street := app.upshift_down_users_street(new.address);
        new.town := app.upshift_down_users_town(new.address);
    elsif row(new.street, new.town)::pg_catalog.record operator(pg_catalog.*<>) row(old.street, old.town)::pg_catalog.record then
        new.address := app.upshift_up_users_address(new.street, new.town);
    end if;
    return new;
end
$upshift$;
create trigger zzz_upshift_sync_street_town_address_i before insert on app.users for each row
    execute function app.upshift_sync_users_street_town_address();
create trigger zzz_upshift_sync_street_town_address_u before update on app.users for each row
    when (row(new.street, new.town)::pg_catalog.record operator(pg_catalog.*<>) row(old.street, old.town)::pg_catalog.record
        or row(new.address)::pg_catalog.record operator(pg_catalog.*<>) row(old.address)::pg_catalog.record
        or new.address is null)
    execute function app.upshift_sync_users_street_town_address();
alter table app.users enable always trigger zzz_upshift_sync_street_town_address_i, enable always trigger zzz_upshift_sync_street_town_address_u;

-- upshift: down
drop trigger zzz_upshift_sync_street_town_address_i on app.users;
drop trigger zzz_upshift_sync_street_town_address_u on app.users;
drop function app.upshift_sync_users_street_town_address();
drop function app.upshift_up_users_address(text, text);
drop function app.upshift_down_users_street(text);
drop function app.upshift_down_users_town(text);
alter table app.users drop column address;

------ 20261121090001_backfill_users_street_town.sql
-- upshift: backfill table=app.users key=id
-- upshift: requires 20261121090000
-- Fills the new side of the rows nobody has written since; batch by batch, as often as need be.
-- Locks: each batch locks the rows it fills, and no others.
update app.users
set address = app.upshift_up_users_address(street, town)
where address is null and app.upshift_up_users_address(street, town) is not null;

-- upshift: verify
select not exists (
    select from app.users
    where address is null and app.upshift_up_users_address(street, town) is not null
);
select not exists (
    select from app.users
    where row(address)::pg_catalog.record operator(pg_catalog.*<>) row(app.upshift_up_users_address(street, town)::text)::pg_catalog.record
        and row(street, town)::pg_catalog.record operator(pg_catalog.*<>) row(app.upshift_down_users_street(address)::text, app.upshift_down_users_town(address)::text)::pg_catalog.record
);

-- upshift: down
-- What was filled goes with the new side.

------ 20261121090002_hide_users_street_town.sql
-- upshift: phase contract
-- upshift: requires 20261121090001
-- Hides the old side: code that still uses it gets an error, and it is kept filled. Down gives it
-- back.
-- Locks: ACCESS EXCLUSIVE on app.users, a moment.
alter table app.users rename column street to _upshift_hidden_street;
alter table app.users rename column town to _upshift_hidden_town;
create or replace function app.upshift_sync_users_street_town_address() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
begin
    if tg_op = 'INSERT' then
        new._upshift_hidden_street := app.upshift_down_users_street(new.address);
        new._upshift_hidden_town := app.upshift_down_users_town(new.address);
    elsif row(new.address)::pg_catalog.record operator(pg_catalog.*<>) row(old.address)::pg_catalog.record then
        new._upshift_hidden_street := app.upshift_down_users_street(new.address);
        new._upshift_hidden_town := app.upshift_down_users_town(new.address);
    end if;
    return new;
end
$upshift$;

-- upshift: down
alter table app.users rename column _upshift_hidden_street to street;
alter table app.users rename column _upshift_hidden_town to town;
create or replace function app.upshift_sync_users_street_town_address() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $upshift$
declare
    -- What the new side held before, computed where the row waits for the backfill.
    filled_1 text;
begin
    if tg_op = 'INSERT' then
        -- The new side has no default: a value in it was sent, and wins.
        if new.address is not null then
            new.street := app.upshift_down_users_street(new.address);
            new.town := app.upshift_down_users_town(new.address);
        else
            new.address := app.upshift_up_users_address(new.street, new.town);
        end if;
        return new;
    end if;
    if old.address is null and (old.street is not null or old.town is not null) then
        filled_1 := app.upshift_up_users_address(old.street, old.town);
        if new.address is null then new.address := filled_1; end if;
    else
        filled_1 := old.address;
    end if;
    if row(new.address)::pg_catalog.record operator(pg_catalog.*<>) row(filled_1)::pg_catalog.record then
        new.street := app.upshift_down_users_street(new.address);
        new.town := app.upshift_down_users_town(new.address);
    elsif row(new.street, new.town)::pg_catalog.record operator(pg_catalog.*<>) row(old.street, old.town)::pg_catalog.record then
        new.address := app.upshift_up_users_address(new.street, new.town);
    end if;
    return new;
end
$upshift$;

------ 20261121090003_purge_users_street_town.sql
-- upshift: phase contract
-- upshift: requires 20261121090002
-- upshift: after 7d
-- upshift: irreversible because the values of the old side are gone with it
-- Drops the hidden side and what kept it filled.
-- Locks: ACCESS EXCLUSIVE on app.users, a moment; no row is rewritten.
drop trigger zzz_upshift_sync_street_town_address_i on app.users;
drop trigger zzz_upshift_sync_street_town_address_u on app.users;
drop function app.upshift_sync_users_street_town_address();
drop function app.upshift_up_users_address(text, text);
drop function app.upshift_down_users_street(text);
drop function app.upshift_down_users_town(text);
alter table app.users drop column _upshift_hidden_street;
alter table app.users drop column _upshift_hidden_town;

------ notes
-- old code: reads and writes street, town as ever until the hide; then it gets an error (42703).
-- new code: reads and writes address only once the backfill is verified: a NULL written into a row that still waits is taken for waiting, and filled. Give the backfill a deploy of its own where the table is big.
-- review: triggers that are declared UPDATE OF the old column do not fire when new code writes the new one: declare them for both. A logical subscriber wants the new column before it is added here.
-- new code: a row whose new columns are all NULL while its old ones are not counts as waiting for the backfill: a NULL for which the old side has a substitute does not stay.
-- review: what makes the old side must take every value new code may write: where it raises an error, new code's write fails; where it gives NULL and the old column is NOT NULL, too. What makes the new side must take every value there is: try both over the table before the expand.
-- review: both are functions declared STABLE: nothing in them may depend on the session, such as its time zone, or old and new code, and the backfill, make different values.
