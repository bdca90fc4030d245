-- upshift: allow foreign-key-without-index because no currency is ever deleted
create table products (
    id          bigint generated always as identity primary key,
    shop_id     bigint      not null,
    sku         text        not null,
    name        text        not null,
    currency    text        not null,
    price_minor bigint      not null,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),

    constraint products_shop_fkey foreign key (shop_id) references shops (id),
    constraint products_currency_fkey foreign key (currency) references currencies (code),
    constraint products_price_is_no_debt check (price_minor >= 0),
    constraint products_shop_sku_key unique (shop_id, sku),
    constraint products_shop_key unique (shop_id, id)
);

-- upshift: down
drop table products;
