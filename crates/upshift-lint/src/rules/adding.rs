//! What ADD COLUMN costs on a table that others use: each column has one cause at most, and the rule of
//! that cause says it.

use crate::catalog::Type;
use crate::effect::Major;
use crate::engine::{At, Draft, Rewrite};
use crate::statement::{
    AlterRelation, Column, ColumnConstraint, Constraint, ConstraintKind, Expression, Generated, LockMode,
    Name, Place, Quoted,
};

/// Why adding a column is no matter of a moment.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cost<'a> {
    /// serial: every row gets its own number.
    Serial,
    /// GENERATED AS IDENTITY: the same.
    Identity(&'a Place),
    /// GENERATED … STORED: every row gets its own value.
    Stored(&'a Place),
    /// A default that differs from row to row.
    VolatileDefault(&'a Expression),
    /// A domain with constraints.
    ConstrainedDomain,
    /// NOT NULL without a value: it fails as soon as there is a row.
    Required(&'a Place),
    /// None of these.
    None,
}

/// A column that is added to a table that others use.
#[derive(Debug, Clone)]
pub(super) struct Added<'a> {
    pub alter: &'a AlterRelation,
    pub table: Name,
    /// Its number among the changes of the statement.
    pub number: usize,
    pub column: &'a Column,
    pub cost: Cost<'a>,
}

/// The columns a statement adds to a table that others use; not those that are there already and skipped.
pub(super) fn added<'a>(at: &At<'a>) -> Vec<Added<'a>> {
    let new = at
        .added_columns()
        .into_iter()
        .filter(|(_, table, _, column)| at.catalog.column(table, &column.name).is_none());
    let added = new.map(|(alter, table, number, column)| {
        let cost = match cost(at, column) {
            small @ (Cost::None | Cost::Required(_)) => small,
            large if !at.rewriting(alter, number, &table).is_empty() => large,
            _ => Cost::None,
        };
        Added { alter, table, number, column, cost }
    });
    added.collect()
}

fn cost<'a>(at: &At<'_>, column: &'a Column) -> Cost<'a> {
    let find = |of: fn(&ColumnConstraint) -> bool| column.constraints.iter().find(|one| of(one));
    if column.type_name.is_serial() {
        return Cost::Serial;
    }
    if let Some(ColumnConstraint::Identity(place)) = find(|one| matches!(one, ColumnConstraint::Identity(_)))
    {
        return Cost::Identity(place);
    }
    if let Some(ColumnConstraint::Generated { place, kept, .. }) =
        find(|one| matches!(one, ColumnConstraint::Generated { .. }))
    {
        return if *kept == Generated::Stored { Cost::Stored(place) } else { Cost::None };
    }
    let default = default(column);
    if let Some(default) = default.filter(|default| at.is_volatile(default)) {
        return Cost::VolatileDefault(default);
    }
    let domain = at.catalog.type_of(&column.type_name).filter(|_| column.type_name.dimensions == 0);
    if matches!(domain, Some(Type::Domain(domain)) if !domain.constraints.is_empty()) {
        return Cost::ConstrainedDomain;
    }
    let required = column.constraints.iter().find_map(|one| match one {
        ColumnConstraint::NotNull(place) => Some(place),
        ColumnConstraint::Constraint(one) if matches!(one.kind, ConstraintKind::PrimaryKey(_)) => {
            Some(&one.place)
        }
        _ => None,
    });
    let valued = default.is_some_and(|value| value.kind != crate::statement::ExpressionKind::Null);
    required.filter(|_| !valued).map_or(Cost::None, Cost::Required)
}

/// Its DEFAULT.
pub(super) fn default(column: &Column) -> Option<&Expression> {
    column.constraints.iter().find_map(|one| match one {
        ColumnConstraint::Default(value) => Some(value),
        _ => None,
    })
}

/// The constraints in the columns that a statement adds, where the column itself costs nothing.
pub(super) fn inline<'a>(at: &At<'a>, of: fn(&ConstraintKind) -> bool) -> Vec<(Added<'a>, &'a Constraint)> {
    let mut found = Vec::new();
    for one in added(at).into_iter().filter(|one| matches!(one.cost, Cost::None)) {
        for part in &one.column.constraints {
            match part {
                ColumnConstraint::Constraint(constraint) if of(&constraint.kind) => {
                    found.push((one.clone(), constraint));
                }
                _ => {}
            }
        }
    }
    found
}

/// The foreign keys in the columns that a statement adds; not to tables that nobody has seen, and not
/// where every row
/// is written anew (which is said by another rule, and mended first). Each with the table it refers to.
pub(super) fn foreign_keys<'a>(at: &At<'a>) -> Vec<(Added<'a>, &'a Constraint, Name)> {
    let keys = inline(at, |kind| matches!(kind, ConstraintKind::ForeignKey(_)));
    let seen = keys.into_iter().filter_map(|(one, constraint)| {
        let ConstraintKind::ForeignKey(key) = &constraint.kind else { return None };
        let to = at.catalog.resolve(&key.table);
        (!at.is_unseen(&to)).then_some((one, constraint, to))
    });
    seen.collect()
}

impl Added<'_> {
    /// A finding about its foreign key to a table: what is locked `during` what, and the key apart.
    pub(super) fn key_locks(
        &self,
        at: &At<'_>,
        (constraint, to): (&Constraint, &Name),
        message: String,
        during: &str,
    ) -> Draft {
        let own = at.effect_on(&self.table, LockMode::AccessExclusive, during);
        let other = at.effect_on(to, LockMode::ShareRowExclusive, "");
        at.draft_at(&constraint.place, message)
            .effect(format!("{own}; {other}"))
            .rewrite(self.key_apart(at, constraint))
    }

    /// The column alone; its foreign key NOT VALID in a migration after; VALIDATE in one after that.
    pub(super) fn key_apart(&self, at: &At<'_>, constraint: &Constraint) -> Rewrite {
        let table = at.shown(&self.table);
        let name = at.name_of(&self.table, constraint.name.as_ref(), &constraint.kind);
        let quoted = Quoted(&name);
        let text = at.text_of(&constraint.place);
        let from = text.to_ascii_lowercase().find("references").unwrap_or(0);
        let refers = text.get(from..).unwrap_or("");
        let key = format!(
            "alter table {table} add constraint {quoted} foreign key ({}) {refers} not valid;",
            Quoted(&self.column.name)
        );
        Rewrite::this(self.without(at, std::slice::from_ref(&constraint.place)))
            .then(&format!("add_{name}"), key)
            .then(&format!("validate_{name}"), format!("alter table {table} validate constraint {quoted};"))
    }

    /// The versions on which the rows there are are looked at.
    pub(super) fn scanning(&self, at: &At<'_>) -> Vec<Major> {
        at.scanning(self.alter, self.number, &self.table)
    }

    /// The statement, the column in it without some of its parts.
    pub(super) fn without(&self, at: &At<'_>, parts: &[Place]) -> String {
        at.instead_of(self.alter, self.number, Some(&at.column_without(self.column, parts)))
    }

    /// Where each NOT NULL stands, and what else makes it required.
    pub(super) fn required(&self) -> Vec<Place> {
        let parts = self.column.constraints.iter().filter_map(|one| match one {
            ColumnConstraint::NotNull(place) => Some(place.clone()),
            ColumnConstraint::Constraint(one) if matches!(one.kind, ConstraintKind::PrimaryKey(_)) => {
                Some(one.place.clone())
            }
            _ => None,
        });
        parts.collect()
    }

    /// `-- upshift: backfill …` that gives the rows there are a value.
    pub(super) fn fill(&self, at: &At<'_>, value: &str) -> (String, String) {
        let (table, column) = (at.shown(&self.table), Quoted(&self.column.name));
        let text = format!(
            "-- upshift: phase backfill\n-- upshift: backfill table={table}\n\
             update {table} set {column} = {value} where {column} is null;"
        );
        (format!("fill_{}", self.column.name), text)
    }

    /// NOT NULL, which the column could not have from the beginning, in steps that nobody waits for.
    pub(super) fn made_not_null(&self, at: &At<'_>, rewrite: Rewrite) -> Rewrite {
        let (table, name) = (at.shown(&self.table), &self.column.name);
        let column = Quoted(name);
        let proof = format!("{}_{name}_not_null", self.table.name);
        let proof = Quoted(&proof);
        let add =
            format!("alter table {table} add constraint {proof} check ({column} is not null) not valid;");
        let validate = format!("alter table {table} validate constraint {proof};");
        let set = format!(
            "alter table {table} alter column {column} set not null;\nalter table {table} drop constraint {proof};"
        );
        rewrite
            .then(&format!("demand_{name}"), add)
            .then(&format!("validate_{name}"), validate)
            .then(&format!("{name}_not_null"), set)
    }

    /// What a proposal leaves out on purpose.
    pub(super) fn without_its_key(&self, draft: Draft) -> Draft {
        let is_key = |one: &ColumnConstraint| matches!(one, ColumnConstraint::Constraint(one) if matches!(one.kind, ConstraintKind::PrimaryKey(_)));
        if !self.column.constraints.iter().any(is_key) {
            return draft;
        }
        draft.advice(
            "the primary key comes last: a unique index built CONCURRENTLY, then ADD PRIMARY KEY USING INDEX",
        )
    }

    /// The column with a sequence of its own and no rewrite: serial and identity.
    pub(super) fn numbered(&self, at: &At<'_>, of: &str, parts: &[Place]) -> Draft {
        let table = at.shown(&self.table);
        let column = Quoted(&self.column.name);
        let sequence = at.beside(&self.table, &format!("{}_seq", self.column.name));
        let mut cut = parts.to_vec();
        cut.extend(self.required());
        cut.push(self.column.type_place.clone());
        let next = format!("nextval({})", literal(&sequence.to_string()));
        let plain = at.column_without(self.column, &cut).replacen(
            at.text_of(&self.column.name_place),
            &format!("{column} {of}"),
            1,
        );
        let here = format!(
            "create sequence {sequence};\n{}\nalter table {table} alter column {column} set default {next};\n\
             alter sequence {sequence} owned by {table}.{column};",
            at.instead_of(self.alter, self.number, Some(&plain)),
        );
        let (name, text) = self.fill(at, &next);
        let draft = at
            .draft_at(
                &self.column.place,
                format!("every row of {table} gets its own number: all of it is written anew"),
            )
            .effect(rewritten(at, &self.table))
            .rewrite(self.made_not_null(at, Rewrite::this(here).then(&name, text)));
        self.without_its_key(draft)
    }
}

/// What is said of a table that is written anew.
pub(super) fn rewritten(at: &At<'_>, table: &Name) -> String {
    at.effect_on(table, LockMode::AccessExclusive, "while every row and index is written anew")
}

/// A text as a literal.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
