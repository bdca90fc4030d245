//! What the pages say beside Rust: commands, names of tests, files, links. The Rust is compiled by `src/lib.rs`.

#[path = "pages/answers.rs"]
mod answers;
#[path = "pages/book.rs"]
mod book;
#[path = "pages/commands.rs"]
mod commands;
#[path = "pages/files.rs"]
mod files;
#[path = "pages/links.rs"]
mod links;
#[path = "pages/tests_named.rs"]
mod tests_named;
