//! The relations by name, and who depends on whom, found again only when something changed.

use std::collections::{BTreeMap, btree_map};
use std::sync::{Arc, OnceLock};

use super::relation::{Relation, Shape};
use crate::statement::Name;

/// The relations by name. Cheap to clone: what does not change is shared.
#[derive(Debug, Clone, Default)]
pub(super) struct Relations {
    all: BTreeMap<Name, Arc<Relation>>,
    /// For each relation those that mention it: its indexes, partitions, views, the tables that refer to it.
    mentions: OnceLock<BTreeMap<Name, Vec<Name>>>,
}

impl Relations {
    pub(super) fn get(&self, name: &Name) -> Option<&Relation> {
        self.all.get(name).map(Arc::as_ref)
    }

    pub(super) fn get_mut(&mut self, name: &Name) -> Option<&mut Relation> {
        self.mentions.take();
        self.all.get_mut(name).map(Arc::make_mut)
    }

    pub(super) fn contains(&self, name: &Name) -> bool {
        self.all.contains_key(name)
    }

    pub(super) fn insert(&mut self, name: Name, relation: Relation) {
        self.mentions.take();
        self.all.insert(name, Arc::new(relation));
    }

    pub(super) fn remove(&mut self, name: &Name) -> Option<Relation> {
        self.mentions.take();
        self.all.remove(name).map(Arc::unwrap_or_clone)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Name, &Relation)> {
        self.all.iter().map(|(name, relation)| (name, relation.as_ref()))
    }

    /// Those that mention a relation, by name.
    pub(super) fn mentioning<'s>(
        &'s self,
        name: &Name,
    ) -> impl Iterator<Item = (&'s Name, &'s Relation)> + use<'s> {
        let known = self.mentions.get_or_init(|| mentions(&self.all));
        let names = known.get(name).map(Vec::as_slice).unwrap_or_default();
        names.iter().filter_map(|name| self.all.get_key_value(name)).map(|(name, one)| (name, one.as_ref()))
    }

    /// All of them, to be changed: only where nearly every one may change.
    pub(super) fn each_mut(&mut self) -> impl Iterator<Item = (&Name, &mut Relation)> {
        self.mentions.take();
        let all: btree_map::IterMut<'_, Name, Arc<Relation>> = self.all.iter_mut();
        all.map(|(name, relation)| (name, Arc::make_mut(relation)))
    }
}

fn mentions(all: &BTreeMap<Name, Arc<Relation>>) -> BTreeMap<Name, Vec<Name>> {
    let mut found: BTreeMap<Name, Vec<Name>> = BTreeMap::new();
    for (name, relation) in all {
        for mentioned in mentioned_by(relation) {
            let mentioning = found.entry(mentioned.clone()).or_default();
            if mentioning.last() != Some(name) {
                mentioning.push(name.clone());
            }
        }
    }
    found
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
