create table customers (
    id bigint generated always as identity primary key,
    email text not null
);

create table orders (
    id bigint generated always as identity primary key,
    customer_id bigint not null,
    note text
);

create index orders_customer on orders (customer_id);

-- upshift: down
drop table orders;
drop table customers;
