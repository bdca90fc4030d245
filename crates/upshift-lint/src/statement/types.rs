//! Types of columns as a statement writes them, under the name the server gives them.

use std::fmt;

use super::name::Name;

/// A type: `integer`, `character varying(20)`, `shop.mood[]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeName {
    /// Its name as `format_type` gives it: `int4` and `int` are `integer`, `varchar` is `character varying`.
    pub name: Name,
    /// What stands in parentheses: `(10,2)`. For an interval with fields, the fields come first.
    pub modifiers: Vec<String>,
    /// How many `[]`.
    pub dimensions: usize,
}

impl TypeName {
    /// A type without modifiers.
    pub fn plain(name: &str) -> TypeName {
        TypeName { name: Name::bare(canonical(name)), modifiers: Vec::new(), dimensions: 0 }
    }

    /// Whether it is this type of PostgreSQL's own, whatever its modifiers; no array.
    pub fn is(&self, name: &str) -> bool {
        self.dimensions == 0 && self.name.name == name && self.is_built_in()
    }

    /// Whether it could be one of PostgreSQL's own: it has no schema, or pg_catalog.
    pub fn is_built_in(&self) -> bool {
        matches!(self.name.schema.as_deref(), None | Some("pg_catalog"))
    }

    /// `smallserial`, `serial` or `bigserial`.
    pub fn is_serial(&self) -> bool {
        ["smallserial", "serial", "bigserial"].iter().any(|serial| self.is(serial))
    }
}

/// The server's name for one of its types.
pub(crate) fn canonical(name: &str) -> &str {
    match name {
        "int" | "int4" => "integer",
        "int8" => "bigint",
        "int2" => "smallint",
        "serial4" => "serial",
        "serial8" => "bigserial",
        "serial2" => "smallserial",
        "float" | "float8" => "double precision",
        "float4" => "real",
        "bool" => "boolean",
        "varchar" => "character varying",
        "char" => "character",
        "decimal" | "dec" => "numeric",
        "varbit" => "bit varying",
        "timestamp" => "timestamp without time zone",
        "timestamptz" => "timestamp with time zone",
        "time" => "time without time zone",
        "timetz" => "time with time zone",
        other => other,
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.schema.is_none() { self.name.name.clone() } else { self.name.to_string() };
        match (name.split_once(" with"), self.modifiers.is_empty()) {
            // The precision of a time stands inside its name: timestamp(3) with time zone.
            (Some((time, zone)), false) => write!(f, "{time}({}) with{zone}", self.modifiers.join(","))?,
            (_, true) => f.write_str(&name)?,
            (None, false) => write!(f, "{name}({})", self.modifiers.join(","))?,
        }
        f.write_str(&"[]".repeat(self.dimensions))
    }
}
