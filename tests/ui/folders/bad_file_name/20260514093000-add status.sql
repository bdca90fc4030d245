alter table orders add status text;
