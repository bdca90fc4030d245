//! upshift, through a pool of one connection.

use upshift::deadpool_postgres::{Manager, Pool};
use upshift::tokio_postgres::NoTls;
use upshift::{Migrator, Source, SourceFile};

use super::{Contender, File, Outcome, Place};

pub struct Upshift {
    /// A constant when `embed_migrations!` makes it: names, texts, and the fingerprint that the macro has computed.
    source: Source,
}

impl Upshift {
    pub fn new(files: &[File]) -> Upshift {
        // Leaked because what the macro embeds is static, and clones of it cost nothing.
        let file = |file: &File| {
            let path: &'static str = format!("20260101{:06}_{}.sql", file.number, file.name).leak();
            let sql: &'static str = file.sql.clone().leak();
            SourceFile::new(path, sql)
        };
        let source = Source::files(files.iter().map(file));
        let fingerprint = source.set().map(|set| set.fingerprint());
        // As the macro's expansion does at compile time; a set that is none fails at its first run.
        let source = match fingerprint {
            Ok(fingerprint) => source.settled_as(fingerprint.leak()),
            Err(_) => source,
        };
        Upshift { source }
    }
}

impl Contender for Upshift {
    type Link = Migrator;

    fn name(&self) -> &'static str {
        "upshift"
    }

    fn place(&self) -> Place {
        Place::Ours
    }

    async fn connect(&self, url: &str) -> Outcome<Migrator> {
        let pool = Pool::builder(Manager::new(url.parse()?, NoTls)).max_size(2).build()?;
        // Makes the connection; it waits in the pool for the run.
        drop(pool.get().await?);
        Ok(Migrator::new(pool, &self.source))
    }

    async fn migrate(&self, migrator: &mut Migrator) -> Outcome<()> {
        migrator.run().await?;
        Ok(())
    }
}
