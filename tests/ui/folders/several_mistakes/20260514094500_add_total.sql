alter table orders add total text default '0;
