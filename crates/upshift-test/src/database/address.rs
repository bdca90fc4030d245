//! The server's address, and the addresses of its databases.

use std::fmt;
use std::ops::Deref;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::database::error::{Kind, TestError};
use crate::server::percent_encoded;

/// The address of a test's database, as drivers and `psql` take it: `postgres://postgres@127.0.0.1:41873/upshift_test_7_c4ca42`.
///
/// It has the password that DATABASE_URL has.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    pub(crate) fn new(url: impl Into<String>) -> DatabaseUrl {
        DatabaseUrl(url.into())
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same on another database of the server.
    pub(crate) fn on(&self, database: &str) -> DatabaseUrl {
        let url = &self.0;
        let Some(scheme) = url.find("://").map(|at| at + 3) else {
            // `host=… dbname=…`: the last one said counts.
            return DatabaseUrl(format!(
                "{url} dbname='{}'",
                database.replace('\\', "\\\\").replace('\'', "\\'")
            ));
        };
        let (head, parameters) =
            url.split_once('?').map_or((url.as_str(), None), |(head, it)| (head, Some(it)));
        let end = head.get(scheme..).and_then(|rest| rest.find('/')).map_or(head.len(), |at| scheme + at);
        let server = head.get(..end).unwrap_or(head);
        let parameters = parameters.map(|it| format!("?{it}")).unwrap_or_default();
        DatabaseUrl(format!("{server}/{}{parameters}", percent_encoded(database)))
    }

    /// The same with a setting of every session.
    pub(crate) fn with_option(&self, name: &str, value: &str) -> DatabaseUrl {
        let url = &self.0;
        let option = format!("-c {name}={value}");
        if !url.contains("://") {
            return DatabaseUrl(format!("{url} options='{option}'"));
        }
        let and = if url.contains('?') { '&' } else { '?' };
        DatabaseUrl(format!("{url}{and}options={}", percent_encoded(&option)))
    }

    /// What a driver makes of it.
    pub(crate) fn config(&self, named_by: &'static str) -> Result<Config, TestError> {
        self.0.parse().map_err(|_| Kind::Address { named_by }.into())
    }
}

/// The command that opens the database, without any password.
pub(crate) fn psql(config: &Config) -> String {
    let mut words = vec!["psql".to_owned()];
    let host = config.get_hosts().first().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    });
    let port = config.get_ports().first().map(u16::to_string);
    let named = [
        ("-h", host),
        ("-p", port),
        ("-U", config.get_user().map(str::to_owned)),
        ("-d", config.get_dbname().map(str::to_owned)),
    ];
    for (flag, value) in named {
        let Some(value) = value else { continue };
        words.push(flag.to_owned());
        words.push(shell_word(&value));
    }
    words.join(" ")
}

fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@%+=:,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

impl Deref for DatabaseUrl {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for DatabaseUrl {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A failing assertion must not show the password.
        match self.config("it") {
            Ok(config) => write!(f, "DatabaseUrl({})", psql(&config)),
            Err(_) => f.write_str("DatabaseUrl(…)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_database_of_the_same_server_is_named_however_the_address_is_written() {
        for (url, expected) in [
            ("postgres://u@h:5433/orders", "postgres://u@h:5433/t 1"),
            ("postgres://u:p@h", "postgres://u:p@h/t 1"),
            ("postgresql://h/?sslmode=disable", "postgresql://h/t 1?sslmode=disable"),
            (
                "postgres://%2Frun%2Fpg/orders?connect_timeout=5",
                "postgres://%2Frun%2Fpg/t 1?connect_timeout=5",
            ),
        ] {
            let other = DatabaseUrl::new(url).on("t 1");
            assert_eq!(other.as_str(), expected.replace(' ', "%20"), "{url}");
            assert_eq!(other.config("it").unwrap().get_dbname(), Some("t 1"), "{url}");
        }
        let words = DatabaseUrl::new("host=h dbname=orders").on("it's");
        assert_eq!(words.config("it").unwrap().get_dbname(), Some("it's"));
    }

    #[test]
    fn a_setting_of_every_session_is_added() {
        for (url, expected) in [
            ("postgres://h/d", "postgres://h/d?options=-c%20search_path%3Ds"),
            ("postgres://h/d?sslmode=disable", "postgres://h/d?sslmode=disable&options=-c%20search_path%3Ds"),
        ] {
            let with = DatabaseUrl::new(url).with_option("search_path", "s");
            assert_eq!(with.as_str(), expected);
            assert_eq!(with.config("it").unwrap().get_options(), Some("-c search_path=s"));
        }
    }

    #[test]
    fn the_command_to_connect_shows_no_password() {
        let url = DatabaseUrl::new("postgres://u:secret@h:5433/d?options=-c%20a%3Db");
        assert_eq!(psql(&url.config("it").unwrap()), "psql -h h -p 5433 -U u -d d");
        assert!(!format!("{url:?}").contains("secret"));
    }
}
