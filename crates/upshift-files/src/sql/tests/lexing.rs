//! The tokens of a text.

use crate::sql::{TokenKind, tokens};

/// A text, and its tokens with a letter for the kind of each.
fn check(table: &[(&str, &str)]) {
    for (text, expected) in table {
        let found: Vec<String> = tokens(text)
            .map(|token| {
                token
                    .map_or_else(|e| format!("error:{e}"), |t| format!("{}:{}", letter(t.kind), t.text(text)))
            })
            .collect();
        assert_eq!(&found.join("⏐"), expected, "in {text:?}");
    }
}

fn letter(kind: TokenKind) -> char {
    match kind {
        TokenKind::Word => 'w',
        TokenKind::QuotedName => 'q',
        TokenKind::String => 's',
        TokenKind::DollarString => 'd',
        TokenKind::Number => 'n',
        TokenKind::Parameter => 'p',
        TokenKind::Operator => 'o',
        TokenKind::Punctuation => '.',
        TokenKind::Semicolon => ';',
        TokenKind::LineComment => '-',
        TokenKind::BlockComment => '*',
        TokenKind::CopyData => 'c',
    }
}

#[test]
fn every_kind_of_token_is_told_from_the_others() {
    check(&[
        ("select A_1$é", "w:select⏐w:A_1$é"),
        ("\"a\"\"b\"U&\"c\"", "q:\"a\"\"b\"⏐q:U&\"c\""),
        ("'a''b' E'\\'' U&'c'", "s:'a''b'⏐s:E'\\''⏐s:U&'c'"),
        ("b'0'x'F'n'a'", "w:b⏐s:'0'⏐w:x⏐s:'F'⏐w:n⏐s:'a'"),
        ("$$a$$$t$b$t$", "d:$$a$$⏐d:$t$b$t$"),
        ("$1$22", "p:$1⏐p:$22"),
        ("a->>b<=c", "w:a⏐o:->>⏐w:b⏐o:<=⏐w:c"),
        ("+-+--\n*/**/", "o:+-+⏐-:--⏐o:*⏐*:/**/"),
        ("(a[1],b.c)::d;", ".:(⏐w:a⏐.:[⏐n:1⏐.:]⏐.:,⏐w:b⏐.:.⏐w:c⏐.:)⏐.::⏐.::⏐w:d⏐;:;"),
        ("-- a\n--b\r--c", "-:-- a⏐-:--b⏐-:--c"),
        ("/* a /* b */ */c", "*:/* a /* b */ */⏐w:c"),
    ]);
}

#[test]
fn a_number_has_a_fraction_and_an_exponent_or_a_radix() {
    check(&[
        ("1 1.5 1. 1e5 1E-5 1.5e+5", "n:1⏐n:1.5⏐n:1.⏐n:1e5⏐n:1E-5⏐n:1.5e+5"),
        ("1_000 0xFf 0o17 0b01 0x_a", "n:1_000⏐n:0xFf⏐n:0o17⏐n:0b01⏐n:0x_a"),
        ("1..10", "n:1⏐.:.⏐.:.⏐n:10"),
        ("1.5.5", "n:1.5⏐.:.⏐n:5"),
        ("1e 1e+ 0x 1end", "n:1⏐w:e⏐n:1⏐w:e⏐o:+⏐n:0⏐w:x⏐n:1⏐w:end"),
        ("1-1", "n:1⏐o:-⏐n:1"),
    ]);
}

#[test]
fn only_a_semicolon_that_ends_a_statement_is_one() {
    check(&[
        ("a;b", "w:a⏐;:;⏐w:b"),
        (";;", ";:;⏐;:;"),
        ("(;)", ".:(⏐.:;⏐.:)"),
        ("create function f begin atomic;end;", "w:create⏐w:function⏐w:f⏐w:begin⏐w:atomic⏐.:;⏐w:end⏐;:;"),
    ]);
}

#[test]
fn the_data_of_a_copy_is_one_token_without_its_last_line() {
    let copy = "w:copy⏐w:t⏐w:from⏐w:stdin";
    let check = |rest: &str, expected: &str| {
        check(&[(&format!("copy t from stdin{rest}"), &(copy.to_owned() + expected))])
    };
    check(";\n1\n2\n\\.\nb", "⏐;:;⏐c:1\n2\n⏐w:b");
    check("; -- x\n1\n\\.\nb", "⏐;:;⏐-:-- x⏐c:1\n⏐w:b");
    check("; -- x\r\n1\r\n\\.\r\nb", "⏐;:;⏐-:-- x⏐c:1\r\n⏐w:b");
    check("; -- x\r -- y\r\n1\n\\.", "⏐;:;⏐-:-- x⏐-:-- y⏐c:1\n");
    check(";\n\\.\n;", "⏐;:;⏐c:⏐;:;");
    check(";", "⏐;:;⏐c:");
    check("", "⏐c:");
    check(" -- x", "⏐-:-- x⏐c:");
    check(";\n1", "⏐;:;⏐error:the data of COPY … FROM STDIN that begins here is never ended");
}

#[test]
fn after_an_error_there_is_nothing() {
    check(&[
        ("a 'b", "w:a⏐error:the string that begins here is never closed"),
        ("a \\i b", "w:a⏐error:`\\i` is a command of psql, which the server does not know"),
        ("a \0 b", "error:a NUL byte, which PostgreSQL accepts nowhere"),
    ]);
}
