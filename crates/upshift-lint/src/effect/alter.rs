//! ALTER TABLE and ALTER of an index, view or sequence: the lock that each change takes, and which changes go to
//! partitions and heirs.
//!
//! The locks are those of `AlterTableGetLockLevel`; the measurements are in tests/fixtures/locks.

use std::collections::BTreeSet;

use super::model::Model;
use crate::catalog::{Relation, Shape};
use crate::statement::{
    Action, AlterRelation, ColumnChange, ConstraintKind, DetachHow, Kind, LockMode, Name, Persistence,
    Replica, SequenceChange, WhenMissing,
};

/// What one ALTER TABLE will have to do to the rows, gathered over all its changes: PostgreSQL goes over a table once.
pub(super) struct Altering {
    reach: Reach,
    rewritten: BTreeSet<Name>,
    scanned: BTreeSet<Name>,
    /// The indexes that are dropped and built anew.
    pub(super) anew: BTreeSet<Name>,
    pub(super) built: BTreeSet<Name>,
    /// The constraints that it drops: PostgreSQL does that first, wherever it stands.
    pub(super) gone: BTreeSet<String>,
}

fn dropped(action: &Action) -> Option<String> {
    if let Action::DropConstraint { name, .. } = action { Some(name.clone()) } else { None }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Family,
    /// ONLY.
    Itself,
}

impl Altering {
    pub(super) fn rewrite(&mut self, table: &Name) {
        self.rewritten.insert(table.clone());
    }

    pub(super) fn scan(&mut self, table: &Name) {
        self.scanned.insert(table.clone());
    }

    pub(super) fn is_only(&self) -> bool {
        self.reach == Reach::Itself
    }

    /// The tables that a change of columns or checks goes to.
    pub(super) fn family(&self, model: &Model<'_>, table: &Name) -> Vec<Name> {
        match self.reach {
            Reach::Family => model.catalog.family_of(table),
            Reach::Itself => vec![table.clone()],
        }
    }
}

impl Model<'_> {
    pub(super) fn alter(&mut self, alter: &AlterRelation) {
        if alter.missing == WhenMissing::Skip && self.catalog.relation(&alter.name).is_none() {
            let name = self.existing(&alter.name);
            self.lock(&name, lock_of_all(alter, self));
            return;
        }
        let name = self.existing(&alter.name);
        let reach = if alter.only { Reach::Itself } else { Reach::Family };
        let mut work = Altering {
            reach,
            rewritten: BTreeSet::new(),
            scanned: BTreeSet::new(),
            anew: BTreeSet::new(),
            built: BTreeSet::new(),
            gone: alter.actions.iter().filter_map(|(action, _)| dropped(action)).collect(),
        };
        let mode = lock_of_all(alter, self);
        self.lock(&name, mode);
        for (action, _) in &alter.actions {
            self.act(&mut work, &name, action, mode);
        }
        self.finish(&work);
    }

    /// What is done to the rows in the end.
    fn finish(&mut self, work: &Altering) {
        for table in &work.rewritten {
            self.rewrite_table(table, &work.anew);
        }
        for index in &work.anew {
            self.lock(index, LockMode::AccessExclusive);
        }
        for index in &work.built {
            let Some(table) = self.catalog.index(index).map(|index| index.table.clone()) else { continue };
            self.effects.rebuilds.insert(index.clone());
            self.lock(&table, LockMode::Share);
            self.scan(&table);
        }
        for table in &work.scanned {
            self.scan(table);
        }
    }

    fn act(&mut self, work: &mut Altering, name: &Name, action: &Action, mode: LockMode) {
        match action {
            Action::AddColumn { column, existing } => {
                self.lock_all(&work.family(self, name), mode);
                self.add_column(work, name, column, *existing);
            }
            Action::DropColumn { column, missing, dependants } => {
                self.lock_all(&work.family(self, name), mode);
                self.drop_column(work, name, column, (*missing, *dependants));
            }
            Action::AlterColumn { column, change } => {
                if spreads(change) {
                    self.lock_all(&work.family(self, name), mode);
                }
                self.change_column(work, name, column, change);
            }
            Action::RenameColumn { from, to } => self.rename_column(work, name, from, to),
            Action::AddConstraint(constraint) => self.add_constraint(work, name, constraint),
            Action::ValidateConstraint(constraint) => self.validate_constraint(work, name, constraint),
            Action::DropConstraint { name: constraint, missing, dependants } => {
                self.drop_constraint(work, name, constraint, (*missing, *dependants));
            }
            Action::RenameConstraint { from, .. } => self.rename_constraint(work, name, from),
            Action::AttachPartition { partition, bound } => self.attach(name, partition, bound),
            Action::DetachPartition { partition, how } => self.detach(name, partition, *how),
            Action::AttachIndex(index) => self.attach_index(name, index),
            Action::SetLogged => self.set_persistence(work, name, Persistence::Permanent),
            Action::SetUnlogged => self.set_persistence(work, name, Persistence::Unlogged),
            Action::SetAccessMethod(method) => {
                self.needs(15, "SET ACCESS METHOD");
                // Nearly every table is a heap already, and stays as it is.
                if self.has_rows(name) && method != "heap" {
                    work.rewrite(name);
                }
            }
            // Copied block by block into the other tablespace: a new file, but rows are not looked at.
            Action::SetTablespace(space) if space != "pg_default" && self.has_rows(name) => {
                self.effects.rewrite(name);
            }
            Action::OwnerTo(_) => self.give_to_owner(name),
            Action::Inherit(parent) => self.inherit(name, parent),
            Action::NoInherit(parent) => {
                let parent = self.existing(parent);
                self.lock(&parent, LockMode::AccessShare);
            }
            Action::ClusterOn(Some(index)) | Action::ReplicaIdentity(Replica::Index(index)) => {
                let index = beside(name, index);
                let cluster = matches!(action, Action::ClusterOn(_));
                self.lock(&index, if cluster { mode } else { LockMode::Share });
            }
            Action::Sequence(change) => self.change_sequence(name, change),
            Action::SetSchema(_) => self.lock_owned_sequences(name, LockMode::AccessExclusive),
            _ => {}
        }
    }

    /// SET LOGGED, SET UNLOGGED.
    fn set_persistence(&mut self, work: &mut Altering, name: &Name, to: Persistence) {
        if to == Persistence::Unlogged {
            let referring = self.catalog.references_to(name).find(|(from, _)| *from != name);
            let permanent = referring.map(|(from, _)| from.clone()).filter(|from| {
                self.catalog.table(from).is_some_and(|table| table.persistence == Persistence::Permanent)
            });
            if let Some(from) = permanent {
                self.refuse(format!("{from} is logged and refers to {name}"));
            }
        }
        match self.catalog.relation(name).map(|relation| &relation.shape) {
            Some(Shape::Table(table)) if table.persistence == to => {}
            Some(Shape::Sequence { .. }) => self.effects.rewrite(name),
            _ => {
                work.rewrite(name);
                // Since 15 sequences can be unlogged, and follow.
                if self.is_since(15) {
                    for sequence in self.sequences_of(name) {
                        self.lock(&sequence, LockMode::AccessExclusive);
                        self.effects.rewrite(&sequence);
                    }
                }
            }
        }
    }

    /// A new owner gets the indexes and sequences as well. With the owner it has, and nobody's migrations say who that
    /// is, nothing more is locked than the table.
    fn give_to_owner(&mut self, name: &Name) {
        let others = self.indexes_of(name).into_iter().chain(self.sequences_of(name)).collect::<Vec<_>>();
        if !others.is_empty() {
            self.unknown(format!("who owns {name} now is not known: its indexes may be locked as well"));
        }
    }

    fn inherit(&mut self, name: &Name, parent: &Name) {
        let parent = self.existing(parent);
        self.refuse_unlike(&parent, name);
        self.lock(&parent, LockMode::ShareUpdateExclusive);
        self.lock(name, LockMode::AccessExclusive);
    }

    pub(super) fn sequences_of(&self, table: &Name) -> Vec<Name> {
        let owned = self.catalog.relations().filter(|(_, relation)| {
            matches!(&relation.shape, Shape::Sequence { owner: Some((owner, _)) } if owner == table)
        });
        owned.map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn lock_owned_sequences(&mut self, table: &Name, mode: LockMode) {
        self.lock_all(&self.sequences_of(table), mode);
    }

    fn change_sequence(&mut self, name: &Name, change: &SequenceChange) {
        let owner = match change {
            SequenceChange::OwnedBy(owner) => owner,
            SequenceChange::Options { owner, .. } => {
                self.effects.rewrite(name);
                owner
            }
        };
        if let Some((table, _)) = owner {
            let table = self.existing(table);
            self.lock(&table, LockMode::AccessShare);
        }
    }
}

/// An index of a table, which is named without a schema.
pub(super) fn beside(table: &Name, index: &str) -> Name {
    Name { schema: table.schema.clone(), name: index.to_owned() }
}

/// Whether a change of a column goes to partitions and heirs.
fn spreads(change: &ColumnChange) -> bool {
    !matches!(change, ColumnChange::SetOptions | ColumnChange::SetCompression)
}

/// The lock that ALTER takes before it does anything: the strongest that any of its changes needs.
fn lock_of_all(alter: &AlterRelation, model: &Model<'_>) -> LockMode {
    let locks = alter.actions.iter().map(|(action, _)| lock_of(action, alter, model));
    locks.max().unwrap_or(LockMode::AccessExclusive)
}

fn lock_of(action: &Action, alter: &AlterRelation, model: &Model<'_>) -> LockMode {
    let index = alter.kind == Kind::Index || model.catalog.relation(&alter.name).is_some_and(is_index);
    match action {
        Action::AlterColumn { change: ColumnChange::SetStatistics | ColumnChange::SetOptions, .. }
        | Action::ClusterOn(_)
        | Action::ValidateConstraint(_) => LockMode::ShareUpdateExclusive,
        Action::SetOptions(options) => {
            options.iter().map(|option| lock_of_option(option)).max().unwrap_or(LockMode::AccessExclusive)
        }
        Action::Trigger { .. } => LockMode::ShareRowExclusive,
        Action::AddConstraint(constraint) if matches!(constraint.kind, ConstraintKind::ForeignKey(_)) => {
            LockMode::ShareRowExclusive
        }
        Action::Sequence(_) => LockMode::ShareRowExclusive,
        Action::DetachPartition { how: DetachHow::Concurrently | DetachHow::Finalize, .. } => {
            LockMode::ShareUpdateExclusive
        }
        // Since 12 (release notes of 12, E.21.3.1.6 and E.21.3.3).
        Action::AttachPartition { .. } | Action::AttachIndex(_) if model.is_since(12) => {
            LockMode::ShareUpdateExclusive
        }
        Action::RenameTo(_) if index && model.is_since(12) => LockMode::ShareUpdateExclusive,
        _ => LockMode::AccessExclusive,
    }
}

fn is_index(relation: &Relation) -> bool {
    relation.as_index().is_some()
}

/// The lock for a storage parameter (`reloptions.c`): those that a running query or write looks at need the strongest.
fn lock_of_option(option: &str) -> LockMode {
    match option {
        "user_catalog_table"
        | "buffering"
        | "fastupdate"
        | "gin_pending_list_limit"
        | "autosummarize"
        | "security_barrier"
        | "security_invoker"
        | "check_option" => LockMode::AccessExclusive,
        _ => LockMode::ShareUpdateExclusive,
    }
}
