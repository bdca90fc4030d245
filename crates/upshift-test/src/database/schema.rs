//! A schema of its own for each test, in one database.

use super::error::TestError;
use super::reach::Reach;
use crate::office::{Recipe, Session, quoted};

/// The schemas of tests that are over or whose program is gone. Which session a schema is for stands in its comment.
const LEFT_BEHIND: &str = "\
    select array_agg(n.nspname::text) from pg_namespace n, obj_description(n.oid, 'pg_namespace') said
    where n.nspname like 'upshift\\_test\\_%' and (
        said like 'upshift-test: for %' and substr(said, 19) not in (
            select pid || '/' || extract(epoch from backend_start) from pg_stat_activity where backend_start is not null)
        or said like 'upshift-test: kept since %'
            and substr(split_part(said, ' by ', 1), 26)::timestamptz < now() - interval '1 day')";

/// What an earlier run of this test kept.
const KEPT_BY: &str = "\
    select array_agg(n.nspname::text) from pg_namespace n, obj_description(n.oid, 'pg_namespace') said
    where said like 'upshift-test: kept since %' and split_part(said, ' by ', 2) = $1";

const NAME: &str = "\
    select 'upshift_test_' || pg_backend_pid() || '_' || substr(md5(random()::text || clock_timestamp()), 1, 8)";

/// A fresh schema and the one beside it that holds the history.
pub(crate) async fn make(desk: &Session, database: &Reach, recipe: &Recipe) -> Result<String, TestError> {
    tidy(desk, LEFT_BEHIND, &[]).await?;
    let name: String = desk.row(NAME, &[]).await?.map(|row| row.get(0)).unwrap_or_default();
    for schema in [name.clone(), beside(&name)] {
        let (schema, owner) = (quoted(&schema), desk.owner());
        // Both or none: a schema without its comment would belong to nobody.
        desk.run(&format!(
            "create schema {schema}; comment on schema {schema} is 'upshift-test: for {owner}'"
        ))
        .await?;
    }
    let recipe = Recipe { schema: Some(beside(&name)), ..recipe.clone() };
    let pool = reach(database, &name).pool(4)?;
    let migrated = recipe.migrate(&pool).await;
    pool.close();
    if let Err(error) = migrated {
        drop_all(desk, &[name.clone(), beside(&name)]).await?;
        return Err(error);
    }
    Ok(name)
}

/// The schema of the history.
pub(crate) fn beside(name: &str) -> String {
    format!("{name}_upshift")
}

/// Sessions whose unqualified names mean this schema; the caller's own options stay.
pub(crate) fn reach(database: &Reach, name: &str) -> Reach {
    let own = database.config.get_options().unwrap_or("");
    database.with_options(format!("{own} -c search_path={name}").trim_start().to_owned())
}

pub(crate) async fn give_back(desk: &Session, name: &str) -> Result<(), TestError> {
    drop_all(desk, &[name.to_owned(), beside(name)]).await
}

/// The test failed: its schemas stay for a day, or until it runs again.
pub(crate) async fn keep(desk: &Session, name: &str, test: &str) -> Result<(), TestError> {
    for schema in [name.to_owned(), beside(name)] {
        let test = test.replace('\'', "''");
        let sql = format!(
            "do $keep$ begin execute format('comment on schema %I is %L', '{schema}', \
             'upshift-test: kept since ' || now() || ' by {test}'); end $keep$"
        );
        desk.run(&sql).await?;
    }
    Ok(())
}

/// Drops what an earlier run of this test kept.
pub(crate) async fn forget_kept(desk: &Session, test: &str) -> Result<(), TestError> {
    tidy(desk, KEPT_BY, &[&test.into()]).await
}

async fn tidy(desk: &Session, which: &str, values: &[&crate::office::Value]) -> Result<(), TestError> {
    let row = desk.row(which, values).await?;
    let left: Vec<String> = row.and_then(|row| row.get::<_, Option<Vec<String>>>(0)).unwrap_or_default();
    drop_all(desk, &left).await
}

/// One statement a schema: dropping takes a lock on each table, and their number is limited.
async fn drop_all(desk: &Session, schemas: &[String]) -> Result<(), TestError> {
    for schema in schemas {
        desk.run(&format!("drop schema if exists {} cascade", quoted(schema))).await?;
    }
    Ok(())
}
