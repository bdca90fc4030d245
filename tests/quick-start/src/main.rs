use deadpool_postgres::{Config, Runtime};
use upshift::{Migrator, Source, tokio_postgres::NoTls};

const MIGRATIONS: Source = upshift::embed_migrations!("migrations");

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = Config::new();
    config.url = Some(std::env::var("DATABASE_URL")?);
    let pool = config.create_pool(Some(Runtime::Tokio1), NoTls)?;

    let report = Migrator::new(pool, MIGRATIONS).service("orders", env!("CARGO_PKG_VERSION")).run().await?;
    println!("{report}");
    Ok(())
}
