-- upshift: requires 20260202083000

alter table order_lines validate constraint order_lines_quantity_is_sane;

-- upshift: down
-- Nothing makes a valid constraint "not valid" again, so it is made anew as it was.
alter table order_lines drop constraint order_lines_quantity_is_sane;
alter table order_lines
    add constraint order_lines_quantity_is_sane check (quantity between 1 and 1000) not valid;
