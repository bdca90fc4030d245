//! The server, the ways to it, and fresh databases.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::{Client, NoTls};
use upshift_test::Server;

use crate::contender::{Address, Outcome};
use crate::proxy::Proxy;

/// A server of its own, on a RAM disk, and a proxy for each delay.
pub struct Bench {
    server: Server,
    pub proxies: Vec<Proxy>,
    admin: Client,
}

impl Bench {
    pub async fn start(delays: &[Duration]) -> Outcome<Bench> {
        let server = Server::builder()
            // What a server has unless told otherwise; the tests' settings have less and more.
            .setting("shared_buffers", "128MB")
            .setting("wal_level", "replica")
            .setting("max_wal_size", "1GB")
            // It would work beside some rounds and not beside others.
            .setting("autovacuum", "off")
            .start()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()));
        let proxies = delays.iter().map(|delay| Proxy::start(address, *delay)).collect::<Result<_, _>>()?;
        let admin = client(&server.url("postgres")).await?;
        Ok(Bench { server, proxies, admin })
    }

    pub fn version(&self) -> String {
        self.server.version().to_string()
    }

    /// The way to a database through a proxy.
    pub fn address(&self, proxy: &Proxy, database: &str) -> Address {
        let (user, port) = (self.server.superuser(), proxy.port);
        // No contender asks for TLS then, which would be a round trip that not all of them make.
        let url = format!("postgres://{user}@127.0.0.1:{port}/{database}?sslmode=disable");
        Address { url, counter: Arc::clone(&proxy.counter) }
    }

    pub async fn create(&self, database: &str) -> Outcome<()> {
        Ok(self.admin.batch_execute(&format!("create database {database}")).await?)
    }

    /// Takes a database away, and writes out what is left to write, so that the next round starts even.
    pub async fn drop(&self, database: &str) -> Outcome<()> {
        self.admin.batch_execute(&format!("drop database {database} with (force)")).await?;
        Ok(self.admin.batch_execute("checkpoint").await?)
    }

    /// What autovacuum would have done long before a boot with nothing to do.
    pub async fn settle(&self, database: &str) -> Outcome<()> {
        let client = client(&self.server.url(database)).await?;
        Ok(client.batch_execute("vacuum analyze").await?)
    }

    /// Whether the tables are there that the migrations make: a quick run that did nothing is no result.
    pub async fn has_all(&self, database: &str, count: usize) -> Outcome<()> {
        let client = client(&self.server.url(database)).await?;
        let sql = "select count(*) from pg_class where relkind = 'r' and relname ~ '^t[0-9]{4}$'";
        let found: i64 = client.query_one(sql, &[]).await?.get(0);
        if usize::try_from(found) == Ok(count) {
            Ok(())
        } else {
            Err(format!("{database}: {found} tables of {count}").into())
        }
    }
}

async fn client(url: &str) -> Outcome<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
