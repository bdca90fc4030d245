//! What CREATE adds.

use super::naming::columns_of;
use super::relation::{Column, Constraint, Index, Relation, Shape, Table, Trigger, View};
use super::{Catalog, Type, naming};
use crate::statement::{
    self, ColumnConstraint, ConstraintKind, CreateIndex, CreateTable, CreateTableAs, CreateView, Expression,
    ExpressionKind, Kind, Name, Persistence, Query, Replace, Statement, TypeName, TypeShape,
};

impl Catalog {
    pub(super) fn create(&mut self, statement: &Statement) {
        match statement {
            Statement::CreateTable(table) => self.create_table(table),
            Statement::CreateTableAs(made) => self.create_table_as(made),
            Statement::CreateIndex(index) => self.create_index(index),
            Statement::CreateView(view) => self.create_view(view),
            Statement::CreateSequence { name, owner, .. } => {
                let owner = owner.as_ref().map(|(table, column)| (self.resolve(table), column.clone()));
                self.add(self.home(name), Shape::Sequence { owner });
            }
            Statement::CreateTrigger(trigger) => {
                let made = Trigger {
                    name: trigger.name.clone(),
                    function: self.resolve_function(&trigger.function),
                    each_row: trigger.each_row,
                    timing: trigger.timing.clone(),
                };
                self.change_table(&trigger.table, |table| {
                    table
                        .triggers
                        .retain(|other| trigger.replace == Replace::No || other.name != trigger.name);
                    table.triggers.push(made);
                });
            }
            Statement::CreatePolicy { name, table, .. } => {
                self.change_table(table, |table| table.policies.push(name.clone()));
            }
            Statement::CreateRule { name, table } => {
                self.change_table(table, |table| table.rules.push(name.clone()));
            }
            Statement::CreateStatistics { name: Some(name), table } => {
                let table = self.resolve(table);
                self.statistics.insert(self.home(name), table);
            }
            Statement::Publication { name, tables, .. } => {
                let tables: Vec<Name> = tables.iter().map(|table| self.resolve(table)).collect();
                self.publications.entry(name.clone()).or_default().extend(tables);
            }
            _ => {}
        }
    }

    /// Where a relation of this name would be made.
    pub(super) fn home(&self, name: &Name) -> Name {
        let schema = name.schema.clone().or_else(|| self.search_path.first().cloned());
        Name { schema: Some(schema.unwrap_or_else(|| "public".to_owned())), name: name.name.clone() }
    }

    pub(super) fn add(&mut self, name: Name, shape: Shape) {
        let origin = self.origin;
        // Of two that are made under one name (IF NOT EXISTS) the first stays.
        if !self.relations.contains(&name) {
            self.relations.insert(name, Relation { origin, shape });
        }
    }

    pub(super) fn change_table<T>(&mut self, name: &Name, change: impl FnOnce(&mut Table) -> T) -> Option<T> {
        let name = self.resolve(name);
        self.relations.change_table(&name, change)
    }

    fn create_table(&mut self, created: &CreateTable) {
        let name = self.home(&created.name);
        if self.relations.contains(&name) {
            return;
        }
        let mut table = Table::new(created.persistence);
        table.foreign = created.foreign;
        table.partition_by.clone_from(&created.partition_by);
        table.of = created.of.as_ref().map(|of| self.resolve_type(of));
        table.columns = created.of.as_ref().map(|of| self.columns_of_composite(of)).unwrap_or_default();
        table.inherits = created.inherits.iter().map(|parent| self.resolve(parent)).collect();
        table.partition_of =
            created.partition_of.as_ref().map(|(parent, bound)| (self.resolve(parent), bound.clone()));
        table.complete =
            created.like.iter().all(|(model, _)| self.table(model).is_some_and(|found| found.complete));
        let models = self.models_of(created, &table);
        for (model, including) in &models {
            self.take_over(&mut table, model, including);
        }
        let parent = table.partition_of.as_ref().map(|(parent, _)| parent.clone());
        self.add(name.clone(), Shape::Table(table));
        for column in &created.columns {
            match self.table(&name).is_some_and(|table| table.column(&column.name).is_some()) {
                true => self.constrain_column(&name, column),
                false => self.add_column(&name, column),
            }
        }
        for constraint in &created.constraints {
            self.add_constraint(&name, constraint);
        }
        for (model, including) in &models {
            if including.iter().any(|what| what == "indexes" || what == "all") {
                self.copy_indexes(model, &name);
            }
        }
        if let Some(parent) = parent {
            self.inherit_indexes(&parent, &name);
        }
    }

    /// The tables a new one takes columns from, and what else: LIKE, INHERITS, PARTITION OF.
    fn models_of(&self, created: &CreateTable, table: &Table) -> Vec<(Name, Vec<String>)> {
        let like = created.like.iter().map(|(of, including)| (self.resolve(of), including.clone()));
        let parents = table
            .parents()
            .map(|parent| (parent.clone(), vec!["constraints".to_owned(), "defaults".to_owned()]));
        like.chain(parents).collect()
    }

    /// The columns of a table OF a type.
    fn columns_of_composite(&self, of: &Name) -> Vec<Column> {
        let Some(Type::Shape { shape: TypeShape::Composite(attributes), .. }) = self.type_named(of) else {
            return Vec::new();
        };
        attributes.iter().map(|(name, of)| self.bare_column(name, of)).collect()
    }

    fn take_over(&self, table: &mut Table, model: &Name, including: &[String]) {
        let has = |what: &str| including.iter().any(|word| word == what || word == "all");
        let Some(model) = self.table(model) else { return };
        for column in &model.columns {
            if table.column(&column.name).is_none() {
                let mut column =
                    Column { origin: self.origin, sequence: None, identity: false, ..column.clone() };
                if !has("defaults") {
                    column.default = None;
                }
                if !has("generated") && !has("constraints") {
                    column.generated = None;
                }
                table.columns.push(column);
            }
        }
        if has("constraints") {
            let checks = model.constraints.iter().filter(|one| matches!(one.kind, ConstraintKind::Check(_)));
            table.constraints.extend(checks.map(|one| Constraint { origin: self.origin, ..one.clone() }));
        }
    }

    /// LIKE … INCLUDING INDEXES: the same indexes and keys, under names of their own.
    fn copy_indexes(&mut self, model: &Name, table: &Name) {
        let indexes: Vec<Index> = self.indexes_of(model).map(|(_, index)| index.clone()).collect();
        for index in indexes {
            let of = index.constraint.as_ref().and_then(|name| self.table(model)?.constraint(name)).cloned();
            let primary = of.as_ref().is_some_and(|of| matches!(of.kind, ConstraintKind::PrimaryKey(_)));
            let name = match (primary, &of) {
                (true, _) => self.free_name(table, "", "pkey"),
                (false, Some(_)) => self.free_name(
                    table,
                    &columns_of(&index.parts),
                    if index.unique { "key" } else { "excl" },
                ),
                (false, None) => self.free_name(table, &columns_of(&index.parts), "idx"),
            };
            let constraint = of.as_ref().map(|_| name.name.clone());
            let copy = Index { table: table.clone(), constraint, attached_to: None, ..index };
            self.add(name.clone(), Shape::Index(copy));
            let Some(of) = of else { continue };
            let made = Constraint {
                name: name.name.clone(),
                index: Some(name),
                origin: self.origin,
                validated_by: None,
                ..of
            };
            self.change_table(table, |table| table.constraints.push(made));
        }
    }

    /// Every index of a partitioned table is on its partitions, too.
    pub(super) fn inherit_indexes(&mut self, parent: &Name, partition: &Name) {
        let above: Vec<(Name, Index)> =
            self.indexes_of(parent).map(|(n, i)| (n.clone(), i.clone())).collect();
        for (name, index) in above {
            let same = |own: &Index| {
                own.unique == index.unique
                    && own.leading_columns() == index.leading_columns()
                    && own.attached_to.is_none()
            };
            let own = self.indexes_of(partition).find(|(_, own)| same(own)).map(|(own, _)| own.clone());
            if let Some(own) = own {
                self.relations.change_index(&own, |own| own.attached_to = Some(name));
                continue;
            }
            let label =
                if index.constraint.is_some() { if index.unique { "key" } else { "excl" } } else { "idx" };
            let primary = self
                .table(parent)
                .and_then(Table::primary_key)
                .is_some_and(|pk| pk.index.as_ref() == Some(&name));
            let own = match primary {
                true => self.free_name(partition, "", "pkey"),
                false => self.free_name(partition, &columns_of(&index.parts), label),
            };
            let constraint = index.constraint.is_some().then(|| own.name.clone());
            let made = Index { table: partition.clone(), attached_to: Some(name), constraint, ..index };
            self.add(own, Shape::Index(made));
        }
    }

    /// A column with a type and nothing else.
    fn bare_column(&self, name: &str, of: &TypeName) -> Column {
        Column {
            name: name.to_owned(),
            type_name: of.clone(),
            not_null: false,
            default: None,
            sequence: None,
            identity: false,
            generated: None,
            generated_from: Vec::new(),
            collation: None,
            origin: self.origin,
        }
    }

    pub(super) fn add_column(&mut self, table: &Name, column: &statement::Column) {
        let serial = column.type_name.is_serial();
        let mut made = self.bare_column(&column.name, &behind_serial(&column.type_name));
        made.not_null = serial;
        made.collation.clone_from(&column.collation);
        if serial {
            made.default = Some(next_value());
        }
        self.change_table(table, |table| table.columns.push(made));
        if serial || column.constraints.iter().any(|one| matches!(one, ColumnConstraint::Identity(_))) {
            self.add_sequence(table, &column.name);
        }
        self.constrain_column(table, column);
    }

    pub(super) fn add_sequence(&mut self, table: &Name, column: &str) {
        let sequence = self.free_name(table, column, "seq");
        self.add(sequence.clone(), Shape::Sequence { owner: Some((table.clone(), column.to_owned())) });
        self.change_column(table, column, |column| column.sequence = Some(sequence));
    }

    pub(super) fn change_column(&mut self, table: &Name, column: &str, change: impl FnOnce(&mut Column)) {
        self.change_table(table, |table| {
            if let Some(found) = table.columns.iter_mut().find(|one| one.name == column) {
                change(found);
            }
        });
    }

    fn constrain_column(&mut self, table: &Name, column: &statement::Column) {
        for constraint in &column.constraints {
            let name = &column.name;
            match constraint {
                ColumnConstraint::NotNull(_) => {
                    self.change_column(table, name, |column| column.not_null = true)
                }
                ColumnConstraint::Null => {}
                ColumnConstraint::Default(value) => {
                    self.change_column(table, name, |column| column.default = Some(value.clone()));
                }
                ColumnConstraint::Identity(_) => self.change_column(table, name, |column| {
                    column.identity = true;
                    column.not_null = true;
                }),
                ColumnConstraint::Generated { kept, expression, .. } => {
                    self.change_column(table, name, |column| {
                        column.generated = Some(*kept);
                        column.generated_from = expression.columns().map(str::to_owned).collect();
                    });
                }
                ColumnConstraint::Constraint(constraint) => self.add_constraint(table, constraint),
            }
        }
    }

    fn create_index(&mut self, created: &CreateIndex) {
        let table = self.resolve(&created.table);
        let name = match &created.name {
            Some(name) => Name { schema: table.schema.clone(), name: name.clone() },
            None => self.free_name(&table, &naming::columns_of(&created.parts), "idx"),
        };
        let partitioned = self.table(&table).is_some_and(|table| table.partition_by.is_some());
        let made = Index {
            table: table.clone(),
            parts: created.parts.clone(),
            part_options: created.part_options.clone(),
            include: created.include.clone(),
            unique: created.unique,
            method: created.method.clone(),
            predicate: created.predicate.clone(),
            valid: !(partitioned && created.only),
            constraint: None,
            attached_to: None,
        };
        self.add(name.clone(), Shape::Index(made));
        if !created.only {
            self.index_partitions(&table);
        }
    }

    pub(super) fn index_partitions(&mut self, table: &Name) {
        if self.table(table).is_none_or(|table| table.partition_by.is_none()) {
            return;
        }
        let partitions: Vec<Name> = self.children_of(table).map(|(name, _)| name.clone()).collect();
        for partition in partitions {
            self.inherit_indexes(table, &partition);
            self.index_partitions(&partition);
        }
    }

    fn create_view(&mut self, created: &CreateView) {
        let name = self.home(&created.name);
        let view = self.view_of(&created.query, &created.columns, Kind::View);
        if created.replace == Replace::Yes && self.relations.contains(&name) {
            self.relations.change(&name, |there| there.shape = Shape::View(view));
            return;
        }
        self.add(name, Shape::View(view));
    }

    fn view_of(&self, query: &Query, columns: &[String], kind: Kind) -> View {
        View {
            materialized: kind == Kind::MaterializedView,
            reads: query.reads.iter().map(|name| self.resolve(name)).collect(),
            uses: query.columns.clone(),
            columns: if columns.is_empty() { query.output.clone() } else { columns.to_vec() },
        }
    }

    fn create_table_as(&mut self, made: &CreateTableAs) {
        let name = self.home(&made.name);
        let shape = match made.materialized {
            true => Shape::View(self.view_of(&made.query, &[], Kind::MaterializedView)),
            false => Shape::Table(self.copied(&made.query, made.persistence)),
        };
        self.add(name, shape);
    }

    /// The table that a query makes: its columns, where they are one table's.
    fn copied(&self, query: &Query, persistence: Persistence) -> Table {
        let mut table = Table::new(persistence);
        let source = query.reads.first().and_then(|from| self.table(from));
        let columns = source.map(|source| source.columns.clone()).unwrap_or_default();
        let named = |column: &Column| query.output.iter().any(|name| *name == column.name || name == "*");
        let known = |name: &String| columns.iter().any(|column| column.name == *name);
        table.complete = query.reads.len() == 1 && !query.output.is_empty() && query.output.iter().all(known);
        table.columns = columns
            .into_iter()
            .filter(named)
            .map(|column| Column { origin: self.origin, ..column })
            .collect();
        table
    }
}

/// `bigint` for `bigserial`.
fn behind_serial(of: &TypeName) -> TypeName {
    match of.name.name.as_str() {
        "serial" if of.is_built_in() => TypeName::plain("integer"),
        "bigserial" if of.is_built_in() => TypeName::plain("bigint"),
        "smallserial" if of.is_built_in() => TypeName::plain("smallint"),
        _ => of.clone(),
    }
}

fn next_value() -> Expression {
    let call = ExpressionKind::Call { function: Name::bare("nextval"), arguments: Vec::new() };
    Expression { kind: call, range: 0..0 }
}
