alter table orders alter column note type varchar(200);
-- upshift: down
alter table orders alter column note type text;
