//! The text of a function, as its checksum sees it.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Path;

use super::parse::Function;

/// Signature and body, one token after the other, and the path of the down function.
///
/// Written by ourselves: what `TokenStream::to_string` writes follows the source's white space and changes from one
/// compiler to the next, and a checksum stays in databases for years. It has lines, because a changed migration is shown
/// line by line.
pub(crate) fn of(function: &Function, down: Option<&Path>) -> String {
    let mut text = Text { written: String::new(), depth: 0, at: At::LineStart };
    text.stream(function.signature.to_token_stream());
    text.stream(function.body.to_token_stream());
    if let Some(down) = down {
        text.end_line();
        text.stream(quote::quote!(down = #down));
    }
    text.end_line();
    text.written
}

struct Text {
    written: String,
    depth: usize,
    at: At,
}

/// Marks written without a space between them, whether the source has one or not: rustfmt may take it out of `> >`, and
/// compilers disagree about which marks they call joint.
const PAIRS: [[char; 2]; 22] = [
    [':', ':'],
    ['-', '>'],
    ['=', '>'],
    ['=', '='],
    ['!', '='],
    ['<', '='],
    ['>', '='],
    ['&', '&'],
    ['|', '|'],
    ['.', '.'],
    ['.', '='],
    ['+', '='],
    ['-', '='],
    ['*', '='],
    ['/', '='],
    ['%', '='],
    ['&', '='],
    ['|', '='],
    ['^', '='],
    ['<', '<'],
    ['>', '>'],
    ['?', ';'],
];

#[derive(PartialEq, Eq)]
enum At {
    LineStart,
    Word,
    /// After this mark.
    Mark(char),
    /// After the `'` of a lifetime.
    Quote,
}

impl Text {
    fn stream(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => self.group(group.delimiter(), group.stream()),
                // A formatter adds and removes the last comma.
                TokenTree::Punct(punct) if punct.as_char() == ',' && tokens.peek().is_none() => {}
                TokenTree::Punct(punct) if punct.as_char() == ';' => {
                    self.mark(';');
                    self.end_line();
                }
                TokenTree::Punct(punct) => self.mark(punct.as_char()),
                other => self.word(&other.to_string()),
            }
        }
    }

    fn group(&mut self, delimiter: Delimiter, inside: TokenStream) {
        let (open, close) = match delimiter {
            // Nobody sees it: it keeps together what came through another macro.
            Delimiter::None => return self.stream(inside),
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::Brace => {
                self.word("{");
                self.end_line();
                self.depth += 1;
                self.stream(inside);
                self.end_line();
                self.depth -= 1;
                self.word("}");
                return self.end_line();
            }
        };
        self.word(open);
        self.stream(inside);
        self.word(close);
    }

    fn word(&mut self, word: &str) {
        match self.at {
            At::LineStart => self.written.push_str(&"    ".repeat(self.depth)),
            At::Word | At::Mark(_) => self.written.push(' '),
            At::Quote => {}
        }
        self.written.push_str(word);
        self.at = At::Word;
    }

    fn mark(&mut self, mark: char) {
        match self.at {
            At::Mark(before) if PAIRS.contains(&[before, mark]) => self.written.push(mark),
            _ => self.word(mark.encode_utf8(&mut [0; 4])),
        }
        self.at = if mark == '\'' { At::Quote } else { At::Mark(mark) };
    }

    fn end_line(&mut self) {
        if self.at != At::LineStart {
            self.written.push('\n');
            self.at = At::LineStart;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(function: &str, down: Option<&str>) -> String {
        let down: Option<Path> = down.map(|path| syn::parse_str(path).unwrap());
        of(&syn::parse_str(function).unwrap(), down.as_ref())
    }

    const FUNCTION: &str = "async fn f(step: &mut StepContext<'_>) -> Result<(), BoxError> {
        if step.version() > None { step.execute(\"select 1\", &[]).await?; }
        Ok(())
    }";

    #[test]
    fn the_text_is_written_line_by_line() {
        let expected = "\
async fn f ( step : & mut StepContext < '_ > ) -> Result < ( ) , BoxError > {
    if step . version ( ) > None {
        step . execute ( \"select 1\" , & [ ] ) . await ?;
    }
    Ok ( ( ) )
}
down = names :: join
";
        assert_eq!(text(FUNCTION, Some("names::join")), expected);
    }

    #[test]
    fn formatting_comments_and_attributes_do_not_change_the_text() {
        for same in [
            FUNCTION.replace('\n', " "),
            FUNCTION.replace("{ step", "{\n\n\tstep"),
            FUNCTION.replace("Ok(", "/* a reason */ Ok( // another\n"),
            FUNCTION.replace("&[])", "&[],\n)"),
            FUNCTION.replace("<'_>)", "<'_>,)"),
            FUNCTION.replace("<(), BoxError> {", "<(), BoxError > {"),
            format!("/// Documented.\n#[tracing::instrument]\npub(crate) {FUNCTION}"),
        ] {
            assert_eq!(text(&same, None), text(FUNCTION, None), "{same}");
        }
    }

    #[test]
    fn another_token_changes_the_text() {
        for other in [
            FUNCTION.replace("select 1", "select  1"),
            FUNCTION.replace("Ok", "Err"),
            FUNCTION.replace("async fn f", "async fn g"),
            FUNCTION.replace("> None", "< None"),
            FUNCTION.replace("if ", "if !"),
        ] {
            assert_ne!(text(&other, None), text(FUNCTION, None), "{other}");
        }
        assert_ne!(text(FUNCTION, Some("join")), text(FUNCTION, None));
        assert_ne!(text(FUNCTION, Some("join")), text(FUNCTION, Some("names::join")));
    }
}
