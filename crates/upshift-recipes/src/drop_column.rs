//! Drops a column in two steps: hidden first, dropped when nobody has missed it.

use upshift_files::Phase;

use crate::facts::{Null, TableFacts, Tie};
use crate::file::{RecipeFile, Way};
use crate::name::Ident;
use crate::recipe::{About, Recipe};
use crate::window::{SOAK, dependents, named_by};
use crate::{Expression, RecipeError};

/// Drops a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropColumn {
    column: Ident,
    fill: Option<Expression>,
}

/// What keeps a hidden column writable by code that does not know it, and how that is taken back.
struct Loosened {
    up: Option<String>,
    down: Option<String>,
}

impl DropColumn {
    /// This column.
    pub fn new(column: Ident) -> DropColumn {
        DropColumn { column, fill: None }
    }

    /// The same, where rows that are written while it is hidden get this value: a NOT NULL column without a default
    /// stays NOT NULL by it, and is given back without looking at every row.
    pub fn fill(mut self, value: Expression) -> DropColumn {
        self.fill = Some(value);
        self
    }

    /// The files and notes.
    ///
    /// # Errors
    /// When there is no such column, another change of it is under way, partitions go by it, or it is part of a key that nothing would fill.
    pub fn recipe(&self, facts: &TableFacts) -> Result<Recipe, RecipeError> {
        let column = facts.get(&self.column)?;
        let (table, name) = (&facts.table, &self.column);
        if column.ties.contains(&Tie::PartitionKey) {
            return Err(RecipeError::new(
                format!("column {name} of {table}"),
                "rows are sorted into partitions by it",
            )
            .instead("make a new table without it, and rename the tables"));
        }
        if column.ties.contains(&Tie::UnderWay) {
            return Err(RecipeError::new(format!("column {name} of {table}"), Tie::UnderWay.reason())
                .instead("purge that one first, or take it back"));
        }
        let hidden = name.hidden();
        let slug = Ident::slug(&[&table.name, name]);
        let hide = format!("hide_{slug}");
        let loosened = self.loosened(facts)?;
        let mut up = vec![format!("alter table {table} rename column {name} to {hidden}")];
        up.extend(loosened.up);
        let mut down: Vec<String> = loosened.down.into_iter().collect();
        down.push(format!("alter table {table} rename column {hidden} to {name}"));
        let mut recipe = Recipe::new(format!("Drops {name} of {table}."));
        recipe.files.push(
            RecipeFile::new(
                Phase::Contract,
                &hide,
                format!(
                    "Hides {name} of {table}: code that still uses it gets an error. Down gives it back."
                ),
            )
            .locks(format!("ACCESS EXCLUSIVE on {}, a moment.", facts.locked()))
            .up(up)
            .down(Way::Back(down)),
        );
        recipe.files.push(
            RecipeFile::new(Phase::Contract, format!("purge_{slug}"), "Drops the hidden column.")
                .locks(format!("ACCESS EXCLUSIVE on {}, a moment; no row is rewritten.", facts.locked()))
                .requires(&hide)
                .after(SOAK)
                .up([format!("alter table {table} drop column {hidden}")])
                .down(Way::None("the values of the column are gone with it".to_owned())),
        );
        recipe.note(
            About::OldCode,
            format!("reads and writes {name} until the hide; then it gets an error (42703)."),
        );
        recipe.note(
            About::NewCode,
            format!("does not name {name}, nor SELECT *: a prepared one fails once after the hide and the purge (0A000)."),
        );
        named_by(facts, &[name], &mut recipe);
        dependents(facts, &[name], &mut recipe);
        if column.null == Null::Refused && column.default.is_none() && self.fill.is_none() {
            recipe.note(
                About::Review,
                format!(
                    "rows written while it is hidden have NULL in {name}: the way back fails while there are such rows, \
                     until somebody fills them, and looks at every row under ACCESS EXCLUSIVE. DropColumn::fill avoids \
                     both."
                ),
            );
        }
        Ok(recipe)
    }

    /// A NOT NULL column that nobody fills would make every INSERT fail.
    fn loosened(&self, facts: &TableFacts) -> Result<Loosened, RecipeError> {
        let column = facts.get(&self.column)?;
        let (table, hidden) = (&facts.table, self.column.hidden());
        let fills_itself = column.default.is_some()
            || column.ties.iter().any(|tie| matches!(tie, Tie::Identity | Tie::Generated));
        let alter = |what: String| Some(format!("alter table {table} alter column {hidden} {what}"));
        let what = || format!("column {} of {table}", self.column);
        if !fills_itself && facts.primary_key.contains(&self.column) {
            return Err(RecipeError::new(what(), "it is part of the primary key, and nothing would fill it")
                .instead("drop the primary key in a migration before this one"));
        }
        if !fills_itself && self.fill.is_some() && column.ties.contains(&Tie::Unique) {
            return Err(RecipeError::new(what(), "it is unique, and the value would fill it but once")
                .instead("leave the value away, or drop its unique index in a migration before this one"));
        }
        Ok(match (&self.fill, column.null, fills_itself) {
            (_, _, true) | (None, Null::Allowed, _) => Loosened { up: None, down: None },
            (Some(value), _, false) => {
                Loosened { up: alter(format!("set default {value}")), down: alter("drop default".to_owned()) }
            }
            (None, Null::Refused, false) => {
                Loosened { up: alter("drop not null".to_owned()), down: alter("set not null".to_owned()) }
            }
        })
    }
}
