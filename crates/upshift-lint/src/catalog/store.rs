//! The relations by name, and who mentions whom.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::SharedMap;
use super::relation::{Index, Relation, Shape, Table};
use crate::statement::Name;

/// The relations by name. What does not change is shared between clones: there is one for each migration.
#[derive(Debug, Clone, Default)]
pub(super) struct Relations {
    all: SharedMap<Arc<Name>, Arc<Relation>>,
    /// For each relation those that mention it: its indexes, partitions, views, the tables that refer to it.
    mentions: SharedMap<Arc<Name>, Arc<BTreeSet<Arc<Name>>>>,
}

impl Relations {
    pub(super) fn get(&self, name: &Name) -> Option<&Relation> {
        self.all.get(name).map(|(_, relation)| relation.as_ref())
    }

    pub(super) fn contains(&self, name: &Name) -> bool {
        self.all.get(name).is_some()
    }

    pub(super) fn insert(&mut self, name: Name, relation: Relation) {
        self.remove(&name);
        let name = Arc::new(name);
        self.note(&name, &relation);
        self.all.insert(name, Arc::new(relation));
    }

    pub(super) fn remove(&mut self, name: &Name) -> Option<Relation> {
        let (name, relation) = self.all.remove(name)?;
        self.forget(&name, &relation);
        Some(Arc::unwrap_or_clone(relation))
    }

    /// Changes a relation, if there is one of this name.
    pub(super) fn change<T>(&mut self, name: &Name, change: impl FnOnce(&mut Relation) -> T) -> Option<T> {
        let (name, mut relation) = self.all.remove(name)?;
        self.forget(&name, &relation);
        let told = change(Arc::make_mut(&mut relation));
        self.note(&name, &relation);
        self.all.insert(name, relation);
        Some(told)
    }

    /// Changes a table, if there is one of this name.
    pub(super) fn change_table<T>(&mut self, name: &Name, change: impl FnOnce(&mut Table) -> T) -> Option<T> {
        self.change(name, |relation| relation.as_table_mut().map(change)).flatten()
    }

    /// Changes an index, if there is one of this name.
    pub(super) fn change_index<T>(&mut self, name: &Name, change: impl FnOnce(&mut Index) -> T) -> Option<T> {
        self.change(name, |relation| relation.as_index_mut().map(change)).flatten()
    }

    /// Changes every relation that mentions this one.
    pub(super) fn change_mentioning(&mut self, name: &Name, change: impl Fn(&Name, &mut Relation)) {
        let names: Vec<Arc<Name>> =
            self.mentions.get(name).into_iter().flat_map(|(_, all)| all.iter().cloned()).collect();
        for mentioning in names {
            self.change(&mentioning, |relation| change(&mentioning, relation));
        }
    }

    /// Changes every table for which that `is_meant`.
    pub(super) fn change_tables(&mut self, is_meant: impl Fn(&Table) -> bool, change: impl Fn(&mut Table)) {
        let meant = self.all.iter().filter(|(_, relation)| relation.as_table().is_some_and(&is_meant));
        let names: Vec<Arc<Name>> = meant.map(|(name, _)| Arc::clone(name)).collect();
        for name in names {
            self.change_table(&name, &change);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Name, &Relation)> {
        self.all.iter().map(|(name, relation)| (name.as_ref(), relation.as_ref()))
    }

    /// Those that mention a relation, by name.
    pub(super) fn mentioning<'s>(
        &'s self,
        name: &Name,
    ) -> impl Iterator<Item = (&'s Name, &'s Relation)> + use<'s> {
        let names = self.mentions.get(name).into_iter().flat_map(|(_, all)| all.iter());
        names.filter_map(|name| self.all.get(name)).map(|(name, relation)| (name.as_ref(), relation.as_ref()))
    }

    fn note(&mut self, name: &Arc<Name>, relation: &Relation) {
        for mentioned in mentioned_by(relation) {
            match self.mentions.get_mut(mentioned) {
                Some(all) => drop(Arc::make_mut(all).insert(Arc::clone(name))),
                None => {
                    let only = BTreeSet::from([Arc::clone(name)]);
                    self.mentions.insert(Arc::new(mentioned.clone()), Arc::new(only));
                }
            }
        }
    }

    fn forget(&mut self, name: &Arc<Name>, relation: &Relation) {
        for mentioned in mentioned_by(relation) {
            if let Some(all) = self.mentions.get_mut(mentioned) {
                Arc::make_mut(all).remove(name);
                if all.is_empty() {
                    self.mentions.remove(mentioned);
                }
            }
        }
    }
}

/// The relations that one mentions.
fn mentioned_by(relation: &Relation) -> Vec<&Name> {
    match &relation.shape {
        Shape::Table(table) => {
            let referred = table.constraints.iter().filter_map(super::Constraint::refers_to);
            table.parents().chain(referred).collect()
        }
        Shape::Index(index) => std::iter::once(&index.table).chain(&index.attached_to).collect(),
        Shape::View(view) => view.reads.iter().collect(),
        Shape::Sequence { owner } => owner.iter().map(|(table, _)| table).collect(),
    }
}
