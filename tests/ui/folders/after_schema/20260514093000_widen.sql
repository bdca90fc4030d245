alter table invoices alter column total type numeric(12,2);
-- upshift: down
alter table invoices alter column total type numeric(10,2);
