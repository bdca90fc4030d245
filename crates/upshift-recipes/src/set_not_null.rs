//! Makes a column NOT NULL without a scan under a strong lock.

use upshift_files::Phase;

use crate::expression::dollar_quoted;
use crate::facts::{Null, TableFacts, Tie};
use crate::file::{RecipeFile, Way};
use crate::name::{Ident, Table};
use crate::not_null;
use crate::recipe::{About, Recipe};
use crate::{Expression, RecipeError};

/// Makes a column NOT NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetNotNull {
    column: Ident,
    fill: Option<Expression>,
}

impl SetNotNull {
    /// Of this column. Unless there is something to [fill in](SetNotNull::fill), no code may write NULL any more, and
    /// no row may hold one.
    pub fn new(column: Ident) -> SetNotNull {
        SetNotNull { column, fill: None }
    }

    /// The same, where this value takes the place of every NULL: of those there are, and of those that old code writes.
    pub fn fill(mut self, value: Expression) -> SetNotNull {
        self.fill = Some(value);
        self
    }

    /// The files and notes.
    ///
    /// # Errors
    /// When there is no such column, it is NOT NULL already, or it is generated.
    pub fn recipe(&self, facts: &TableFacts) -> Result<Recipe, RecipeError> {
        let column = facts.get(&self.column)?;
        let what = || format!("column {} of {}", self.column, facts.table);
        if column.null == Null::Refused {
            return Err(RecipeError::new(what(), "it is NOT NULL already").instead("nothing need be done"));
        }
        if self.fill.is_some() && column.ties.contains(&Tie::Generated) {
            return Err(RecipeError::new(what(), "it is computed from other columns, and cannot be filled")
                .instead("make SetNotNull without fill, once its expression gives no NULL"));
        }
        Ok(match &self.fill {
            Some(fill) => Fill { facts, column: &self.column, value: fill }.recipe(),
            None => self.without_fill(facts),
        })
    }

    fn without_fill(&self, facts: &TableFacts) -> Recipe {
        let (table, column) = (&facts.table, &self.column);
        let slug = slug(facts, column);
        let mut recipe = Recipe::new(format!("Makes {column} of {table} NOT NULL."));
        let hold = format!("hold_{slug}_not_null");
        recipe.files.push(
            RecipeFile::new(
                Phase::Contract,
                &hold,
                format!("Holds every row that is written from now on: {column} of {table} is not NULL."),
            )
            .locks(format!(
                "ACCESS EXCLUSIVE on {}, a moment, after every row was read under ACCESS SHARE.",
                facts.locked()
            ))
            .guard([format!("select not exists (\n    select from {table}\n    where {column} is null\n)")])
            .up([not_null::add_check(table, column)])
            .down(Way::Back(vec![not_null::drop_check(table, column)])),
        );
        recipe.files.extend(not_null::files(facts, &[column], &slug, &hold, Phase::Contract));
        recipe.note(
            About::OldCode,
            format!("writes NULL into {column} until the contract; then it gets an error (23502)."),
        );
        recipe.note(
            About::NewCode,
            format!("writes no NULL into {column}. Fill the rows there are before the contract."),
        );
        recipe
    }
}

fn slug(facts: &TableFacts, column: &Ident) -> String {
    Ident::slug(&[&facts.table.name, column])
}

/// NOT NULL, where something takes the place of NULL.
struct Fill<'a> {
    facts: &'a TableFacts,
    column: &'a Ident,
    value: &'a Expression,
}

impl Fill<'_> {
    fn recipe(&self) -> Recipe {
        let (table, column) = (&self.facts.table, self.column);
        let slug = slug(self.facts, column);
        let mut recipe = Recipe::new(format!(
            "Makes {column} of {table} NOT NULL; {} takes the place of NULL.",
            self.value
        ));
        let (expand, fill) = (format!("expand_{slug}_not_null"), format!("backfill_{slug}_not_null"));
        recipe.files.push(self.expand(&expand));
        let key = match &self.facts.primary_key[..] {
            [one] => Some(one),
            _ => None,
        };
        recipe.files.push(
            RecipeFile::new(Phase::Backfill, &fill, "Fills the rows that hold NULL; batch by batch.")
                .locks("each batch locks the rows it fills, and no others.")
                .requires(&expand)
                .batches(table, key)
                .up([format!("update {table}\nset {column} = {}\nwhere {column} is null", self.value)])
                .verify([format!(
                    "select not exists (\n    select from {table}\n    where {column} is null\n)"
                )])
                .down(Way::Nothing(
                    "Which rows held NULL is not known any more: they keep their value.".to_owned(),
                )),
        );
        let files = not_null::files(self.facts, &[column], &slug, &fill, Phase::Backfill);
        let last = files[1].name.clone();
        recipe.files.extend(files);
        recipe.files.push(self.finish(&format!("finish_{slug}_not_null"), &last));
        recipe.note(
            About::OldCode,
            format!("may write NULL into {column}, and gets {} instead, until the last file; then an error (23502).", self.value),
        );
        recipe.note(About::NewCode, format!("writes no NULL into {column}."));
        recipe.note(About::Review, "the way back restores the schema; rows that were filled stay filled.");
        recipe
    }

    fn function(&self) -> Table {
        let table = &self.facts.table;
        table.beside(Ident::derived("upshift_fill_", &[&table.name, self.column], ""))
    }

    /// It fires before the triggers of pairs (`zzz_upshift_sync_…`), which must see what it does.
    fn trigger(&self) -> Ident {
        Ident::derived("zzz_upshift_fill_", &[self.column], "")
    }

    fn create(&self) -> Vec<String> {
        let (table, function, trigger, column) =
            (&self.facts.table, self.function(), self.trigger(), self.column);
        let body =
            dollar_quoted(&format!("\nbegin\n    new.{column} := {};\n    return new;\nend\n", self.value));
        vec![
            format!(
                "create function {function}() returns trigger\nlanguage plpgsql set search_path = pg_catalog, {}, \
                 pg_temp as {body}",
                table.schema
            ),
            format!(
                "create trigger {trigger} before insert or update on {table} for each row\n    \
                 when (new.{column} is null)\n    execute function {function}()"
            ),
            format!("alter table {table} enable always trigger {trigger}"),
        ]
    }

    fn drop(&self) -> Vec<String> {
        vec![
            format!("drop trigger {} on {}", self.trigger(), self.facts.table),
            format!("drop function {}()", self.function()),
        ]
    }

    fn expand(&self, name: &str) -> RecipeFile {
        let (table, column) = (&self.facts.table, self.column);
        let mut up = vec![not_null::add_check(table, column)];
        up.extend(self.create());
        let mut down = self.drop();
        down.push(not_null::drop_check(table, column));
        let about = format!(
            "Every row written from now on has a {column}: a trigger fills in what old code leaves NULL."
        );
        RecipeFile::new(Phase::Expand, name, about)
            .locks(format!("ACCESS EXCLUSIVE on {}, a moment.", self.facts.locked()))
            .up(up)
            .down(Way::Back(down))
    }

    fn finish(&self, name: &str, requires: &str) -> RecipeFile {
        RecipeFile::new(Phase::Contract, name, "Takes the trigger away: NULL is an error now.")
            .locks(format!("ACCESS EXCLUSIVE on {}, a moment.", self.facts.locked()))
            .requires(requires)
            .up(self.drop())
            .down(Way::Back(self.create()))
    }
}
