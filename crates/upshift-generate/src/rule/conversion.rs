//! From one type of a column to another.

/// The conversion, where PostgreSQL makes none by itself in an assignment (`pg_cast`, castcontext e).
pub(super) fn using(old: &str, new: &str, name: &str) -> String {
    let family = |kind: &str| {
        let kind = kind.split(['(', '[']).next().unwrap_or_default().trim_end();
        let array = old.ends_with("[]") || new.ends_with("[]");
        match kind {
            _ if array => "array",
            "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" => "number",
            "text" | "character varying" | "character" | "name" | "\"char\"" => "text",
            "date" | "timestamp" | "timestamp with time zone" | "timestamp without time zone" => "time",
            "time without time zone" | "time with time zone" | "interval" => "clock",
            "json" | "jsonb" => "json",
            "boolean" => "boolean",
            _ => "other",
        }
    };
    let (old_family, new_family) = (family(old), family(new));
    match (old_family, new_family) {
        (_, "text") => String::new(),
        ("number", "number") | ("time", "time") | ("json", "json") | ("clock", "clock") => String::new(),
        ("number", "boolean") | ("boolean", "number") | ("text", _) => format!(" USING {name}::{new}"),
        ("time", "number") => {
            format!(" USING pg_catalog.date_part('epoch', {name})::{new}")
        }
        // A number of a time is seconds since 1970 by every convention.
        ("number", "time") => format!(" USING pg_catalog.to_timestamp({name})"),
        ("other", "other") => format!(" USING {name}::text::{new}"),
        _ => format!(" USING {name}::{new}"),
    }
}
