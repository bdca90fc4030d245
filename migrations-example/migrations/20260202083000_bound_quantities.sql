-- upshift: lock-timeout 1s

-- Binds new rows at once. The old ones are read in the next migration, under a lock that lets the shop go
-- on selling.
alter table order_lines
    add constraint order_lines_quantity_is_sane check (quantity between 1 and 1000) not valid;

-- upshift: down
alter table order_lines drop constraint order_lines_quantity_is_sane;
