//! refinery, through tokio-postgres.

use refinery::{Migration, Runner};
use tokio_postgres::{Client, NoTls};

use super::{Contender, File, Outcome, Place};

pub struct Refinery {
    files: Vec<(String, String)>,
}

impl Refinery {
    pub fn new(files: &[File]) -> Refinery {
        let pair = |file: &File| (format!("V{}__{}", file.number, file.name), file.sql.clone());
        Refinery { files: files.iter().map(pair).collect() }
    }
}

impl Contender for Refinery {
    type Link = Client;

    fn name(&self) -> &'static str {
        "refinery"
    }

    fn place(&self) -> Place {
        Place::Peer
    }

    async fn connect(&self, url: &str) -> Outcome<Client> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    async fn migrate(&self, client: &mut Client) -> Outcome<()> {
        // What the `runner()` does that its `embed_migrations!` writes, at each call.
        let migrations = self.files.iter().map(|(name, sql)| Migration::unapplied(name, sql));
        let migrations: Vec<Migration> = migrations.collect::<Result<_, _>>()?;
        Runner::new(&migrations).run_async(client).await?;
        Ok(())
    }
}
