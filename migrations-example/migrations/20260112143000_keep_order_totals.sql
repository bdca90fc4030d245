alter table orders add column total_minor bigint not null default 0;

-- Adds the difference instead of summing up anew: two sessions that add lines to one order at the same
-- moment do not see each other's line, but each waits for the other's update of the order.
create function keep_order_total() returns trigger
language plpgsql as $$
begin
    if tg_op in ('UPDATE', 'DELETE') then
        update orders set total_minor = total_minor - old.line_total_minor where id = old.order_id;
    end if;
    if tg_op in ('UPDATE', 'INSERT') then
        update orders set total_minor = total_minor + new.line_total_minor where id = new.order_id;
    end if;
    return null;
end
$$;

create trigger order_lines_total after insert or update or delete on order_lines
    for each row execute function keep_order_total();

-- upshift: allow work-under-lock because the shop has a few hundred orders when this ships
-- The trigger holds the table until commit, so no line is missed and none is counted twice.
update orders
set total_minor = lines.total
from (select order_id, sum(line_total_minor) as total from order_lines group by order_id) as lines
where lines.order_id = orders.id;

-- upshift: verify
select orders.total_minor = coalesce(sum(order_lines.line_total_minor), 0)
from orders
left join order_lines on order_lines.order_id = orders.id
group by orders.id;

-- upshift: down
-- It stands on the column; being repeatable, it comes back with the next up.
drop view if exists order_summary;

drop trigger order_lines_total on order_lines;
drop function keep_order_total();
alter table orders drop column total_minor;
