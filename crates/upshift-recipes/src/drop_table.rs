//! Drops a table in two steps: hidden first, dropped when nobody has missed it.

use upshift_files::Phase;

use crate::RecipeError;
use crate::facts::TableFacts;
use crate::file::{RecipeFile, Way};
use crate::name::Ident;
use crate::recipe::{About, Recipe};
use crate::window::SOAK;

/// Drops a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DropTable;

impl DropTable {
    /// The table of the facts.
    pub fn new() -> DropTable {
        DropTable
    }

    /// The files and notes.
    ///
    /// # Errors
    /// When foreign keys of other tables point at it: they are dropped first.
    pub fn recipe(&self, facts: &TableFacts) -> Result<Recipe, RecipeError> {
        let table = &facts.table;
        if !facts.incoming.is_empty() {
            let why = format!("foreign keys point at it: {}", facts.incoming.join(", "));
            return Err(RecipeError::new(format!("table {table}"), why)
                .instead("drop those, or their columns (DropColumn), in a migration before this one"));
        }
        let hidden = table.beside(table.name.hidden());
        let slug = Ident::slug(&[&table.name]);
        let hide = format!("hide_{slug}");
        let mut recipe = Recipe::new(format!("Drops {table}."));
        recipe.files.push(
            RecipeFile::new(
                Phase::Contract,
                &hide,
                format!("Hides {table}: code that still uses it gets an error. Down gives it back."),
            )
            .locks(format!("ACCESS EXCLUSIVE on {table}, a moment."))
            .up([format!("alter table {table} rename to {}", hidden.name)])
            .down(Way::Back(vec![format!("alter table {hidden} rename to {}", table.name)])),
        );
        recipe.files.push(
            RecipeFile::new(Phase::Contract, format!("purge_{slug}"), "Drops the hidden table.")
                .locks(format!(
                    "ACCESS EXCLUSIVE on {hidden}, its partitions and the tables its foreign keys point at, a moment."
                ))
                .requires(&hide)
                .after(SOAK)
                .up([format!("drop table {hidden}")])
                .down(Way::None("the rows of the table are gone with it".to_owned())),
        );
        recipe.note(
            About::OldCode,
            format!("reads and writes {table} until the hide; then it gets an error (42P01)."),
        );
        if !facts.outgoing.is_empty() {
            recipe.note(
                About::NewCode,
                format!(
                    "until the purge the hidden rows still hold their foreign keys ({}): deleting a row they point at \
                     does what the key says, and fails where it says no action or restrict.",
                    facts.outgoing.join(", ")
                ),
            );
        }
        let used: Vec<&String> = facts.columns.iter().flat_map(|column| &column.dependents).collect();
        let mut views: Vec<&str> =
            used.iter().filter(|text| text.contains(" view ")).map(|text| text.as_str()).collect();
        views.sort_unstable();
        views.dedup();
        if !views.is_empty() {
            recipe.note(
                About::Review,
                format!("these go on reading the hidden table, and stop the purge: {}.", views.join("; ")),
            );
        }
        recipe
            .note(About::Review, "functions that name the table in their text are not seen by this recipe.");
        Ok(recipe)
    }
}
