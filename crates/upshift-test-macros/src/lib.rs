//! The attribute of `upshift-test`; use it from there, where it is `#[upshift_test::test]`.
//!
//! A thin skin over a function: parse → check → expand, one file each.

mod check;
mod expand;
mod parse;

use proc_macro::TokenStream;

/// Makes a test of an async function, with a fresh, migrated database.
///
/// The first argument is the migrations: a constant, or any expression that `upshift::Source` is made from. The function's
/// own arguments are made from the database: `TestDatabase`, `DatabaseUrl` (for any driver), deadpool's `Pool`,
/// tokio-postgres's `Client`, `upshift::Migrator`, and whatever implements `upshift_test::FromDatabase`. It gives back
/// nothing, or a `Result`. When it panics or gives back an error its database stays, and how to connect is printed.
///
/// | argument | meaning |
/// |---|---|
/// | `fixtures = ["users.sql"]` | files of `fixtures` (beside `Cargo.toml`) that fill the database, in this order |
/// | `isolation = "database"` | a database of its own: the default |
/// | `isolation = "schema"` | a schema of its own, for a server on which no database may be made |
/// | `isolation = "rollback"` | a transaction that is rolled back, for tests on one connection that commit nothing |
/// | `role = "orders"` | who owns the database and connects to it, on the throw-away server |
/// | `flavor = "multi_thread"` | tokio's runtime with a thread a core; default `"current_thread"` |
/// | `worker_threads = 2` | so many threads |
///
/// # Errors
/// A fixture that is missing, no UTF-8 or cannot be cut into statements is a compile error, with the line and a caret.
///
/// # Examples
/// ```
/// use upshift::tokio_postgres::Client;
///
/// const MIGRATIONS: upshift::Source = upshift::embed_migrations!("migrations");
///
/// #[upshift_test::test(MIGRATIONS)]
/// async fn an_order_is_new(client: Client) -> Result<(), Box<dyn std::error::Error>> {
///     let row = client.query_one("insert into orders default values returning status", &[]).await?;
///     assert_eq!(row.get::<_, &str>(0), "new");
///     Ok(())
/// }
/// ```
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, function: TokenStream) -> TokenStream {
    let function = match parse::function(function.into()) {
        Ok(function) => function,
        Err(mistake) => return mistake.to_compile_error().into(),
    };
    let checked = parse::arguments(arguments.into()).and_then(|arguments| check::check(arguments, &function));
    match checked {
        Ok(test) => expand::expand(&test, &function).into(),
        Err(mistakes) => expand::fallback(&mistakes, &function).into(),
    }
}
