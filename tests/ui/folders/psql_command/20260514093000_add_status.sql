alter table orders add status text;
\i more.sql
