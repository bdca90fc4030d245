//! The tests that docs/guides/testing.md shows, run.

use upshift::tokio_postgres::Client;

const MIGRATIONS: upshift::Source = upshift::embed_migrations!("migrations");

#[upshift_test::test(MIGRATIONS)]
async fn an_order_is_new(client: Client) -> Result<(), Box<dyn std::error::Error>> {
    let row = client.query_one("insert into orders default values returning status", &[]).await?;
    assert_eq!(row.get::<_, String>(0), "new");
    Ok(())
}

#[tokio::test]
async fn every_way_back_leads_back() -> Result<(), Box<dyn std::error::Error>> {
    upshift_test::verify_rollbacks(MIGRATIONS).await?.require_proven()?;
    Ok(())
}

#[test]
fn nothing_is_dangerous() -> Result<(), upshift_test::LintError> {
    upshift_test::lint(MIGRATIONS).check()?;
    Ok(())
}
