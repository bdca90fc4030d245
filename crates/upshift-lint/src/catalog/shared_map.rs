//! A sorted map that is cheap to clone: a clone shares all chunks that neither side has changed since.
//!
//! The replay keeps the database before each migration and tries each down on a copy. With a map of the standard
//! library that took time in proportion to migrations times relations.

use std::sync::Arc;

/// A chunk is split when it has more entries than this.
const WIDEST: usize = 64;

/// A sorted map that is cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct SharedMap<K, V> {
    /// Sorted, none empty.
    chunks: Vec<Arc<Vec<(K, V)>>>,
}

impl<K, V> Default for SharedMap<K, V> {
    fn default() -> SharedMap<K, V> {
        SharedMap { chunks: Vec::new() }
    }
}

impl<K: Ord + Clone, V: Clone> SharedMap<K, V> {
    /// The chunk that has the key, or would have it.
    fn chunk_of<Q: Ord + ?Sized>(&self, key: &Q) -> usize
    where
        K: std::borrow::Borrow<Q>,
    {
        let first_is_not_after =
            |chunk: &Arc<Vec<(K, V)>>| chunk.first().is_some_and(|(first, _)| first.borrow() <= key);
        self.chunks.partition_point(first_is_not_after).saturating_sub(1)
    }

    /// The entry of a key.
    pub(super) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: std::borrow::Borrow<Q>,
    {
        let chunk = self.chunks.get(self.chunk_of(key))?;
        let at = chunk.binary_search_by(|(other, _)| other.borrow().cmp(key)).ok()?;
        chunk.get(at).map(|(key, value)| (key, value))
    }

    /// The value of a key, to be changed.
    pub(super) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: std::borrow::Borrow<Q>,
    {
        let at = self.chunk_of(key);
        let chunk = self.chunks.get_mut(at)?;
        let at = chunk.binary_search_by(|(other, _)| other.borrow().cmp(key)).ok()?;
        Arc::make_mut(chunk).get_mut(at).map(|(_, value)| value)
    }

    /// Puts a value under a key, in the place of the one there is.
    pub(super) fn insert(&mut self, key: K, value: V) {
        let number = self.chunk_of(&key);
        let Some(chunk) = self.chunks.get_mut(number) else {
            self.chunks.push(Arc::new(vec![(key, value)]));
            return;
        };
        let chunk = Arc::make_mut(chunk);
        match chunk.binary_search_by(|(other, _)| other.cmp(&key)) {
            Ok(at) => {
                if let Some(entry) = chunk.get_mut(at) {
                    entry.1 = value;
                }
            }
            Err(at) => chunk.insert(at, (key, value)),
        }
        if chunk.len() > WIDEST {
            let upper = chunk.split_off(chunk.len() / 2);
            self.chunks.insert(number + 1, Arc::new(upper));
        }
    }

    /// Takes an entry out.
    pub(super) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<(K, V)>
    where
        K: std::borrow::Borrow<Q>,
    {
        let number = self.chunk_of(key);
        let chunk = self.chunks.get_mut(number)?;
        let at = chunk.binary_search_by(|(other, _)| other.borrow().cmp(key)).ok()?;
        let chunk = Arc::make_mut(chunk);
        let entry = chunk.remove(at);
        if chunk.is_empty() {
            self.chunks.remove(number);
        }
        Some(entry)
    }

    /// All entries, by key.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.chunks.iter().flat_map(|chunk| chunk.iter().map(|(key, value)| (key, value)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::SharedMap;

    proptest! {
        #[test]
        fn it_holds_what_a_sorted_map_holds_and_a_clone_what_was_there(
            steps in prop::collection::vec((0_u16..300, any::<bool>()), 0..900),
        ) {
            let mut ours = SharedMap::default();
            let mut theirs = BTreeMap::new();
            let mut kept = Vec::new();
            for (n, (key, insert)) in steps.into_iter().enumerate() {
                if insert {
                    ours.insert(key, n);
                    theirs.insert(key, n);
                } else {
                    prop_assert_eq!(ours.remove(&key), theirs.remove_entry(&key));
                }
                if let Some(value) = ours.get_mut(&(key / 2)) {
                    *value += 1;
                    *theirs.entry(key / 2).or_default() += 1;
                }
                if n % 97 == 0 {
                    kept.push((ours.clone(), theirs.clone()));
                }
            }
            kept.push((ours, theirs));
            for (ours, theirs) in kept {
                prop_assert!(ours.iter().eq(theirs.iter()));
                for key in 0..300 {
                    prop_assert_eq!(ours.get(&key).map(|(_, value)| value), theirs.get(&key));
                }
            }
        }
    }
}
