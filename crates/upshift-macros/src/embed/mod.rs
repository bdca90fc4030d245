//! `embed_migrations!`: a folder becomes a `Source`.

mod check;
mod expand;
mod lint;
mod parse;

use proc_macro2::TokenStream;

/// The folder's source; after a mistake, every mistake and an empty source, so that nothing else breaks.
pub(crate) fn embed(arguments: TokenStream) -> TokenStream {
    match parse::parse(arguments).and_then(check::check) {
        Ok(folder) => expand::expand(&folder),
        Err(mistakes) => expand::fallback(&mistakes),
    }
}
