//! Why a recipe is refused, and what to do instead.

use upshift_files::Version;

use crate::name::{Ident, Table};

/// Why a recipe does not fit this table. `Display` says what and why; [`help`](RecipeError::help) what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct RecipeError {
    what: String,
    why: String,
    help: Option<String>,
}

impl RecipeError {
    pub(crate) fn new(what: impl Into<String>, why: impl Into<String>) -> RecipeError {
        RecipeError { what: what.into(), why: why.into(), help: None }
    }

    pub(crate) fn instead(mut self, help: impl Into<String>) -> RecipeError {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn no_column(table: &Table, column: &Ident) -> RecipeError {
        RecipeError::new(format!("column {column} of {table}"), "there is no such column").instead(
            "look at the spelling: names are taken exactly as they are, upper and lower case included",
        )
    }

    pub(crate) fn column_exists(table: &Table, column: &Ident) -> RecipeError {
        RecipeError::new(format!("column {column} of {table}"), "there is one already")
            .instead("choose another name for the new column")
    }

    pub(crate) fn version_too_high(first: Version) -> RecipeError {
        RecipeError::new(format!("numbering from {first}"), "a version has at most 18 digits")
            .instead("begin with a lower version, such as today's date and time")
    }

    /// What to do instead, where there is something.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}
