//! Renames a column: by a second column kept in step, or by a view that has both names.

use upshift_files::Phase;

use crate::facts::{ColumnFacts, TableFacts};
use crate::file::{RecipeFile, Way};
use crate::name::{Ident, Table};
use crate::recipe::{About, Recipe};
use crate::sync::{Conversion, Firing, Sync, old_columns};
use crate::view::View;
use crate::window::{Added, Around, Window, named_by};
use crate::{Expression, RecipeError};

/// How both names of a column are there at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenameMethod {
    /// A second column, which a trigger keeps in step: a backfill, and the value stored twice until the purge.
    ///
    /// Not for columns that are unique, part of a partition key, identity or generated.
    SyncTrigger,
    /// A view in the table's place that has the column under both names: no copy, no backfill, any column.
    ///
    /// Not where code uses what a view does not do: COPY into it, TRUNCATE, ON CONFLICT ON CONSTRAINT, MERGE before 17.
    AliasView,
}

/// Renames a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenameColumn {
    column: Ident,
    to: Ident,
    method: RenameMethod,
}

impl RenameColumn {
    /// From `column` to `to`.
    pub fn new(column: Ident, to: Ident, method: RenameMethod) -> RenameColumn {
        RenameColumn { column, to, method }
    }

    /// The files and notes.
    ///
    /// # Errors
    /// When there is no such column, the new name is taken, or the method does not fit; it names the other one then.
    pub fn recipe(&self, facts: &TableFacts) -> Result<Recipe, RecipeError> {
        let column = facts.get(&self.column)?;
        facts.refuse_existing(&self.to)?;
        match self.method {
            RenameMethod::SyncTrigger => self.by_trigger(facts, column),
            RenameMethod::AliasView => self.by_view(facts),
        }
    }

    fn title(&self, facts: &TableFacts) -> String {
        format!("Renames {}.{} to {}.", facts.table, self.column, self.to)
    }

    fn slug(&self, facts: &TableFacts) -> String {
        Ident::slug(&[&facts.table.name, &self.column])
    }

    fn by_trigger(&self, facts: &TableFacts, column: &ColumnFacts) -> Result<Recipe, RecipeError> {
        let instead = "rename it with RenameMethod::AliasView";
        let old = old_columns(facts, &[&self.column], instead)?;
        let data_type = column.sql_type()?;
        let default = column.default.as_deref().map(Expression::new).transpose().map_err(|error| {
            RecipeError::new(format!("the default of column {}", self.column), error.to_string())
        })?;
        let added = Added {
            name: self.to.clone(),
            data_type: data_type.clone(),
            collation: column.collation.clone(),
            default,
            null: column.null,
        };
        let new = crate::sync::Column { name: self.to.clone(), data_type };
        let sync = Sync {
            table: facts.table.clone(),
            old,
            new: vec![new],
            conversion: Conversion::Same,
            firing: Firing::of(facts, &[&self.column])?,
        };
        let window = Window {
            facts,
            sync,
            added: vec![added],
            around: Around::default(),
            slug: self.slug(facts),
            title: self.title(facts),
        };
        window.recipe()
    }

    fn by_view(&self, facts: &TableFacts) -> Result<Recipe, RecipeError> {
        let table = &facts.table;
        let base = table.beside(Ident::derived("", &[&table.name], "__base"));
        let mut columns: Vec<(Ident, Ident)> =
            facts.columns.iter().map(|it| (it.name.clone(), it.name.clone())).collect();
        columns.push((self.column.clone(), self.to.clone()));
        let view = View::new(facts, table.clone(), base.clone(), columns)?;
        let mut recipe = Recipe::new(self.title(facts));
        let to_base = format!("alter table {table} rename to {}", base.name);
        let from_base = format!("alter table {base} rename to {}", table.name);
        let drop_view = format!("drop view {table}");
        let (column, to) = (&self.column, &self.to);
        recipe.files.push(
            RecipeFile::new(
                Phase::Expand,
                format!("alias_{}", self.slug(facts)),
                format!(
                    "{} A view takes the table's place and has the column under both names.",
                    recipe.title
                ),
            )
            .locks(format!("ACCESS EXCLUSIVE on {table}, a moment."))
            .up([vec![to_base.clone()], view.create()].concat())
            .down(Way::Back(vec![drop_view.clone(), from_base.clone()])),
        );
        let back =
            [vec![format!("alter table {table} rename column {to} to {column}"), to_base], view.create()]
                .concat();
        recipe.files.push(
            RecipeFile::new(
                Phase::Contract,
                format!("hide_{}", self.slug(facts)),
                "Puts the table back in its place, with the new name alone: the old one gets an error. Down gives it \
                 back; there is nothing to purge.",
            )
            .locks(format!("ACCESS EXCLUSIVE on {table} and {base}, a moment."))
            .requires(format!("alias_{}", self.slug(facts)))
            .up([drop_view, from_base, format!("alter table {table} rename column {column} to {to}")])
            .down(Way::Back(back)),
        );
        self.view_notes(table, &base, &mut recipe);
        named_by(facts, &[&self.column], &mut recipe);
        Ok(recipe)
    }

    fn view_notes(&self, table: &Table, base: &Table, recipe: &mut Recipe) {
        let (column, to) = (&self.column, &self.to);
        recipe.note(
            About::OldCode,
            format!("reads and writes {column} as ever until the hide; then it gets an error (42703)."),
        );
        recipe.note(
            About::NewCode,
            format!(
                "reads and writes {to} from the expand on. A statement that writes both names is refused."
            ),
        );
        crate::view::notes(table, base, recipe);
    }
}
