alter table orders add name text;
