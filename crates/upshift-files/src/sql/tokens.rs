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
    let nul = text.bytes().position(|byte| byte == 0);
    let mut lexer = Lexer::new(text);
    if let Some(rest) = text.strip_prefix('\u{feff}') {
        // psql skips a byte order mark, too; anywhere else it is part of a name.
        lexer.skip_to(text.len() - rest.len());
    }
    Tokens { text, lexer, boundary: Boundary::default(), next: nul.map_or(Next::Token, Next::Nul) }
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
#[derive(Debug, Clone, Copy)]
enum Next {
    Token,
    /// After the `;` of a COPY … FROM STDIN.
    CopyData,
    /// Nothing but the error that there is a NUL byte.
    Nul(usize),
    Nothing,
}

impl Iterator for Tokens<'_> {
    type Item = Result<Token, SyntaxError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().map_err(|error| *error).transpose()
    }
}

impl Tokens<'_> {
    /// The next token; `None` at the end and after an error.
    pub(super) fn advance(&mut self) -> Result<Option<Token>, Box<SyntaxError>> {
        match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Token => self.token(),
            Next::CopyData => self.copy_data().map(Some),
            Next::Nul(at) => Err(SyntaxError::nul(at)),
            Next::Nothing => Ok(None),
        }
    }

    fn token(&mut self) -> Result<Option<Token>, Box<SyntaxError>> {
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
    fn copy_data(&mut self) -> Result<Token, Box<SyntaxError>> {
        let after = self.lexer.position();
        let rest = self.text[after..].trim_start_matches([' ', '\t', '\r', '\u{b}', '\u{c}']);
        let found = self.text.len() - rest.len();
        if rest.starts_with("--") {
            let end = found + rest.find(['\n', '\r']).unwrap_or(rest.len());
            self.lexer.skip_to(end);
            self.next = Next::CopyData;
            return Ok(Token { kind: TokenKind::LineComment, range: found..end });
        }
        let start = match rest.bytes().next() {
            None => found,
            Some(b'\n') => found + 1,
            Some(_) => {
                let end = found + rest.lines().next().map_or(1, str::len);
                return Err(SyntaxError::after_copy(found..end));
            }
        };
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
