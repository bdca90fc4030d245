//! Passwords in a text that is about to be shown: found as well as a text allows, and written as stars.
//!
//! What is shown of a migration, and what a server says about it, may quote a password that somebody wrote into a file. A
//! text keeps its length, so that a caret below it still points at what it pointed at.

use std::borrow::Cow;
use std::ops::Range;

/// Prose, or a message of a server: what stands behind the word `password`, and in an address like
/// `postgres://user:secret@host`.
///
/// ```
/// let said = upshift_files::mask_secrets("cannot connect to postgres://app:hunter2@db/orders");
/// assert_eq!(said, "cannot connect to postgres://app:*******@db/orders");
/// ```
pub fn mask_secrets(text: &str) -> Cow<'_, str> {
    masked(text, secrets(text))
}

/// SQL: the same, and every string of a statement that is about roles, user mappings, foreign servers or subscriptions,
/// in which a misspelt `password` is one, too.
///
/// ```
/// let line = upshift_files::mask_secrets_in_sql("alter role app pasword 'hunter2';");
/// assert_eq!(line, "alter role app pasword '*******';");
/// ```
pub fn mask_secrets_in_sql(text: &str) -> Cow<'_, str> {
    let mut found = secrets(text);
    found.extend(strings_of_role_statements(text));
    masked(text, found)
}

fn masked(text: &str, found: Vec<Range<usize>>) -> Cow<'_, str> {
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let is_secret = |at: usize| found.iter().any(|range| range.contains(&at));
    let star = |(at, c): (usize, char)| if is_secret(at) && c != '\n' && c != '\r' { '*' } else { c };
    Cow::Owned(text.char_indices().map(star).collect())
}

fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> =
        words(text, "password").chain(words(text, "passwd")).filter_map(|end| behind(text, end)).collect();
    found.extend(text.match_indices("://").filter_map(|(at, mark)| in_address(text, at + mark.len())));
    found
}

/// The ends of a word, in whatever case.
fn words<'t>(text: &'t str, word: &'static str) -> impl Iterator<Item = usize> + 't {
    let bytes = text.as_bytes();
    let is_word = |at: usize| bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    (0..bytes.len()).filter_map(move |at| {
        let end = at + word.len();
        let is_it = bytes.get(at..end).is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()));
        (is_it && !(at > 0 && is_word(at - 1)) && !is_word(end)).then_some(end)
    })
}

/// What stands behind the word: a string, or in `password=secret` what reaches up to the next break.
fn behind(text: &str, end: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = end;
    while bytes.get(at).is_some_and(|b| b.is_ascii_whitespace() || matches!(b, b'=' | b':' | b'>')) {
        at += 1;
    }
    if at == end {
        return None;
    }
    // E'…', and the mark of a string inside of a string: ''…''.
    let quote = at + usize::from(matches!(bytes.get(at..at + 2), Some(b"E'" | b"e'")));
    if bytes.get(quote) == Some(&b'\'') {
        return string(text, quote);
    }
    if let Some(range) = dollar_quoted(text, at) {
        return Some(range);
    }
    let is_joined = matches!(bytes.get(end), Some(b'=' | b':')) && at == end + 1;
    let breaks = |c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '&' | ',' | ';' | ')');
    let length = text[at..].find(breaks).unwrap_or(text.len() - at);
    (is_joined && length > 0).then(|| at..at + length)
}

/// The inside of the string that begins with the quote at `at`, up to the end of the text where it has none.
fn string(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let opening = text[at..].bytes().take_while(|b| *b == b'\'').count();
    let from = at + opening;
    let is_empty = opening == 2
        && bytes.get(from).is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b';' | b',' | b')'));
    if is_empty {
        return None;
    }
    let mut end = from;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'\\' => end += 1,
            b'\'' if opening == 1 && bytes.get(end + 1) == Some(&b'\'') => end += 1,
            b'\'' => break,
            _ => {}
        }
        end += 1;
    }
    Some(from..end.min(text.len()))
}

fn dollar_quoted(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?.strip_prefix('$')?;
    let tag = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    if !rest[tag..].starts_with('$') {
        return None;
    }
    let mark = &text[at..at + tag + 2];
    let from = at + mark.len();
    let length = text[from..].find(mark).unwrap_or(text.len() - from);
    Some(from..from + length)
}

/// `user:secret@host`, from `at` on.
fn in_address(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    let address = &rest
        [..rest.find(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '`')).unwrap_or(rest.len())];
    let user = &address[..address.rfind('@')?];
    let colon = user.find(':')?;
    Some(at + colon + 1..at + user.len())
}

/// The strings of statements that may say a password.
fn strings_of_role_statements(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for verb in ["create", "alter"] {
        for end in words(text, verb) {
            let object = text[end..].split_whitespace().next().unwrap_or("").to_ascii_lowercase();
            if !["role", "user", "group", "server", "subscription"].contains(&object.as_str()) {
                continue;
            }
            let mut at = end;
            // The semicolon that ends the statement stands outside of its strings.
            while let Some(step) = text[at..].find(['\'', ';']) {
                at += step;
                if text[at..].starts_with(';') {
                    break;
                }
                let Some(inside) = string(text, at) else {
                    at += 2;
                    continue;
                };
                at = (inside.end + 1).min(text.len());
                found.push(inside);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_becomes_stars_and_nothing_else_does() {
        for (text, shown) in [
            ("create role x password 'hunter2' login", "create role x password '*******' login"),
            (
                "ALTER USER x ENCRYPTED PASSWORD E'it''s \\'x' valid",
                "ALTER USER x ENCRYPTED PASSWORD E'*********' valid",
            ),
            ("create role x password $pw$hunter2$pw$;", "create role x password $pw$*******$pw$;"),
            ("create role x password\n  'hün\nter2'", "create role x password\n  '***\n****'"),
            ("execute 'create role x password ''hunter2'''", "execute 'create role x password ''*******'''"),
            ("create role x password 'hunter", "create role x password '******"),
            ("dblink('host=db password=hunter2 user=x')", "dblink('host=db password=******* user=x')"),
            ("https://h/?password=hunter2&x=1", "https://h/?password=*******&x=1"),
            ("f('x', password => 'hunter2')", "f('x', password => '*******')"),
            ("options (user 'x', password 'hunter2')", "options (user 'x', password '*******')"),
            ("postgres://app:hunter2@db:5432/x and more", "postgres://app:*******@db:5432/x and more"),
            ("postgresql://app:h@nter:2@db/x", "postgresql://app:********@db/x"),
        ] {
            assert_eq!(mask_secrets(text), shown);
            assert_eq!(mask_secrets_in_sql(text).replace("user '*'", "user 'x'"), shown);
        }
        for text in [
            "password authentication failed for user \"x\"",
            "alter table users add password text not null default ''",
            "update users set password = crypt(old, 'salt')",
            "create role x password '' login; select 'a'",
            "the password's length",
            "select passwords 'x'",
            "postgres://app@db/x",
            "http://h:80/x",
            "-- upshift: lock-timeout 2s",
            "password",
            "password=",
            "password '",
            "",
        ] {
            assert_eq!(mask_secrets(text), text);
        }
    }

    #[test]
    fn every_string_of_a_statement_about_roles_is_a_secret() {
        for (text, shown) in [
            (
                "alter role x pasword 'a;b' nonsense 'c'; select 'd'",
                "alter role x pasword '***' nonsense '*'; select 'd'",
            ),
            (
                "create user mapping for x server s options (pass 'a')",
                "create user mapping for x server s options (pass '*')",
            ),
            (
                "create subscription s connection 'host=h' publication p",
                "create subscription s connection '******' publication p",
            ),
            ("create table roles (role text default 'a')", "create table roles (role text default 'a')"),
        ] {
            assert_eq!(mask_secrets_in_sql(text), shown);
        }
    }
}
