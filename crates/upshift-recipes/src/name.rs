//! Names: checked once, quoted where they need it, derived ones cut so that they stay different.

use std::fmt;
use std::str::FromStr;

use upshift_files::Checksum;

/// What PostgreSQL keeps of a name (`NAMEDATALEN` less one); the rest it cuts silently.
const LONGEST: usize = 63;

/// An SQL identifier. `Display` writes it as SQL does, in quotes only where it needs them.
///
/// ```
/// use upshift_recipes::Ident;
/// assert_eq!(Ident::new("status")?.to_string(), "status");
/// assert_eq!(Ident::new("Status")?.to_string(), "\"Status\"");
/// # Ok::<(), upshift_recipes::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ident(String);

/// Why a text is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing there.
    #[error("a name cannot be empty")]
    Empty,
    /// PostgreSQL cuts longer names silently, so that two could become one.
    #[error("a name has at most 63 bytes, `{0}` has {len}", len = .0.len())]
    TooLong(String),
    /// A line break or another control character: it would end the comment or the directive the name stands in.
    #[error("`{}` has a control character, which cannot be written into a migration file", .0.escape_debug())]
    Control(String),
    /// A table without its schema.
    #[error("`{0}` is no table with its schema: write it as in SQL, `app.orders` or `app.\"Order Items\"`")]
    NoTable(String),
}

impl Ident {
    /// The identifier with exactly this spelling.
    ///
    /// # Errors
    /// An empty name, one of more than 63 bytes, one with a control character.
    pub fn new(name: impl Into<String>) -> Result<Ident, NameError> {
        let name = name.into();
        match name.len() {
            0 => Err(NameError::Empty),
            _ if name.contains(char::is_control) => Err(NameError::Control(name)),
            1..=LONGEST => Ok(Ident(name)),
            _ => Err(NameError::TooLong(name)),
        }
    }

    /// The name, unquoted.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name made of a prefix of our own, others' names and a suffix of our own.
    ///
    /// Where it is too long the middle is cut, and a piece of its checksum added: two long names stay two.
    pub(crate) fn derived(prefix: &str, middle: &[&Ident], suffix: &str) -> Ident {
        let whole = middle.iter().map(|it| it.as_str()).collect::<Vec<_>>().join("_");
        let room = LONGEST.saturating_sub(prefix.len() + suffix.len());
        if whole.len() <= room {
            return Ident(format!("{prefix}{whole}{suffix}"));
        }
        let checksum = Checksum::of(&whole).to_string();
        let mark: String = checksum.chars().skip_while(|c| *c != ':').skip(1).take(8).collect();
        let mut end = room.saturating_sub(mark.len() + 1);
        while !whole.is_char_boundary(end) {
            end -= 1;
        }
        Ident(format!("{prefix}{}_{mark}{suffix}", &whole[..end]))
    }

    /// What a column or table is called from hide to purge.
    pub(crate) fn hidden(&self) -> Ident {
        Ident::derived("_upshift_hidden_", &[self], "")
    }

    /// Names as part of a file's name, which a file system cuts no more than a server does.
    pub(crate) fn slug(names: &[&Ident]) -> String {
        let joined = Ident::derived("", names, "");
        let slug: String = joined.0.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
        slug.to_lowercase()
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.0.bytes();
        let plain = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
            && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if plain && KEYWORDS.split(' ').all(|word| word != self.0) {
            return f.write_str(&self.0);
        }
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

impl FromStr for Ident {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Ident, NameError> {
        Ident::new(name)
    }
}

/// A table with its schema. `Display` writes it as SQL does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table {
    /// The schema it is in.
    pub schema: Ident,
    /// Its name there.
    pub name: Ident,
}

impl Table {
    /// This table of this schema.
    pub fn new(schema: Ident, name: Ident) -> Table {
        Table { schema, name }
    }

    /// Another relation or function of the same schema.
    pub(crate) fn beside(&self, name: Ident) -> Table {
        Table { schema: self.schema.clone(), name }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

impl FromStr for Table {
    type Err = NameError;

    /// Reads `app.orders`, `app."Order Items"`: unquoted parts are lower case, as PostgreSQL reads them.
    fn from_str(text: &str) -> Result<Table, NameError> {
        let wrong = || NameError::NoTable(text.to_owned());
        let (schema, rest) = part(text).ok_or_else(wrong)?;
        let (name, rest) = rest.strip_prefix('.').and_then(part).ok_or_else(wrong)?;
        if !rest.is_empty() {
            return Err(wrong());
        }
        Ok(Table { schema: Ident::new(schema)?, name: Ident::new(name)? })
    }
}

/// The first name of a dotted one, and what follows it.
fn part(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_lowercase(), &text[end..]));
    };
    let mut name = String::new();
    loop {
        let end = rest.find('"')?;
        name.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                name.push('"');
                rest = after;
            }
            None => return Some((name, rest)),
        }
    }
}

/// The words PostgreSQL 13 to 18 (`src/include/parser/kwlist.h`) does not take as any name: all that are not of the
/// class UNRESERVED, which is what its own `quote_ident` goes by.
const KEYWORDS: &str = "\
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean \
    both case cast char character check coalesce collate collation column concurrently constraint create \
    cross current_catalog current_date current_role current_schema current_time current_timestamp \
    current_user dec decimal default deferrable desc distinct do else end except exists extract false \
    fetch float for foreign freeze from full grant greatest group grouping having ilike in initially \
    inner inout int integer intersect interval into is isnull join json json_array json_arrayagg \
    json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value \
    lateral leading least left like limit localtime localtimestamp merge_action national natural nchar \
    none normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay \
    placing position precision primary real references returning right row select session_user setof \
    similar smallint some substring symmetric system_user table tablesample then time timestamp to \
    trailing treat trim true union unique user using values varchar variadic verbose when where window \
    with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot \
    xmlserialize xmltable";

#[cfg(test)]
mod tests {
    use super::*;

    fn ident(name: &str) -> Ident {
        Ident::new(name).unwrap()
    }

    #[test]
    fn a_name_is_quoted_where_it_needs_it() {
        let table = [
            ("status", "status"),
            ("_a1", "_a1"),
            ("Status", "\"Status\""),
            ("1a", "\"1a\""),
            ("a b", "\"a b\""),
            ("a\"b", "\"a\"\"b\""),
            ("order", "\"order\""),
            ("été", "\"été\""),
        ];
        for (name, written) in table {
            assert_eq!(ident(name).to_string(), written);
        }
    }

    #[test]
    fn what_cannot_be_a_name_is_refused_with_the_reason() {
        assert_eq!(Ident::new(""), Err(NameError::Empty));
        let long = "é".repeat(32);
        let said = format!("a name has at most 63 bytes, `{long}` has 64");
        assert_eq!(Ident::new(long).unwrap_err().to_string(), said);
        assert_eq!(
            Ident::new("a\nb").unwrap_err().to_string(),
            "`a\\nb` has a control character, which cannot be written into a migration file"
        );
    }

    #[test]
    fn derived_names_are_cut_and_stay_different() {
        let short = Ident::derived("upshift_sync_", &[&ident("users"), &ident("name")], "_i");
        assert_eq!(short.as_str(), "upshift_sync_users_name_i");
        let (one, two) = (ident(&"x".repeat(63)), ident(&format!("{}y", "x".repeat(62))));
        let one = Ident::derived("upshift_sync_", &[&one, &one], "_i");
        let two = Ident::derived("upshift_sync_", &[&two, &two], "_i");
        assert_ne!(one, two);
        for name in [one, two, Ident::derived("u_", &[&ident(&"é".repeat(31)), &ident("b")], "_i")] {
            assert!(name.as_str().len() <= 63 && name.as_str().ends_with("_i"), "{name}");
        }
    }

    #[test]
    fn a_table_is_read_as_sql_writes_it() {
        let table = [
            ("app.orders", "app.orders"),
            ("App.Orders", "app.orders"),
            ("\"A.b\".\"c\"\"d\"", "\"A.b\".\"c\"\"d\""),
        ];
        for (text, written) in table {
            assert_eq!(text.parse::<Table>().unwrap().to_string(), written);
        }
        for text in ["orders", "a.b.c", "a.", ".b", "\"a.b", "a b.c"] {
            assert_eq!(text.parse::<Table>(), Err(NameError::NoTable(text.to_owned())), "{text}");
        }
    }
}
