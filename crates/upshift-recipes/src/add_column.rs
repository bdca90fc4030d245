//! Adds a column, with a default where it is wanted.

use upshift_files::Phase;

use crate::facts::{Null, TableFacts};
use crate::file::{RecipeFile, Way};
use crate::name::Ident;
use crate::not_null;
use crate::recipe::{About, Recipe};
use crate::{Expression, RecipeError, SqlType};

/// Adds a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddColumn {
    name: Ident,
    data_type: SqlType,
    default: ColumnDefault,
    null: Null,
}

/// The default of a new column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnDefault {
    /// None.
    None,
    /// One value for all rows there are, computed once: a constant, `now()`. No row is written.
    Once(Expression),
    /// A value of its own for each row: `gen_random_uuid()`, `clock_timestamp()`. Rows there are get it by a backfill.
    PerRow(Expression),
}

impl AddColumn {
    /// A column that takes NULL and has no default.
    pub fn new(name: Ident, data_type: SqlType) -> AddColumn {
        AddColumn { name, data_type, default: ColumnDefault::None, null: Null::Allowed }
    }

    /// The same with this default.
    pub fn default_is(mut self, default: ColumnDefault) -> AddColumn {
        self.default = default;
        self
    }

    /// The same, NOT NULL.
    pub fn not_null(mut self) -> AddColumn {
        self.null = Null::Refused;
        self
    }

    /// The files and notes.
    ///
    /// # Errors
    /// When there is such a column, or it is NOT NULL and has no default: old code does not know it, and its INSERTs
    /// would fail.
    pub fn recipe(&self, facts: &TableFacts) -> Result<Recipe, RecipeError> {
        facts.refuse_existing(&self.name)?;
        let (table, name) = (&facts.table, &self.name);
        let mut recipe = Recipe::new(format!("Adds {name} to {table}."));
        match (&self.default, self.null) {
            (ColumnDefault::None, Null::Refused) => {
                let what = format!("column {name} of {table}");
                return Err(RecipeError::new(what, "old code does not fill it, so NOT NULL needs a default")
                    .instead("give a ColumnDefault, or add it now and make it NOT NULL (SetNotNull) in a later release"));
            }
            (ColumnDefault::PerRow(default), _) => self.per_row(facts, default, &mut recipe),
            (default, _) => recipe.files.push(self.at_once(facts, default)),
        }
        if matches!(self.default, ColumnDefault::Once(_)) {
            recipe.note(
                About::Review,
                "the default must not be volatile (random(), clock_timestamp(), nextval()): PostgreSQL would rewrite \
                 the table under ACCESS EXCLUSIVE. Such ones are ColumnDefault::PerRow.",
            );
        }
        recipe.note(
            About::OldCode,
            "does not see the column; SELECT * of a prepared statement fails once (0A000).",
        );
        Ok(recipe)
    }

    fn at_once(&self, facts: &TableFacts, default: &ColumnDefault) -> RecipeFile {
        let table = &facts.table;
        let default = match default {
            ColumnDefault::Once(value) => format!(" default {value}"),
            _ => String::new(),
        };
        let not_null = if self.null == Null::Refused { " not null" } else { "" };
        let (name, data_type) = (&self.name, &self.data_type);
        RecipeFile::new(
            Phase::Expand,
            self.file(facts, "add"),
            format!("Adds {name} to {table}; no row is written."),
        )
        .locks(format!("ACCESS EXCLUSIVE on {}, a moment.", facts.locked()))
        .up([format!("alter table {table} add column {name} {data_type}{default}{not_null}")])
        .down(Way::Back(vec![format!("alter table {table} drop column {name}")]))
    }

    fn per_row(&self, facts: &TableFacts, default: &Expression, recipe: &mut Recipe) {
        let (table, name) = (&facts.table, &self.name);
        let up = [
            format!("alter table {table} add column {name} {}", self.data_type),
            format!("alter table {table} alter column {name} set default {default}"),
        ];
        let add = self.file(facts, "add");
        let fill = self.file(facts, "backfill");
        let about = format!(
            "Adds {name} to {table}; new rows get its default, those there are wait for the backfill."
        );
        recipe.files.push(
            RecipeFile::new(Phase::Expand, &add, about)
                .locks(format!("ACCESS EXCLUSIVE on {}, a moment.", facts.locked()))
                .up(up)
                .down(Way::Back(vec![format!("alter table {table} drop column {name}")])),
        );
        let key = match &facts.primary_key[..] {
            [one] => Some(one),
            _ => None,
        };
        recipe.files.push(
            RecipeFile::new(Phase::Backfill, &fill, "Gives each row a value of its own; batch by batch.")
                .locks("each batch locks the rows it fills, and no others.")
                .requires(&add)
                .batches(table, key)
                .up([format!("update {table}\nset {name} = {default}\nwhere {name} is null")])
                .verify([format!(
                    "select not exists (\n    select from {table}\n    where {name} is null\n)"
                )])
                .down(Way::Nothing("What was filled goes with the column.".to_owned())),
        );
        if self.null == Null::Refused {
            let slug = Ident::slug(&[&table.name, name]);
            // Not before: an UPDATE of a row that waits would meet the CHECK.
            let hold = not_null::hold(facts, &[name], &slug, &fill);
            let files = not_null::files(facts, &[name], &slug, &hold.name, Phase::Backfill);
            recipe.files.push(hold);
            recipe.files.extend(files);
        }
        recipe.note(About::NewCode, format!("sees NULL in {name} of rows that still wait for the backfill."));
        recipe.note(
            About::NewCode,
            "must not write an explicit NULL before the backfill is done: it is filled like a row that waits.",
        );
    }

    fn file(&self, facts: &TableFacts, word: &str) -> String {
        format!("{word}_{}", Ident::slug(&[&facts.table.name, &self.name]))
    }
}
