//! Which objects a snapshot is of, and the SQL that asks for them.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use upshift_files::sql::literal;

use crate::name::object;
use crate::{Kind, ObjectPattern};

/// What the question is asked with.
const SETTINGS: &str = include_str!("sql/settings.sql");

/// The question, in the order of its parts. Written for PostgreSQL 13 to 18; see `sql/settings.sql` for why it is one
/// message with the settings, and decision 14 for why names in it are bare.
const QUESTION: &[&str] = &[
    include_str!("sql/names.sql"),
    include_str!("sql/spaces.sql"),
    include_str!("sql/types.sql"),
    include_str!("sql/tables.sql"),
    include_str!("sql/code.sql"),
    include_str!("sql/outside.sql"),
    include_str!("sql/facts.sql"),
];

/// Which objects a snapshot is of.
///
/// Those of the system and of extensions never are, and neither is upshift's own schema.
///
/// ```
/// use upshift_schema::{Filter, Kind};
///
/// // The same in every environment, whoever owns it and may use it there.
/// let filter = Filter::new().without_schema("audit").without_kinds([Kind::Owner, Kind::Grant, Kind::Revoke]);
/// # let _ = filter;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    history: String,
    schemas: Schemas,
    kinds_left_out: BTreeSet<Kind>,
    /// Schema and name.
    objects_left_out: BTreeSet<(String, String)>,
    patterns_left_out: BTreeSet<ObjectPattern>,
    lock_timeout: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Schemas {
    AllBut(BTreeSet<String>),
    Only(BTreeSet<String>),
}

impl Filter {
    /// Everything but upshift's own schema.
    pub fn new() -> Filter {
        Filter {
            history: "upshift".to_owned(),
            schemas: Schemas::AllBut(BTreeSet::new()),
            kinds_left_out: BTreeSet::new(),
            objects_left_out: BTreeSet::new(),
            patterns_left_out: BTreeSet::new(),
            lock_timeout: None,
        }
    }

    /// The schema of upshift's own tables, where it is another than `upshift`.
    #[must_use]
    pub fn history_schema(mut self, name: impl Into<String>) -> Filter {
        self.history = name.into();
        self
    }

    /// These schemas alone. What stands in no schema (extensions, casts, servers, publications) stays; leave it out
    /// with [`Filter::without_kinds`].
    #[must_use]
    pub fn only_schemas<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Filter {
        self.schemas = Schemas::Only(names.into_iter().map(Into::into).collect());
        self
    }

    /// Not this schema, nor what stands in it.
    #[must_use]
    pub fn without_schema(mut self, name: impl Into<String>) -> Filter {
        let name = name.into();
        match &mut self.schemas {
            Schemas::AllBut(names) => drop(names.insert(name)),
            Schemas::Only(names) => drop(names.remove(&name)),
        }
        self
    }

    /// Not the tables, views, sequences and functions of these names in this schema, nor what belongs to them or is said
    /// about them.
    #[must_use]
    pub fn without_objects<S: Into<String>>(
        mut self,
        schema: &str,
        names: impl IntoIterator<Item = S>,
    ) -> Filter {
        self.objects_left_out.extend(names.into_iter().map(|name| (schema.to_owned(), name.into())));
        self
    }

    /// Not the objects that these patterns mean, nor what belongs to them or is said about them.
    #[must_use]
    pub fn without_matching(mut self, patterns: impl IntoIterator<Item = ObjectPattern>) -> Filter {
        self.patterns_left_out.extend(patterns);
        self
    }

    /// Not these kinds of facts.
    #[must_use]
    pub fn without_kinds(mut self, kinds: impl IntoIterator<Item = Kind>) -> Filter {
        self.kinds_left_out.extend(kinds);
        self
    }

    /// How long the question waits for a table that somebody has locked exclusively, whatever the session says. It is then
    /// refused (`lock_not_available`). A `SnapshotReader` waits as its session says.
    #[must_use]
    pub fn lock_timeout(mut self, limit: Duration) -> Filter {
        self.lock_timeout = Some(limit);
        self
    }

    /// The question, for any driver: one message of the simple query protocol.
    ///
    /// Its last statement answers with three columns of text, for [`Snapshot::of_rows`](crate::Snapshot::of_rows). All of
    /// it is one read-only transaction, and none may be open when it is sent. It makes no temporary objects and leaves no
    /// setting behind.
    ///
    /// # Locks
    /// ACCESS SHARE on catalogs, for the statement. PostgreSQL prints views, rules and partition bounds under ACCESS SHARE
    /// on their tables: a session that holds one in ACCESS EXCLUSIVE mode is waited for.
    pub fn sql(&self) -> String {
        format!("{}{SETTINGS}{}", self.limit(), self.question())
    }

    /// Ahead of the rest: a limit is no query, so the transaction may still be made a read-only one behind it.
    fn limit(&self) -> String {
        self.lock_timeout.map_or_else(String::new, |limit| {
            // 0 would be no limit, and more than an integer an error.
            format!("set local lock_timeout = {};\n", limit.as_millis().clamp(1, i32::MAX as u128))
        })
    }

    /// The same without the settings: on a session that has them.
    pub(crate) fn question(&self) -> String {
        QUESTION.concat().replace(":schemas", &self.condition())
    }

    /// The settings for a session that asks nothing else.
    #[cfg(feature = "tokio-postgres")]
    pub(crate) fn session_settings() -> String {
        let settings = SETTINGS.lines().filter_map(|line| line.strip_prefix("set local "));
        let settings: String = settings.map(|setting| format!("set {setting}\n")).collect();
        format!("{settings}set default_transaction_read_only = on;")
    }

    /// What `pg_namespace` is asked for, beside the system's own.
    pub(crate) fn condition(&self) -> String {
        let (operator, names) = match &self.schemas {
            Schemas::AllBut(names) => ("<> all", names),
            Schemas::Only(names) => ("= any", names),
        };
        let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
        format!(
            "and n.nspname <> {} and n.nspname {operator} (array[{}]::name[])",
            literal(&self.history),
            names.join(", ")
        )
    }

    pub(crate) fn keeps(&self, kind: Kind, id: &str) -> bool {
        let is_left_out = || object(kind, id).is_some_and(|object| self.objects_left_out.contains(&object));
        // The names are looked at where there is something to look for: a large schema has a hundred thousand.
        !self.kinds_left_out.contains(&kind)
            && (self.objects_left_out.is_empty() || !is_left_out())
            && !self.patterns_left_out.iter().any(|pattern| pattern.means(kind, id))
    }
}

impl Default for Filter {
    fn default() -> Filter {
        Filter::new()
    }
}

/// One text for filters that ask for the same: `all schemas but "upshift"; without owner, grant`.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |names: &BTreeSet<String>| {
            names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
        };
        match &self.schemas {
            Schemas::Only(names) => write!(f, "the schemas {}", listed(names))?,
            Schemas::AllBut(names) => {
                let mut names = names.clone();
                names.insert(self.history.clone());
                write!(f, "all schemas but {}", listed(&names))?;
            }
        }
        let kinds = self.kinds_left_out.iter().map(|kind| kind.as_str().to_owned());
        let objects = self.objects_left_out.iter().map(|(schema, name)| format!("{schema:?}.{name:?}"));
        let patterns = self.patterns_left_out.iter().map(|pattern| format!("{:?}", pattern.to_string()));
        let left_out: Vec<String> = kinds.chain(objects).chain(patterns).collect();
        if left_out.is_empty() { Ok(()) } else { write!(f, "; without {}", left_out.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Filter;
    use crate::Kind;

    #[test]
    fn filters_that_ask_for_the_same_have_one_text() {
        let texts = [
            (Filter::new(), r#"all schemas but "upshift""#),
            (Filter::new().without_schema("b").history_schema("a"), r#"all schemas but "a", "b""#),
            (
                Filter::new().only_schemas(["b", "a"]).without_kinds([Kind::Grant, Kind::Owner]),
                r#"the schemas "a", "b"; without owner, grant"#,
            ),
            (
                Filter::new().without_objects("a", ["t", "s"]),
                r#"all schemas but "upshift"; without "a"."s", "a"."t""#,
            ),
            (
                Filter::new().without_matching(["b.tmp_*".parse().unwrap(), "a".parse().unwrap()]),
                r#"all schemas but "upshift"; without "*.a", "b.tmp_*""#,
            ),
            (Filter::new().lock_timeout(Duration::from_secs(1)), r#"all schemas but "upshift""#),
        ];
        for (filter, expected) in texts {
            assert_eq!(filter.to_string(), expected);
        }
    }

    #[test]
    fn a_limit_is_never_none() {
        let sql = Filter::new().lock_timeout(Duration::ZERO).sql();
        assert!(sql.starts_with("set local lock_timeout = 1;\n"), "{sql}");
    }

    #[test]
    fn schemas_are_literals_whatever_their_names() {
        let conditions = [
            (Filter::new(), "and n.nspname <> 'upshift' and n.nspname <> all (array[]::name[])"),
            (
                Filter::new().history_schema("it's").without_schema("b").without_schema("a\\"),
                "and n.nspname <> 'it''s' and n.nspname <> all (array[E'a\\\\', 'b']::name[])",
            ),
            (
                Filter::new().only_schemas(["app", "b"]).without_schema("b"),
                "and n.nspname <> 'upshift' and n.nspname = any (array['app']::name[])",
            ),
        ];
        for (filter, expected) in conditions {
            assert_eq!(filter.condition(), expected);
            assert!(filter.sql().contains(expected));
        }
    }
}
