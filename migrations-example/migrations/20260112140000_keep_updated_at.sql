create function touch_updated_at() returns trigger
language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end
$$;

-- `when`: a statement that writes what is there already is no change.
create trigger customers_touch before update on customers
    for each row when (old.* is distinct from new.*) execute function touch_updated_at();
create trigger products_touch before update on products
    for each row when (old.* is distinct from new.*) execute function touch_updated_at();
create trigger orders_touch before update on orders
    for each row when (old.* is distinct from new.*) execute function touch_updated_at();

-- upshift: down
drop trigger orders_touch on orders;
drop trigger products_touch on products;
drop trigger customers_touch on customers;
drop function touch_updated_at();
