------ 20261121090000_index_users_users_name_key.sql
-- upshift: phase expand
-- Adds the unique constraint users_name_key to app.users. First its index, built while writes go on.
-- Locks: SHARE UPDATE EXCLUSIVE on app.users while it builds; it waits for transactions older than
-- itself.
create unique index concurrently users_name_key on app.users (name);

-- upshift: down
drop index concurrently if exists app.users_name_key;

------ 20261121090001_unique_users_users_name_key.sql
-- upshift: phase expand
-- upshift: requires 20261121090000
-- Makes a constraint of the index; no row is read.
-- Locks: ACCESS EXCLUSIVE on app.users, a moment.
alter table app.users
    add constraint users_name_key unique using index users_name_key;

-- upshift: down
alter table app.users drop constraint users_name_key;

------ notes
-- old code: a second row of a key fails as soon as the build has begun, even before it has ended.
-- review: where rows have a key twice already, the build fails; the index it leaves is dropped before the next try.
