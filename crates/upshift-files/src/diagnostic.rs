//! One mistake in a migration file, told so that it can be mended at once: what, where, and what to write instead.

use std::borrow::Cow;
use std::fmt;

use crate::Position;

/// One mistake in a migration file: what is wrong, where (with the line and a caret), and what to do now.
///
/// `Display` is the whole picture, several lines, the same in a compile error, a log and a terminal:
///
/// ```text
/// unknown directive `pase`
///   --> migrations/20260514093000_add_status.sql:1:12
///    |
///  1 | -- upshift: pase contract
///    |             ^^^^
///    = help: did you mean `phase`?
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// What is wrong, in one line: lower case, no full stop.
    pub message: String,
    /// The file, as the source names it.
    pub path: String,
    /// The place in it; `None` when the mistake is the file's name or the file as a whole.
    pub place: Option<Place>,
    /// What to do now, in one line.
    pub help: Option<String>,
}

/// The place of a mistake, with the line it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// Where it begins.
    pub position: Position,
    /// The line's text.
    pub line: String,
    /// How many characters are wrong: the width of the caret, at least 1.
    pub width: usize,
}

impl Diagnostic {
    /// A mistake of a file as a whole.
    pub fn of_file(path: impl Into<String>, message: impl Into<String>) -> Diagnostic {
        Diagnostic { message: message.into(), path: path.into(), place: None, help: None }
    }

    /// A mistake at `range` (bytes) of `text`, which is the whole text of the file `path`.
    pub fn at(
        path: impl Into<String>,
        text: &str,
        range: std::ops::Range<usize>,
        message: impl Into<String>,
    ) -> Diagnostic {
        let position = Position::of(text, range.start);
        let line = line_at(text, range.start);
        let room = line.chars().count().saturating_sub(position.column - 1).max(1);
        let wide = text.get(range.clone()).map_or(1, |bad| bad.lines().next().unwrap_or("").chars().count());
        let line = without_secrets(text, range.start, line).into_owned();
        let place = Place { position, line, width: wide.clamp(1, room) };
        Diagnostic { message: message.into(), path: path.into(), place: Some(place), help: None }
    }

    /// The same, with what to do now.
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }
}

/// The line that has the byte `byte` of a text, found from there: a file of many mistakes is not read anew for each.
fn line_at(text: &str, byte: usize) -> &str {
    let bytes = text.as_bytes();
    let byte = byte.min(bytes.len());
    let start = bytes[..byte].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let end = bytes[byte..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |at| byte + at);
    text.get(start..end).unwrap_or("").trim_end_matches('\r')
}

/// How much of the text before a line is read for what the line belongs to: a statement is seldom longer.
const CONTEXT: usize = 4096;

/// The line that has the byte `byte` of a text, as it may be shown: the same length, without passwords.
fn without_secrets<'t>(text: &str, byte: usize, line: &'t str) -> Cow<'t, str> {
    let before = &text.as_bytes()[..byte.min(text.len())];
    let end = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1) + line.len();
    let mut from = end.saturating_sub(line.len() + CONTEXT);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    match crate::mask_secrets_in_sql(&text[from..end]) {
        Cow::Borrowed(_) => Cow::Borrowed(line),
        Cow::Owned(masked) => Cow::Owned(masked.rsplit('\n').next().unwrap_or_default().to_owned()),
    }
}

/// Longer lines are shown as a window around the caret: a minified dump must not flood a terminal.
const WIDEST_LINE: usize = 160;

impl Place {
    /// The line as shown, and how many characters stand before the caret.
    fn window(&self) -> (String, usize) {
        let before = self.position.column - 1;
        // A control character would move the caret, or the reader's terminal.
        let shown = |c: char| match c {
            '\t' => ' ',
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        };
        let chars: Vec<char> = self.line.chars().map(shown).collect();
        if chars.len() <= WIDEST_LINE {
            return (chars.into_iter().collect(), before);
        }
        let from = before.saturating_sub(WIDEST_LINE / 2);
        let to = (from + WIDEST_LINE).min(chars.len());
        let lead = if from > 0 { "…" } else { "" };
        let tail = if to < chars.len() { "…" } else { "" };
        let shown: String = chars[from..to].iter().collect();
        (format!("{lead}{shown}{tail}"), before - from + lead.chars().count())
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.message)?;
        let margin = match &self.place {
            None => {
                write!(f, "  --> {}", self.path)?;
                3
            }
            Some(place) => {
                let number = place.position.line.to_string();
                let margin = number.len() + 2;
                let (line, before) = place.window();
                writeln!(f, "{:>1$} {2}:{3}", "-->", margin + 2, self.path, place.position)?;
                writeln!(f, "{:margin$}|", "")?;
                writeln!(f, " {number} | {line}")?;
                let caret = "^".repeat(place.width.min(WIDEST_LINE));
                write!(f, "{:margin$}| {:before$}{caret}", "", "")?;
                margin
            }
        };
        match &self.help {
            None => Ok(()),
            Some(help) => write!(f, "\n{:margin$}= help: {help}", ""),
        }
    }
}

impl std::error::Error for Diagnostic {}

/// Every mistake found in a set of files, at least one, in the order of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// `Err` with all of them when there are any, else `Ok(value)`.
    ///
    /// # Errors
    /// The mistakes, sorted by file and place, when there are any.
    pub fn none_or<T>(mut found: Vec<Diagnostic>, value: T) -> Result<T, Diagnostics> {
        if found.is_empty() {
            return Ok(value);
        }
        found.sort_by(|a, b| {
            let place = |d: &Diagnostic| d.place.as_ref().map(|p| p.position);
            (&a.path, place(a)).cmp(&(&b.path, place(b)))
        });
        Err(Diagnostics(found))
    }

    /// The same with each file named as this function says, such as with its folder in front.
    pub fn shown(mut self, name: impl Fn(&str) -> String) -> Diagnostics {
        self.0.iter_mut().for_each(|one| one.path = name(&one.path));
        self
    }

    /// The mistakes.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(one: Diagnostic) -> Diagnostics {
        Diagnostics(vec![one])
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, one) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("\n\n")?;
            }
            one.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
