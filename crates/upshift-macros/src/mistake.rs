//! Mistakes of the macros' users, told all at once.

use proc_macro2::TokenStream;
use syn::Error;

/// Mistakes, each with its place.
pub(crate) type Mistakes = Vec<Error>;

/// `Err` when there are any, else `Ok(value)`.
pub(crate) fn none_or<T>(mistakes: Mistakes, value: T) -> Result<T, Mistakes> {
    if mistakes.is_empty() { Ok(value) } else { Err(mistakes) }
}

/// Both values, or the mistakes of both.
pub(crate) fn both<A, B>(one: Result<A, Mistakes>, other: Result<B, Mistakes>) -> Result<(A, B), Mistakes> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(mut all), Err(more)) => {
            all.extend(more);
            Err(all)
        }
        (Err(all), Ok(_)) | (Ok(_), Err(all)) => Err(all),
    }
}

/// A `compile_error!` each.
pub(crate) fn compile_errors(mistakes: &[Error]) -> TokenStream {
    mistakes.iter().map(Error::to_compile_error).collect()
}
