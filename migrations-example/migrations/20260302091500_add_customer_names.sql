-- A letter begins "Dear Ada", so the name becomes two columns. The release before this one still writes
-- `full_name`, this one writes the new columns; dropping the old column is for a release after both.
alter table customers
    add column given_name text,
    add column family_name text;

create function keep_names_in_step() returns trigger
language plpgsql as $$
declare
    parts text := concat_ws(' ', new.given_name, new.family_name);
begin
    if tg_op = 'UPDATE'
        and new.full_name is distinct from old.full_name
        and (new.given_name, new.family_name) is not distinct from (old.given_name, old.family_name)
    then
        -- Written by the older release: the parts are no longer true, and no part is better than a wrong one.
        new.given_name := null;
        new.family_name := null;
    elsif new.given_name is not null
        -- Only another name is a change: the white space somebody typed is theirs.
        and regexp_replace(btrim(new.full_name), '\s+', ' ', 'g') is distinct from parts
    then
        new.full_name := parts;
    end if;
    return new;
end
$$;

create trigger customers_names before insert or update of full_name, given_name, family_name on customers
    for each row execute function keep_names_in_step();

-- upshift: down
drop trigger customers_names on customers;
drop function keep_names_in_step();
alter table customers
    drop column family_name,
    drop column given_name;
