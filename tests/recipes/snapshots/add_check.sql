------ 20261121090000_add_orders_orders_amount_check.sql
-- upshift: phase contract
-- Adds the CHECK orders_amount_check to app.orders. Every row written from now on is held to it.
-- Locks: ACCESS EXCLUSIVE on app.orders, a moment.
alter table app.orders
    add constraint orders_amount_check check (amount >= 0) not valid;

-- upshift: down
alter table app.orders drop constraint orders_amount_check;

------ 20261121090001_check_orders_orders_amount_check.sql
-- upshift: phase contract
-- upshift: requires 20261121090000
-- Looks at every row there is.
-- Locks: SHARE UPDATE EXCLUSIVE on app.orders while every row is read; reads and writes go on.
alter table app.orders validate constraint orders_amount_check;

-- upshift: down
-- That every row was looked at need not be taken back.

------ notes
-- old code: may break the rule until the contract; then it gets an error.
-- review: a row that breaks the rule already cannot be updated any more, in whatever column: mend such rows before. The second file fails, and changes nothing, while there is one.
