//! Finds the directives of an SQL file: a cheap search first, the lexer only where a text could deceive it.

use std::ops::Range;

use crate::directive::WORDS;
use crate::{Diagnostic, SourceFile, statements, word};

/// A directive line: the whole line from `--` on, and what follows the colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DirectiveLine {
    pub line: Range<usize>,
    pub payload: Range<usize>,
}

const FORM: &str = "-- upshift:";
const HELP: &str = "a directive is a line of its own that begins `-- upshift: `";

/// The directive lines of a file, in order, and what only looks like one.
///
/// Comments alone count: what stands in a string, a dollar quote, another comment or COPY data is text.
pub(crate) fn directives(file: &SourceFile) -> (Vec<DirectiveLine>, Vec<Diagnostic>) {
    let text = &*file.text;
    let candidates = candidates(text);
    let Some(last) = candidates.last() else { return (Vec::new(), Vec::new()) };
    let leading = Leading::of(text);
    let mut comments = leading.comments;
    if *last >= leading.end && is_plain(&text[leading.end..*last]) {
        comments = candidates.iter().copied().filter(|at| begins_comment(text, *at)).collect();
    } else if *last >= leading.end {
        match statements::comments(text, *last) {
            Ok(all) => comments = all,
            Err(error) => {
                let problem = Diagnostic::at(&*file.path, text, error.range, error.message);
                return (
                    Vec::new(),
                    vec![match error.help {
                        Some(help) => problem.help(help),
                        None => problem,
                    }],
                );
            }
        }
    }
    let mut lines = Vec::new();
    let mut problems = Vec::new();
    for at in candidates.into_iter().filter(|at| comments.binary_search(at).is_ok()) {
        let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        let line = at..at + text[at..end].trim_end().len();
        let begins_line = at == 0 || text.as_bytes()[at - 1] == b'\n';
        if begins_line && text[at..].starts_with(FORM) {
            lines.push(DirectiveLine { payload: at + FORM.len()..line.end, line });
        } else {
            let message = "this looks like a directive and is none";
            problems.push(Diagnostic::at(&*file.path, text, line, message).help(HELP));
        }
    }
    (lines, problems)
}

/// Whether a text holds nothing that could hide a comment: no quote, no block comment, no COPY data.
///
/// Most migrations are like that, and a boot reads hundreds: they are spared the lexer.
fn is_plain(text: &str) -> bool {
    let copies = |text: &str| text.as_bytes().windows(5).any(|word| word.eq_ignore_ascii_case(b"stdin"));
    !text.contains(['\'', '"', '$', '\\']) && !text.contains("/*") && !copies(text)
}

/// Whether, in a plain text, a comment begins here: not when one began before on the same line.
fn begins_comment(text: &str, at: usize) -> bool {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    !text[line..at].contains("--")
}

/// Where a comment could begin that is, or wants to be, a directive.
fn candidates(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("--").map(|at| from + at) {
        let words = text[at..].trim_start_matches('-');
        from = text.len() - words.len();
        if looks_like_directive(words.trim_start_matches([' ', '\t'])) {
            found.push(at);
        }
    }
    if text.contains("/*") {
        let blocks = text.match_indices("/*").filter(|(at, _)| {
            looks_like_directive(text[at + 2..].trim_start_matches(['*', ' ', '\t', '\r', '\n']))
        });
        found.extend(blocks.map(|(at, _)| at));
        found.sort_unstable();
    }
    found
}

/// Whether the words of a comment begin like a directive: `upshift:`, `upshfit:`, `Upshift down`.
///
/// Prose may begin with our name; it is taken for a directive only when one of its words, or a colon, follows.
pub(crate) fn looks_like_directive(words: &str) -> bool {
    const NAME: &str = "upshift";
    let length = words.bytes().take_while(u8::is_ascii_alphanumeric).count();
    if length.abs_diff(NAME.len()) > 2 {
        return false;
    }
    let after = words[length..].trim_start_matches([' ', '\t']);
    let colon = after.starts_with(':');
    let next = after.trim_start_matches([':', ' ', '\t']);
    let next = next.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next().unwrap_or("");
    // Most comments are of other things: their first letters tell, without counting.
    let first = &words.as_bytes()[..length.min(3)];
    if !first.iter().any(|letter| NAME.as_bytes()[..4].contains(&letter.to_ascii_lowercase())) {
        return false;
    }
    match word::distance(&words[..length], NAME) {
        0 | 1 => colon || WORDS.contains(&next),
        // Farther away there are other words: `uplift: 5%`, `shift: …`.
        2 => colon && WORDS.contains(&next),
        _ => false,
    }
}

/// The comments and blank lines a file begins with.
pub(crate) struct Leading {
    /// Where the first other thing stands.
    pub end: usize,
    /// Where each comment begins.
    pub comments: Vec<usize>,
}

impl Leading {
    pub(crate) fn of(text: &str) -> Leading {
        let mut comments = Vec::new();
        let mut at = 0;
        loop {
            let rest = &text[at..];
            let start = at + (rest.len() - rest.trim_start().len());
            let rest = &text[start..];
            let length = if rest.starts_with("--") {
                rest.find('\n').unwrap_or(rest.len())
            } else if let Some(length) = block_comment(rest) {
                length
            } else {
                return Leading { end: start, comments };
            };
            comments.push(start);
            at = start + length;
        }
    }
}

/// The length of the block comment a text begins with; they nest.
fn block_comment(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(pair) = bytes.get(at..at + 2) {
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth = depth.checked_sub(1)?,
            _ if depth == 0 => return None,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return Some(at);
        }
    }
    None
}
