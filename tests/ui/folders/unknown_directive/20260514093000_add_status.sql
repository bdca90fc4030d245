-- upshift: pase contract
alter table orders drop status;
