//! The files around a pair of columns kept in step: expand, backfill, not null, hide, purge.

use upshift_files::Phase;

use crate::expression::SqlType;
use crate::facts::{Null, TableFacts};
use crate::file::{RecipeFile, Way};
use crate::name::Ident;
use crate::not_null;
use crate::recipe::{About, Recipe};
use crate::sync::{Create, Firing, Flow, Sync};
use crate::{Expression, RecipeError};

/// How long a hidden column or table waits to be dropped, unless somebody says otherwise.
pub(crate) const SOAK: &str = "7d";

/// A column that an expand adds.
#[derive(Debug, Clone)]
pub(crate) struct Added {
    pub(crate) name: Ident,
    pub(crate) data_type: SqlType,
    pub(crate) collation: Option<String>,
    /// Its default once the old column is hidden.
    pub(crate) default: Option<Expression>,
    /// Whether it takes NULL once it is backfilled.
    pub(crate) null: Null,
}

/// What happens around a pair of columns, besides what happens around each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Around {
    /// Before the columns are added, with the way back.
    pub(crate) first: (Vec<String>, Vec<String>),
    /// After the columns were added; taken back with them.
    pub(crate) on_columns: Vec<String>,
    /// Statements that look at every row, in a file of their own.
    pub(crate) validate: Vec<String>,
    /// The locks of that.
    pub(crate) validate_locks: String,
    /// After the old columns were dropped.
    pub(crate) last: Vec<String>,
}

/// A change by doubling columns.
pub(crate) struct Window<'a> {
    pub(crate) facts: &'a TableFacts,
    pub(crate) sync: Sync,
    pub(crate) added: Vec<Added>,
    pub(crate) around: Around,
    /// `rename_name`: what the files are called behind their own word.
    pub(crate) slug: String,
    pub(crate) title: String,
}

impl Window<'_> {
    pub(crate) fn recipe(&self) -> Result<Recipe, RecipeError> {
        for added in &self.added {
            self.facts.refuse_existing(&added.name)?;
        }
        let mut recipe = Recipe::new(self.title.clone());
        recipe.files.push(self.expand());
        recipe.files.push(self.backfill());
        let mut last = self.named("backfill");
        if !self.around.validate.is_empty() {
            let name = self.named("check");
            recipe.files.push(self.validate(&name, &last));
            last = name;
        }
        let never_null = self.never_null();
        if !never_null.is_empty() {
            if self.sync.firing == Firing::NamedColumns {
                let hold = not_null::hold(self.facts, &never_null, &self.slug, &last);
                last.clone_from(&hold.name);
                recipe.files.push(hold);
            }
            let files = not_null::files(self.facts, &never_null, &self.slug, &last, Phase::Backfill);
            last.clone_from(&files[1].name);
            recipe.files.extend(files);
        }
        recipe.files.push(self.hide(&last));
        recipe.files.push(self.purge());
        self.notes(&mut recipe);
        Ok(recipe)
    }

    fn named(&self, word: &str) -> String {
        format!("{word}_{}", self.slug)
    }

    fn never_null(&self) -> Vec<&Ident> {
        self.added.iter().filter(|it| it.null == Null::Refused).map(|it| &it.name).collect()
    }

    fn expand(&self) -> RecipeFile {
        let (sync, table) = (&self.sync, &self.sync.table);
        let mut up = self.around.first.0.clone();
        // First of all that touches the table: it takes the strongest lock, and no later statement asks for more.
        up.extend(self.added.iter().map(|it| {
            let collation = it.collation.as_ref().map_or(String::new(), |it| format!(" collate {it}"));
            format!("alter table {table} add column {} {}{collation}", it.name, it.data_type)
        }));
        // A trigger that looks at every row fills one that waits before the CHECK sees it.
        if sync.firing == Firing::Image {
            up.extend(self.never_null().into_iter().map(|name| not_null::add_check(table, name)));
        }
        up.extend(self.around.on_columns.clone());
        up.extend(sync.create_conversions());
        up.push(sync.create_function(Create::New, Flow::BothWays));
        up.extend(sync.create_triggers());
        let mut down = sync.drop_triggers();
        down.push(sync.drop_function());
        down.extend(sync.drop_conversions());
        down.extend(self.added.iter().rev().map(|it| format!("alter table {table} drop column {}", it.name)));
        down.extend(self.around.first.1.clone());
        RecipeFile::new(
            Phase::Expand,
            self.named("expand"),
            format!("{} Adds the new side; a trigger keeps both in step from here on.", self.title),
        )
        .locks(format!("ACCESS EXCLUSIVE on {}, a moment.", self.facts.locked()))
        .up(up)
        .down(Way::Back(down))
    }

    fn backfill(&self) -> RecipeFile {
        let table = &self.sync.table;
        let key = match &self.facts.primary_key[..] {
            [one] => Some(one),
            _ => None,
        };
        RecipeFile::new(
            Phase::Backfill,
            self.named("backfill"),
            "Fills the new side of the rows nobody has written since; batch by batch, as often as need be.",
        )
        .locks("each batch locks the rows it fills, and no others.")
        .requires(self.named("expand"))
        .batches(table, key)
        .up([self.sync.fill()])
        .verify(self.sync.agrees())
        .down(Way::Nothing("What was filled goes with the new side.".to_owned()))
    }

    fn validate(&self, name: &str, requires: &str) -> RecipeFile {
        RecipeFile::new(Phase::Backfill, name, "Looks at every row once; reads and writes go on.")
            .locks(self.around.validate_locks.clone())
            .requires(requires)
            .up(self.around.validate.clone())
            .down(Way::Nothing("That every row was looked at need not be taken back.".to_owned()))
    }

    fn hide(&self, requires: &str) -> RecipeFile {
        let (sync, table) = (&self.sync, &self.sync.table);
        let defaults =
            || self.added.iter().filter_map(|it| it.default.as_ref().map(|value| (&it.name, value)));
        let rename = |from: &Ident, to: &Ident| format!("alter table {table} rename column {from} to {to}");
        let mut up: Vec<String> = sync.old.iter().map(|it| rename(&it.name, &it.name.hidden())).collect();
        up.push(sync.create_function(Create::Replace, Flow::NewToOld));
        up.extend(
            defaults()
                .map(|(name, value)| format!("alter table {table} alter column {name} set default {value}")),
        );
        let mut down: Vec<String> = defaults()
            .map(|(name, _)| format!("alter table {table} alter column {name} drop default"))
            .collect();
        down.extend(sync.old.iter().map(|it| rename(&it.name.hidden(), &it.name)));
        down.push(sync.create_function(Create::Replace, Flow::BothWays));
        RecipeFile::new(
            Phase::Contract,
            self.named("hide"),
            "Hides the old side: code that still uses it gets an error, and it is kept filled. Down gives it back.",
        )
        .locks(format!("ACCESS EXCLUSIVE on {}, a moment.", self.facts.locked()))
        .requires(requires)
        .up(up)
        .down(Way::Back(down))
    }

    fn purge(&self) -> RecipeFile {
        let (sync, table) = (&self.sync, &self.sync.table);
        let mut up = sync.drop_triggers();
        up.push(sync.drop_function());
        up.extend(sync.drop_conversions());
        up.extend(sync.old.iter().map(|it| format!("alter table {table} drop column {}", it.name.hidden())));
        up.extend(self.around.last.clone());
        RecipeFile::new(
            Phase::Contract,
            self.named("purge"),
            "Drops the hidden side and what kept it filled.",
        )
        .locks(format!("ACCESS EXCLUSIVE on {}, a moment; no row is rewritten.", self.facts.locked()))
        .requires(self.named("hide"))
        .after(SOAK)
        .up(up)
        .down(Way::None("the values of the old side are gone with it".to_owned()))
    }

    fn notes(&self, recipe: &mut Recipe) {
        let names = |columns: &[crate::sync::Column]| {
            columns.iter().map(|it| it.name.to_string()).collect::<Vec<_>>().join(", ")
        };
        let (old, new) = (names(&self.sync.old), names(&self.sync.new));
        recipe.note(
            About::OldCode,
            format!("reads and writes {old} as ever until the hide; then it gets an error (42703)."),
        );
        recipe.note(
            About::NewCode,
            format!(
                "reads and writes {new} only once the backfill is verified: a NULL written into a row that still \
                 waits is taken for waiting, and filled. Give the backfill a deploy of its own where the table is big."
            ),
        );
        let substitutes =
            self.sync.old.iter().any(|it| self.facts.get(&it.name).is_ok_and(|fact| fact.default.is_some()));
        if substitutes {
            recipe.note(
                About::NewCode,
                format!(
                    "must not INSERT an explicit NULL into {new} where {old} has a default: a trigger cannot tell it \
                     from a column left out, so the default wins. Leave it out, or send the value."
                ),
            );
        }
        let names: Vec<&Ident> = self.sync.old.iter().map(|it| &it.name).collect();
        if self.sync.firing.is_costly(self.facts, &names) {
            let triggers: Vec<String> = self.facts.before_update.iter().map(ToString::to_string).collect();
            recipe.note(
                About::Review,
                format!(
                    "the values of {old} are wide, and other triggers ({}) may change them: every UPDATE of a row \
                     reads and compares them (about 7 ms for 1 MB).",
                    triggers.join(", ")
                ),
            );
        }
        if self.sync.firing == Firing::NamedColumns {
            recipe.note(
                About::Review,
                format!("the trigger fires when a statement names {old} or {new}, since the values are wide: it does \
                     not see what a BEFORE trigger made later changes. Make none until the purge."),
            );
        }
        named_by(self.facts, &names, recipe);
        dependents(self.facts, &names, recipe);
        if self.facts.is_partitioned() {
            recipe.note(
                About::Review,
                "the triggers stand on the parent, and new partitions get them by themselves; a table that is \
                 attached must have the new columns first.",
            );
        }
        recipe.note(
            About::Review,
            "triggers that are declared UPDATE OF the old column do not fire when new code writes the new one: \
             declare them for both. A logical subscriber wants the new column before it is added here.",
        );
    }
}

/// Functions that would fail from the hide on, and with them every write.
pub(crate) fn named_by(facts: &TableFacts, columns: &[&Ident], recipe: &mut Recipe) {
    for name in columns {
        let Ok(column) = facts.get(name) else { continue };
        if !column.named_by.is_empty() {
            recipe.note(
                About::Review,
                format!(
                    "trigger functions have {name} in their text: {}. Where that is the column, every write fails from \
                     the hide on: put what takes their place into the hide's file, and what they are today into its \
                     down.",
                    column.named_by.join(", ")
                ),
            );
        }
    }
}

/// What depends on columns that go: it is not copied, and some of it keeps the purge from dropping them.
pub(crate) fn dependents(facts: &TableFacts, columns: &[&Ident], recipe: &mut Recipe) {
    for name in columns {
        let Ok(column) = facts.get(name) else { continue };
        if !column.dependents.is_empty() {
            recipe.note(
                About::Review,
                format!(
                    "{name} has {}: not copied by this recipe. Make what the new side needs of it before new code \
                     relies on it, and take away views and policies before the purge, which they would stop.",
                    column.dependents.join("; ")
                ),
            );
        }
    }
}
