//! Queries and changes of data: what the planner and the server's own triggers lock.

use std::collections::BTreeSet;

use super::model::Model;
use crate::catalog::Column;
use crate::statement::{
    ConstraintKind, Delete, Execution, Expression, ExpressionKind, Insert, LockMode, Manner, Name, Query,
    Statement, Update,
};

impl Model<'_> {
    pub(super) fn data(&mut self, statement: &Statement) {
        match statement {
            Statement::Select(query) => self.read(query),
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => self.update(update),
            Statement::Delete(delete) => self.delete(delete),
            Statement::Merge { table, query } => {
                self.needs(15, "MERGE");
                let table = self.existing(table);
                self.write(&table, Reach::Family);
                self.scan_written(&table, Reach::Family, None);
                self.read_beside(query, &table);
            }
            Statement::Copy { table: Some(table), into_table: true, .. } => {
                let table = self.existing(table);
                // Partitions are locked as rows come for them.
                self.lock(&table, LockMode::RowExclusive);
                self.next_values(&table, &[]);
            }
            Statement::Copy { table: Some(table), .. } => {
                let table = self.existing(table);
                self.scan(&table);
                // Before 13 the lock was given back at the end of the statement.
                if self.is_since(13) {
                    self.lock(&table, LockMode::AccessShare);
                }
            }
            Statement::Copy { table: None, query, .. } => self.read(query),
            Statement::RefreshMaterializedView { name, manner, empty } => {
                let name = self.existing(name);
                self.refresh(&name, *manner);
                if !*empty {
                    self.refill(&name);
                }
            }
            Statement::Vacuum { tables, full: true } => self.vacuum_full(tables),
            Statement::Vacuum { tables, full: false } => self.vacuum(tables),
            Statement::Analyze { tables } => self.analyze(tables),
            Statement::Cluster { table } => self.cluster(table.as_ref()),
            _ => {}
        }
    }

    /// What a query names is locked when it is parsed; nothing more when it is only kept.
    pub(super) fn parse(&mut self, query: &Query) {
        for relation in &query.reads {
            let relation = self.existing(relation);
            self.lock(&relation, LockMode::AccessShare);
        }
        for relation in &query.writes {
            let relation = self.existing(relation);
            self.lock(&relation, LockMode::RowExclusive);
        }
    }

    /// What a query reads and calls.
    pub(super) fn read(&mut self, query: &Query) {
        if query.execution == Execution::Parsed {
            return self.parse(query);
        }
        for sequence in &query.sequences {
            let sequence = self.catalog.resolve(sequence);
            self.lock(&sequence, LockMode::RowExclusive);
        }
        for function in &query.functions {
            if let Some(known) = self.catalog.function(function)
                && known.volatility == crate::statement::Volatility::Volatile
            {
                self.unknown(format!("{function} may do anything"));
            }
        }
        for name in &query.reads {
            let locked = query.locks_rows_of.contains(name);
            let mode = if locked { LockMode::RowShare } else { LockMode::AccessShare };
            let reach = if query.only.contains(name) { Reach::Itself } else { Reach::Family };
            let name = self.existing(name);
            self.read_relation(&name, mode, reach, query);
        }
        for name in &query.writes {
            let name = self.existing(name);
            self.write(&name, Reach::Family);
        }
    }

    fn read_relation(&mut self, name: &Name, mode: LockMode, reach: Reach, query: &Query) {
        let mut waiting = vec![name.clone()];
        let mut done: Vec<Name> = Vec::new();
        while let Some(one) = waiting.pop() {
            if done.contains(&one) {
                continue;
            }
            let view = self.catalog.relation(&one).and_then(|relation| relation.as_view());
            match view {
                Some(view) if !view.materialized => {
                    self.lock(&one, mode);
                    waiting.extend(view.reads.iter().cloned());
                }
                _ => {
                    let parts =
                        if reach == Reach::Itself { vec![one.clone()] } else { self.catalog.family_of(&one) };
                    for part in parts {
                        self.query_table(&part, mode);
                        if !query.limited
                            && query.execution == Execution::Run
                            && !self.may_use_index(&part, query)
                        {
                            self.scan(&part);
                        }
                    }
                }
            }
            done.push(one);
        }
    }

    /// Whether the server may find the rows without reading all: of one table, with a WHERE and an index over a column in
    /// it. In a join the WHERE may be no more than how the tables hang together.
    fn may_use_index(&self, table: &Name, query: &Query) -> bool {
        query.filtered
            && query.reads.len() <= 1
            && self.catalog.indexes_of(table).any(|(_, index)| {
                index
                    .leading_columns()
                    .first()
                    .is_some_and(|first| query.columns.iter().any(|column| column == first))
            })
    }

    /// What stands beside the table that is written: USING, FROM, queries in it.
    fn read_beside(&mut self, query: &Query, target: &Name) {
        let mut beside = query.clone();
        beside.reads.retain(|name| self.catalog.resolve(name) != *target);
        beside.writes.retain(|name| self.catalog.resolve(name) != *target);
        beside.limited = false;
        // It is a join with the table that is written.
        beside.filtered = false;
        self.read(&beside);
    }

    /// The table that UPDATE, DELETE or MERGE writes, with its indexes, which the planner looks at.
    fn write(&mut self, table: &Name, reach: Reach) {
        if self.catalog.table(table).is_some_and(|found| !found.rules.is_empty()) {
            self.unknown(format!("{table} has rules, which may make another statement of it"));
        }
        for one in self.reached(table, reach) {
            self.query_table(&one, LockMode::RowExclusive);
        }
    }

    fn reached(&self, table: &Name, reach: Reach) -> Vec<Name> {
        if reach == Reach::Itself { vec![table.clone()] } else { self.catalog.family_of(table) }
    }

    fn insert(&mut self, insert: &Insert) {
        let table = self.existing(&insert.table);
        self.lock(&table, LockMode::RowExclusive);
        if insert.names_conflict {
            // The planner looks for the index that the conflict is in (`infer_arbiter_indexes`).
            self.lock_indexes(&table, LockMode::RowExclusive);
        }
        for one in self.partitions_of(&table) {
            self.lock(&one, LockMode::RowExclusive);
        }
        self.next_values(&table, &insert.columns);
        self.look_up_references(&table, &[]);
        self.read_beside(&insert.query, &table);
    }

    /// The sequences that give the columns which are not named.
    fn next_values(&mut self, table: &Name, named: &[String]) {
        let Some(found) = self.catalog.table(table) else { return };
        let not_named = |column: &&Column| !named.contains(&column.name);
        for column in found.columns.iter().filter(not_named) {
            if let Some(sequence) = column.sequence.clone() {
                self.lock(&sequence, LockMode::RowExclusive);
            }
            if let Some(default) = &column.default {
                self.call_functions_of(default);
            }
        }
    }

    fn update(&mut self, update: &Update) {
        let reach = reach_of(&update.query, &update.table);
        let table = self.existing(&update.table);
        self.write(&table, reach);
        self.scan_written(&table, reach, update.filter.as_ref());
        let columns: Vec<String> = update.columns.iter().map(|(column, _)| column.clone()).collect();
        self.look_up_references(&table, &columns);
        for (from, key, action) in self.references_with_action(&table, "update") {
            if key.references.iter().any(|column| columns.contains(column)) {
                self.follow(&from, &key, action);
            }
        }
        self.read_beside(&update.query, &table);
    }

    fn delete(&mut self, delete: &Delete) {
        let reach = reach_of(&delete.query, &delete.table);
        let table = self.existing(&delete.table);
        self.write(&table, reach);
        self.scan_written(&table, reach, delete.filter.as_ref());
        for (from, key, action) in self.references_with_action(&table, "delete") {
            self.follow(&from, &key, action);
        }
        self.read_beside(&delete.query, &table);
    }

    fn scan_written(&mut self, table: &Name, reach: Reach, filter: Option<&Expression>) {
        for one in self.reached(table, reach) {
            let indexed = filter.is_some_and(|filter| {
                self.catalog.indexes_of(&one).any(|(_, index)| {
                    index.leading_columns().first().is_some_and(|first| is_fixed(filter, first))
                })
            });
            if !indexed {
                self.scan(&one);
            }
        }
    }

    /// The rows that new rows refer to are looked up and locked (`RI_FKey_check`).
    fn look_up_references(&mut self, table: &Name, changed: &[String]) {
        let Some(found) = self.catalog.table(table) else { return };
        let keys: Vec<(Name, Vec<String>)> = found
            .constraints
            .iter()
            .filter_map(|one| match &one.kind {
                ConstraintKind::ForeignKey(key) => Some(key),
                _ => None,
            })
            .filter(|key| changed.is_empty() || key.columns.iter().any(|column| changed.contains(column)))
            .map(|key| (key.table.clone(), key.references.clone()))
            .collect();
        for (to, _) in keys {
            for one in self.partitions_of(&to) {
                self.query_table(&one, LockMode::RowShare);
            }
        }
    }

    fn refresh(&mut self, name: &Name, manner: Manner) {
        match manner {
            Manner::Blocking => {
                self.lock(name, LockMode::AccessExclusive);
                self.lock_indexes(name, LockMode::AccessExclusive);
                self.effects.rewrite(name);
                self.indexes_of(name).iter().for_each(|index| self.effects.rewrite(index));
            }
            Manner::Concurrently => {
                self.lock(name, LockMode::Exclusive);
                // The difference is applied by INSERT and DELETE.
                self.lock_indexes(name, LockMode::RowExclusive);
                self.scan(name);
            }
        }
    }

    /// The query of a materialized view runs.
    fn refill(&mut self, name: &Name) {
        let view = self.catalog.relation(name).and_then(|relation| relation.as_view());
        let reads = view.map(|view| view.reads.clone()).unwrap_or_default();
        self.read(&Query { reads, ..Query::default() });
    }

    fn vacuum(&mut self, tables: &[Name]) {
        for one in self.named(tables) {
            self.lock(&one, LockMode::ShareUpdateExclusive);
            self.lock_indexes(&one, LockMode::RowExclusive);
        }
    }

    fn vacuum_full(&mut self, tables: &[Name]) {
        for one in self.named(tables) {
            self.rewrite_table(&one, &BTreeSet::new());
        }
    }

    /// The tables that VACUUM names, with their partitions; without a name it goes over all there are.
    fn named(&mut self, tables: &[Name]) -> Vec<Name> {
        if tables.is_empty() {
            self.unknown("it goes over tables that no migration made as well");
        }
        let mut all = Vec::new();
        for table in tables {
            let table = self.existing(table);
            all.extend(self.partitions_of(&table));
        }
        all
    }

    fn analyze(&mut self, tables: &[Name]) {
        if tables.is_empty() {
            self.unknown("it goes over tables that no migration made as well");
        }
        for table in tables {
            let table = self.existing(table);
            // Partitions are analyzed as well; heirs are only read, for the statistics of the whole, before 18.
            let partitioned = !self.has_rows(&table) || self.is_since(18);
            for one in self.catalog.family_of(&table) {
                let own = partitioned || one == table;
                self.lock(&one, if own { LockMode::ShareUpdateExclusive } else { LockMode::AccessShare });
                if own && self.has_rows(&one) {
                    self.lock_indexes(&one, LockMode::AccessShare);
                }
            }
        }
    }

    fn cluster(&mut self, table: Option<&Name>) {
        let Some(table) = table else { return self.unknown("it goes over every table that was clustered") };
        let table = self.existing(table);
        for one in self.partitions_of(&table) {
            self.rewrite_table(&one, &BTreeSet::new());
        }
    }
}

/// Whether heirs and partitions are meant, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Family,
    /// ONLY.
    Itself,
}

fn reach_of(query: &Query, table: &Name) -> Reach {
    if query.only.contains(table) { Reach::Itself } else { Reach::Family }
}

/// Whether a filter compares a column with something that is no column: an index finds the rows.
fn is_fixed(filter: &Expression, column: &str) -> bool {
    match &filter.kind {
        ExpressionKind::And(parts) => parts.iter().any(|part| is_fixed(part, column)),
        ExpressionKind::Operator { operands, .. } => {
            let (own, others): (Vec<_>, Vec<_>) =
                operands.iter().partition(|operand| operand.is_column(column));
            !own.is_empty() && others.iter().all(|operand| operand.columns().next().is_none())
        }
        ExpressionKind::IsNull(inner) => inner.is_column(column),
        _ => false,
    }
}

/// The sequences that an expression takes values from: `nextval('orders_id_seq')`.
pub(super) fn sequences_in(expression: &Expression) -> Vec<Name> {
    let calls = expression.walk().into_iter().filter_map(|one| match &one.kind {
        ExpressionKind::Call { function, arguments } if crate::statement::is_of_sequence(function) => {
            arguments.first()
        }
        _ => None,
    });
    calls.filter_map(named).collect()
}

/// The relation that a string names.
fn named(argument: &Expression) -> Option<Name> {
    match &argument.kind {
        ExpressionKind::Constant(text) => Name::quoted(text),
        ExpressionKind::Cast(inner, _) => named(inner),
        _ => None,
    }
}
