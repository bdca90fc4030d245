alter table orders add total bigint;
