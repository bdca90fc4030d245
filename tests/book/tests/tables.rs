//! `docs/tables.md` has every column of upshift's tables with its type, in their order, and its questions are answered.

use deadpool_postgres::{Config, Runtime};
use upshift::{Migrator, Source, tokio_postgres::NoTls};
use upshift_test::Server;

const MIGRATIONS: Source = upshift::embed_migrations!("migrations");
const PAGE: &str = include_str!("../../../docs/tables.md");

#[tokio::test]
async fn the_page_has_every_column_and_its_questions_are_answered() {
    let server = Server::start().unwrap();
    let mut config = Config::new();
    config.url = Some(server.url("postgres"));
    let pool = config.create_pool(Some(Runtime::Tokio1), NoTls).unwrap();
    Migrator::new(pool.clone(), MIGRATIONS).run().await.unwrap();
    let client = pool.get().await.unwrap();
    let columns = "\
        select c.relname::text, a.attname || ' ' || replace(format_type(a.atttypid, a.atttypmod), 'timestamp with time zone', 'timestamptz')
            || case when a.attnotnull then '' else ' ?' end
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relnamespace = 'upshift'::regnamespace and c.relkind = 'r'
        order by c.relname collate \"C\", a.attnum";
    let there: Vec<(String, String)> =
        client.query(columns, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
    let mut written = written();
    written.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(written, there);
    let questions = PAGE.split("```sql\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    client.batch_execute(questions).await.unwrap();
}

/// The page's tables and columns, in its order.
fn written() -> Vec<(String, String)> {
    let (mut table, mut columns) = (String::new(), Vec::new());
    for line in PAGE.lines() {
        if let Some(name) = line.strip_prefix("## upshift.") {
            table = name.to_owned();
        } else if let Some(row) = line.strip_prefix("| `") {
            let mut cells = row.split(" | ");
            let name = cells.next().unwrap_or_default().trim_end_matches('`');
            columns.push((table.clone(), format!("{name} {}", cells.next().unwrap_or_default())));
        }
    }
    columns
}
