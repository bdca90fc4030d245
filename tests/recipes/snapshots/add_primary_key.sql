------ 20261121090000_hold_users_users_pkey_not_null.sql
-- upshift: phase expand
-- Holds every row that is written from now on: no part of the key is NULL.
-- Locks: ACCESS EXCLUSIVE on app.users, a moment, after every row was read under ACCESS SHARE.

-- upshift: guard
select not exists (
    select from app.users
    where town is null
);

-- upshift: up
alter table app.users
    add constraint upshift_not_null_town check (town is not null) not valid;

-- upshift: down
alter table app.users drop constraint upshift_not_null_town;

------ 20261121090001_check_users_users_pkey_not_null.sql
-- upshift: phase backfill
-- upshift: requires 20261121090000
-- Looks at every row: town of app.users holds no NULL.
-- Locks: SHARE UPDATE EXCLUSIVE on app.users while every row is read; reads and writes go on.
alter table app.users validate constraint upshift_not_null_town;

-- upshift: down
-- That every row was looked at need not be taken back.

------ 20261121090002_users_users_pkey_not_null.sql
-- upshift: phase backfill
-- upshift: requires 20261121090001
-- Makes town of app.users NOT NULL; the valid CHECK spares the scan, and has served.
-- Locks: ACCESS EXCLUSIVE on app.users, a moment.
alter table app.users alter column town set not null;
alter table app.users drop constraint upshift_not_null_town;

-- upshift: down
alter table app.users
    add constraint upshift_not_null_town check (town is not null) not valid;
alter table app.users alter column town drop not null;

------ 20261121090003_index_users_users_pkey.sql
-- upshift: phase backfill
-- upshift: requires 20261121090002
-- Makes users_pkey the primary key of app.users. First its index, built while writes go on.
-- Locks: SHARE UPDATE EXCLUSIVE on app.users while it builds; it waits for transactions older than
-- itself.
create unique index concurrently users_pkey on app.users (id, town);

-- upshift: down
drop index concurrently if exists app.users_pkey;

------ 20261121090004_primary_key_users_users_pkey.sql
-- upshift: phase backfill
-- upshift: requires 20261121090003
-- Makes a constraint of the index; no row is read.
-- Locks: ACCESS EXCLUSIVE on app.users, a moment.
alter table app.users
    add constraint users_pkey primary key using index users_pkey;

-- upshift: down
alter table app.users drop constraint users_pkey;

------ notes
-- old code: a second row of a key fails as soon as the build has begun, even before it has ended.
