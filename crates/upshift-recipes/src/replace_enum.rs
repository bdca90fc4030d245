//! Replaces the values of an enum: a new type, a new column, a map between the two.

use crate::column::NewColumn;
use crate::convert::{Bodies, Words, converted};
use crate::facts::TableFacts;
use crate::name::{Ident, Table};
use crate::recipe::{About, Recipe};
use crate::sync::{Body, Pending};
use crate::window::Around;
use crate::{Expression, RecipeError, SqlType};
use upshift_files::sql::literal;

/// Replaces an enum's values: removes, renames, or changes the set. (To add one, `alter type … add value` is enough.)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplaceEnum {
    column: Ident,
    to: Ident,
    data_type: Table,
    values: Vec<String>,
    up: Vec<(String, String)>,
    down: Vec<(String, String)>,
    default: Option<Expression>,
    old_type: OldType,
}

/// What becomes of the old enum type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldType {
    /// It stays: other columns have it.
    Stays,
    /// The purge drops it; where something still uses it the purge fails, and changes nothing.
    IsDropped,
}

impl ReplaceEnum {
    /// From `column` to the new column `to`, whose type `data_type` is made with these values.
    pub fn new(
        column: Ident,
        to: Ident,
        data_type: Table,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> ReplaceEnum {
        ReplaceEnum {
            column,
            to,
            data_type,
            values: values.into_iter().map(Into::into).collect(),
            up: Vec::new(),
            down: Vec::new(),
            default: None,
            old_type: OldType::Stays,
        }
    }

    /// The same, where the old value `from` becomes `to`. Values that nobody names stay what they are called.
    pub fn up(mut self, from: impl Into<String>, to: impl Into<String>) -> ReplaceEnum {
        self.up.push((from.into(), to.into()));
        self
    }

    /// The same, where old code sees `to` when new code writes `from`.
    pub fn down(mut self, from: impl Into<String>, to: impl Into<String>) -> ReplaceEnum {
        self.down.push((from.into(), to.into()));
        self
    }

    /// The same, with the new column's default from the hide on.
    pub fn default_is(mut self, default: Expression) -> ReplaceEnum {
        self.default = Some(default);
        self
    }

    /// The same, with what becomes of the old type.
    pub fn old_type(mut self, old_type: OldType) -> ReplaceEnum {
        self.old_type = old_type;
        self
    }

    /// The files and notes.
    ///
    /// # Errors
    /// When there is no such column, the new name is taken, a mapped value is none of the new type's, or the column
    /// cannot be doubled.
    pub fn recipe(&self, facts: &TableFacts) -> Result<Recipe, RecipeError> {
        let old = facts.get(&self.column)?;
        self.refuse_unknown_values()?;
        let new_type = SqlType::new(self.data_type.to_string())
            .map_err(|error| RecipeError::new("the new type", error.to_string()))?;
        let column = NewColumn {
            name: self.to.clone(),
            data_type: new_type.clone(),
            default: self.default.clone(),
            null: old.null,
        };
        let old_type = old.sql_type()?;
        let bodies = Bodies {
            up: vec![map(&self.column, &self.up, &new_type)?],
            down: vec![map(&self.to, &self.down, &old_type)?],
            pending: Pending::WhenItGivesSomething,
        };
        let values: Vec<String> = self.values.iter().map(|value| literal(value)).collect();
        let create = format!("create type {} as enum ({})", self.data_type, values.join(", "));
        let last = match self.old_type {
            OldType::Stays => Vec::new(),
            OldType::IsDropped => vec![format!("drop type {old_type}")],
        };
        let around = Around {
            first: (vec![create], vec![format!("drop type {}", self.data_type)]),
            last,
            ..Around::default()
        };
        let title =
            format!("Replaces the values of {}.{} by those of {}.", facts.table, self.column, self.to);
        let mut recipe = converted(facts, &[&self.column], &[&column], bodies, Words { title, around })?;
        recipe.note(
            About::Review,
            "a value that is neither mapped nor called the same in the other type fails where it is written: map \
             every old value up, and every new value down.",
        );
        Ok(recipe)
    }

    fn refuse_unknown_values(&self) -> Result<(), RecipeError> {
        let wrong = self
            .up
            .iter()
            .map(|(_, to)| to)
            .chain(self.down.iter().map(|(from, _)| from))
            .find(|value| !self.values.contains(value));
        match wrong {
            None => Ok(()),
            Some(value) => {
                let what = format!("the value {} of {}", literal(value), self.data_type);
                Err(RecipeError::new(what, "it is mapped, and the new type does not have it")
                    .instead("add it to the values, or map to another one"))
            }
        }
    }
}

fn map(column: &Ident, pairs: &[(String, String)], to: &SqlType) -> Result<Body, RecipeError> {
    let branches: String =
        pairs.iter().map(|(from, to)| format!(" when {} then {}", literal(from), literal(to))).collect();
    let text = match branches.is_empty() {
        true => format!("{column}::text::{to}"),
        false => format!("(case {column}::text{branches} else {column}::text end)::{to}"),
    };
    let expression = Expression::new(text)
        .map_err(|error| RecipeError::new("the map of the values", error.to_string()))?;
    Ok(Body::Expression(expression))
}
