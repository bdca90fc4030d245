create table orders (
    id bigint generated always as identity primary key,
    status text not null default 'new'
);

-- upshift: down
drop table orders;
