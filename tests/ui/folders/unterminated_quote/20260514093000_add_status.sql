alter table orders add status text;
alter table orders
    alter status set default 'new;
