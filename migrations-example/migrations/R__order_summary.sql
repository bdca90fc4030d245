-- One row an order, as lists and letters want it. Of use to one shop at a time, as the tables below it are.
create or replace view order_summary as
select
    orders.id,
    orders.shop_id,
    orders.status,
    customers.full_name as customer,
    customers.email,
    count(order_lines.id) as lines,
    coalesce(sum(order_lines.quantity), 0) as articles,
    orders.total_minor,
    orders.currency,
    round(orders.total_minor / 10::numeric ^ currencies.minor_digits, currencies.minor_digits) as total,
    orders.placed_at
from orders
join customers on (customers.shop_id, customers.id) = (orders.shop_id, orders.customer_id)
join currencies on currencies.code = orders.currency
left join order_lines on order_lines.order_id = orders.id
group by orders.id, customers.id, currencies.code;
