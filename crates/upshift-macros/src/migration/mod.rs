//! `#[migration]`: an async function becomes a `CodeMigration`.

mod check;
mod expand;
mod parse;
mod text;

use proc_macro2::TokenStream;

use crate::mistake::both;

/// The constant; after a mistake, every mistake and a constant that does nothing, so that nothing else breaks.
pub(crate) fn migration(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function = match parse::function(item.clone()) {
        Ok(function) => function,
        Err(mistakes) => return expand::beside(&mistakes, item),
    };
    match both(parse::arguments(arguments), check::check(&function)) {
        Ok((arguments, ())) => expand::expand(&arguments, &function),
        Err(mistakes) => expand::fallback(&mistakes, &function),
    }
}
