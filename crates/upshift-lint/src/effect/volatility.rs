//! The functions of PostgreSQL that are not volatile, as far as people write them after DEFAULT.

use crate::statement::{Name, Volatility};

/// How volatile a function is that no migration made; one that is not known is taken to be volatile, as CREATE
/// FUNCTION does.
pub fn volatility_of(function: &Name) -> Volatility {
    let own = matches!(function.schema.as_deref(), None | Some("pg_catalog"));
    match own && NOT_VOLATILE.binary_search(&function.name.as_str()).is_ok() {
        true => Volatility::Stable,
        false => Volatility::Volatile,
    }
}

/// Immutable and stable functions (`pg_proc.provolatile`), sorted.
const NOT_VOLATILE: &[&str] = &["current_timestamp", "now"];
