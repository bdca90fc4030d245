//! What the server is told in `postgresql.conf`.

use crate::error::{Kind, ServerError};

/// Nothing survives the program anyway, so nothing waits for a disk; and room for many tests at once.
/// `synchronous_commit` stays on: without `fsync` it costs next to nothing, and what was committed is
/// still there after [`StopMode::Immediate`](crate::StopMode::Immediate), as after a real crash.
/// They stand in the file rather than on the command line, so that `alter system` can change them.
const FOR_TESTS: [(&str, &str); 12] = [
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("max_connections", "300"),
    ("max_prepared_transactions", "20"),
    ("shared_buffers", "32MB"),
    ("max_wal_size", "256MB"),
    // Logical decoding is what tests of replication ask for; this much more WAL costs nothing measurable here.
    ("wal_level", "logical"),
    // Compiling a query costs more than any query of a test.
    ("jit", "off"),
    ("listen_addresses", "127.0.0.1"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("lc_messages", "C"),
];

/// Settings by name; a later one wins, as in the server's own file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings(Vec<(String, String)>);

impl Settings {
    pub(crate) fn set(&mut self, name: String, value: String) {
        self.0.push((name, value));
    }

    /// The lines to append to `postgresql.conf`.
    pub(crate) fn to_conf(&self) -> Result<String, ServerError> {
        let mut conf = String::from("\n# upshift-test\n");
        for (name, value) in FOR_TESTS {
            conf.push_str(&line(name, value));
        }
        for (name, value) in &self.0 {
            if !is_name(name) {
                return Err(Kind::SettingName { name: name.clone() }.into());
            }
            conf.push_str(&line(name, value));
        }
        Ok(conf)
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
}

fn line(name: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('\'', "''").replace('\n', "\\n").replace('\r', "\\r");
    format!("{name} = '{value}'\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        for (value, expected) in [
            ("64MB", "x = '64MB'\n"),
            ("it's", "x = 'it''s'\n"),
            (r"C:\tmp", "x = 'C:\\\\tmp'\n"),
            ("a'\nfsync = 'on", "x = 'a''\\nfsync = ''on'\n"),
        ] {
            assert_eq!(line("x", value), expected);
        }
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        for name in ["", "fsync = on\nx", "work mem", "work-mem"] {
            let mut settings = Settings::default();
            settings.set(name.into(), "1".into());
            assert!(settings.to_conf().is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_setting_of_the_caller_comes_after_the_defaults() {
        let mut settings = Settings::default();
        settings.set("fsync".into(), "on".into());
        let conf = settings.to_conf().unwrap();
        assert!(conf.find("fsync = 'off'") < conf.find("fsync = 'on'"), "{conf}");
    }
}
