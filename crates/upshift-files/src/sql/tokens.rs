//! The tokens of a whole text, with what only their place tells: which `;` ends a statement, and the data of COPY.

use super::SyntaxError;
use super::boundary::{Boundary, Role};
use super::lexer::{Lexer, Token, TokenKind};

/// The tokens of a text, comments included, white space not.
///
/// What stands between two tokens is white space, except for the line `\.` after the data of a COPY, and a byte
/// order mark at the start of the text. After an error there are no more tokens.
///
/// ```
/// use upshift_files::sql::{TokenKind, tokens};
/// let text = "select '-- no comment'; -- a comment";
/// let comment = tokens(text).last().transpose()?;
/// assert_eq!(comment.as_ref().map(|token| token.kind), Some(TokenKind::LineComment));
/// assert_eq!(comment.map(|token| token.text(text)), Some("-- a comment"));
/// # Ok::<(), upshift_files::sql::SyntaxError>(())
/// ```
pub fn tokens(text: &str) -> Tokens<'_> {
    let next = match text.bytes().position(|byte| byte == 0) {
        None => Next::Token,
        Some(at) => Next::Error(SyntaxError::nul(at)),
    };
    Tokens { text, lexer: Lexer::new(text), boundary: Boundary::default(), next }
}

/// The iterator behind [`tokens`].
#[derive(Debug, Clone)]
pub struct Tokens<'t> {
    text: &'t str,
    lexer: Lexer<'t>,
    boundary: Boundary,
    next: Next,
}

/// What to look for next.
#[derive(Debug, Clone)]
enum Next {
    Token,
    /// After the `;` of a COPY … FROM STDIN.
    CopyData,
    Error(SyntaxError),
    Nothing,
}

impl Iterator for Tokens<'_> {
    type Item = Result<Token, SyntaxError>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Token => self.token(),
            Next::CopyData => self.copy_data().map(Some),
            Next::Error(error) => Err(error),
            Next::Nothing => Ok(None),
        };
        found.transpose()
    }
}

impl Tokens<'_> {
    fn token(&mut self) -> Result<Option<Token>, SyntaxError> {
        let Some(mut token) = self.lexer.next_token()? else {
            let end = self.text.len();
            let data = Token { kind: TokenKind::CopyData, range: end..end };
            return Ok(self.boundary.awaits_data().then_some(data));
        };
        self.next = Next::Token;
        if !token.is_comment() {
            match self.boundary.take(&token, self.text) {
                Role::Part if token.kind == TokenKind::Semicolon => token.kind = TokenKind::Punctuation,
                Role::Part | Role::End => {}
                Role::EndBeforeData => self.next = Next::CopyData,
            }
        }
        Ok(Some(token))
    }

    /// What follows the `;` of a COPY … FROM STDIN: perhaps a comment, then the lines of data.
    ///
    /// psql takes the end of the file for the end of the data. A migration must say `\.`: without it, a file cut
    /// short would load half of its rows in silence. Only a text that ends with the command has no data.
    fn copy_data(&mut self) -> Result<Token, SyntaxError> {
        let after = self.lexer.position();
        let line = self.text[after..].split('\n').next().unwrap_or("");
        let rest = line.trim_start_matches([' ', '\t', '\r', '\u{b}', '\u{c}']);
        let found = after + line.len() - rest.len();
        if rest.starts_with("--") {
            let end = found + rest.find('\r').unwrap_or(rest.len());
            self.lexer.skip_to(end);
            self.next = Next::CopyData;
            return Ok(Token { kind: TokenKind::LineComment, range: found..end });
        }
        if !rest.is_empty() {
            return Err(SyntaxError::after_copy(found..after + line.len()));
        }
        let start = (after + line.len() + 1).min(self.text.len());
        let Some((end, next)) = end_of_data(self.text, start) else {
            let first = self.text[start..].split('\n').next().unwrap_or("");
            return Err(SyntaxError::copy_never_ends(start..start + first.len()));
        };
        self.lexer.skip_to(next);
        self.next = Next::Token;
        Ok(Token { kind: TokenKind::CopyData, range: start..end })
    }
}

/// Where the data that begins at `start` ends, and where its end line ends.
fn end_of_data(text: &str, start: usize) -> Option<(usize, usize)> {
    if start == text.len() {
        return Some((start, start));
    }
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        let next = at + line.len();
        if matches!(line.trim_end_matches('\n'), "\\." | "\\.\r") {
            return Some((at, next));
        }
        at = next;
    }
    None
}
