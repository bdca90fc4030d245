//! What makes a text impossible to cut into statements.

use std::ops::Range;

use super::meta_command;

/// Why a text cannot be cut into statements: what, where, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct SyntaxError {
    /// The bytes to point at: what was opened and never closed, or what does not belong there.
    pub range: Range<usize>,
    /// What is wrong, in one line: lower case, no full stop.
    pub message: String,
    /// What to do now, in one line.
    pub help: Option<String>,
}

impl SyntaxError {
    /// Boxed, because it is wide, and small tokens pass through the same `Result` by the million.
    pub(super) fn new(
        range: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Box<SyntaxError> {
        Box::new(SyntaxError { range, message: message.into(), help: Some(help.into()) })
    }

    /// Something opened at `opening` and never closed.
    pub(super) fn never_closed(
        opening: Range<usize>,
        what: &str,
        help: impl Into<String>,
    ) -> Box<SyntaxError> {
        SyntaxError::new(opening, format!("the {what} that begins here is never closed"), help)
    }

    pub(super) fn nul(at: usize) -> Box<SyntaxError> {
        let help = "save the file as UTF-8 text without it; in a `bytea` value write `\\x00`";
        SyntaxError::new(at..at + 1, "a NUL byte, which PostgreSQL accepts nowhere", help)
    }

    /// A backslash outside of quotes at `at`: psql would run what follows itself.
    pub(super) fn meta_command(text: &str, at: usize) -> Box<SyntaxError> {
        let rest = &text[at + 1..];
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let length = if letters > 0 { letters } else { rest.chars().next().map_or(0, char::len_utf8) };
        let name = rest[..length].trim_end();
        let message = match name {
            "" => "a backslash outside of quotes".to_owned(),
            "." => "`\\.` without the COPY … FROM STDIN whose data it would end".to_owned(),
            _ => format!("`\\{name}` is a command of psql, which the server does not know"),
        };
        SyntaxError::new(at..at + 1 + name.len(), message, meta_command::instead_of(name))
    }

    /// The line after a COPY … FROM STDIN must be its data, so nothing else may follow on its own.
    pub(super) fn after_copy(range: Range<usize>) -> Box<SyntaxError> {
        let message =
            "the data of COPY … FROM STDIN begins on the line after its `;`, found more on the same line";
        SyntaxError::new(range, message, "end the line after the `;`")
    }

    pub(super) fn copy_never_ends(data: Range<usize>) -> Box<SyntaxError> {
        let message = "the data of COPY … FROM STDIN that begins here is never ended";
        SyntaxError::new(data, message, "add a line `\\.` after the last line of data")
    }
}
