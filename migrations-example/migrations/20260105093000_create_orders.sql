-- upshift: allow foreign-key-without-index because no currency is ever deleted
create type order_status as enum ('cart', 'placed', 'paid', 'shipped', 'cancelled');

create table orders (
    id          bigint generated always as identity primary key,
    shop_id     bigint       not null,
    customer_id bigint       not null,
    status      order_status not null default 'cart',
    currency    text         not null,
    placed_at   timestamptz,
    created_at  timestamptz  not null default now(),
    updated_at  timestamptz  not null default now(),

    -- With the shop in the key no order can belong to the customer of another shop.
    constraint orders_customer_fkey foreign key (shop_id, customer_id) references customers (shop_id, id),
    constraint orders_currency_fkey foreign key (currency) references currencies (code),
    constraint orders_placed_has_a_time check (status in ('cart', 'cancelled') or placed_at is not null),
    constraint orders_shop_key unique (shop_id, id)
);

create index orders_customer_idx on orders (shop_id, customer_id);

create table order_lines (
    id               bigint generated always as identity primary key,
    shop_id          bigint  not null,
    order_id         bigint  not null,
    product_id       bigint  not null,
    quantity         integer not null,
    -- The price of the day the line was added: a later price change must not touch old orders.
    unit_price_minor bigint  not null,
    line_total_minor bigint  not null generated always as (quantity * unit_price_minor) stored,

    constraint order_lines_order_fkey foreign key (shop_id, order_id)
        references orders (shop_id, id) on delete cascade,
    constraint order_lines_product_fkey foreign key (shop_id, product_id) references products (shop_id, id),
    constraint order_lines_product_once unique (order_id, product_id)
);

create index order_lines_product_idx on order_lines (shop_id, product_id);

-- upshift: down
drop table order_lines;
drop table orders;
drop type order_status;
