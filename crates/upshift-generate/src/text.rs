//! Definitions as PostgreSQL prints them, cut where no quotes and no parentheses are open.

/// The places where neither quotes nor parentheses are open.
fn places(text: &str) -> impl Iterator<Item = usize> {
    let mut depth = 0_usize;
    let mut quote: Option<char> = None;
    text.char_indices().filter_map(move |(at, character)| {
        let open = depth == 0 && quote.is_none();
        match (quote, character) {
            (Some(end), _) if end == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
        open.then_some(at)
    })
}

/// The first place of these words.
pub(crate) fn find(text: &str, words: &str) -> Option<usize> {
    places(text).find(|at| text[*at..].starts_with(words))
}

/// The last place of these words.
pub(crate) fn rfind(text: &str, words: &str) -> Option<usize> {
    places(text).filter(|at| text[*at..].starts_with(words)).last()
}

/// What stands before and behind these words.
pub(crate) fn cut<'a>(text: &'a str, words: &str) -> Option<(&'a str, &'a str)> {
    let at = find(text, words)?;
    Some((&text[..at], &text[at + words.len()..]))
}

/// The same, at their last place.
pub(crate) fn rcut<'a>(text: &'a str, words: &str) -> Option<(&'a str, &'a str)> {
    let at = rfind(text, words)?;
    Some((&text[..at], &text[at + words.len()..]))
}

/// The parts between separators.
pub(crate) fn split<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let mut begin = 0;
    for at in places(text) {
        if at >= begin && text[at..].starts_with(separator) {
            parts.push(&text[begin..at]);
            begin = at + separator.len();
        }
    }
    parts.push(&text[begin..]);
    parts
}

/// Takes the part off the end that begins with these words, as far as the next part that was taken.
pub(crate) fn take<'a>(text: &mut &'a str, words: &str) -> Option<&'a str> {
    let (before, behind) = rcut(text, words)?;
    *text = before;
    Some(behind)
}

/// The inner text of the parentheses that a text begins with, and what stands behind them.
pub(crate) fn parenthesised(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('(')?;
    let end = find(inner, ")")?;
    Some((&inner[..end], &inner[end + 1..]))
}

/// `app.users` for `app.users.email`, empty for a name alone.
pub(crate) fn container(id: &str) -> &str {
    rcut(id, ".").map_or("", |(before, _)| before)
}

/// `email` for `app.users.email`.
pub(crate) fn last(id: &str) -> &str {
    rcut(id, ".").map_or(id, |(_, last)| last)
}

/// A text as SQL writes it.
pub(crate) fn literal(text: &str) -> String {
    upshift::files::sql::literal(text)
}

/// A name without the quotes that it may have.
pub(crate) fn bare(name: &str) -> String {
    match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}

/// A name in quotes where it needs them: for names that we make.
pub(crate) fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::{container, cut, find, last, parenthesised, rcut, split};

    #[test]
    fn what_stands_in_quotes_or_parentheses_is_no_place_to_cut() {
        let text = r#"text DEFAULT ' DEFAULT '::text STORAGE MAIN"#;
        assert_eq!(cut(text, " DEFAULT "), Some(("text", "' DEFAULT '::text STORAGE MAIN")));
        assert_eq!(rcut(text, " STORAGE "), Some((r"text DEFAULT ' DEFAULT '::text", "MAIN")));
        assert_eq!(find("CHECK ((a NOT VALID))", " NOT VALID"), None);
        assert_eq!(split(r#"a, f(b, c), "d, e", 'it''s, so'"#, ", ").len(), 4);
        assert_eq!(parenthesised("(a (b) ')') c"), Some(("a (b) ')'", " c")));
        assert_eq!((container(r#"app."a.b".c"#), last(r#"app."a.b".c"#)), (r#"app."a.b""#, "c"));
        assert_eq!((container("alone"), last("alone")), ("", "alone"));
    }
}
