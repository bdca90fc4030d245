-- Who changed which order, and what it was before.
create table change_log (
    id         bigint generated always as identity primary key,
    shop_id    bigint      not null,
    table_name text        not null,
    row_id     bigint      not null,
    action     text        not null,
    changed    jsonb       not null,
    role       text        not null default current_user,
    at         timestamptz not null default now(),

    constraint change_log_action_is_known check (action in ('insert', 'update', 'delete'))
);

create index change_log_row_idx on change_log (table_name, row_id, id);

-- For every table with `id` and `shop_id`. An update records the columns that changed, with their old values.
create function record_change() returns trigger
language plpgsql as $$
declare
    before  jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
    after   jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
    subject jsonb := coalesce(after, before);
    changed jsonb := subject;
begin
    if tg_op = 'UPDATE' then
        select coalesce(jsonb_object_agg(was.key, was.value), '{}') into changed
        from jsonb_each(before) as was
        where was.value is distinct from after -> was.key;
    end if;
    insert into change_log (shop_id, table_name, row_id, action, changed)
    values (
        (subject ->> 'shop_id')::bigint, tg_table_name, (subject ->> 'id')::bigint, lower(tg_op), changed
    );
    return null;
end
$$;

create trigger orders_record after insert or delete on orders
    for each row execute function record_change();
create trigger orders_record_update after update on orders
    for each row when (old.status is distinct from new.status) execute function record_change();

-- upshift: down
drop trigger orders_record_update on orders;
drop trigger orders_record on orders;
drop function record_change();
drop table change_log;
