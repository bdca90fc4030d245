//! A connection to the first of several hosts that gives one: each has a time of its own, as in libpq. PostgreSQL manual,
//! 34.1.1.3 and `connect_timeout`.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use std::{fmt, io};

use deadpool_postgres::Connect;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, LoadBalanceHosts, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error, NoTls};

use super::tls::Connector;

/// Connects to one host after the other, with TLS as it was said.
#[derive(Clone)]
pub(crate) struct Hosts {
    tls: Connector,
    /// For each address of each host, until the server has let us in.
    limit: Duration,
}

type Connected = Result<(Client, JoinHandle<()>), Error>;

impl Connect for Hosts {
    fn connect(&self, config: &Config) -> Pin<Box<dyn Future<Output = Connected> + Send + '_>> {
        let config = config.clone();
        Box::pin(async move { self.first(&config).await })
    }
}

impl Hosts {
    pub(super) fn new(tls: Connector, limit: Duration) -> Hosts {
        Hosts { tls, limit }
    }

    async fn first(&self, config: &Config) -> Connected {
        let mut why = None;
        for host in in_turn(config) {
            for address in self.addresses(&host).await {
                let alone = only(config, &host, address);
                match tokio::time::timeout(self.limit, self.open(&alone)).await {
                    Ok(Ok(connected)) => return Ok(connected),
                    Ok(Err(error)) if is_final(&error) => return Err(error),
                    Ok(Err(error)) => why = Some(error),
                    Err(_) => why = silent(&alone, &host, self.limit).await.or(why),
                }
            }
        }
        match why {
            Some(error) => Err(error),
            // Nobody has said a host, which its own words tell.
            None => self.open(config).await,
        }
    }

    async fn open(&self, config: &Config) -> Connected {
        let (client, connection) = config.connect(self.tls.clone()).await?;
        // What ends the connection is told to whoever asks its client next.
        Ok((client, tokio::spawn(async move { drop(connection.await) })))
    }

    /// Each address that a host has; none where its name is all there is, and whoever connects tells of one that is none.
    async fn addresses(&self, one: &One) -> Vec<Option<IpAddr>> {
        let (Host::Tcp(name), None) = (&one.host, one.address) else { return vec![one.address] };
        match tokio::time::timeout(self.limit, tokio::net::lookup_host((name.as_str(), one.port))).await {
            Ok(Ok(found)) => found.map(|address| Some(address.ip())).collect(),
            Ok(Err(_)) | Err(_) => vec![None],
        }
    }
}

impl fmt::Debug for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hosts").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// One of the hosts.
struct One {
    host: Host,
    /// Where it is, when that was said.
    address: Option<IpAddr>,
    port: u16,
}

/// The hosts as they were said, or in any order where that is asked for.
fn in_turn(config: &Config) -> Vec<One> {
    let ports = config.get_ports();
    let port = |nth: usize| ports.get(nth).or(ports.first()).copied().unwrap_or(5432);
    let said = config.get_hostaddrs();
    let one = |(nth, host): (usize, &Host)| One {
        host: host.clone(),
        address: said.get(nth).copied(),
        port: port(nth),
    };
    let mut hosts: Vec<One> = config.get_hosts().iter().enumerate().map(one).collect();
    if config.get_load_balance_hosts() == LoadBalanceHosts::Random {
        // Each has keys of its own, from the system's randomness.
        hosts.sort_by_cached_key(|_| RandomState::new().hash_one(0));
    }
    hosts
}

/// Whether the next host is not asked: this one has answered, and said no. One that starts or stops has not.
fn is_final(error: &Error) -> bool {
    error.code().is_some_and(|code| *code != SqlState::CANNOT_CONNECT_NOW)
}

/// The same configuration with this host alone, at this address.
fn only(config: &Config, one: &One, address: Option<IpAddr>) -> Config {
    let mut only = Config::new();
    match &one.host {
        Host::Tcp(name) => only.host(name),
        #[cfg(unix)]
        Host::Unix(folder) => only.host_path(folder),
    };
    if let Some(address) = address {
        only.hostaddr(address);
    }
    only.port(one.port);
    config.get_user().map(|it| only.user(it));
    config.get_password().map(|it| only.password(it));
    config.get_dbname().map(|it| only.dbname(it));
    config.get_options().map(|it| only.options(it));
    config.get_application_name().map(|it| only.application_name(it));
    config.get_connect_timeout().map(|it| only.connect_timeout(*it));
    config.get_tcp_user_timeout().map(|it| only.tcp_user_timeout(*it));
    config.get_keepalives_interval().map(|it| only.keepalives_interval(it));
    config.get_keepalives_retries().map(|it| only.keepalives_retries(it));
    only.keepalives(config.get_keepalives())
        .keepalives_idle(config.get_keepalives_idle())
        .ssl_mode(config.get_ssl_mode())
        .ssl_negotiation(config.get_ssl_negotiation())
        .target_session_attrs(config.get_target_session_attrs())
        .channel_binding(config.get_channel_binding());
    only
}

/// The error of a host that says nothing, which only tokio-postgres can make.
async fn silent(config: &Config, one: &One, limit: Duration) -> Option<Error> {
    let name = match &one.host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(folder) => folder.display().to_string(),
    };
    let words = format!("{name}:{} has not answered within {} s", one.port, limit.as_secs());
    config.clone().ssl_mode(SslMode::Disable).connect_raw(Silence(words), NoTls).await.err()
}

/// A server that has said nothing in its time.
struct Silence(String);

impl Silence {
    fn error(&self) -> io::Error {
        io::Error::new(io::ErrorKind::TimedOut, self.0.clone())
    }
}

impl AsyncRead for Silence {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(self.error()))
    }
}

impl AsyncWrite for Silence {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(self.error()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(self.error()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
