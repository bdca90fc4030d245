alter table orders drop status;
