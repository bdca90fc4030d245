create index concurrently orders_status on orders (status);

-- upshift: down
drop index concurrently orders_status;
