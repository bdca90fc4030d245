//! Names as SQL quotes them.

/// The parts of a text between separators that stand in no quotes.
pub(crate) fn split<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut begin, mut quoted) = (0, false);
    for (at, character) in text.char_indices() {
        if at < begin {
            continue;
        }
        if character == '"' {
            quoted = !quoted;
        } else if !quoted && text[at..].starts_with(separator) {
            parts.push(&text[begin..at]);
            begin = at + separator.len();
        }
    }
    parts.push(&text[begin..]);
    parts
}

/// `app.users` for `app.users.email`.
pub(crate) fn table_of(id: &str) -> &str {
    let last = split(id, ".").last().map_or(0, |last| last.len() + 1);
    &id[..id.len().saturating_sub(last)]
}

#[cfg(test)]
mod tests {
    use super::{split, table_of};

    #[test]
    fn dots_and_commas_in_quotes_are_no_ends() {
        assert_eq!(split(r#"id, "a, ""b""", c"#, ", "), ["id", r#""a, ""b""""#, "c"]);
        assert_eq!(table_of(r#""Odd. One"."T".x"#), r#""Odd. One"."T""#);
        assert_eq!(table_of(r#"app.users."a.b""#), "app.users");
        assert_eq!(table_of("alone"), "");
    }
}
