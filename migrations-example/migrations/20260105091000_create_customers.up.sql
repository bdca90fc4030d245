create table customers (
    id         bigint generated always as identity primary key,
    shop_id    bigint      not null,
    email      text        not null,
    full_name  text        not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),

    constraint customers_shop_fkey foreign key (shop_id) references shops (id),
    constraint customers_email_is_an_address check (email like '_%@_%'),
    constraint customers_full_name_is_said check (full_name ~ '\S'),
    -- What an order refers to: the customer, and that both belong to one shop.
    constraint customers_shop_key unique (shop_id, id)
);

-- Ada@Example.com and ada@example.com are one customer.
create unique index customers_shop_email_key on customers (shop_id, lower(email));
