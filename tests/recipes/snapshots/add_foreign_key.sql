------ 20261121090000_add_orders_orders_user_id_fkey.sql
-- upshift: phase expand
-- Adds the foreign key orders_user_id_fkey from app.orders to app.users. Every row written from now on
-- is held to it.
-- Locks: SHARE ROW EXCLUSIVE on app.orders and app.users, a moment: writes wait, reads go on.
alter table app.orders
    add constraint orders_user_id_fkey foreign key (user_id) references app.users (id) on delete cascade not valid;

-- upshift: down
alter table app.orders drop constraint orders_user_id_fkey;

------ 20261121090001_check_orders_orders_user_id_fkey.sql
-- upshift: phase backfill
-- upshift: requires 20261121090000
-- Looks at every row there is.
-- Locks: SHARE UPDATE EXCLUSIVE on app.orders and ROW SHARE on app.users while every row is read.
alter table app.orders validate constraint orders_user_id_fkey;

-- upshift: down
-- That every row was looked at need not be taken back.

------ notes
-- old code: writes nothing that breaks the rule: what does fails from the expand on.
-- review: a row that breaks the rule already cannot be updated any more, in whatever column: mend such rows before. The second file fails, and changes nothing, while there is one.
-- review: rows of app.users that are deleted or change their key are looked for in app.orders: without an index on its columns each of these reads all of it. Make one with ConcurrentIndex before.
