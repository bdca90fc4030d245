create function touch() returns trigger language plpgsql as $body$
begin
    return new;
end;
$bdy$;
