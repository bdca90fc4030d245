//! What a file's name says: version, words, section.

use crate::cut::Role;
use crate::layout::Layout;
use crate::version::VersionError;
use crate::{MigrationId, SectionKind, Version, word};

/// What a file's name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub id: MigrationId,
    pub name: String,
    pub role: Role,
}

/// Why a name says nothing, and what would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameError {
    pub message: String,
    pub help: String,
}

impl NameError {
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> NameError {
        NameError { message: message.into(), help: help.into() }
    }
}

/// What a name may look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    /// Letters, digits, `_` and `-`; at least one.
    Strict,
    /// Anything the tool accepts, nothing at all included.
    Free,
}

/// Reads a path of upshift's own layout, or of a tool whose names are among its forms.
pub(crate) fn parse(path: &str, words: Words) -> Result<Named, NameError> {
    let (folder, base) = match path.rsplit_once('/') {
        Some((folder, base)) => (Some(folder.rsplit('/').next().unwrap_or(folder)), base),
        None => (None, path),
    };
    let Some(stem) = base.strip_suffix(".sql") else {
        return Err(wrong_ending(base));
    };
    if let Some(folder) = folder {
        if let Some(kind) = section_word(stem) {
            let (version, name) = version_and_words(folder, words)?;
            return Ok(Named { id: MigrationId::Version(version), name, role: Role::Only(kind) });
        }
        if version_and_words(folder, words).is_ok() && !stem.starts_with(|c: char| c.is_ascii_digit()) {
            let help = word::did_you_mean(stem, &SectionKind::ALL.map(SectionKind::word));
            return Err(NameError::new(format!("a migration folder holds no `{base}`"), help));
        }
    }
    let (stem, role) = section_of(stem)?;
    if let Some(name) = stem.strip_prefix("R__") {
        check_words(name, Words::Strict).map_err(|message| NameError::new(message, suggestion(base)))?;
        return Ok(Named { id: MigrationId::Repeatable(name.to_owned()), name: name.to_owned(), role });
    }
    let (version, name) = version_and_words(stem, words)?;
    Ok(Named { id: MigrationId::Version(version), name, role })
}

/// `20260514093000_add_status` or `V7__add_status`.
pub(crate) fn version_and_words(stem: &str, words: Words) -> Result<(Version, String), NameError> {
    let bad = |message: String| NameError::new(message, suggestion(stem));
    let (digits, name) =
        match stem.strip_prefix('V').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
            Some(rest) => {
                rest.split_once("__").ok_or_else(|| bad(format!("`{stem}` has no `__` after its version")))?
            }
            None => {
                let end = stem.find(|c: char| !(c.is_ascii_digit() || c == '-')).unwrap_or(stem.len());
                let (digits, rest) = stem.split_at(end);
                if digits.is_empty() {
                    return Err(bad(format!("`{stem}` does not begin with a version")));
                }
                match rest.strip_prefix('_') {
                    Some(name) => (digits, name),
                    None if rest.is_empty() && words == Words::Free => (digits, ""),
                    None => return Err(bad(format!("`{stem}` has no `_` after its version"))),
                }
            }
        };
    let version = version(digits).map_err(|error| bad(format!("`{stem}` has no valid version: {error}")))?;
    check_words(name, words).map_err(bad)?;
    Ok((version, name.to_owned()))
}

/// The version; dashes stand between digits alone.
pub(crate) fn version(digits: &str) -> Result<Version, VersionError> {
    digits.parse()
}

fn check_words(name: &str, words: Words) -> Result<(), String> {
    if words == Words::Free {
        return Ok(());
    }
    if name.is_empty() {
        return Err("there are no words after the version".to_owned());
    }
    match name.chars().find(|c| !(c.is_alphanumeric() || matches!(c, '_' | '-'))) {
        Some(wrong) => Err(format!("`{wrong}` has no place in a name")),
        None => Ok(()),
    }
}

/// Takes `.up`, `.down`, `.verify`, `.guard` from the end of a name.
pub(crate) fn section_of(stem: &str) -> Result<(&str, Role), NameError> {
    let Some((rest, last)) = stem.rsplit_once('.') else { return Ok((stem, Role::Whole)) };
    if let Some(kind) = section_word(last) {
        return Ok((rest, Role::Only(kind)));
    }
    let kinds = SectionKind::ALL.map(SectionKind::word);
    match kinds.into_iter().find(|kind| word::distance(last, kind) <= 1 && last.len() > 2) {
        Some(near) => Err(NameError::new(
            format!("unknown section `{last}` in the name"),
            format!("did you mean `{rest}.{near}.sql`?"),
        )),
        None => Ok((stem, Role::Whole)),
    }
}

fn section_word(text: &str) -> Option<SectionKind> {
    SectionKind::ALL.into_iter().find(|kind| kind.word() == text)
}

/// The mistake of a file that looks like a migration and does not end in `.sql`.
pub(crate) fn wrong_ending(base: &str) -> NameError {
    let (stem, ending) = base.rsplit_once('.').unwrap_or((base, ""));
    match ending.to_ascii_lowercase().as_str() {
        "sql" | "sq" | "sqll" | "psql" | "pgsql" | "ddl" => NameError::new(
            format!("a migration ends in `.sql`, not in `.{ending}`"),
            format!("rename it to `{stem}.sql`"),
        ),
        "" => NameError::new(
            "this looks like a migration, and does not end in `.sql`",
            format!("rename it to `{base}.sql`, or move it out of the folder"),
        ),
        "py" => NameError::new(
            "a migration in Python cannot run here",
            "for Alembic, write down the SQL of `alembic upgrade head --sql`, and `baseline` at it",
        ),
        "json" | "toml" | "conf" | "plan" => NameError::new(
            "this file belongs to another tool's folder",
            "say which layout the folder has, or move the file out of it",
        ),
        _ => NameError::new(
            format!("a migration in `.{ending}` cannot run here"),
            "write it in SQL, or as a Rust migration; where it is applied already, `baseline` after it",
        ),
    }
}

/// The nearest valid name.
fn suggestion(stem: &str) -> String {
    let stem = stem.strip_suffix(".sql").unwrap_or(stem);
    if let Some(name) = stem.strip_prefix("R__") {
        return format!("the nearest valid name is `R__{}.sql`", slug(name));
    }
    let body = stem.trim_start_matches(|c: char| !c.is_ascii_digit());
    let versioned = stem.len() - body.len() <= 1 && !body.is_empty();
    let body = if versioned { body } else { "" };
    let end = body.find(|c: char| !(c.is_ascii_digit() || c == '-')).unwrap_or(body.len());
    let digits: String = body[..end].chars().filter(char::is_ascii_digit).take(18).collect();
    let name = if versioned { slug(&body[end..]) } else { slug(stem) };
    let name = if name.is_empty() { "words".to_owned() } else { name };
    if digits.bytes().all(|digit| digit == b'0') {
        return format!("expected a version and words, as in `20260514093000_{name}.sql`");
    }
    format!("the nearest valid name is `{digits}_{name}.sql`")
}

fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        match c {
            c if c.is_alphanumeric() => slug.extend(c.to_lowercase()),
            _ if slug.is_empty() || slug.ends_with('_') => {}
            _ => slug.push('_'),
        }
    }
    slug.trim_end_matches('_').to_owned()
}

/// Whether version 0 has a meaning: diesel's initial setup has it, elsewhere it is the empty database.
pub(crate) fn zero_is_a_version(layout: Layout) -> bool {
    matches!(layout, Layout::Diesel)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(path: &str, words: Words) -> String {
        match parse(path, words) {
            Ok(Named { id, name, role: Role::Whole }) => format!("{id} {name}"),
            Ok(Named { id, name, role: Role::Only(kind) }) => format!("{id} {name} {kind}"),
            Err(NameError { message, help }) => format!("{message}; {help}"),
        }
    }

    #[test]
    fn a_name_says_version_words_and_section() {
        for (path, expected) in [
            ("20260514093000_add_status.sql", "20260514093000 add_status"),
            ("2026-05-14-093000_add-status.sql", "20260514093000 add-status"),
            ("20260514093000_add_status.up.sql", "20260514093000 add_status up"),
            ("20260514093000_add_status.down.sql", "20260514093000 add_status down"),
            ("20260514093000_add_status.verify.sql", "20260514093000 add_status verify"),
            ("20260514093000_add_status.guard.sql", "20260514093000 add_status guard"),
            ("20260514093000_add_status/up.sql", "20260514093000 add_status up"),
            ("orders/20260514093000_add_status/down.sql", "20260514093000 add_status down"),
            ("orders/20260514093000_add_status.sql", "20260514093000 add_status"),
            ("V7__add_status.sql", "7 add_status"),
            ("0007_add_status.sql", "7 add_status"),
            ("R__active_users.sql", "R__active_users active_users"),
        ] {
            assert_eq!(picture(path, Words::Strict), expected, "{path}");
        }
    }

    #[test]
    fn a_bad_name_is_told_with_the_nearest_valid_one() {
        for (path, expected) in [
            (
                "add_status.sql",
                "`add_status` does not begin with a version; expected a version and words, as in `20260514093000_add_status.sql`",
            ),
            (
                "20260514-add status.sql",
                "`20260514-add status` has no `_` after its version; the nearest valid name is `20260514_add_status.sql`",
            ),
            (
                "20260514add.sql",
                "`20260514add` has no `_` after its version; the nearest valid name is `20260514_add.sql`",
            ),
            (
                "20260514_.sql",
                "there are no words after the version; the nearest valid name is `20260514_words.sql`",
            ),
            (
                "20260514_Add status!.sql",
                "` ` has no place in a name; the nearest valid name is `20260514_add_status.sql`",
            ),
            (
                "1234567890123456789_x.sql",
                "`1234567890123456789_x` has no valid version: a version has at most 18 digits, found 19; the nearest valid name is `123456789012345678_x.sql`",
            ),
            ("V7_x.sql", "`V7_x` has no `__` after its version; the nearest valid name is `7_x.sql`"),
            ("1_x.dwon.sql", "unknown section `dwon` in the name; did you mean `1_x.down.sql`?"),
            ("1_x/dwon.sql", "a migration folder holds no `dwon.sql`; did you mean `down`?"),
            ("1_x.SQL", "a migration ends in `.sql`, not in `.SQL`; rename it to `1_x.sql`"),
            (
                "1_x",
                "this looks like a migration, and does not end in `.sql`; rename it to `1_x.sql`, or move it out of the folder",
            ),
            (
                "1_x.js",
                "a migration in `.js` cannot run here; write it in SQL, or as a Rust migration; where it is applied already, `baseline` after it",
            ),
            ("R__.sql", "there are no words after the version; the nearest valid name is `R__.sql`"),
        ] {
            assert_eq!(picture(path, Words::Strict), expected, "{path}");
        }
    }
}
