//! SQL that a person wrote: expressions and types, checked so far that they cannot become anything else.

use std::fmt;
use upshift_files::sql::literal;

use upshift_files::sql::{TokenKind, tokens};

/// One SQL expression, such as `split_part(name, ' ', 1)`.
///
/// It is checked so far that it cannot end the statement it is put into: brackets and quotes are closed, there is no
/// `;`, no comment and no parameter. Whether it is right, PostgreSQL says when the file is applied.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Expression(String);

/// The name of a type, such as `numeric(12, 2)` or `app.order_status[]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SqlType(String);

/// Why a text is no expression or no type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {kind}: {why}")]
pub struct TextError {
    text: String,
    kind: &'static str,
    why: String,
}

impl Expression {
    /// The expression with this text.
    ///
    /// # Errors
    /// What could not stand inside of a statement: an open bracket or quote, a `;`, a comment, a parameter.
    pub fn new(text: impl Into<String>) -> Result<Expression, TextError> {
        let text = text.into().trim().to_owned();
        match wrong_in(&text) {
            Some(why) => Err(TextError { text, kind: "expression", why }),
            None => Ok(Expression(text)),
        }
    }

    /// A string, quoted.
    pub fn string(value: &str) -> Expression {
        Expression(literal(value))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl SqlType {
    /// The type with this name. Types that are not PostgreSQL's own want their schema.
    ///
    /// # Errors
    /// What is no name of a type, such as `text not null`.
    pub fn new(text: impl Into<String>) -> Result<SqlType, TextError> {
        let text = text.into().trim().to_owned();
        match wrong_in(&text).or_else(|| wrong_in_type(&text)) {
            Some(why) => Err(TextError { text, kind: "type", why }),
            None => Ok(SqlType(text)),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text in dollar quotes that it does not contain.
pub(crate) fn dollar_quoted(body: &str) -> String {
    let mut tag = "$upshift$".to_owned();
    // Each try is longer than the one before, so it ends at the latest when it is longer than the body.
    while body.contains(&tag) {
        tag.insert(tag.len() - 1, '_');
    }
    format!("{tag}{body}{tag}")
}

/// Why the text cannot stand inside of a statement.
fn wrong_in(text: &str) -> Option<String> {
    let mut open = Vec::new();
    let mut found = None;
    for token in tokens(text) {
        let token = match token {
            Ok(token) => token,
            Err(error) => return Some(error.message),
        };
        found = found.or(Some(()));
        let written = token.text(text);
        match (token.kind, written) {
            (TokenKind::LineComment | TokenKind::BlockComment, _) => {
                return Some("a comment has no place in it".to_owned());
            }
            (TokenKind::Semicolon | TokenKind::CopyData, _) | (_, ";") => {
                return Some("`;` has no place in it".to_owned());
            }
            (TokenKind::Parameter, _) => return Some(format!("there is nothing to bind `{written}` to")),
            (TokenKind::Punctuation, "(") => open.push(")"),
            (TokenKind::Punctuation, "[") => open.push("]"),
            (TokenKind::Punctuation, ")" | "]") if open.pop() != Some(written) => {
                return Some(format!("`{written}` closes nothing"));
            }
            _ => {}
        }
    }
    match (found, open.pop()) {
        (None, _) => Some("there is nothing".to_owned()),
        (_, Some(missing)) => Some(format!("`{missing}` is missing")),
        _ => None,
    }
}

fn wrong_in_type(text: &str) -> Option<String> {
    const OTHERS: [&str; 11] = [
        "default",
        "not",
        "null",
        "check",
        "references",
        "primary",
        "unique",
        "collate",
        "constraint",
        "generated",
        "as",
    ];
    for token in tokens(text).flatten() {
        let written = token.text(text);
        let fits = match token.kind {
            TokenKind::Word => !OTHERS.contains(&written.to_lowercase().as_str()),
            TokenKind::QuotedName | TokenKind::Number => true,
            TokenKind::Punctuation => ["(", ")", "[", "]", ",", "."].contains(&written),
            _ => false,
        };
        if !fits {
            return Some(format!("`{written}` has no place in the name of a type"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_stays_one() {
        for text in ["split_part(name, ' ', 1)", "';'", "a[1]", "E'it\\'s'", "$x$;--$x$", "now()", "-1"] {
            assert_eq!(Expression::new(text).map(|it| it.to_string()).as_deref(), Ok(text));
        }
        let table = [
            ("1; drop table t", "`1; drop table t` is no expression: `;` has no place in it"),
            ("(1;2)", "`(1;2)` is no expression: `;` has no place in it"),
            ("1 -- x", "`1 -- x` is no expression: a comment has no place in it"),
            ("1)", "`1)` is no expression: `)` closes nothing"),
            ("(1", "`(1` is no expression: `)` is missing"),
            ("$1", "`$1` is no expression: there is nothing to bind `$1` to"),
            (" ", "`` is no expression: there is nothing"),
        ];
        for (text, why) in table {
            assert_eq!(Expression::new(text).unwrap_err().to_string(), why);
        }
        assert!(Expression::new("'a").is_err());
    }

    #[test]
    fn a_type_is_a_type_and_nothing_more() {
        for text in ["numeric(12, 2)", "app.\"Mood\"[]", "timestamp with time zone", "bit varying(3)"] {
            assert_eq!(SqlType::new(text).map(|it| it.to_string()).as_deref(), Ok(text));
        }
        let why = "`text not null` is no type: `not` has no place in the name of a type";
        assert_eq!(SqlType::new("text not null").unwrap_err().to_string(), why);
        assert!(SqlType::new("text default 'x'").is_err());
    }

    #[test]
    fn strings_and_bodies_are_quoted_whatever_is_in_them() {
        for (text, written) in [("a", "'a'"), ("it's", "'it''s'"), ("a\\b", "E'a\\\\b'")] {
            assert_eq!(literal(text), written);
        }
        assert_eq!(dollar_quoted("a"), "$upshift$a$upshift$");
        assert_eq!(dollar_quoted("$upshift$"), "$upshift_$$upshift$$upshift_$");
    }
}
