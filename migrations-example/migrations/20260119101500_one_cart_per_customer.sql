-- The guard says who has to be put in order first, instead of an invalid index saying that somebody has.
create unique index concurrently orders_one_cart_per_customer on orders (customer_id) where status = 'cart';

-- upshift: guard
select count(*) = 1 from orders where status = 'cart' group by customer_id;

-- upshift: down
drop index concurrently orders_one_cart_per_customer;
