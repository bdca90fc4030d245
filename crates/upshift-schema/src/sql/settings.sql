-- One message of the simple query protocol is one transaction, with no BEGIN: whatever fails or is dropped in it, no
-- transaction stays open, and `set local` ends with it. With only the catalog on the path a bare name below can be nobody
-- else's, and PostgreSQL prints every other name with its schema. The rest is what definitions are printed by.
set transaction isolation level repeatable read, read only;
set local search_path = pg_catalog, pg_temp;
set local quote_all_identifiers = off;
set local jit = off;
set local datestyle = 'ISO, YMD';
set local intervalstyle = postgres;
set local extra_float_digits = 3;
set local bytea_output = hex;
set local xmloption = content;
set local timezone = 'UTC';
