//! The macros of `upshift`; use them from there, where they are `upshift::embed_migrations!` and `#[upshift::migration]`.
//!
//! Each is a thin skin over a function: parse → check → expand, one file each. What a migration file may say is asked of
//! `upshift-files`, which the run time asks as well, so the two can never disagree.

mod embed;
mod migration;
mod mistake;

use proc_macro::TokenStream;

/// Puts a folder of migrations into the binary, and checks every file of it while compiling.
///
/// The value is an `upshift::Source`, for a `const`, a `static` or an expression. The path begins where `Cargo.toml` is;
/// without one it is `migrations`. Folders written for another tool are recognised; `layout = "goose"` says which tool,
/// where a folder could be of two. What is no migration file (`README.md`, hidden files) is passed over.
///
/// A file that ends in `.rs` and begins with a version is a migration in Rust. It is compiled as a module of its own and
/// has `pub async fn up(step: &mut StepContext<'_>) -> Result<(), BoxError>`, and `down` of the same shape where it can
/// be reverted.
///
/// # New files
/// Editing, renaming or deleting a file makes cargo compile again. A *new* file is noticed when the crate has a
/// `build.rs` with one line:
/// ```
/// println!("cargo::rerun-if-changed=migrations");
/// ```
/// Without it, a debug build refuses to run on a folder with files it does not know, and names them.
///
/// # Errors
/// Every mistake of every file is a compile error, all at once, with the line and a caret:
/// ```text
/// error: unknown directive `pase`
///          --> migrations/20260514093000_add_status.sql:1:13
///           |
///         1 | -- upshift: pase contract
///           |             ^^^^
///           = help: did you mean `phase`?
///  --> src/main.rs:3:56
///   |
/// 3 | const MIGRATIONS: Source = upshift::embed_migrations!("migrations");
///   |                                                       ^^^^^^^^^^^^
/// ```
///
/// # Examples
/// ```
/// const MIGRATIONS: upshift::Source = upshift::embed_migrations!("migrations");
///
/// let set = MIGRATIONS.set()?;
/// let labels: Vec<String> = set.iter().map(|migration| migration.label()).collect();
/// assert_eq!(labels, ["20260514093000_add_status", "20260515101500_number_orders"]);
/// # Ok::<(), upshift::Error>(())
/// ```
#[proc_macro]
pub fn embed_migrations(arguments: TokenStream) -> TokenStream {
    embed::embed(arguments.into()).into()
}

/// Makes a migration of an async function; `Source::with` adds it to a folder's.
///
/// The function becomes a constant `upshift::CodeMigration` of its name, with its visibility and documentation.
///
/// | argument | meaning |
/// |---|---|
/// | `version = "20260514093000"` | its place in the order; required |
/// | `name = "split_names"` | its name; the function's when absent |
/// | `transaction = "off"` | it is given no transaction; default `"on"` |
/// | `down = unsplit_names` | the path of an async function of the same shape that reverts it |
///
/// # Checksum
/// It is of the function's code (signature and body) and of the path of its `down`, written one token after the other:
/// comments, documentation, attributes, white space and trailing commas do not count. What else a formatter may rewrite
/// (braces of a closure or a match arm) does, and so do functions it calls not: a change in those goes unseen.
///
/// # Examples
/// ```
/// use upshift::{BoxError, Source, StepContext};
///
/// /// Splits `users.name` at the first space.
/// #[upshift::migration(version = "20260516120000", down = join_names)]
/// pub async fn split_names(step: &mut StepContext<'_>) -> Result<(), BoxError> {
///     step.batch_execute("update users set first_name = split_part(name, ' ', 1)").await?;
///     Ok(())
/// }
///
/// async fn join_names(step: &mut StepContext<'_>) -> Result<(), BoxError> {
///     step.batch_execute("update users set first_name = null").await?;
///     Ok(())
/// }
///
/// let source: Source = upshift::embed_migrations!("migrations");
/// let set = source.with([split_names]).set()?;
/// assert_eq!(set.len(), 3);
/// # Ok::<(), upshift::Error>(())
/// ```
#[proc_macro_attribute]
pub fn migration(arguments: TokenStream, function: TokenStream) -> TokenStream {
    migration::migration(arguments.into(), function.into()).into()
}
