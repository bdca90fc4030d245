//! Names of things in a database, as the server understands them.

use std::fmt;

/// The name of a table, index, type, function …, perhaps with its schema.
///
/// Without quotes letters are lower case, quoted they are as written; the database before a schema is left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The schema, if it was written or is known.
    pub schema: Option<String>,
    /// The name.
    pub name: String,
}

impl Name {
    /// A name without a schema.
    pub fn bare(name: impl Into<String>) -> Name {
        Name { schema: None, name: name.into() }
    }

    /// A name in a schema.
    pub fn in_schema(schema: impl Into<String>, name: impl Into<String>) -> Name {
        Name { schema: Some(schema.into()), name: name.into() }
    }
}

impl Name {
    /// The name that a string constant holds, as `regclass` reads it: `'shop.orders'`.
    pub(crate) fn quoted(constant: &str) -> Option<Name> {
        let inner = constant.strip_prefix('\'')?.strip_suffix('\'')?;
        let mut parts =
            inner.split('.').map(|part| match part.strip_prefix('"').and_then(|p| p.strip_suffix('"')) {
                Some(quoted) => quoted.to_owned(),
                None => part.to_lowercase(),
            });
        let first = parts.next().filter(|part| !part.is_empty())?;
        Some(parts.fold(Name::bare(first), |name, part| Name { schema: Some(name.name), name: part }))
    }
}

/// Whether a function is given a sequence, and locks it as INSERT does a table.
pub(crate) fn is_of_sequence(function: &Name) -> bool {
    matches!(function.schema.as_deref(), None | Some("pg_catalog"))
        && matches!(function.name.as_str(), "nextval" | "setval")
}

/// As SQL reads it back: quoted where it must be.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", Quoted(schema))?;
        }
        write!(f, "{}", Quoted(&self.name))
    }
}

/// One part of a name; `Display` quotes it where SQL would read it otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'n>(pub &'n str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.0.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'$'))
            && self.0.bytes().next().is_some_and(|b| !b.is_ascii_digit() && b != b'$')
            && !is_reserved(self.0);
        if plain { f.write_str(self.0) } else { write!(f, "\"{}\"", self.0.replace('"', "\"\"")) }
    }
}

/// Whether PostgreSQL takes this word, in lower case, for no name of a column or table.
pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.binary_search(&word).is_ok()
}

/// The words PostgreSQL takes for no name of a column or table (manual, appendix C: reserved), sorted.
const RESERVED: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "binary",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "natural",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "placing",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "session_user",
    "similar",
    "some",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted_where_sql_would_read_it_otherwise() {
        for (name, shown) in [
            (Name::bare("orders"), "orders"),
            (Name::in_schema("shop", "Order Items"), "shop.\"Order Items\""),
            (Name::bare("user"), "\"user\""),
            (Name::bare("1st"), "\"1st\""),
        ] {
            assert_eq!(name.to_string(), shown);
        }
        assert!(RESERVED.is_sorted());
    }
}
