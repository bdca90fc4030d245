------ 20261121090000_add_orders_orders_user_id_fkey.sql
-- upshift: phase expand
-- upshift: transaction off
-- Every row written from now on is held to the key; one partition after the other.
-- Locks: SHARE ROW EXCLUSIVE on one partition and app.users, a moment each.
alter table app.orders_2025
    add constraint orders_user_id_fkey foreign key (user_id) references app.users (id) on delete cascade not valid;
alter table app.orders_2026
    add constraint orders_user_id_fkey foreign key (user_id) references app.users (id) on delete cascade not valid;

-- upshift: down
alter table app.orders_2025 drop constraint if exists orders_user_id_fkey;
alter table app.orders_2026 drop constraint if exists orders_user_id_fkey;

------ 20261121090001_check_orders_orders_user_id_fkey.sql
-- upshift: phase backfill
-- upshift: requires 20261121090000
-- upshift: transaction off
-- Looks at every row; one partition after the other.
-- Locks: SHARE UPDATE EXCLUSIVE on one partition while its rows are read.
alter table app.orders_2025 validate constraint orders_user_id_fkey;
alter table app.orders_2026 validate constraint orders_user_id_fkey;

-- upshift: down
-- That every row was looked at need not be taken back.

------ 20261121090002_join_orders_orders_user_id_fkey.sql
-- upshift: phase backfill
-- upshift: requires 20261121090001
-- The parent's key takes in those of the partitions, without looking again.
-- Locks: SHARE ROW EXCLUSIVE on app.orders and its partitions, ACCESS EXCLUSIVE on app.users, a moment:
-- its triggers for the partitions' keys make way for those of one key.
alter table app.orders
    add constraint orders_user_id_fkey foreign key (user_id) references app.users (id) on delete cascade;

-- upshift: down
alter table app.orders drop constraint orders_user_id_fkey;

------ notes
-- review: a partition that is made between the first file and the last one has no key yet: the last one looks at all of its rows, under its lock. Make none meanwhile.
-- server: from PostgreSQL 18 on the parent takes a NOT VALID key itself: made for such a server, these are two files.
-- review: rows of app.users that are deleted or change their key are looked for in app.orders: without an index on its columns each of these reads all of it. Make one with ConcurrentIndex before.
