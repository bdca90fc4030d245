//! Pull: the schema as SQL that makes it again.

use std::path::Path;

use upshift_generate::{Layout, Origin, Schema, SchemaPlan, Style, plan, pull};
use upshift_promises::Database;
use upshift_promises::database::{SERVER, server_is_at_least};
use upshift_schema::{Edges, Filter};

use crate::generate::place;
use crate::oracle::{dump, pg_dump, read};
use crate::pairs::{each_schema, make_roles, pairs};
use crate::sink::kitchen_sink;

/// A schema with its dependencies.
pub async fn schema(db: &Database) -> Schema {
    let client = db.client().await;
    let snapshot = read(&client).await;
    Schema::new(snapshot, Edges::read(&client, &Filter::new()).await.unwrap())
}

/// Sends the statements one by one.
pub async fn apply(db: &Database, plan: &SchemaPlan) -> Result<(), String> {
    let client = db.client().await;
    for step in &plan.steps {
        if let Err(error) = client.batch_execute(&step.sql).await {
            let said = error.as_db_error().map(|it| it.message().to_owned()).unwrap_or_default();
            return Err(format!("{said}\n    {}", step.sql));
        }
    }
    Ok(())
}

/// What is not the same after a pull; nothing where all is.
async fn pulled(from: &Database) -> Result<(), String> {
    let wish = schema(from).await;
    let to = Database::new().await;
    let plan = plan(&schema(&to).await, &wish, Style::Plain);
    apply(&to, &plan).await?;
    let diff = schema(&to).await.snapshot.diff(&wish.snapshot);
    if !diff.is_empty() {
        return Err(diff.to_string());
    }
    let Some(program) = pg_dump() else { return Ok(()) };
    // A snapshot does not tell a password, so that it is a word to fill in.
    let a = dump(&program, from).await.replace("hunter2", "(secret)");
    let b = dump(&program, &to).await;
    if a == b {
        return Ok(());
    }
    let only = |a: &str, b: &str| -> String {
        let there: std::collections::BTreeSet<&str> = b.lines().collect();
        a.lines().filter(|line| !there.contains(line)).take(4).collect::<Vec<_>>().join(" / ")
    };
    Err(format!("pg_dump says: wished {} | made {}", only(&a, &b), only(&b, &a)))
}

/// Pulls a database in a layout, and makes another of the files; fails where the two differ.
async fn check_files(from: &Database, layout: Layout) -> usize {
    let origin = Origin::Database(from.url().parse().unwrap());
    let pulled =
        pull(&place(), &origin, &Filter::new(), layout).await.unwrap_or_else(|error| panic!("{error}"));
    let to = Database::new().await;
    for (name, text) in &pulled.files {
        let sent = to.client().await.batch_execute(text).await;
        sent.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
    assert_eq!(schema(&to).await.snapshot.diff(&schema(from).await.snapshot).to_string(), "");
    if let Some(program) = pg_dump() {
        let wished = dump(&program, from).await;
        assert!(wished == dump(&program, &to).await, "pg_dump tells another schema");
    }
    pulled.files.len()
}

#[tokio::test]
async fn the_schema_of_crates_io_is_made_again_from_one_file_and_from_many() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/real/crates-io/migrations");
    // Its migrations need 14.
    if !folder.is_dir() || !server_is_at_least(14) {
        eprintln!("SKIPPED: there is no {}, or the server is too old", folder.display());
        return;
    }
    let db = Database::new().await;
    db.migrator(upshift::Source::folder(&folder)).run().await.unwrap();
    // pg_dump knows nothing of what is ours.
    db.run("drop schema upshift cascade").await;
    assert_eq!(check_files(&db, Layout::OneFile).await, 1);
    assert!(check_files(&db, Layout::FilePerObject).await > 50);
}

#[tokio::test]
async fn the_kitchen_sink_is_made_again() {
    let db = kitchen_sink().await;
    if let Err(why) = pulled(&db).await {
        panic!("{why}");
    }
}

/// What PostgreSQL's own regression tests have that nobody else had.
const ODD: &str = "
    create type wide; create function wide_in(cstring) returns wide language internal immutable strict as 'textin';
    create function wide_out(wide) returns cstring language internal immutable strict as 'textout';
    create type wide (input = wide_in, output = wide_out, internallength = variable, default = 'none');
    create function is_wide(wide) returns boolean language sql as 'select true';
    create cast (text as wide) without function;
    create table holds (a wide, check (is_wide(a)));
    create operator === (leftarg = boolean, rightarg = boolean, function = booleq, negator = !==);
    drop operator === (boolean, boolean);
    create table parent (a integer not null, b integer generated always as (a * 2) stored);
    create table child (b integer generated always as (a * 2) stored, a integer not null);
    alter table child inherit parent;
    alter table child add constraint large check (a > 0);
    alter table parent add constraint large check (a > 0) not valid;
    create function note() returns trigger language plpgsql as 'begin return new; end';
    create table whole (a integer) partition by list (a);
    create table part partition of whole for values in (1) partition by list (a);
    create table leaf partition of part for values in (1);
    create trigger noted after insert on whole for each row execute function note();
    alter table part disable trigger noted; alter table leaf enable always trigger noted;";

#[tokio::test]
async fn what_is_odd_is_made_again() {
    let db = Database::new().await;
    db.run(ODD).await;
    if server_is_at_least(15) {
        db.run(
            "create table counted (a integer generated always as identity);
            alter sequence counted_a_seq set unlogged;
            create materialized view kept as select ''::text as x; alter materialized view kept alter x set compression pglz",
        )
        .await;
    }
    if let Err(why) = pulled(&db).await {
        panic!("{why}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_schemas_of_other_tools_are_made_again() {
    let Some(pairs) = pairs() else { return };
    make_roles(&pairs).await;
    let results = each_schema(pairs, |db| async move { pulled(&db).await }).await;
    let failed: Vec<&str> =
        results.iter().filter(|(_, result)| result.is_err()).map(|(name, _)| name.as_str()).collect();
    eprintln!("pull: {} of {} schemas are made again", results.len() - failed.len(), results.len());
    let reasons =
        results.iter().filter_map(|(name, result)| Some(format!("{name}: {}", result.as_ref().err()?)));
    let reasons = reasons.collect::<Vec<_>>().join("\n");
    assert!(failed.is_empty(), "{reasons}");
    // Other majors take fewer of the schemas.
    if SERVER.version().major == 15 {
        assert_eq!(results.len(), 359);
    }
}
