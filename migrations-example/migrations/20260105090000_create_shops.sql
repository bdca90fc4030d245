-- Every row of the service belongs to a shop: shops are the tenants.
create table shops (
    id         bigint generated always as identity primary key,
    slug       text        not null,
    name       text        not null,
    created_at timestamptz not null default now(),

    constraint shops_slug_key unique (slug),
    constraint shops_slug_is_a_slug check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$')
);

-- upshift: down
drop table shops;
