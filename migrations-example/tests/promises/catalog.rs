//! Everything a migration can leave in the catalog and in seeded tables, as lines of text.

use upshift::deadpool_postgres::Client;

use crate::ask;

/// One line for each object of the schema `public`, sorted. Written for PostgreSQL 13 to 18.
const OBJECTS: &str = r"
    select line from (
        select format('%s %s rls=%s force=%s options=%s', c.relkind, c.relname, c.relrowsecurity,
            c.relforcerowsecurity, c.reloptions) as line
        from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'S', 'm', 'p')
        union all
        select format('column %s.%s %s not_null=%s generated=%s identity=%s default=%s', c.relname, a.attname,
            format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated, a.attidentity,
            pg_get_expr(d.adbin, d.adrelid))
        from pg_attribute a
        join pg_class c on c.oid = a.attrelid
        left join pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped
        union all
        select format('constraint %s.%s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
        from pg_constraint where connamespace = 'public'::regnamespace
        union all
        select format('index %s valid=%s', pg_get_indexdef(i.indexrelid), i.indisvalid)
        from pg_index i join pg_class c on c.oid = i.indexrelid where c.relnamespace = 'public'::regnamespace
        union all
        select format('trigger %s', pg_get_triggerdef(t.oid))
        from pg_trigger t join pg_class c on c.oid = t.tgrelid
        where c.relnamespace = 'public'::regnamespace and not t.tgisinternal
        union all
        select format('function %s', pg_get_functiondef(oid)) from pg_proc where pronamespace = 'public'::regnamespace
        union all
        select format('policy %s.%s %s', polrelid::regclass, polname, pg_get_expr(polqual, polrelid)) from pg_policy
        union all
        select format('enum %s.%s', enumtypid::regtype, enumlabel) from pg_enum
        union all
        select format('schema %s', nspname) from pg_namespace where nspname !~ '^(pg_|information_schema|public|upshift)'
    ) as objects order by line";

/// What is there, a line each.
pub(crate) async fn objects(client: &Client) -> Vec<String> {
    let rows = client.query(OBJECTS, &[]).await.unwrap();
    let mut lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    if ask(client, "select to_regclass('currencies') is not null").await == "t" {
        lines.push(format!("currencies {}", ask(client, "select * from currencies order by code").await));
    }
    lines
}
