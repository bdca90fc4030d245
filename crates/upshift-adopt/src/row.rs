//! The rows of another tool's table, and what that tool has done by its own rules.

use std::fmt;

use time::OffsetDateTime;

/// One row of another tool's table, as it stands there: every tool's columns under common names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// Its place in the order the tool reads its table in.
    pub place: i64,
    /// What the tool knows the migration by: a version, a name, a hash.
    pub key: Option<String>,
    /// The words beside it: a description, a project, the hash before.
    pub name: Option<String>,
    /// What the row says happened, in the tool's word.
    pub kind: Option<String>,
    /// The checksum, as text.
    pub checksum: Option<String>,
    /// When it was written.
    pub at: Option<OffsetDateTime>,
    /// How long it took, in milliseconds.
    pub took_ms: Option<i64>,
    /// Whether it says that the migration did not finish.
    pub outcome: Outcome,
}

/// Whether a row says that its migration finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outcome {
    /// It did, as far as the row tells.
    #[default]
    Done,
    /// It did not: `dirty`, `success = false`, `fail`.
    Failed,
}

/// What a tool knows a migration by, comparable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    Number(u128),
    /// Flyway's versions: trailing zero parts do not count.
    Dotted(Vec<u128>),
    Name(String),
    /// Flyway's repeatables, by description.
    Repeatable(String),
}

impl Key {
    /// The number in a text, whatever zeros it begins with.
    pub(crate) fn number(text: &str) -> Option<Key> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok().map(Key::Number))?
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Number(number) => number.fmt(f),
            Key::Dotted(parts) => {
                let parts: Vec<String> = parts.iter().map(u128::to_string).collect();
                f.write_str(&parts.join("."))
            }
            Key::Name(name) => f.write_str(name),
            Key::Repeatable(name) => write!(f, "R__{name}"),
        }
    }
}

/// One migration that the tool has applied, by its own rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) key: Key,
    /// Its version as the tool wrote it.
    pub(crate) shown: String,
    /// The words beside it: see [`Row::name`].
    pub(crate) beside: Option<String>,
    pub(crate) checksum: Option<String>,
    pub(crate) at: Option<OffsetDateTime>,
    pub(crate) took_ms: Option<i64>,
}

impl Done {
    pub(crate) fn of(row: &Row, key: Key) -> Done {
        Done {
            key,
            shown: row.key.clone().unwrap_or_default(),
            beside: row.name.clone(),
            checksum: row.checksum.clone(),
            at: row.at,
            took_ms: row.took_ms,
        }
    }
}

/// The whole that a tool has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Effective {
    /// In the order it was done.
    pub(crate) done: Vec<Done>,
    /// All files up to this one count as done, without rows of their own.
    pub(crate) up_to: Option<Mark>,
    /// The tool passes over files up to this one that have no row.
    pub(crate) passed_over: Option<Key>,
    /// Rows that say that a migration did not finish, and rows that nobody wrote who follows the tool's rules.
    pub(crate) faults: Vec<Fault>,
}

/// A version up to which all files count as done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) key: Key,
    pub(crate) why: &'static str,
    pub(crate) at: Option<OffsetDateTime>,
}

/// A row that keeps a history from being adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Half done: the row's words, and how the tool is told that it was put right.
    Dirty { what: String, help: &'static str },
    /// A row that is none of the tool's.
    Unknown { what: String },
}

impl Effective {
    /// Every row is a migration, known by what `key` reads in it.
    pub(crate) fn each(rows: &[Row], key: impl Fn(&str) -> Option<Key>) -> Effective {
        let mut effective = Effective::default();
        for row in rows {
            match row.key.as_deref().and_then(&key) {
                Some(key) => effective.done.push(Done::of(row, key)),
                None => effective.unknown(row),
            }
        }
        effective
    }

    pub(crate) fn unknown(&mut self, row: &Row) {
        let texts = [&row.key, &row.name, &row.kind, &row.checksum].into_iter().flatten();
        let what = texts.map(String::as_str).collect::<Vec<_>>().join(" | ");
        self.faults.push(Fault::Unknown { what });
    }

    pub(crate) fn dirty(&mut self, what: String, help: &'static str) {
        self.faults.push(Fault::Dirty { what, help });
    }
}
