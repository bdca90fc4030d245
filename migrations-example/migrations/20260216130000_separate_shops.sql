-- upshift: allow several-tables-locked because all tables must be parted at the same moment
-- The service says `set_config('orders.shop_id', …, true)` at the beginning of each transaction, since the
-- release before this one, and sees that shop alone. Without it no row is seen: a forgotten setting must not
-- show everything.
create function current_shop() returns bigint
language sql stable as $$
    select nullif(current_setting('orders.shop_id', true), '')::bigint
$$;

create policy one_shop on customers using (shop_id = current_shop());
create policy one_shop on products using (shop_id = current_shop());
create policy one_shop on orders using (shop_id = current_shop());
create policy one_shop on order_lines using (shop_id = current_shop());
create policy one_shop on change_log using (shop_id = current_shop());

-- `force`: the service owns its tables, and an owner would be excused.
alter table customers enable row level security, force row level security;
alter table products enable row level security, force row level security;
alter table orders enable row level security, force row level security;
alter table order_lines enable row level security, force row level security;
alter table change_log enable row level security, force row level security;

-- upshift: down
alter table change_log disable row level security, no force row level security;
alter table order_lines disable row level security, no force row level security;
alter table orders disable row level security, no force row level security;
alter table products disable row level security, no force row level security;
alter table customers disable row level security, no force row level security;

drop policy one_shop on change_log;
drop policy one_shop on order_lines;
drop policy one_shop on orders;
drop policy one_shop on products;
drop policy one_shop on customers;
drop function current_shop();
