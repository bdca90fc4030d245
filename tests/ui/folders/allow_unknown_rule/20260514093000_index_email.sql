-- upshift: allow create-index-not-concurent because the table has ten rows
create index customers_email on customers (email);
-- upshift: down
drop index customers_email;
