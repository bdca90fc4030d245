//! From what somebody said to a pool of connections: libpq's parameters and files, TLS as its `sslmode` says.

mod address;
mod hosts;
mod parameters;
mod passfile;
mod tls;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Connect as _, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::{Client, Config};

use crate::failure::Failure;
use crate::settings::Environment;
use address::Address;
use hosts::Hosts;
use parameters::Parameters;

/// Connections of a command: its own, one to look who is in the way, one behind a transaction pooler; one to spare.
const CONNECTIONS: usize = 4;

/// How long a connection to one host may take, unless `connect_timeout` says otherwise: long enough for a server that wakes up.
const CONNECT: Duration = Duration::from_secs(30);

/// The pool that a command works with. Nothing is connected yet.
///
/// # Errors
/// What was said is no connection, or a file it names cannot be read.
pub(crate) fn pool(said: Option<&str>, environment: &Environment) -> Result<Pool, Failure> {
    let Reached { config, connect } = reached(said, environment)?;
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_connect(config, Hosts::clone(&connect), recycling);
    let pool = Pool::builder(manager).max_size(CONNECTIONS).runtime(Runtime::Tokio1);
    pool.build().map_err(|why| Failure::usage(format!("the pool cannot be made: {why}")))
}

/// A database, and how connections to it are made.
#[derive(Clone)]
pub(crate) struct Reached {
    pub(crate) config: Config,
    pub(crate) connect: Arc<Hosts>,
}

impl Reached {
    /// A connection to another database of the server.
    pub(crate) async fn connect_to(&self, database: &str) -> Result<Client, tokio_postgres::Error> {
        let mut config = self.config.clone();
        config.dbname(database);
        let (client, _) = self.connect.connect(&config).await?;
        Ok(client)
    }

    /// As upshift-generate takes it.
    pub(crate) fn into_place(self) -> upshift_generate::Place {
        upshift_generate::Place::reached(self.config, self.connect)
    }
}

/// A database, and how connections to it are made. Nothing is connected yet.
///
/// # Errors
/// As [`pool`].
pub(crate) fn reached(said: Option<&str>, environment: &Environment) -> Result<Reached, Failure> {
    let (config, tls) = settled(said, environment)?;
    let limit = config.get_connect_timeout().copied().unwrap_or(CONNECT);
    Ok(Reached { config, connect: Arc::new(Hosts::new(tls, limit)) })
}

/// The same, as upshift-generate takes it.
///
/// # Errors
/// As [`pool`].
pub(crate) fn place(
    said: Option<&str>,
    environment: &Environment,
) -> Result<upshift_generate::Place, Failure> {
    Ok(reached(said, environment)?.into_place())
}

/// The connection, settled: where, as whom, how it is encrypted.
fn settled(said: Option<&str>, environment: &Environment) -> Result<(Config, tls::Connector), Failure> {
    let parameters = parameters(said, environment)?;
    let home = environment.get("HOME").map(PathBuf::from);
    let mut address = Address::of(&parameters, environment)?;
    if address.password.is_none() {
        address.password = passfile::password(&address, &parameters, home.as_deref())?;
    }
    let tls = tls::connector(&address.encryption, &parameters, home.as_deref())?;
    Ok((address.config(), tls))
}

/// Which database that is, for a person who is told that it cannot be reached: never the password.
pub(crate) fn shown(said: Option<&str>, environment: &Environment) -> Option<String> {
    let address = Address::of(&parameters(said, environment).ok()?, environment).ok()?;
    let hosts: Vec<String> = address.hosts.iter().map(|(host, port)| format!("{host}:{port}")).collect();
    Some(format!("{}, database {}, role {}", hosts.join(", "), address.database, address.user))
}

/// libpq's variables for this connection, for programs of PostgreSQL.
pub(crate) fn variables(
    said: Option<&str>,
    environment: &Environment,
) -> Result<Vec<(&'static str, String)>, Failure> {
    let parameters = parameters(said, environment)?;
    Ok(parameters.variables().into_iter().map(|(name, value)| (name, value.to_owned())).collect())
}

/// What was said, then what the service says, then libpq's variables: its own order.
fn parameters(said: Option<&str>, environment: &Environment) -> Result<Parameters, Failure> {
    let parameters = said.map(Parameters::parse).transpose()?.unwrap_or_default();
    Ok(with_service(parameters, environment)?.or_environment(environment))
}

fn with_service(parameters: Parameters, environment: &Environment) -> Result<Parameters, Failure> {
    let named = parameters.get("service").or_else(|| environment.get("PGSERVICE"));
    let Some(service) = named.map(str::to_owned) else { return Ok(parameters) };
    let path = match (environment.get("PGSERVICEFILE"), environment.get("HOME")) {
        (Some(path), _) => PathBuf::from(path),
        (None, Some(home)) => PathBuf::from(home).join(".pg_service.conf"),
        (None, None) => {
            return Err(Failure::usage("a service is asked for, and there is no HOME to look in"));
        }
    };
    let text = std::fs::read_to_string(&path).map_err(|cause| Failure::file("read", &path, &cause))?;
    parameters.or_service(&service, &text)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// Where, as whom, how encrypted; what the environment says stands in front.
    fn check(environment: &[(&str, &str)], said: Option<&str>, expected: Expect) {
        let environment = Environment::of(environment);
        let text = match settled(said, &environment) {
            Ok((config, _)) => format!(
                "{} of {}, {:?}, {:?}",
                config.get_user().unwrap_or_default(),
                config.get_dbname().unwrap_or_default(),
                config.get_hosts().iter().zip(config.get_ports()).collect::<Vec<_>>(),
                config.get_ssl_mode()
            ),
            Err(failure) => failure.render(),
        };
        expected.assert_eq(&text);
    }

    #[test]
    fn what_is_said_counts_before_the_environment() {
        let libpq = [("PGHOST", "a"), ("PGPORT", "1"), ("PGUSER", "me"), ("PGSSLMODE", "disable")];
        check(&libpq, None, expect![[r#"me of me, [(Tcp("a"), 1)], Disable"#]]);
        check(&libpq, Some("postgres://b:2/x"), expect![[r#"me of x, [(Tcp("b"), 2)], Disable"#]]);
        check(
            &libpq,
            Some("host=b,c port=5 user=you sslmode=require"),
            expect![[r#"you of you, [(Tcp("b"), 5), (Tcp("c"), 5)], Require"#]],
        );
    }

    #[test]
    fn a_local_socket_is_never_encrypted() {
        let said = "host=/run user=me sslmode=require";
        check(&[], Some(said), expect![[r#"me of me, [(Unix("/run"), 5432)], Disable"#]]);
    }

    #[test]
    fn what_cannot_be_had_is_told() {
        check(
            &[],
            Some("postgres://h/x"),
            expect![[r#"
            nobody says as whom to connect
              help: write postgres://user@host/database, in --url, DATABASE_URL or upshift.toml"#]],
        );
        check(
            &[("USER", "me")],
            Some("postgres://h/x?sslmode=verify"),
            expect![[r#"
            `verify` is no sslmode
              help: there are disable, allow, prefer, require, verify-ca and verify-full"#]],
        );
        check(
            &[("USER", "me")],
            Some("postgres://h:port/x"),
            expect![[r#"
            the port is no number from 0 to 65535
              help: a `/` of a password is written `%2F`"#]],
        );
        check(&[("USER", "me")], Some("host=a,b,c port=1,2"), expect!["3 hosts and 2 ports"]);
        check(
            &[("USER", "me")],
            Some("postgres://h/x?sslmode=require&sslrootcert=system"),
            expect![[r#"
            sslrootcert=system wants sslmode=verify-full
              help: anybody can have a certificate that the system trusts, so the name must be checked"#]],
        );
        check(
            &[("USER", "me")],
            Some("postgres://h/x?sslcert=/nowhere.crt"),
            expect![[r#"
            there is a client certificate, and no key for it
              help: say sslkey=…"#]],
        );
    }
}
