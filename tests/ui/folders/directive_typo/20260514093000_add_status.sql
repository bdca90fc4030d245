-- upshft: phase contract
alter table orders drop status;
