//! The functions of PostgreSQL that are not volatile: what a default calls without another value for each row.

use crate::Catalog;
use crate::statement::{Expression, ExpressionKind, Name, Volatility};

/// How volatile a function is that no migration made; one that is not known is taken to be volatile, as CREATE
/// FUNCTION does.
pub fn volatility_of(function: &Name) -> Volatility {
    let own = matches!(function.schema.as_deref(), None | Some("pg_catalog"));
    match own && is_listed(&function.name) {
        true => Volatility::Stable,
        false => Volatility::Volatile,
    }
}

/// Whether an expression gives another value for each row.
pub(crate) fn is_volatile(expression: &Expression, catalog: &Catalog) -> bool {
    expression.walk().into_iter().any(|one| match &one.kind {
        ExpressionKind::Call { function, .. } => match catalog.function(function) {
            Some(known) => known.volatility == Volatility::Volatile,
            None => volatility_of(function) == Volatility::Volatile,
        },
        ExpressionKind::Query => true,
        _ => false,
    })
}

fn is_listed(name: &str) -> bool {
    FORMS.contains(&name) || super::functions::NOT_VOLATILE.binary_search(&name).is_ok()
}

/// What SQL calls without a function of that name in the catalogue (manual, 9.18, 9.9.5, 9.15, 9.16).
const FORMS: &[&str] = &[
    "array",
    "coalesce",
    "collation",
    "current_catalog",
    "current_date",
    "current_role",
    "current_time",
    "current_timestamp",
    "greatest",
    "grouping",
    "json",
    "json_array",
    "json_exists",
    "json_query",
    "json_scalar",
    "json_serialize",
    "json_value",
    "least",
    "localtime",
    "localtimestamp",
    "nullif",
    "row",
    // One overload, of a time with its zone, is volatile; `timezone('utc', now())` is not.
    "timezone",
    "trim",
    "user",
    "xmlconcat",
    "xmlelement",
    "xmlforest",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
];
