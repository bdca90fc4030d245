//! DROP and TRUNCATE.

use super::model::Model;
use crate::catalog::Shape;
use crate::statement::{ConstraintKind, Dependants, Drop, Kind, LockMode, Manner, Name, WhenMissing};

impl Model<'_> {
    pub(super) fn drop(&mut self, dropped: &Drop) {
        match dropped.kind {
            Kind::Table | Kind::ForeignTable | Kind::View | Kind::MaterializedView | Kind::Sequence => {
                for (name, _) in &dropped.names {
                    let Some(name) = self.there(name, dropped.missing) else { continue };
                    self.refuse_dependants(&name, dropped);
                    self.drop_one(&name, dropped.dependants);
                }
            }
            Kind::Index => self.drop_indexes(dropped),
            Kind::Trigger | Kind::Rule | Kind::Policy => self.drop_part(dropped),
            Kind::Type | Kind::Domain => self.drop_types(dropped),
            Kind::Function | Kind::Procedure | Kind::Aggregate => self.drop_functions(dropped),
            Kind::Schema => self.drop_schemas(dropped),
            Kind::Statistics => {
                for (name, _) in &dropped.names {
                    // Before 12 the table was not locked.
                    let table = self.catalog.statistics_on(name).cloned();
                    if let Some(table) = table.filter(|_| self.is_since(12)) {
                        self.lock(&table, LockMode::ShareUpdateExclusive);
                    }
                }
            }
            Kind::Extension => self.unknown("what an extension made is not known"),
            _ => {}
        }
    }

    /// A relation that is to be dropped, unless it need not be there and is not known.
    fn there(&mut self, name: &Name, missing: WhenMissing) -> Option<Name> {
        let known = self.catalog.relation(name).is_some();
        let name = self.existing(name);
        if !known && missing == WhenMissing::Skip {
            self.lock(&name, LockMode::AccessExclusive);
            return None;
        }
        Some(name)
    }

    fn refuse_dependants(&mut self, name: &Name, dropped: &Drop) {
        if dropped.dependants == Dependants::Drop {
            return;
        }
        let also = |other: &Name| dropped.names.iter().any(|(one, _)| self.catalog.resolve(one) == *other);
        let view = self.catalog.views_of(name).map(|(view, _)| view).find(|view| !also(view)).cloned();
        let heir = self
            .catalog
            .children_of(name)
            .find(|(child, table)| table.inherits.contains(name) && !also(child))
            .map(|(child, _)| child.clone());
        let referring = self
            .above(name)
            .iter()
            .flat_map(|one| self.catalog.references_to(one).map(|(from, _)| from))
            .find(|from| *from != name && !also(from))
            .cloned();
        let used = self.default_from(name);
        for (what, found) in
            [("the view", view), ("the table", heir), ("a foreign key of", referring), ("a default of", used)]
        {
            if let Some(found) = found {
                self.refuse(format!("{what} {found} depends on {name}"));
            }
        }
    }

    /// A relation, and the partitioned tables above it.
    fn above(&self, name: &Name) -> Vec<Name> {
        let mut all = vec![name.clone()];
        while let Some((above, _)) =
            all.last().and_then(|one| self.catalog.table(one)).and_then(|table| table.partition_of.clone())
        {
            if all.contains(&above) {
                break;
            }
            all.push(above);
        }
        all
    }

    /// The table with a column whose default a sequence that is dropped gives.
    fn default_from(&self, sequence: &Name) -> Option<Name> {
        let relation = self.catalog.relation(sequence)?;
        let Shape::Sequence { owner } = &relation.shape else { return None };
        let (table, column) = owner.as_ref()?;
        let column = self.catalog.column(table, column)?;
        (column.sequence.as_ref() == Some(sequence)).then(|| table.clone())
    }

    /// A relation with everything that goes with it.
    pub(super) fn drop_one(&mut self, name: &Name, dependants: Dependants) {
        if self.effects.strongest(name) == Some(LockMode::AccessExclusive)
            && self.catalog.relation(name).is_none_or(|relation| relation.as_table().is_none())
        {
            return;
        }
        let mut waiting = vec![name.clone()];
        let mut done = Vec::new();
        while let Some(one) = waiting.pop() {
            if done.contains(&one) {
                continue;
            }
            self.lock(&one, LockMode::AccessExclusive);
            self.lock_indexes(&one, LockMode::AccessExclusive);
            self.lock_owned_sequences(&one, LockMode::AccessExclusive);
            self.lock_beside(&one);
            if let Some(table) = self.default_from(&one) {
                self.lock(&table, LockMode::AccessExclusive);
            }
            for (child, table) in self.catalog.children_of(&one) {
                if table.partition_of.is_some() || dependants == Dependants::Drop {
                    waiting.push(child.clone());
                }
            }
            if dependants == Dependants::Drop {
                waiting.extend(self.catalog.views_of(&one).map(|(view, _)| view.clone()));
            }
            done.push(one);
        }
    }

    /// The tables on the other side of a dropped table's foreign keys, and the one it is a partition of.
    fn lock_beside(&mut self, name: &Name) {
        let referring: Vec<Name> = self.catalog.references_to(name).map(|(from, _)| from.clone()).collect();
        for from in referring {
            self.lock_all(&self.partitions_of(&from), LockMode::AccessExclusive);
        }
        let Some(table) = self.catalog.table(name) else { return };
        for constraint in &table.constraints {
            if let ConstraintKind::ForeignKey(key) = &constraint.kind {
                self.lock_for_drop(&key.table);
            }
        }
        if let Some((parent, _)) = &table.partition_of {
            self.lock(parent, LockMode::AccessExclusive);
            let default = self.catalog.children_of(parent).find(|(_, child)| {
                child
                    .partition_of
                    .as_ref()
                    .is_some_and(|(_, bound)| *bound == crate::statement::Bound::Default)
            });
            if let Some(default) = default.map(|(name, _)| name.clone()) {
                self.lock(&default, LockMode::AccessExclusive);
            }
        }
    }

    fn drop_indexes(&mut self, dropped: &Drop) {
        for (name, _) in &dropped.names {
            let Some(name) = self.there(name, dropped.missing) else { continue };
            let found = self.catalog.index(&name).cloned();
            if let Some(constraint) = found.as_ref().and_then(|index| index.constraint.clone()) {
                self.refuse(format!("the constraint {constraint} needs {name}"));
            }
            let Some(table) = found.map(|index| index.table) else {
                self.lock(&name, LockMode::AccessExclusive);
                continue;
            };
            match dropped.manner {
                Manner::Blocking => {
                    self.lock_all(&self.partitions_of(&table), LockMode::AccessExclusive);
                    self.lock_index_family(&name);
                }
                Manner::Concurrently => {
                    if !self.has_rows(&table) {
                        self.refuse("an index of a partitioned table cannot be dropped concurrently");
                    }
                    self.lock(&table, LockMode::ShareUpdateExclusive);
                    self.lock(&name, LockMode::ShareUpdateExclusive);
                    self.lock(&name, LockMode::AccessExclusive);
                }
            }
        }
    }

    fn drop_part(&mut self, dropped: &Drop) {
        let Some(on) = &dropped.on else { return };
        let table = self.existing(on);
        let there = self.catalog.table(&table).map(|found| {
            dropped.names.iter().all(|(name, _)| match dropped.kind {
                Kind::Trigger => found.triggers.iter().any(|one| one.name == name.name),
                Kind::Policy => found.policies.contains(&name.name),
                _ => found.rules.contains(&name.name),
            })
        });
        match (there, dropped.missing) {
            (Some(false), WhenMissing::Fail) => self.refuse(format!("there is none of that name on {table}")),
            (Some(false), WhenMissing::Skip) => {}
            _ => self.lock_all(&self.partitions_of(&table), LockMode::AccessExclusive),
        }
    }

    fn drop_types(&mut self, dropped: &Drop) {
        for (name, _) in &dropped.names {
            self.lock_composite(name, LockMode::AccessExclusive);
            let of = self.catalog.resolve_type(name);
            let typed: Vec<Name> = self
                .catalog
                .relations()
                .filter(|(_, relation)| {
                    relation.as_table().is_some_and(|table| table.of.as_ref() == Some(&of))
                })
                .map(|(table, _)| table.clone())
                .collect();
            for table in typed {
                if dropped.dependants == Dependants::Refuse {
                    self.refuse(format!("{table} is of that type"));
                }
                self.drop_one(&table, dropped.dependants);
            }
            let columns: Vec<(Name, String)> = self
                .catalog
                .columns_of_type(name)
                .into_iter()
                .map(|(table, column)| (table.clone(), column.name.clone()))
                .collect();
            for (table, column) in columns {
                if dropped.dependants == Dependants::Refuse {
                    self.refuse(format!("{column} of {table} is of that type"));
                }
                self.lock(&table, LockMode::AccessExclusive);
                self.drop_with_column(&table, &column, Dependants::Drop);
            }
        }
    }

    fn drop_functions(&mut self, dropped: &Drop) {
        for (name, _) in &dropped.names {
            let calling: Vec<Name> = self
                .catalog
                .relations()
                .filter(|(_, relation)| {
                    relation.as_table().is_some_and(|table| {
                        table.triggers.iter().any(|one| one.function == self.catalog.resolve_function(name))
                    })
                })
                .map(|(table, _)| table.clone())
                .collect();
            for table in calling {
                if dropped.dependants == Dependants::Refuse {
                    self.refuse(format!("a trigger of {table} calls it"));
                }
                self.lock(&table, LockMode::AccessExclusive);
            }
        }
    }

    fn drop_schemas(&mut self, dropped: &Drop) {
        for (schema, _) in &dropped.names {
            let inside: Vec<Name> = self
                .catalog
                .relations()
                .map(|(name, _)| name)
                .filter(|name| name.schema.as_ref() == Some(&schema.name))
                .cloned()
                .collect();
            if !inside.is_empty() && dropped.dependants == Dependants::Refuse {
                self.refuse(format!("the schema {} is not empty", schema.name));
            }
            if dropped.dependants == Dependants::Drop {
                self.unknown("what no migration made goes as well");
            }
            inside.iter().for_each(|name| self.drop_one(name, Dependants::Drop));
        }
    }

    pub(super) fn truncate(&mut self, tables: &[Name], only: &[Name], dependants: Dependants) -> Vec<Name> {
        let mut all: Vec<Name> = Vec::new();
        for named in tables {
            let table = self.existing(named);
            if only.contains(named) && self.has_rows(&table) {
                all.push(table);
                continue;
            }
            if only.contains(named) {
                self.refuse(format!("{table} is partitioned: it has no rows of its own"));
            }
            all.extend(self.catalog.family_of(&table));
        }
        let mut at = 0;
        while let Some(one) = all.get(at).cloned() {
            at += 1;
            let referring: Vec<Name> =
                self.catalog.references_to(&one).map(|(from, _)| from.clone()).collect();
            for from in referring {
                if all.contains(&from) {
                    continue;
                }
                match dependants {
                    Dependants::Refuse => self.refuse(format!("{from} refers to {one}")),
                    Dependants::Drop => all.extend(self.catalog.family_of(&from)),
                }
            }
        }
        for one in all.clone() {
            self.lock(&one, LockMode::AccessExclusive);
            if !self.has_rows(&one) {
                continue;
            }
            if !self.is_since(14) {
                // Before 14 whether the rows of a partition are published was looked up in the table above.
                let above = self.catalog.table(&one).and_then(|table| table.partition_of.clone());
                if let Some((above, _)) = above {
                    self.lock(&above, LockMode::AccessShare);
                }
            }
            self.lock_indexes(&one, LockMode::AccessExclusive);
            self.effects.rewrite(&one);
            self.indexes_of(&one).iter().for_each(|index| self.effects.rewrite(index));
        }
        all
    }

    /// RESTART IDENTITY: the sequences of the tables begin anew, each in a new file.
    pub(super) fn restart_sequences(&mut self, tables: &[Name]) {
        for sequence in tables.iter().flat_map(|table| self.sequences_of(table)).collect::<Vec<_>>() {
            self.lock(&sequence, LockMode::AccessExclusive);
            self.effects.rewrite(&sequence);
        }
    }
}
