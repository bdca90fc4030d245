//! An updatable view in the place of a table (research 3.4.4: tried on 13, 15, 17 and 18).

use crate::RecipeError;
use crate::facts::{Privilege, RowSecurity, TableFacts};
use crate::name::{Ident, Table};
use crate::recipe::{About, Recipe};

/// The first server on which a view can ask with the rights of whoever asks it.
const INVOKER_SINCE: u16 = 15;

/// A view in the place of a table.
pub(crate) struct View<'a> {
    facts: &'a TableFacts,
    name: Table,
    base: Table,
    /// What each column is called in the base, and in the view.
    columns: Vec<(Ident, Ident)>,
}

impl<'a> View<'a> {
    pub(crate) fn new(
        facts: &'a TableFacts,
        name: Table,
        base: Table,
        columns: Vec<(Ident, Ident)>,
    ) -> Result<View<'a>, RecipeError> {
        if facts.row_security == RowSecurity::On && facts.server_major < INVOKER_SINCE {
            let what = format!("a view in the place of {}", facts.table);
            let why = format!(
                "the table has row level security, and on PostgreSQL {} a view asks with its owner's rights, past it",
                facts.server_major
            );
            return Err(RecipeError::new(what, why).instead(
                "rename a column with RenameMethod::SyncTrigger; keep the table's name until PostgreSQL 15",
            ));
        }
        Ok(View { facts, name, base, columns })
    }

    /// Creates it, with the table's owner and grants.
    pub(crate) fn create(&self) -> Vec<String> {
        let name = &self.name;
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|(from, to)| if from == to { from.to_string() } else { format!("{from} as {to}") })
            .collect();
        let invoker = match self.facts.server_major >= INVOKER_SINCE {
            true => " with (security_invoker = true)",
            false => "",
        };
        let mut statements = vec![format!(
            "create view {name}{invoker} as\n    select {}\n    from {}",
            columns.join(", "),
            self.base
        )];
        statements.extend(self.facts.owner.iter().map(|owner| format!("alter view {name} owner to {owner}")));
        statements.extend(grants(self.facts, name));
        statements
    }
}

/// The table's grants, on another relation.
pub(crate) fn grants(facts: &TableFacts, on: &Table) -> Vec<String> {
    grants_of(facts, on, &[Privilege::Select, Privilege::Insert, Privilege::Update, Privilege::Delete])
}

/// The same for some privileges alone.
pub(crate) fn grants_of(facts: &TableFacts, on: &Table, privileges: &[Privilege]) -> Vec<String> {
    let word = |privilege: Privilege| match privilege {
        Privilege::Select => "select",
        Privilege::Insert => "insert",
        Privilege::Update => "update",
        Privilege::Delete => "delete",
    };
    facts
        .grants
        .iter()
        .filter(|grant| privileges.contains(&grant.privilege))
        .map(|grant| {
            let to = grant.to.as_ref().map_or("public".to_owned(), ToString::to_string);
            format!("grant {} on {on} to {to}", word(grant.privilege))
        })
        .collect()
}

/// What a view does not do.
pub(crate) fn notes(view: &Table, base: &Table, recipe: &mut Recipe) {
    recipe.note(
        About::Review,
        format!(
            "while {view} is a view, these fail on it: COPY to and from it, TRUNCATE, ON CONFLICT ON CONSTRAINT, \
             CREATE INDEX, a foreign key to it, ALTER TABLE ADD COLUMN, WHERE CURRENT OF, ctid and xmin; \
             pg_get_serial_sequence gives NULL, and information_schema shows neither defaults nor NOT NULL. Run them \
             on {base}."
        ),
    );
    recipe.note(
        About::Review,
        format!(
            "other migrations of {base} wait until the view is gone: it has the columns of today, and stops DROP \
             COLUMN and ALTER TYPE. Grants on single columns are not copied. A logical subscriber knows the table by \
             its old name."
        ),
    );
    recipe.note(About::Server, "MERGE into a view works from PostgreSQL 17 on.");
    recipe.note(
        About::Server,
        "before PostgreSQL 15 the view reads and writes the table with its owner's rights, since then with those of \
         whoever asks. The files are made for one of the two: make them again after an upgrade.",
    );
}
