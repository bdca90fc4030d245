//! What to write instead of psql's own commands, which a server does not know.

/// Commands by their names, and what a migration says instead.
const INSTEAD: &[(&[&str], &str)] = &[
    (&["i", "ir", "include"], "write the other file's statements here, or make it a migration of its own"),
    (
        &["set", "unset", "gset", "prompt", "getenv"],
        "write the value itself, or use `-- upshift: vars on` and `${name}`",
    ),
    (&["c", "connect"], "remove it: a migration runs in the database its migrator is connected to"),
    (&["copy"], "write `COPY … FROM STDIN;`, then the lines of data, then a line `\\.`"),
    (&["echo", "qecho", "warn"], "write a comment, or `RAISE NOTICE` in a DO block"),
    (&["if", "elif", "else", "endif"], "write `IF` in a DO block"),
    (&["gexec"], "write a loop with `EXECUTE` in a DO block"),
    (&["g", "gx", "gdesc", "crosstabview", ";"], "end the statement with `;`"),
    (
        &["restrict", "unrestrict"],
        "remove the line: pg_dump writes it for psql, before and after the statements",
    ),
    (&["encoding"], "remove it: migration files are UTF-8"),
    (&["."], "remove the line, or write `COPY … FROM STDIN;` above the data"),
    (&[""], "remove it; in a string, begin that with `E'`"),
];

const OTHERWISE: &str = "remove it, or write it in SQL";

/// What to write instead of `\name`.
pub(super) fn instead_of(name: &str) -> &'static str {
    INSTEAD.iter().find(|(names, _)| names.contains(&name)).map_or(OTHERWISE, |(_, instead)| instead)
}
