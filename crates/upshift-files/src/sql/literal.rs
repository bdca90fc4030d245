//! A text as SQL writes it.

/// A text as an SQL string literal, whatever `standard_conforming_strings` says.
///
/// ```
/// assert_eq!(upshift_files::sql::literal("it's"), "'it''s'");
/// ```
pub fn literal(text: &str) -> String {
    let escape = if text.contains('\\') { "E" } else { "" };
    format!("{escape}'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn a_literal_survives_quotes_and_backslashes() {
        for (text, expected) in [("a", "'a'"), ("it's", "'it''s'"), ("a\\b'", "E'a\\\\b'''")] {
            assert_eq!(literal(text), expected);
        }
    }
}
