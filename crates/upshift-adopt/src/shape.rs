//! Which table is whose: told by its columns, since `schema_migrations` is the name of three tools' tables.

use std::fmt;
use std::str::FromStr;

use crate::rules;
use crate::tool::Tool;

/// What a tool's table looks like, and how it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) columns: &'static [(&'static str, Class)],
    pub(crate) strictness: Strictness,
    /// A query over `old.table`, and `old.schema.…` for what stands beside it. PostgreSQL 13 to 18.
    pub(crate) read: &'static str,
}

/// What else a table may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// More columns: those named are the tool's beyond doubt.
    AtLeast,
    /// No other column. With words, the table's name has one of them: any table may have a single column `name`.
    NothingElse { words: &'static [&'static str] },
}

/// What a column's type is for: people widen a `varchar(50)` and turn an `integer` into a `bigint`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Integer,
    Text,
    Boolean,
    Bytes,
    Time,
}

impl Class {
    fn fits(self, kind: &str) -> bool {
        let kinds: &[&str] = match self {
            Class::Integer => &["int2", "int4", "int8"],
            Class::Text => &["text", "varchar", "bpchar", "name"],
            Class::Boolean => &["bool"],
            Class::Bytes => &["bytea"],
            Class::Time => &["timestamp", "timestamptz"],
        };
        kinds.contains(&kind)
    }
}

/// A table and its columns, as the catalog has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableShape {
    /// Where it is.
    pub table: TableName,
    /// Its columns: name, and type as `pg_type` has it.
    pub columns: Vec<(String, String)>,
}

/// A table's schema and name; `Display` is for people, unquoted where no quotes are needed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
}

impl TableName {
    /// A table of a schema.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> TableName {
        TableName { schema: schema.into(), name: name.into() }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (part, end) in [(&self.schema, "."), (&self.name, "")] {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if part.chars().all(plain) && !part.starts_with(|c: char| c.is_ascii_digit()) {
                write!(f, "{part}{end}")?;
            } else {
                write!(f, "\"{}\"{end}", part.replace('"', "\"\""))?;
            }
        }
        Ok(())
    }
}

/// A text that names no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no table: expected a schema and a name, as in `public.schema_migrations`")]
pub struct TableNameError(String);

impl FromStr for TableName {
    type Err = TableNameError;

    fn from_str(text: &str) -> Result<TableName, TableNameError> {
        match TableName::read(text) {
            Some((table, "")) => Ok(table),
            _ => Err(TableNameError(text.to_owned())),
        }
    }
}

impl TableName {
    /// The name a text begins with, and what follows it.
    pub(crate) fn read(text: &str) -> Option<(TableName, &str)> {
        let (schema, rest) = part(text)?;
        let (name, rest) = part(rest.strip_prefix('.')?)?;
        Some((TableName { schema, name }, rest))
    }
}

/// One part of a name. Unquoted it is as it is written: nobody means another table than the one a person sees.
fn part(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let mut name = String::new();
    let mut rest = quoted;
    loop {
        let (before, after) = rest.split_once('"')?;
        name.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => (name, rest) = (name + "\"", more),
            None => return Some((name, after)),
        }
    }
}

/// Whether the times of a table say which zone they are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// It has no times.
    NoTimes,
    /// They do.
    Said,
    /// They do not: they are taken for the session's.
    Unsaid,
}

impl TableShape {
    /// The tool whose table it is, by its columns; by a word of its name as well, where they are few.
    pub fn tool(&self) -> Option<Tool> {
        Tool::all().find(|tool| self.shape_of(*tool, Naming::Matters).is_some())
    }

    /// The shape of that tool which the table has.
    pub(crate) fn shape_of(&self, tool: Tool, naming: Naming) -> Option<&'static Shape> {
        rules::of(tool).shapes.iter().find(|shape| self.has(shape, naming))
    }

    fn has(&self, shape: &Shape, naming: Naming) -> bool {
        let class = |name: &str| self.columns.iter().find(|(column, _)| column == name).map(|(_, kind)| kind);
        let fits = shape.columns.iter().all(|(name, it)| class(name).is_some_and(|kind| it.fits(kind)));
        fits && match shape.strictness {
            Strictness::AtLeast => true,
            Strictness::NothingElse { words } => {
                let name = self.table.name.to_lowercase();
                let is_named = words.is_empty()
                    || naming == Naming::Said
                    || words.iter().any(|word| name.contains(word));
                self.columns.len() == shape.columns.len() && is_named
            }
        }
    }

    /// Whether its times say their zone.
    pub fn zone(&self) -> Zone {
        let mut zone = Zone::NoTimes;
        for (_, kind) in &self.columns {
            match kind.as_str() {
                "timestamp" => return Zone::Unsaid,
                "timestamptz" => zone = Zone::Said,
                _ => {}
            }
        }
        zone
    }
}

/// Whether a table's name counts where its columns are few.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    /// It does.
    Matters,
    /// A person said that it is this table.
    Said,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(name: &str, columns: &str) -> String {
        let columns = columns.split(' ').map(|column| column.split_once(':').unwrap());
        let columns = columns.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect();
        let shape = TableShape { table: TableName::new("public", name), columns };
        shape.tool().map_or_else(|| "-".to_owned(), |tool| tool.to_string())
    }

    #[test]
    fn a_table_is_told_by_its_columns_and_not_by_its_name() {
        for (name, columns, expected) in [
            ("schema_migrations", "version:int8 dirty:bool", "golang-migrate"),
            ("schema_migrations", "version:varchar", "dbmate"),
            ("schema_version", "version:int4", "tern"),
            ("countries", "version:int4", "-"),
            ("countries", "name:varchar", "-"),
            ("SequelizeMeta", "name:varchar", "umzug"),
            ("SequelizeData", "name:varchar", "-"),
            ("SequelizeMeta", "name:varchar createdAt:timestamptz updatedAt:timestamptz", "umzug"),
            ("our_changes", "id:int4 version_id:int8 is_applied:bool tstamp:timestamp", "goose"),
            ("__diesel_schema_migrations", "version:varchar run_on:timestamp", "diesel"),
            ("pgmigrations", "id:int4 name:varchar run_on:timestamp", "node-pg-migrate"),
            ("x", "version:int4 name:varchar applied_on:varchar checksum:varchar", "refinery"),
            ("x", "version:int8 name:varchar applied_on:varchar checksum:varchar", "refinery"),
            ("alembic_version", "version_num:varchar", "alembic"),
            ("__drizzle_migrations", "id:int4 hash:text created_at:int8", "drizzle"),
            (
                "__drizzle_migrations",
                "id:int4 hash:text created_at:int8 name:text applied_at:timestamptz",
                "drizzle",
            ),
            ("migrations", "hash:text previous_hash:text filename:text date:timestamptz", "graphile-migrate"),
            ("orders", "id:int8 total:numeric", "-"),
        ] {
            assert_eq!(tool(name, columns), expected, "{name} {columns}");
        }
    }

    #[test]
    fn a_name_is_shown_as_it_is_written_in_sql() {
        assert_eq!(TableName::new("public", "goose_db_version").to_string(), "public.goose_db_version");
        assert_eq!(TableName::new("meta", "SequelizeMeta").to_string(), "meta.\"SequelizeMeta\"");
        let odd = TableName::new("a b", "x\"y");
        assert_eq!(odd.to_string(), "\"a b\".\"x\"\"y\"");
        assert_eq!(odd.to_string().parse(), Ok(odd));
        assert_eq!("meta.SequelizeMeta".parse(), Ok(TableName::new("meta", "SequelizeMeta")));
        assert!("schema_migrations".parse::<TableName>().is_err());
    }
}
