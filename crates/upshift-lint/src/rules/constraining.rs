//! The constraints that a statement adds to tables that others use.

use crate::engine::{At, Rewrite};
use crate::statement::{
    Action, AlterRelation, Constraint, ConstraintKind, ForeignKey, Key, Name, Place, Quoted,
};

/// A constraint that is added to a table that others use.
pub(super) struct Constrained<'a> {
    pub alter: &'a AlterRelation,
    pub table: Name,
    /// Its number among the changes of the statement.
    pub number: usize,
    pub constraint: &'a Constraint,
    /// Where `add constraint …` stands.
    pub place: &'a Place,
}

/// The constraints a statement adds with ADD CONSTRAINT.
pub(super) fn constrained<'a>(at: &At<'a>) -> Vec<Constrained<'a>> {
    let Some((alter, table)) = at.altered() else { return Vec::new() };
    let added = alter.actions.iter().enumerate().filter_map(|(number, (action, place))| match action {
        Action::AddConstraint(constraint) => {
            Some(Constrained { alter, table: table.clone(), number, constraint, place })
        }
        _ => None,
    });
    added.collect()
}

impl<'a> Constrained<'a> {
    /// Whether the rows there are are looked at, on any version of the project.
    pub(super) fn looks_at_rows(&self, at: &At<'_>) -> bool {
        !at.scanning(self.alter, self.number, &self.table).is_empty()
    }

    pub(super) fn foreign_key(&self) -> Option<&'a ForeignKey> {
        if let ConstraintKind::ForeignKey(key) = &self.constraint.kind { Some(key) } else { None }
    }

    /// The columns that it makes a key, unless an index stands ready for it.
    pub(super) fn key_columns(&self) -> Option<&'a [String]> {
        match &self.constraint.kind {
            ConstraintKind::Unique(Key::Columns(columns))
            | ConstraintKind::PrimaryKey(Key::Columns(columns)) => Some(columns),
            _ => None,
        }
    }

    pub(super) fn is_partitioned(&self, at: &At<'_>) -> bool {
        at.catalog.table(&self.table).is_some_and(|table| table.partition_by.is_some())
    }

    /// Its name, given or chosen.
    pub(super) fn name(&self, at: &At<'_>) -> String {
        at.name_of(&self.table, self.constraint.name.as_ref(), &self.constraint.kind)
    }

    /// `add constraint name check (…)`: what it says, under its name.
    pub(super) fn named(&self, at: &At<'_>) -> String {
        let text = at.text_of(&self.constraint.place);
        match self.constraint.name {
            Some(_) => format!("add {text}"),
            None => format!("add constraint {} {text}", Quoted(&self.name(at))),
        }
    }

    /// NOT VALID here, VALIDATE in a migration after.
    pub(super) fn validated_later(&self, at: &At<'_>) -> Rewrite {
        let (table, name) = (at.shown(&self.table), self.name(at));
        let not_valid = format!("{} not valid", self.named(at));
        Rewrite::this(at.instead_of(self.alter, self.number, Some(&not_valid))).then(
            &format!("validate_{name}"),
            format!("alter table {table} validate constraint {};", Quoted(&name)),
        )
    }

    /// The rest of the statement, and this in a migration of its own.
    pub(super) fn on_its_own(&self, at: &At<'_>) -> Rewrite {
        let text = format!("{} {};", at.head(self.alter), at.text_of(self.place));
        at.apart(at.instead_of(self.alter, self.number, None), vec![(format!("add_{}", self.name(at)), text)])
    }
}
