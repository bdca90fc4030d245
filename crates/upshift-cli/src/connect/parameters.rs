//! How a connection is said: a URL or `key=value` words, as libpq reads both. PostgreSQL manual, 34.1.1 and 34.15.

use std::collections::BTreeMap;

use upshift::files::nearest;

use crate::failure::Failure;
use crate::settings::Environment;

/// libpq's connection parameters, by their names, as they were said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Parameters(BTreeMap<String, String>);

/// Each parameter we know, and the variable that says it where nothing else does.
const KNOWN: &[(&str, Option<&str>)] = &[
    ("application_name", Some("PGAPPNAME")),
    ("channel_binding", Some("PGCHANNELBINDING")),
    ("connect_timeout", Some("PGCONNECT_TIMEOUT")),
    ("dbname", Some("PGDATABASE")),
    ("host", Some("PGHOST")),
    ("hostaddr", Some("PGHOSTADDR")),
    ("keepalives", None),
    ("keepalives_idle", None),
    ("load_balance_hosts", Some("PGLOADBALANCEHOSTS")),
    ("options", Some("PGOPTIONS")),
    ("passfile", Some("PGPASSFILE")),
    ("password", Some("PGPASSWORD")),
    ("port", Some("PGPORT")),
    ("service", Some("PGSERVICE")),
    ("sslcert", Some("PGSSLCERT")),
    ("sslkey", Some("PGSSLKEY")),
    ("sslmode", Some("PGSSLMODE")),
    ("sslnegotiation", Some("PGSSLNEGOTIATION")),
    ("sslrootcert", Some("PGSSLROOTCERT")),
    ("target_session_attrs", Some("PGTARGETSESSIONATTRS")),
    ("user", Some("PGUSER")),
];

/// Parameters of libpq that would promise a check nobody makes here: they are refused, not ignored.
const REFUSED: &[(&str, &str)] = &[
    ("sslcrl", "certificate revocation lists are not read"),
    ("sslcrldir", "certificate revocation lists are not read"),
    ("sslpassword", "an encrypted key cannot be read: decrypt it with `openssl pkey`"),
    ("require_auth", "the kind of authentication cannot be demanded"),
    ("krbsrvname", "Kerberos is not spoken"),
    ("gsslib", "Kerberos is not spoken"),
    ("requirepeer", "the user of a local server is not asked for"),
];

/// Parameters of libpq that change nothing here.
const IGNORED: &[&str] = &[
    "client_encoding",
    "fallback_application_name",
    "gssencmode",
    "gssdelegation",
    "keepalives_count",
    "keepalives_interval",
    "replication",
    "sslcompression",
    "sslsni",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "tcp_user_timeout",
];

impl Parameters {
    /// Reads a URL or `key=value` words. Passwords are never in an error.
    pub(crate) fn parse(text: &str) -> Result<Parameters, Failure> {
        let pairs = match text.split_once("://") {
            Some(("postgres" | "postgresql", rest)) => url(rest)?,
            Some((scheme, _)) if scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+') => {
                let failure = Failure::usage(format!("`{scheme}://` is no URL of a PostgreSQL database"));
                return Err(failure.help("write postgres://user@host:5432/database"));
            }
            _ => words(text)?,
        };
        let mut parameters = Parameters::default();
        for (name, value) in pairs {
            parameters.add(name, value)?;
        }
        Ok(parameters)
    }

    fn add(&mut self, name: String, value: String) -> Result<(), Failure> {
        // What JDBC calls it.
        let (name, value) = match (name.as_str(), value.as_str()) {
            ("ssl", "true") => ("sslmode".to_owned(), "verify-full".to_owned()),
            _ => (name, value),
        };
        if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
            return Err(Failure::usage(format!("the connection says `{name}`: {why}")));
        }
        if IGNORED.contains(&name.as_str()) {
            return Ok(());
        }
        let known: Vec<&str> = KNOWN.iter().map(|(known, _)| *known).collect();
        if !known.contains(&name.as_str()) {
            // A part of a password, where somebody forgot to quote it, is never shown.
            let is_word = name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            let near_known = nearest(&name, &known).is_some();
            let what = if is_word && near_known { format!("`{name}`") } else { "a word".to_owned() };
            let failure =
                Failure::usage(format!("the connection says {what}, which is no parameter of libpq"));
            return Err(match nearest(&name, &known) {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None => failure,
            });
        }
        self.0.insert(name, value);
        Ok(())
    }

    /// The same, with what libpq's variables say of everything that is not said.
    pub(crate) fn or_environment(mut self, environment: &Environment) -> Parameters {
        for (name, variable) in KNOWN {
            if let Some(value) = variable.and_then(|variable| environment.get(variable)) {
                self.0.entry((*name).to_owned()).or_insert_with(|| value.to_owned());
            }
        }
        self
    }

    /// The same, with what a service of `pg_service.conf` says of everything that is not said.
    pub(crate) fn or_service(mut self, service: &str, file: &str) -> Result<Parameters, Failure> {
        let mut inside = false;
        let mut found = false;
        for line in file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                inside = name == service;
                found |= inside;
            } else if inside && let Some((name, value)) = line.split_once('=') {
                let name = name.trim();
                if !self.0.contains_key(name) {
                    self.add(name.to_owned(), value.trim().to_owned())?;
                }
            }
        }
        match found {
            true => Ok(self),
            false => Err(Failure::usage(format!("the service file has no service `{service}`"))),
        }
    }

    /// What a parameter says; nothing for an empty one.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The same as libpq's variables, for programs of PostgreSQL that are started: a password among arguments is seen by
    /// everybody.
    pub(crate) fn variables(&self) -> Vec<(&'static str, &str)> {
        // What a service says is among them already, and libpq would let it win over its variables.
        let known = KNOWN
            .iter()
            .filter(|(name, _)| *name != "service")
            .filter_map(|(name, variable)| Some(((*variable)?, self.get(name)?)));
        known.collect()
    }
}

/// `user:password@host:port,host:port/database?name=value&…`, each part percent-encoded, each part may be missing.
fn url(rest: &str) -> Result<Vec<(String, String)>, Failure> {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let mut pairs =
        vec![("user", decoded(user)?), ("password", decoded(password)?), ("dbname", decoded(database)?)];
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for host in hosts.split(',') {
        let (name, port) = host_and_port(host)?;
        names.push(decoded(name)?);
        ports.push(port.to_owned());
    }
    pairs.push(("host", joined(&names)));
    pairs.push(("port", joined(&ports)));
    let mut all: Vec<(String, String)> = pairs
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(Failure::usage("behind the `?` of the URL stands a word without a value".to_owned())
                .help("a `?` of a password is written `%3F`"));
        };
        all.push((decoded(name)?, decoded(value)?));
    }
    Ok(all)
}

/// A list as libpq writes it; an empty text where nothing is in it.
fn joined(all: &[String]) -> String {
    match all.iter().all(String::is_empty) {
        true => String::new(),
        false => all.join(","),
    }
}

/// `host:port` and `[::1]:port`.
fn host_and_port(text: &str) -> Result<(&str, &str), Failure> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(inner) => inner
            .split_once(']')
            .ok_or_else(|| Failure::usage("the URL has a `[` without its `]`".to_owned()))?,
        None => match text.split_once(':') {
            Some((host, port)) => return Ok((host, port)),
            None => return Ok((text, "")),
        },
    };
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, port)),
        None if rest.is_empty() => Ok((host, "")),
        None => Err(Failure::usage("behind the `]` of the URL comes no port".to_owned())),
    }
}

/// A part of a URL without its percent signs.
fn decoded(part: &str) -> Result<String, Failure> {
    let broken = || Failure::usage("a part of the URL is not percent-encoded as it should be".to_owned());
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(broken().help("a `%` that means itself is written `%25`"));
        };
        bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

/// `name = 'a value' other=value`, with `\` before a quote and before itself.
fn words(text: &str) -> Result<Vec<(String, String)>, Failure> {
    let mut rest = text.trim_start();
    let mut all = Vec::new();
    while !rest.is_empty() {
        let Some((name, after)) = rest.split_once('=') else {
            let failure = Failure::usage("the connection is neither a URL nor `key=value` words".to_owned());
            return Err(failure.help("write postgres://user@host:5432/database"));
        };
        let (value, left) = value(after.trim_start())?;
        all.push((name.trim().to_owned(), value));
        rest = left.trim_start();
    }
    Ok(all)
}

fn value(text: &str) -> Result<(String, &str), Failure> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut letters = text.char_indices().skip(usize::from(quoted));
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return Ok((value, text.get(at + 1..).unwrap_or_default())),
            _ if !quoted && letter.is_whitespace() => return Ok((value, text.get(at..).unwrap_or_default())),
            _ => value.push(letter),
        }
    }
    match quoted {
        true => Err(Failure::usage("a quoted value of the connection does not end".to_owned())),
        false => Ok((value, "")),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(text: &str, expected: Expect) {
        let said = match Parameters::parse(text) {
            Ok(Parameters(all)) => {
                all.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
            }
            Err(failure) => failure.render(),
        };
        expected.assert_eq(&said);
    }

    #[test]
    fn urls_are_read_as_libpq_reads_them() {
        check("postgres://localhost", expect!["host=localhost"]);
        check("postgresql://", expect![""]);
        check(
            "postgres://me:p%40ss%3Aword@db.example.com:5433/orders?sslmode=verify-full&application_name=a%20b",
            expect![
                "application_name=a b dbname=orders host=db.example.com password=p@ss:word port=5433 sslmode=verify-full user=me"
            ],
        );
        check("postgres://me:a@b:c@h1:1,h2/x", expect!["dbname=x host=h1,h2 password=a@b:c port=1, user=me"]);
        check("postgres://[::1]:5432/x", expect!["dbname=x host=::1 port=5432"]);
        check("postgres://%2Fvar%2Frun%2Fpostgresql/x", expect!["dbname=x host=/var/run/postgresql"]);
        check("postgres:///x?host=/tmp", expect!["dbname=x host=/tmp"]);
        check("postgres://h/x?ssl=true", expect!["dbname=x host=h sslmode=verify-full"]);
    }

    #[test]
    fn words_are_read_as_libpq_reads_them() {
        check("host=h dbname = x", expect!["dbname=x host=h"]);
        check(
            r"password='it''s' host=h",
            expect!["the connection says a word, which is no parameter of libpq"],
        );
        check(r"password='it\'s a \\' host=h", expect![[r"host=h password=it's a \"]]);
        check("options='-c search_path=a' port=", expect!["options=-c search_path=a port="]);
    }

    #[test]
    fn what_cannot_be_read_is_told_without_a_password() {
        check(
            "mysql://root:secret@h/x",
            expect![[r#"
            `mysql://` is no URL of a PostgreSQL database
              help: write postgres://user@host:5432/database"#]],
        );
        check(
            "postgres://h/x?sslmod=require",
            expect![[r#"
            the connection says `sslmod`, which is no parameter of libpq
              help: did you mean `sslmode`?"#]],
        );
        check(
            "postgres://h/x?sslcrl=a",
            expect!["the connection says `sslcrl`: certificate revocation lists are not read"],
        );
        check(
            "postgres://me:se%cret@h/x",
            expect![[r#"
                a part of the URL is not percent-encoded as it should be
                  help: a `%` that means itself is written `%25`"#]],
        );
        check(
            "localhost",
            expect![[r#"
            the connection is neither a URL nor `key=value` words
              help: write postgres://user@host:5432/database"#]],
        );
        check("password='secret", expect!["a quoted value of the connection does not end"]);
    }
}
