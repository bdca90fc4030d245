//! Changes what columns hold, under new names: another type, one column into several, several into one.

use crate::column::NewColumn;
use crate::facts::{Null, TableFacts};
use crate::name::Ident;
use crate::recipe::{About, Recipe};
use crate::sync::{Body, Column, Conversion, Firing, Function, Pending, Sync, old_columns};
use crate::window::{Added, Around, Window};
use crate::{Expression, RecipeError};

/// Changes a column's type, under a new name.
///
/// The name can be changed back with [`RenameColumn`](crate::RenameColumn) when the old column is purged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeType {
    column: Ident,
    to: NewColumn,
    up: Expression,
    down: Expression,
}

impl ChangeType {
    /// From `column` to a new one: `up` makes the new value of the old (an expression over the old column's name),
    /// `down` the old of the new.
    pub fn new(column: Ident, to: NewColumn, up: Expression, down: Expression) -> ChangeType {
        ChangeType { column, to, up, down }
    }

    /// The files and notes.
    ///
    /// # Errors
    /// When there is no such column, the new name is taken, or the column cannot be doubled.
    pub fn recipe(&self, facts: &TableFacts) -> Result<Recipe, RecipeError> {
        let title = format!(
            "Changes {}.{} to {}, which is {}.",
            facts.table, self.column, self.to.name, self.to.data_type
        );
        let old = [(&self.column, &self.down)];
        let new = [(&self.to, &self.up)];
        convert(facts, &old, &new, title)
    }
}

/// Splits a column into several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitColumn {
    column: Ident,
    into: Vec<(NewColumn, Expression)>,
    down: Expression,
}

impl SplitColumn {
    /// From `column` into new ones, each with the expression that makes it of the old column; `down` makes the old
    /// column of all new ones.
    pub fn new(
        column: Ident,
        into: impl IntoIterator<Item = (NewColumn, Expression)>,
        down: Expression,
    ) -> SplitColumn {
        SplitColumn { column, into: into.into_iter().collect(), down }
    }

    /// The files and notes.
    ///
    /// # Errors
    /// When there is no such column, a new name is taken, or the column cannot be doubled.
    pub fn recipe(&self, facts: &TableFacts) -> Result<Recipe, RecipeError> {
        let names: Vec<String> = self.into.iter().map(|(column, _)| column.name.to_string()).collect();
        let title = format!("Splits {}.{} into {}.", facts.table, self.column, names.join(", "));
        let new: Vec<(&NewColumn, &Expression)> = self.into.iter().map(|(column, up)| (column, up)).collect();
        convert(facts, &[(&self.column, &self.down)], &new, title)
    }
}

/// Merges several columns into one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeColumns {
    columns: Vec<(Ident, Expression)>,
    into: NewColumn,
    up: Expression,
}

impl MergeColumns {
    /// From several columns, each with the expression that makes it of the new one, into one, which `up` makes of all
    /// of them.
    pub fn new(
        columns: impl IntoIterator<Item = (Ident, Expression)>,
        into: NewColumn,
        up: Expression,
    ) -> MergeColumns {
        MergeColumns { columns: columns.into_iter().collect(), into, up }
    }

    /// The files and notes.
    ///
    /// # Errors
    /// When a column is not there, the new name is taken, or a column cannot be doubled.
    pub fn recipe(&self, facts: &TableFacts) -> Result<Recipe, RecipeError> {
        let names: Vec<String> = self.columns.iter().map(|(name, _)| name.to_string()).collect();
        let title = format!("Merges {} of {} into {}.", names.join(", "), facts.table, self.into.name);
        let old: Vec<(&Ident, &Expression)> = self.columns.iter().map(|(name, down)| (name, down)).collect();
        convert(facts, &old, &[(&self.into, &self.up)], title)
    }
}

fn convert(
    facts: &TableFacts,
    old: &[(&Ident, &Expression)],
    new: &[(&NewColumn, &Expression)],
    title: String,
) -> Result<Recipe, RecipeError> {
    let (names, downs): (Vec<&Ident>, Vec<&Expression>) = old.iter().copied().unzip();
    let (columns, ups): (Vec<&NewColumn>, Vec<&Expression>) = new.iter().copied().unzip();
    let expression = |it: &&Expression| Body::Expression((*it).clone());
    let bodies = Bodies {
        up: ups.iter().map(expression).collect(),
        down: downs.iter().map(expression).collect(),
        pending: Pending::WhenItGivesSomething,
    };
    let mut recipe = converted(facts, &names, &columns, bodies, Words { title, around: Around::default() })?;
    recipe.note(
        About::Review,
        "what makes the old side must take every value new code may write: where it raises an error, new code's \
         write fails; where it gives NULL and the old column is NOT NULL, too. What makes the new side must take \
         every value there is: try both over the table before the expand.",
    );
    recipe.note(
        About::Review,
        "both are functions declared STABLE: nothing in them may depend on the session, such as its time zone, or \
         old and new code, and the backfill, make different values.",
    );
    Ok(recipe)
}

/// The bodies of the functions between two sides.
pub(crate) struct Bodies {
    pub(crate) up: Vec<Body>,
    pub(crate) down: Vec<Body>,
    pub(crate) pending: Pending,
}

/// What is said and done besides.
pub(crate) struct Words {
    pub(crate) title: String,
    pub(crate) around: Around,
}

/// The recipe that turns old columns into new ones by functions.
pub(crate) fn converted(
    facts: &TableFacts,
    old: &[&Ident],
    new: &[&NewColumn],
    bodies: Bodies,
    words: Words,
) -> Result<Recipe, RecipeError> {
    let table = &facts.table;
    if old.is_empty() || new.is_empty() {
        return Err(RecipeError::new(words.title, "a side has no column").instead("name one at least"));
    }
    let old_columns = old_columns(
        facts,
        old,
        "make a new table beside it, or take away what ties the column in a migration before this one",
    )?;
    refuse_forgotten_default(facts, old, new)?;
    let new_columns: Vec<Column> =
        new.iter().map(|it| Column { name: it.name.clone(), data_type: it.data_type.clone() }).collect();
    let function = |prefix: &str, takes: &[Column], gives: &Column, body: Body| Function {
        name: Ident::derived(prefix, &[&table.name, &gives.name], ""),
        takes: takes.to_vec(),
        returns: gives.data_type.clone(),
        body,
    };
    let up = new_columns.iter().zip(bodies.up);
    let up = up.map(|(gives, body)| function("upshift_up_", &old_columns, gives, body)).collect();
    let down = old_columns.iter().zip(bodies.down);
    let down = down.map(|(gives, body)| function("upshift_down_", &new_columns, gives, body)).collect();
    let names: Vec<&Ident> = std::iter::once(&table.name).chain(old.iter().copied()).collect();
    let added = |it: &&NewColumn| Added {
        name: it.name.clone(),
        data_type: it.data_type.clone(),
        collation: None,
        default: it.default.clone(),
        null: it.null,
    };
    let window = Window {
        facts,
        sync: Sync {
            table: table.clone(),
            old: old_columns.clone(),
            new: new_columns.clone(),
            conversion: Conversion::By { up, down, pending: bodies.pending },
            firing: Firing::of(facts, old)?,
        },
        added: new.iter().map(added).collect(),
        around: words.around,
        slug: Ident::slug(&names),
        title: words.title,
    };
    let mut recipe = window.recipe()?;
    if new.iter().any(|column| column.null == Null::Allowed) {
        recipe.note(
            About::NewCode,
            "a row whose new columns are all NULL while its old ones are not counts as waiting for the backfill: a \
             NULL for which the old side has a substitute does not stay.",
        );
    }
    Ok(recipe)
}

/// A default that the old side has and the new one lacks would be missed from the hide on, by code that never changed.
fn refuse_forgotten_default(
    facts: &TableFacts,
    old: &[&Ident],
    new: &[&NewColumn],
) -> Result<(), RecipeError> {
    for name in old {
        let Some(default) = &facts.get(name)?.default else { continue };
        if let Some(column) = new.iter().find(|column| column.default.is_none()) {
            let what = format!("new column {} of {}", column.name, facts.table);
            let why = format!("{name} has the default {default}, and what the new one's is was not said");
            return Err(RecipeError::new(what, why)
                .instead("say NewColumn::default_is(…); with the expression `null` it has none"));
        }
    }
    Ok(())
}
