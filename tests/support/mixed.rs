//! Every kind of migration there is in one set, each counting itself, and what must be in the database when it is whole.

use deadpool_postgres::Pool;
use tokio_postgres::Client;
use tokio_postgres::types::Type;
use upshift::__private::{CodeDown, CodeFn, CodeFuture, CodeHeader, CodeMigration, Transaction};
use upshift::{AuditVerdict, Error, Migrator, Source, StepContext, Version};

use crate::{database, files};

/// Each writes into `counter` what it has done. What no transaction holds may by nature run again after a crash
/// beside it: those write into `again`, and [`Verdict::again`] says how often.
const FILES: &[(&str, &str)] = &[
    (
        "1_counter.sql",
        "create table counter (name text not null);\n\
         create table again (name text not null);\n",
    ),
    ("2_one.sql", "insert into counter values ('2');"),
    (
        "3_several.sql",
        "create table several (id int primary key, word text);\n\
         insert into several select id, 'old' from generate_series(1, 90) id;\n\
         insert into counter values ('3');",
    ),
    (
        "4_index.sql",
        "create table big (id int);\n\
         create index concurrently big_id on big (id);\n\
         insert into counter values ('4');",
    ),
    (
        "5_backfill.sql",
        "-- upshift: transaction off\n\
         update several set word = word || '!' where id <= 45;\n\
         begin;\n\
         update several set word = word || '!' where id > 45;\n\
         insert into counter values ('5');\n\
         commit;",
    ),
    ("7_copy.sql", "copy counter from stdin;\n7\n7, too\n\\.\n"),
    (
        "8_fails_first.sql",
        "insert into counter values ('8');\nselect 1 / count(*) from mended where fault = 'division';",
    ),
    (
        "9_fails_in_the_middle.sql",
        "insert into twice select 1 from generate_series(1, 2) where not exists (select from mended where fault = 'twice');\n\
         create unique index concurrently twice_id on twice (id);\n\
         insert into counter values ('9');",
    ),
    (
        "10_checked.sql",
        "-- upshift: guard\nselect count(*) > 0 from counter;\n\
         -- upshift: up\ninsert into counter values ('10');\n\
         -- upshift: verify\nselect exists (select from counter where name = '10');",
    ),
    (
        "11_procedure.sql",
        "-- upshift: transaction off\n\
         create procedure twice_maybe() language plpgsql as $$ begin insert into again values ('11'); commit; end $$;\n\
         call twice_maybe();\n\
         vacuum big;",
    ),
    ("13_last.sql", "insert into counter values ('13');"),
    (
        "R__answer.sql",
        "create or replace function answer() returns int language sql as 'select 42';\n\
         insert into counter values ('R');",
    ),
];

/// How many migrations there are.
pub const MIGRATIONS: usize = FILES.len() + 2;

/// The set.
pub fn mixed() -> Source {
    files(FILES).with([
        code(6, "code", "mixed.rs:6", Transaction::On, six),
        code(12, "code_outside", "mixed.rs:12", Transaction::Off, twelve),
    ])
}

fn six<'a>(step: &'a mut StepContext<'_>) -> CodeFuture<'a> {
    Box::pin(async move {
        step.execute("insert into counter values ($1)", &[(&"6", Type::TEXT)]).await?;
        step.query("select name from counter", &[]).await?;
        Ok(())
    })
}

fn twelve<'a>(step: &'a mut StepContext<'_>) -> CodeFuture<'a> {
    Box::pin(async move { Ok(step.batch_execute("insert into again values ('12')").await?) })
}

fn code(
    version: u64,
    name: &'static str,
    path: &'static str,
    transaction: Transaction,
    up: CodeFn,
) -> CodeMigration {
    let header = CodeHeader {
        path,
        version: Version::new(version).unwrap(),
        name,
        text: "async fn …",
        transaction,
        down: CodeDown::Absent,
    };
    CodeMigration::function(header, up, None)
}

/// Takes everything out of a database, and makes what the set stands on.
pub const EMPTY: &str = "\
    drop schema if exists upshift cascade; drop schema public cascade; create schema public;
    create table mended (fault text not null); create table twice (id int)";

/// Lets the migrations succeed that fail at first.
pub const MEND: &str = "insert into mended values ('division'), ('twice'); delete from twice";

/// What lets a migration that fails at first succeed, when that is the error.
pub fn mending(error: &Error) -> Option<&'static str> {
    let label = error.failure().map_or("", |failure| failure.label.as_str());
    match (label, error.sqlstate()) {
        ("8_fails_first", Some("22012")) => Some("insert into mended values ('division')"),
        ("9_fails_in_the_middle", Some("23505")) => Some("delete from twice"),
        _ => None,
    }
}

/// How many boots it takes when nothing goes wrong but what does so by nature.
pub const BOOTS: usize = 3;

/// Boots, and mends what failed by nature.
pub async fn boot(migrator: &Migrator, client: &Client) -> Result<(), Error> {
    let Err(error) = migrator.run().await else { return Ok(()) };
    let Some(mending) = mending(&error) else { return Err(error) };
    client.batch_execute(mending).await.unwrap();
    Ok(())
}

/// An empty database, or one behind so many boots.
pub async fn prepare(pool: &Pool, client: &Client, boots: usize) {
    client.batch_execute(EMPTY).await.unwrap();
    let migrator = Migrator::new(pool.clone(), mixed());
    for _ in 0..boots {
        boot(&migrator, client).await.unwrap();
    }
}

/// What is wrong in a database that was brought to the set, one line each; nothing in one that is whole.
pub async fn wrong(migrator: &Migrator, client: &Client) -> Vec<String> {
    if database::rows(client, "select to_regclass('counter') is null").await == "t" {
        return vec!["lost: everything".to_owned()];
    }
    let mut wrong: Vec<String> = database::rows(client, WRONG).await.lines().map(str::to_owned).collect();
    match migrator.audit().verify().await {
        Ok(AuditVerdict::Whole { .. }) => {}
        other => wrong.push(format!("audit: {other:?}")),
    }
    match migrator.run().await {
        Ok(report) if report.is_empty() => {}
        other => wrong.push(format!("another boot has something to do: {other:?}")),
    }
    wrong
}

/// How often what may run again did run again.
pub async fn again(client: &Client) -> usize {
    database::rows(client, "select count(*) - count(distinct name) from again").await.parse().unwrap()
}

/// Effects that are not there, or there twice, and where history and audit do not agree with them.
const WRONG: &str = "\
with expected (name) as (values ('2'), ('3'), ('4'), ('5'), ('6'), ('7'), ('7, too'), ('8'), ('9'), ('10'), ('13'),
    ('R')),
counted as (select name, count(*) as times from counter group by name),
done as (select coalesce(version::text, 'R') as id, count(*) as times, max(checksum) as checksum from upshift.audit
    where action = 'apply' and outcome = 'done' group by 1)
select 'lost: ' || name from expected where name not in (select name from counter)
union all select 'doubled: ' || name from counted where times > 1 or name not in (select name from expected)
union all select 'lost: ' || name from (values ('11'), ('12')) it (name) where name not in (select name from again)
union all select 'doubled: a batch of 5' from (select min(word), max(word) from several) it (low, high)
    where (low, high) <> ('old!', 'old!')
union all select 'lost: an index, of which there are ' || coalesce(string_agg(c.relname || ' ' || i.indisvalid, ', '), 'none')
    from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid in ('big'::regclass, 'twice'::regclass)
    having coalesce(string_agg(c.relname || ' ' || i.indisvalid, ', ' order by c.relname), '') <> 'big_id true, twice_id true'
union all select 'history: ' || count(*) || ' rows, ' || count(*) filter (where state = 'applied') || ' applied'
    from upshift.history having count(*) <> 14 or count(*) <> count(*) filter (where state = 'applied')
union all select 'audit: ' || coalesce(d.times, 0) || ' rows of ' || h.name from upshift.history h
    left join done d on d.id = coalesce(h.version::text, 'R')
    where d.times is distinct from 1 or d.checksum is distinct from h.up_checksum
union all select 'audit: done, and not in the history: ' || id from done
    where id not in (select coalesce(version::text, 'R') from upshift.history)";
