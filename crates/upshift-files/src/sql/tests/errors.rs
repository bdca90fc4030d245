//! What cannot be cut, and what the error says.

use crate::sql::split;

/// A text with the error's range in `«»`, and what the error says.
fn check(table: &[(&str, &str)]) {
    for (marked, expected) in table {
        let text = marked.replace(['«', '»'], "");
        let error = split(&text).expect_err(&text);
        let shown =
            [&text[..error.range.start], "«", &text[error.range.clone()], "»", &text[error.range.end..]];
        assert_eq!(&shown.concat(), marked);
        let help = error.help.as_deref().unwrap_or("-");
        assert_eq!(&format!("{error} (help: {help})"), expected, "in {text:?}");
    }
}

#[test]
fn what_is_opened_must_be_closed() {
    check(&[
        (
            "a; select «'»b;",
            "the string that begins here is never closed (help: add the closing `'`; a quote inside the string is written `''`)",
        ),
        (
            "select «'»b'';",
            "the string that begins here is never closed (help: add the closing `'`; a quote inside the string is written `''`)",
        ),
        (
            "select «U&'»b",
            "the string that begins here is never closed (help: add the closing `'`; a quote inside the string is written `''`)",
        ),
        (
            r"select «E'»it\'",
            "the string that begins here is never closed (help: add the closing `'`; in E'…' a backslash before it makes it part of the string)",
        ),
        (
            r"select «e'»\",
            "the string that begins here is never closed (help: add the closing `'`; in E'…' a backslash before it makes it part of the string)",
        ),
        (
            "select «\"»b;",
            "the name that begins here is never closed (help: add the closing `\"`; a quote inside the name is written `\"\"`)",
        ),
        (
            "select «U&\"»b;",
            "the name that begins here is never closed (help: add the closing `\"`; a quote inside the name is written `\"\"`)",
        ),
        (
            "do «$$» begin",
            "the dollar-quoted string that begins here is never closed (help: add the closing `$$`: the same letters in the same case)",
        ),
        (
            "do «$Do$» begin $do$",
            "the dollar-quoted string that begins here is never closed (help: add the closing `$Do$`: the same letters in the same case)",
        ),
        (
            "a «/*» /* */",
            "the comment that begins here is never closed (help: add `*/`: comments nest, each `/*` inside needs its own)",
        ),
        (
            "«/*»/",
            "the comment that begins here is never closed (help: add `*/`: comments nest, each `/*` inside needs its own)",
        ),
    ]);
}

#[test]
fn the_data_of_a_copy_must_begin_on_its_line_and_end() {
    check(&[
        (
            "copy t from stdin;\n«1»\n2\n",
            "the data of COPY … FROM STDIN that begins here is never ended (help: add a line `\\.` after the last line of data)",
        ),
        (
            "copy t from stdin;\n«»\n",
            "the data of COPY … FROM STDIN that begins here is never ended (help: add a line `\\.` after the last line of data)",
        ),
        (
            "copy t from stdin;\n«\\. »\n",
            "the data of COPY … FROM STDIN that begins here is never ended (help: add a line `\\.` after the last line of data)",
        ),
        (
            "copy t from stdin; «select 1;»\n\\.\n",
            "the data of COPY … FROM STDIN begins on the line after its `;`, found more on the same line (help: end the line after the `;`)",
        ),
        (
            "copy t from stdin; «/* x */»\n\\.\n",
            "the data of COPY … FROM STDIN begins on the line after its `;`, found more on the same line (help: end the line after the `;`)",
        ),
        (
            "select 1;\n«\\.»\n",
            "`\\.` without the COPY … FROM STDIN whose data it would end (help: remove the line, or write `COPY … FROM STDIN;` above the data)",
        ),
    ]);
}

#[test]
fn a_nul_byte_is_refused_wherever_it_stands() {
    let message = "a NUL byte, which PostgreSQL accepts nowhere (help: save the file as UTF-8 text without it; in a `bytea` value write `\\x00`)";
    check(&[
        ("«\0»", message),
        ("select '«\0»'", message),
        ("-- «\0»", message),
        ("$$«\0»$$", message),
        ("copy t from stdin;\n«\0»\n\\.\n", message),
        ("select 'open «\0»", message),
    ]);
}

#[test]
fn a_command_of_psql_is_refused_by_name_with_what_to_write_instead() {
    let cases = [
        ("i", "write the other file's statements here, or make it a migration of its own"),
        ("ir", "write the other file's statements here, or make it a migration of its own"),
        ("include", "write the other file's statements here, or make it a migration of its own"),
        ("set", "write the value itself, or use `-- upshift: vars on` and `${name}`"),
        ("gset", "write the value itself, or use `-- upshift: vars on` and `${name}`"),
        ("connect", "remove it: a migration runs in the database its migrator is connected to"),
        ("c", "remove it: a migration runs in the database its migrator is connected to"),
        ("copy", "write `COPY … FROM STDIN;`, then the lines of data, then a line `\\.`"),
        ("echo", "write a comment, or `RAISE NOTICE` in a DO block"),
        ("if", "write `IF` in a DO block"),
        ("gexec", "write a loop with `EXECUTE` in a DO block"),
        ("g", "end the statement with `;`"),
        (";", "end the statement with `;`"),
        ("restrict", "remove the line: pg_dump writes it for psql, before and after the statements"),
        ("encoding", "remove it: migration files are UTF-8"),
        ("timing", "remove it, or write it in SQL"),
        ("!", "remove it, or write it in SQL"),
        ("é", "remove it, or write it in SQL"),
    ];
    for (name, help) in cases {
        let message =
            format!("`\\{name}` is a command of psql, which the server does not know (help: {help})");
        check(&[
            (&format!("«\\{name}» x"), &message),
            (&format!("select 1;\n«\\{name}»"), &message),
            (&format!("select 1 «\\{name}»\n"), &message),
        ]);
    }
    let bare = "a backslash outside of quotes (help: remove it; in a string, begin that with `E'`)";
    check(&[("select «\\»", bare), ("«\\» x", bare), ("«\\»\n", bare)]);
}
