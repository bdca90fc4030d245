-- The newest orders of a shop: what `GET /orders` reads.
create index concurrently orders_shop_placed_idx on orders (shop_id, placed_at desc);

-- upshift: down
drop index concurrently orders_shop_placed_idx;
