create or replace view open_orders as select * from orders where status = 'open';
