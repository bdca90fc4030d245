//! What is made beside the tables there are, and what is said about them: CREATE TABLE, views, triggers, types, comments.

use super::model::Model;
use crate::catalog::{Type, View};
use crate::statement::{
    AlterDomain, AlterType, ColumnConstraint, Constraint, ConstraintKind, CreateTable, CreateView,
    Enforcement, Expression, Kind, LockMode, Name, Replace, Statement, TypeShape, Validity, WhenExisting,
};

impl Model<'_> {
    pub(super) fn object(&mut self, statement: &Statement) {
        match statement {
            Statement::CreateTable(created) => self.create_table(created),
            Statement::CreateTableAs(made) if made.empty => self.parse(&made.query),
            Statement::CreateTableAs(made) => self.read(&made.query),
            Statement::CreateView(view) => self.create_view(view),
            Statement::CreateSequence { owner: Some((table, _)), .. } => {
                let table = self.existing(table);
                self.lock(&table, LockMode::AccessShare);
            }
            Statement::CreateTrigger(trigger) => {
                if trigger.replace == Replace::Yes {
                    self.needs(14, "CREATE OR REPLACE TRIGGER");
                }
                let table = self.existing(&trigger.table);
                self.lock_all(&self.partitions_of(&table), LockMode::ShareRowExclusive);
                if let Some(from) = &trigger.from {
                    let from = self.existing(from);
                    self.lock(&from, LockMode::AccessShare);
                }
            }
            Statement::CreateRule { table, .. } => {
                let table = self.existing(table);
                self.lock(&table, LockMode::AccessExclusive);
            }
            Statement::CreatePolicy { table, reads, .. } | Statement::AlterPolicy { table, reads, .. } => {
                let table = self.existing(table);
                self.lock(&table, LockMode::AccessExclusive);
                for read in reads {
                    let read = self.existing(read);
                    self.lock(&read, LockMode::AccessShare);
                }
            }
            Statement::CreateStatistics { table, .. } => {
                let table = self.existing(table);
                self.lock(&table, LockMode::ShareUpdateExclusive);
            }
            Statement::Publication { tables, .. } => {
                for table in tables {
                    let table = self.existing(table);
                    // With heirs, not with partitions: those are published through the table.
                    let all =
                        if self.has_rows(&table) { self.catalog.family_of(&table) } else { vec![table] };
                    self.lock_all(&all, LockMode::ShareUpdateExclusive);
                }
            }
            Statement::AlterType(change) => self.alter_type(change),
            Statement::AlterDomain(change) => self.alter_domain(change),
            Statement::RenameObject { kind, name, on, .. } => self.rename_object(*kind, name, on.as_ref()),
            Statement::Comment { kind, name, on } => self.comment(*kind, name, on.as_ref()),
            Statement::Privileges { tables, sequences, .. } => {
                for table in tables.iter().chain(sequences) {
                    let table = self.existing(table);
                    // Since 18 the table is locked while its rights change.
                    if self.is_since(18) {
                        self.lock(&table, LockMode::AccessShare);
                    }
                }
            }
            _ => {}
        }
    }

    fn create_table(&mut self, created: &CreateTable) {
        if self.catalog.relation(&created.name).is_some() && created.existing == WhenExisting::Skip {
            return;
        }
        for (model, _) in &created.like {
            let model = self.existing(model);
            self.lock(&model, LockMode::AccessShare);
        }
        for parent in &created.inherits {
            let parent = self.existing(parent);
            self.lock(&parent, LockMode::ShareUpdateExclusive);
        }
        if let Some((parent, bound)) = &created.partition_of {
            self.create_partition(parent, bound);
        }
        for constraint in constraints_of(created) {
            self.refer(created, constraint);
        }
        for column in &created.columns {
            for constraint in &column.constraints {
                match constraint {
                    ColumnConstraint::Generated { kept, .. } => {
                        let virtual_column = *kept == crate::statement::Generated::Virtual;
                        self.needs(if virtual_column { 18 } else { 12 }, "a generated column");
                    }
                    ColumnConstraint::Default(value) => self.known_functions(value),
                    _ => {}
                }
            }
        }
    }

    /// A foreign key of a new table: its triggers are made on the other table, whose rows nobody looks at.
    fn refer(&mut self, created: &CreateTable, constraint: &Constraint) {
        if constraint.enforcement == Enforcement::NotEnforced {
            self.needs(18, "NOT ENFORCED");
        }
        let ConstraintKind::ForeignKey(key) = &constraint.kind else { return };
        if self.catalog.resolve(&key.table) == self.catalog.resolve(&created.name) {
            return;
        }
        let to = self.existing(&key.table);
        self.refer_to(&to);
    }

    fn create_view(&mut self, created: &CreateView) {
        let name = self.catalog.resolve(&created.name);
        if let Some(view) = self.catalog.relation(&name).and_then(|relation| relation.as_view())
            && created.replace == Replace::Yes
        {
            self.lock(&name, LockMode::AccessExclusive);
            if !keeps_columns(view, created) {
                self.refuse(format!("the view {name} would lose columns or have others in their place"));
            }
        }
        self.parse(&created.query);
    }

    /// Columns of the type are looked at only where the change reaches into them.
    fn alter_type(&mut self, change: &AlterType) {
        match change {
            AlterType::Attributes { name, changes, .. } => {
                let changes_type =
                    changes.iter().any(|one| matches!(one, crate::statement::AttributeChange::SetType(..)));
                let used = self.catalog.columns_of_type(name).first().map(|(table, _)| (*table).clone());
                if let Some(table) = used.filter(|_| changes_type) {
                    self.refuse(format!("a column of {table} is of that type"));
                }
                self.lock_composite(name, LockMode::AccessExclusive);
                self.lock_typed(name);
            }
            AlterType::RenameAttribute { name, .. } => {
                self.lock_composite(name, LockMode::AccessExclusive);
                self.lock_typed(name);
            }
            AlterType::RenameTo { name, .. } => {
                self.lock_composite(name, LockMode::AccessExclusive);
            }
            _ => {}
        }
    }

    fn is_composite(&self, name: &Name) -> bool {
        matches!(self.catalog.type_named(name), Some(Type::Shape { shape: TypeShape::Composite(_), .. }))
    }

    /// The tables OF a type change with it.
    fn lock_typed(&mut self, name: &Name) {
        let name = self.catalog.resolve_type(name);
        let typed = self.catalog.relations().filter(|(_, relation)| {
            relation.as_table().is_some_and(|table| table.of.as_ref() == Some(&name))
        });
        let typed: Vec<Name> = typed.map(|(table, _)| table.clone()).collect();
        self.lock_all(&typed, LockMode::AccessExclusive);
    }

    /// A composite type is a relation to the server.
    pub(super) fn lock_composite(&mut self, name: &Name, mode: LockMode) {
        if !self.is_composite(name) {
            return;
        }
        let name = self.catalog.resolve_type(name);
        self.lock(&name, mode);
    }

    /// A new constraint of a domain is tried on every row of every table that has it.
    fn alter_domain(&mut self, change: &AlterDomain) {
        let (AlterDomain::AddConstraint { name, validity: Validity::Valid, .. }
        | AlterDomain::ValidateConstraint { name, .. }
        | AlterDomain::SetNotNull { name }) = change
        else {
            return;
        };
        let tables: Vec<Name> =
            self.catalog.columns_of_type(name).into_iter().map(|(table, _)| table.clone()).collect();
        for table in tables {
            self.lock(&table, LockMode::Share);
            self.scan(&table);
        }
    }

    fn rename_object(&mut self, kind: Kind, name: &Name, on: Option<&Name>) {
        match (kind, on) {
            (Kind::Trigger, Some(on)) => {
                let on = self.existing(on);
                self.lock_all(&self.partitions_of(&on), LockMode::AccessExclusive);
            }
            (Kind::Policy | Kind::Rule, Some(on)) => {
                let on = self.existing(on);
                self.lock(&on, LockMode::AccessExclusive);
            }
            (Kind::Type, _) => {
                self.lock_composite(name, LockMode::AccessExclusive);
            }
            _ => {}
        }
    }

    fn comment(&mut self, kind: Kind, name: &Name, on: Option<&Name>) {
        match (kind, on) {
            (Kind::Column, Some(on)) => {
                let on = self.existing(on);
                self.lock(&on, LockMode::ShareUpdateExclusive);
            }
            // What is on a table is looked up under the weakest lock (`get_object_address_relobject`).
            (Kind::Constraint | Kind::Trigger | Kind::Rule | Kind::Policy, Some(on)) => {
                let on = self.existing(on);
                self.lock(&on, LockMode::AccessShare);
            }
            (
                Kind::Table
                | Kind::ForeignTable
                | Kind::Index
                | Kind::View
                | Kind::MaterializedView
                | Kind::Sequence,
                _,
            ) => {
                let name = self.existing(name);
                self.lock(&name, LockMode::ShareUpdateExclusive);
            }
            _ => {}
        }
    }

    /// Functions that some versions do not have.
    pub(super) fn known_functions(&mut self, value: &Expression) {
        for one in value.walk() {
            let crate::statement::ExpressionKind::Call { function, .. } = &one.kind else { continue };
            if self.catalog.function(function).is_some() || function.schema.is_some() {
                continue;
            }
            for (name, since) in SINCE {
                if function.name == *name {
                    self.needs(*since, name);
                }
            }
        }
    }
}

/// Functions that a default may call, and the version that had them first.
const SINCE: &[(&str, u16)] = &[("gen_random_uuid", 13), ("uuidv4", 18), ("uuidv7", 18)];

fn constraints_of(created: &CreateTable) -> impl Iterator<Item = &Constraint> {
    let of_columns =
        created.columns.iter().flat_map(|column| &column.constraints).filter_map(|one| match one {
            ColumnConstraint::Constraint(constraint) => Some(constraint),
            _ => None,
        });
    of_columns.chain(&created.constraints)
}

/// Whether the new query of a view has the columns of the old one, in their order, as far as both are known.
fn keeps_columns(view: &View, created: &CreateView) -> bool {
    let new = if created.columns.is_empty() { &created.query.output } else { &created.columns };
    let known = |columns: &[String]| !columns.is_empty() && !columns.iter().any(|column| column == "*");
    !known(&view.columns) || !known(new) || new.starts_with(&view.columns)
}
