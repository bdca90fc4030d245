//! What the parameters come to: hosts, who asks, how it is encrypted.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, LoadBalanceHosts, SslMode, SslNegotiation, TargetSessionAttrs};

use super::parameters::Parameters;
use crate::failure::Failure;
use crate::settings::Environment;

/// Where, as whom, how.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) hosts: Vec<(String, u16)>,
    pub(crate) user: String,
    pub(crate) database: String,
    pub(crate) password: Option<String>,
    pub(crate) encryption: Encryption,
    config: Config,
}

/// libpq's `sslmode`. PostgreSQL manual, 34.19.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// `disable`.
    Off,
    /// `allow` and `prefer`: encrypted where the server can, nobody is checked.
    Preferred,
    /// `require`: encrypted, nobody is checked (but for a root certificate in its usual place).
    Required,
    /// `verify-ca`: the certificate is signed by somebody we trust.
    Signed,
    /// `verify-full`: and it is this server's.
    Full,
}

impl Address {
    pub(super) fn of(parameters: &Parameters, environment: &Environment) -> Result<Address, Failure> {
        let hosts = hosts(parameters)?;
        let user =
            parameters.get("user").or_else(|| environment.get("USER")).or_else(|| environment.get("LOGNAME"));
        let Some(user) = user.map(str::to_owned) else {
            return Err(Failure::usage("nobody says as whom to connect")
                .help("write postgres://user@host/database, in --url, DATABASE_URL or upshift.toml"));
        };
        let database = parameters.get("dbname").unwrap_or(&user).to_owned();
        let mut config = Config::new();
        for (host, port) in &hosts {
            config.host(host).port(*port);
        }
        for address in addresses(parameters, hosts.len())? {
            config.hostaddr(address);
        }
        config.user(&user).dbname(&database);
        config.application_name(parameters.get("application_name").unwrap_or("upshift"));
        if let Some(options) = parameters.get("options") {
            config.options(options);
        }
        let encryption = encryption(parameters)?;
        let local = hosts.iter().all(|(host, _)| host.starts_with('/'));
        // A socket of this machine is never encrypted, whatever was said: so does libpq.
        config.ssl_mode(match encryption {
            _ if local => SslMode::Disable,
            Encryption::Off => SslMode::Disable,
            Encryption::Preferred => SslMode::Prefer,
            Encryption::Required | Encryption::Signed | Encryption::Full => SslMode::Require,
        });
        choices(&mut config, parameters)?;
        let password = parameters.get("password").map(str::to_owned);
        Ok(Address { hosts, user, database, password, encryption, config })
    }

    /// As tokio-postgres takes it.
    pub(super) fn config(&self) -> Config {
        let mut config = self.config.clone();
        if let Some(password) = &self.password {
            config.password(password);
        }
        config
    }
}

/// Every host with its port: as many ports as hosts, or one for all.
fn hosts(parameters: &Parameters) -> Result<Vec<(String, u16)>, Failure> {
    // The name is what a certificate and a password are looked up by, wherever `hostaddr` says that it is.
    let said = parameters.get("host").or_else(|| parameters.get("hostaddr"));
    let names: Vec<String> = match said {
        Some(text) => text.split(',').map(str::to_owned).collect(),
        None => vec![usual_host()],
    };
    let ports: Vec<&str> = parameters.get("port").map_or_else(Vec::new, |text| text.split(',').collect());
    if ports.len() > 1 && ports.len() != names.len() {
        return Err(Failure::usage(format!("{} hosts and {} ports", names.len(), ports.len())));
    }
    let port = |nth: usize| match ports.get(nth).or(ports.first()).copied().unwrap_or_default() {
        "" => Ok(5432),
        text => text.parse().map_err(|_| {
            // It may be a part of a password with a `/` in it.
            Failure::usage("the port is no number from 0 to 65535")
                .help("a `/` of a password is written `%2F`")
        }),
    };
    names.into_iter().enumerate().map(|(nth, name)| Ok((name, port(nth)?))).collect()
}

/// Where the hosts are, when that is said beside their names: an address for each.
fn addresses(parameters: &Parameters, hosts: usize) -> Result<Vec<IpAddr>, Failure> {
    let Some(said) = parameters.get("hostaddr") else { return Ok(Vec::new()) };
    let read = |text: &str| {
        text.parse().map_err(|_| Failure::usage(format!("hostaddr: `{text}` is no address of a network")))
    };
    let all = said.split(',').map(read).collect::<Result<Vec<_>, _>>()?;
    match all.len() == hosts {
        true => Ok(all),
        false => Err(Failure::usage(format!("{hosts} hosts and {} of hostaddr", all.len()))),
    }
}

/// Where a server of this machine listens when nobody says where.
fn usual_host() -> String {
    let folders = ["/var/run/postgresql", "/tmp"];
    let found = folders.iter().find(|folder| Path::new(folder).join(".s.PGSQL.5432").exists());
    found.map_or_else(|| "localhost".to_owned(), |folder| (*folder).to_owned())
}

fn encryption(parameters: &Parameters) -> Result<Encryption, Failure> {
    match parameters.get("sslmode").unwrap_or("prefer") {
        "disable" => Ok(Encryption::Off),
        "allow" | "prefer" => Ok(Encryption::Preferred),
        "require" => Ok(Encryption::Required),
        "verify-ca" => Ok(Encryption::Signed),
        "verify-full" => Ok(Encryption::Full),
        other => Err(Failure::usage(format!("`{other}` is no sslmode"))
            .help("there are disable, allow, prefer, require, verify-ca and verify-full")),
    }
}

/// One of the words a parameter may say.
fn choice<T: Copy>(parameters: &Parameters, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Failure> {
    let Some(said) = parameters.get(name) else { return Ok(None) };
    match words.iter().find(|(word, _)| *word == said) {
        Some((_, choice)) => Ok(Some(*choice)),
        None => {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            Err(Failure::usage(format!("`{said}` is no {name}"))
                .help(format!("there are {}", all.join(", "))))
        }
    }
}

fn choices(config: &mut Config, parameters: &Parameters) -> Result<(), Failure> {
    let sessions = [
        ("any", TargetSessionAttrs::Any),
        ("read-write", TargetSessionAttrs::ReadWrite),
        // A primary takes writes, unless it was told not to; tokio-postgres asks for the latter.
        ("primary", TargetSessionAttrs::ReadWrite),
        ("read-only", TargetSessionAttrs::ReadOnly),
    ];
    if let Some(wanted) = choice(parameters, "target_session_attrs", &sessions)? {
        config.target_session_attrs(wanted);
    }
    let binding = [
        ("disable", ChannelBinding::Disable),
        ("prefer", ChannelBinding::Prefer),
        ("require", ChannelBinding::Require),
    ];
    if let Some(binding) = choice(parameters, "channel_binding", &binding)? {
        config.channel_binding(binding);
    }
    let balance = [("disable", LoadBalanceHosts::Disable), ("random", LoadBalanceHosts::Random)];
    if let Some(balance) = choice(parameters, "load_balance_hosts", &balance)? {
        config.load_balance_hosts(balance);
    }
    let negotiation = [("postgres", SslNegotiation::Postgres), ("direct", SslNegotiation::Direct)];
    if let Some(negotiation) = choice(parameters, "sslnegotiation", &negotiation)? {
        config.ssl_negotiation(negotiation);
    }
    let seconds = |name: &str| {
        let number = |text: &str| {
            text.parse().map_err(|_| Failure::usage(format!("{name}: `{text}` is no number of seconds")))
        };
        parameters.get(name).map(number).transpose()
    };
    // 0 and less is libpq's "for ever".
    if let Some(limit) = seconds("connect_timeout")?.filter(|limit: &u64| *limit > 0) {
        config.connect_timeout(Duration::from_secs(limit));
    }
    if let Some(idle) = seconds("keepalives_idle")?.filter(|idle: &u64| *idle > 0) {
        config.keepalives_idle(Duration::from_secs(idle));
    }
    if let Some(on) = choice(parameters, "keepalives", &[("0", false), ("1", true)])? {
        config.keepalives(on);
    }
    Ok(())
}
