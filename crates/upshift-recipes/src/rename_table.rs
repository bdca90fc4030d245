//! Renames a table: a view keeps the old name.

use upshift_files::Phase;

use crate::RecipeError;
use crate::facts::TableFacts;
use crate::file::{RecipeFile, Way};
use crate::name::Ident;
use crate::recipe::{About, Recipe};
use crate::view::{self, View};

/// Renames a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenameTable {
    to: Ident,
}

impl RenameTable {
    /// The table of the facts, to this name in the same schema.
    pub fn new(to: Ident) -> RenameTable {
        RenameTable { to }
    }

    /// The files and notes.
    ///
    /// # Errors
    /// When the table has row level security, and the server is older than 15.
    pub fn recipe(&self, facts: &TableFacts) -> Result<Recipe, RecipeError> {
        let table = &facts.table;
        let renamed = table.beside(self.to.clone());
        let columns = facts.columns.iter().map(|it| (it.name.clone(), it.name.clone())).collect();
        let view = View::new(facts, table.clone(), renamed.clone(), columns)?;
        let slug = Ident::slug(&[&table.name]);
        let drop_view = format!("drop view {table}");
        let mut recipe = Recipe::new(format!("Renames {table} to {}.", self.to));
        recipe.files.push(
            RecipeFile::new(
                Phase::Expand,
                format!("rename_{slug}"),
                format!("{} A view keeps the old name.", recipe.title),
            )
            .locks(format!("ACCESS EXCLUSIVE on {table}, a moment."))
            .up([vec![format!("alter table {table} rename to {}", self.to)], view.create()].concat())
            .down(Way::Back(vec![
                drop_view.clone(),
                format!("alter table {renamed} rename to {}", table.name),
            ])),
        );
        recipe.files.push(
            RecipeFile::new(
                Phase::Contract,
                format!("hide_{slug}"),
                "Takes the old name away: code that still uses it gets an error. Down gives it back; there is nothing \
                 to purge.",
            )
            .locks(format!("ACCESS EXCLUSIVE on the view {table}, a moment."))
            .requires(format!("rename_{slug}"))
            .up([drop_view])
            .down(Way::Back(view.create())),
        );
        recipe.note(About::OldCode, format!("uses {table} until the hide; then it gets an error (42P01)."));
        recipe.note(About::NewCode, format!("uses {renamed} from the expand on."));
        view::notes(table, &renamed, &mut recipe);
        recipe.note(
            About::Review,
            "indexes, constraints, sequences and their names stay as they are; functions that name the table in their \
             text go through the view until the hide.",
        );
        Ok(recipe)
    }
}
