//! `vars on`: what a variable stands for is known at run time alone. In its place lint reads a word, or a string, of as many
//! bytes, so that every place in the text stays what it is; what a finding says has the variable again.
//!
//! `${name}` and `${name:ident}` are read as words that begin with `_$name$`, which nobody writes otherwise, and
//! `${name:literal}` as a string.

use upshift_files::Section;

/// The text of a section as lint reads it.
pub(crate) fn masked(section: &Section) -> String {
    let mut text = section.text().to_owned();
    for place in section.variables() {
        let mask = text.get(place.clone()).and_then(mask);
        if let Some(mask) = mask {
            text.replace_range(place, &mask);
        }
    }
    text
}

/// What is read in the place of a variable; `None` for what is none.
fn mask(variable: &str) -> Option<String> {
    let said = variable.strip_prefix("${")?.strip_suffix('}')?;
    match said.split_once(':') {
        None => Some(format!("_${said}$")),
        Some((name, "ident")) => Some(format!("_${name}$ident$")),
        Some((_, "literal")) => Some(format!("'{{{said}'")),
        Some(_) => None,
    }
}

/// A name as it was read; that of a variable without its kind, so that `${t}` and `${t:ident}` are the same table.
pub(crate) fn without_kind(name: String) -> String {
    if name.starts_with("_$") && name.ends_with("$ident$") {
        return name.trim_end_matches("ident$").to_owned();
    }
    name
}

/// Whether a variable is in a name: what it is called is not known.
pub(crate) fn is_in(name: &str) -> bool {
    next(name).is_some()
}

/// A text of a finding with its variables as the section has them: `written` are those.
pub(crate) fn restored(text: &str, written: &[&str]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(Found { before, name, kind, after }) = next(rest) {
        out.push_str(before);
        let is_alone = !before.ends_with(is_of_word) && !after.starts_with(is_of_word);
        let ident = spelled(name, Some("ident"), written);
        out.push_str(&match kind {
            // A name that was read has lost its kind; a part of a word has none.
            None if is_alone && written.contains(&ident.as_str()) => ident,
            kind => spelled(name, kind, written),
        });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A mask in a text.
struct Found<'t> {
    before: &'t str,
    name: &'t str,
    kind: Option<&'static str>,
    after: &'t str,
}

fn next(text: &str) -> Option<Found<'_>> {
    text.match_indices(['_', '\'']).find_map(|(at, first)| {
        let (before, behind) = (text.get(..at)?, text.get(at + 1..)?);
        let behind = behind.strip_prefix(if first == "_" { '$' } else { '{' })?;
        let end = behind.find(|c| !is_of_word(c))?;
        let (name, after) = behind.split_at_checked(end).filter(|(name, _)| !name.is_empty())?;
        if first == "'" {
            let after = after.strip_prefix(":literal'")?;
            return Some(Found { before, name, kind: Some("literal"), after });
        }
        let after = after.strip_prefix('$')?;
        match after.strip_prefix("ident$") {
            Some(after) => Some(Found { before, name, kind: Some("ident"), after }),
            None => Some(Found { before, name, kind: None, after }),
        }
    })
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A variable with its letters as they are written.
fn spelled(name: &str, kind: Option<&str>, written: &[&str]) -> String {
    let said = kind.map_or_else(|| name.to_owned(), |kind| format!("{name}:{kind}"));
    let wanted = format!("${{{said}}}");
    written.iter().find(|one| one.eq_ignore_ascii_case(&wanted)).map_or(wanted, |one| (*one).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_as_long_as_what_is_read_for_it_and_comes_back() {
        for variable in ["${a}", "${schema}", "${Schema:ident}", "${limit:literal}"] {
            let mask = mask(variable).expect("a variable");
            assert_eq!(mask.len(), variable.len(), "{mask}");
            assert_eq!(restored(&mask.to_ascii_lowercase(), &[variable]), variable);
        }
    }

    #[test]
    fn names_made_of_a_variable_have_it_as_a_part() {
        let shown = |text: &str| restored(text, &["${t}", "${t:ident}"]);
        assert_eq!(shown("alter table _$t$ add"), "alter table ${t:ident} add");
        assert_eq!(shown("_$t$__$c$_key on a._$t$."), "${t}_${c}_key on a.${t:ident}.");
        assert_eq!(
            shown("what _is_ 'no' variable, costs _$ and '{x'"),
            "what _is_ 'no' variable, costs _$ and '{x'"
        );
    }
}
