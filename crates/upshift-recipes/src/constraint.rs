//! Adds a CHECK or a foreign key without a long lock: not valid first, then every row is looked at.

use std::fmt;

use upshift_files::Phase;

use crate::column::OldWriters;
use crate::facts::{Nesting, TableFacts};
use crate::file::{RecipeFile, Way};
use crate::name::{Ident, Table};
use crate::recipe::{About, Recipe};
use crate::{Expression, RecipeError};

/// The first server that takes a NOT VALID foreign key of a partitioned table.
const PARTITIONED_KEY_SINCE: u16 = 18;

/// Adds a CHECK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheck {
    name: Ident,
    check: Expression,
    old_writers: OldWriters,
}

impl AddCheck {
    /// A constraint of this name.
    pub fn new(name: Ident, check: Expression, old_writers: OldWriters) -> AddCheck {
        AddCheck { name, check, old_writers }
    }

    /// The files and notes.
    ///
    /// # Errors
    /// None today; the facts may forbid it tomorrow.
    pub fn recipe(&self, facts: &TableFacts) -> Result<Recipe, RecipeError> {
        let (table, name) = (&facts.table, &self.name);
        let mut recipe = Recipe::new(format!("Adds the CHECK {name} to {table}."));
        let add = format!("alter table {table}\n    add constraint {name} check ({}) not valid", self.check);
        let locks = format!("ACCESS EXCLUSIVE on {}, a moment.", facts.locked());
        let looked = format!(
            "SHARE UPDATE EXCLUSIVE on {} while every row is read; reads and writes go on.",
            facts.locked()
        );
        two_files(&mut recipe, facts, name, self.old_writers, [add, locks, looked]);
        Ok(recipe)
    }
}

/// Adds a foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddForeignKey {
    name: Ident,
    columns: Vec<Ident>,
    references: Table,
    referenced: Vec<Ident>,
    on_delete: KeyAction,
    on_update: KeyAction,
    old_writers: OldWriters,
}

/// What a foreign key does when the row it points at goes or changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAction {
    /// An error at the end of the statement.
    NoAction,
    /// An error at once.
    Restrict,
    /// The same happens here.
    Cascade,
    /// The columns become NULL.
    SetNull,
    /// The columns become their default.
    SetDefault,
}

impl fmt::Display for KeyAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyAction::NoAction => "no action",
            KeyAction::Restrict => "restrict",
            KeyAction::Cascade => "cascade",
            KeyAction::SetNull => "set null",
            KeyAction::SetDefault => "set default",
        })
    }
}

impl AddForeignKey {
    /// From `columns` to the columns `referenced` of the table `references`.
    pub fn new(
        name: Ident,
        columns: impl IntoIterator<Item = Ident>,
        references: Table,
        referenced: impl IntoIterator<Item = Ident>,
        old_writers: OldWriters,
    ) -> AddForeignKey {
        AddForeignKey {
            name,
            columns: columns.into_iter().collect(),
            references,
            referenced: referenced.into_iter().collect(),
            on_delete: KeyAction::NoAction,
            on_update: KeyAction::NoAction,
            old_writers,
        }
    }

    /// The same with ON DELETE.
    pub fn on_delete(mut self, action: KeyAction) -> AddForeignKey {
        self.on_delete = action;
        self
    }

    /// The same with ON UPDATE.
    pub fn on_update(mut self, action: KeyAction) -> AddForeignKey {
        self.on_update = action;
        self
    }

    /// The files and notes.
    ///
    /// # Errors
    /// When a column is not there, or the table's partitions have partitions on a server before 18.
    pub fn recipe(&self, facts: &TableFacts) -> Result<Recipe, RecipeError> {
        for column in &self.columns {
            facts.get(column)?;
        }
        let (table, name, to) = (&facts.table, &self.name, &self.references);
        let mut recipe = Recipe::new(format!("Adds the foreign key {name} from {table} to {to}."));
        let locks = format!(
            "SHARE ROW EXCLUSIVE on {} and {to}, a moment: writes wait, reads go on.",
            facts.locked()
        );
        if facts.is_partitioned() && facts.server_major < PARTITIONED_KEY_SINCE {
            if facts.nesting == Nesting::Deep {
                let what = format!("the foreign key {name} of {table}");
                let why = "its partitions have partitions, and before PostgreSQL 18 a NOT VALID key is for each alone";
                return Err(RecipeError::new(what, why).instead(
                    "make AddForeignKey for each table that holds rows, then add it to the parents from below",
                ));
            }
            self.by_partition(facts, &mut recipe);
        } else {
            let add = format!("alter table {table}\n    {} not valid", self.constraint());
            let looked = format!(
                "SHARE UPDATE EXCLUSIVE on {} and ROW SHARE on {to} while every row is read.",
                facts.locked()
            );
            two_files(&mut recipe, facts, name, self.old_writers, [add, locks, looked]);
        }
        recipe.note(
            About::Review,
            format!(
                "rows of {to} that are deleted or change their key are looked for in {table}: without an index on its \
                 columns each of these reads all of it. Make one with ConcurrentIndex before."
            ),
        );
        Ok(recipe)
    }

    fn constraint(&self) -> String {
        let list = |names: &[Ident]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let mut text = format!(
            "add constraint {} foreign key ({}) references {} ({})",
            self.name,
            list(&self.columns),
            self.references,
            list(&self.referenced)
        );
        for (event, action) in [("delete", self.on_delete), ("update", self.on_update)] {
            if action != KeyAction::NoAction {
                text.push_str(&format!(" on {event} {action}"));
            }
        }
        text
    }

    /// Each partition gets the key, is looked at, and the parent's takes them in without looking again.
    fn by_partition(&self, facts: &TableFacts, recipe: &mut Recipe) {
        let (table, name) = (&facts.table, &self.name);
        let (first, second) = phases(self.old_writers);
        let slug = Ident::slug(&[&table.name, name]);
        let each =
            |statement: &dyn Fn(&Table) -> String| facts.partitions.iter().map(statement).collect::<Vec<_>>();
        let add = each(&|it| format!("alter table {it}\n    {} not valid", self.constraint()));
        let back = each(&|it| format!("alter table {it} drop constraint if exists {name}"));
        let look = each(&|it| format!("alter table {it} validate constraint {name}"));
        recipe.files.push(
            RecipeFile::new(
                first,
                format!("add_{slug}"),
                "Every row written from now on is held to the key; one partition after the other.",
            )
            .locks(format!("SHARE ROW EXCLUSIVE on one partition and {}, a moment each.", self.references))
            .one_by_one()
            .up(add)
            .down(Way::Back(back)),
        );
        recipe.files.push(
            RecipeFile::new(
                second,
                format!("check_{slug}"),
                "Looks at every row; one partition after the other.",
            )
            .locks("SHARE UPDATE EXCLUSIVE on one partition while its rows are read.")
            .requires(format!("add_{slug}"))
            .one_by_one()
            .up(look)
            .down(Way::Nothing("That every row was looked at need not be taken back.".to_owned())),
        );
        recipe.files.push(
            RecipeFile::new(
                second,
                format!("join_{slug}"),
                "The parent's key takes in those of the partitions, without looking again.",
            )
            .locks(format!(
                "SHARE ROW EXCLUSIVE on {table} and its partitions, ACCESS EXCLUSIVE on {}, a moment: its triggers for \
                 the partitions' keys make way for those of one key.",
                self.references
            ))
            .requires(format!("check_{slug}"))
            .up([format!("alter table {table}\n    {}", self.constraint())])
            .down(Way::Back(vec![format!("alter table {table} drop constraint {name}")])),
        );
        recipe.note(
            About::Review,
            "a partition that is made between the first file and the last one has no key yet: the last one looks at all \
             of its rows, under its lock. Make none meanwhile.",
        );
        recipe.note(
            About::Server,
            "from PostgreSQL 18 on the parent takes a NOT VALID key itself: made for such a server, these are two files.",
        );
    }
}

/// The file that adds a constraint, not valid, and the one that looks at every row.
fn two_files(
    recipe: &mut Recipe,
    facts: &TableFacts,
    name: &Ident,
    old_writers: OldWriters,
    [add, locks, looked]: [String; 3],
) {
    let table = &facts.table;
    let (first, second) = phases(old_writers);
    let slug = Ident::slug(&[&table.name, name]);
    recipe.files.push(
        RecipeFile::new(
            first,
            format!("add_{slug}"),
            format!("{} Every row written from now on is held to it.", recipe.title),
        )
        .locks(locks)
        .up([add])
        .down(Way::Back(vec![format!("alter table {table} drop constraint {name}")])),
    );
    recipe.files.push(
        RecipeFile::new(second, format!("check_{slug}"), "Looks at every row there is.")
            .locks(looked)
            .requires(format!("add_{slug}"))
            .up([format!("alter table {table} validate constraint {name}")])
            .down(Way::Nothing("That every row was looked at need not be taken back.".to_owned())),
    );
    let old = match old_writers {
        OldWriters::Comply => "writes nothing that breaks the rule: what does fails from the expand on.",
        OldWriters::MayViolate => "may break the rule until the contract; then it gets an error.",
    };
    recipe.note(About::OldCode, old);
    recipe.note(
        About::Review,
        "a row that breaks the rule already cannot be updated any more, in whatever column: mend such rows before. The \
         second file fails, and changes nothing, while there is one.",
    );
}

/// When a rule begins to hold, and when every row is looked at.
pub(crate) fn phases(old_writers: OldWriters) -> (Phase, Phase) {
    match old_writers {
        OldWriters::Comply => (Phase::Expand, Phase::Backfill),
        OldWriters::MayViolate => (Phase::Contract, Phase::Contract),
    }
}
