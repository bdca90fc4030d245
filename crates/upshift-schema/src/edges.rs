//! Which facts need which others to be there: the server's own list of dependencies, with the names that facts have.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Filter, Kind, KindError, RowError};

/// The question, in the order of its parts: as that for the facts, but for the last.
const SQL: &[&str] = &[
    include_str!("sql/settings.sql"),
    include_str!("sql/names.sql"),
    include_str!("sql/spaces.sql"),
    include_str!("sql/types.sql"),
    include_str!("sql/tables.sql"),
    include_str!("sql/code.sql"),
    include_str!("sql/outside.sql"),
    include_str!("sql/edges.sql"),
];

/// What a fact is matched by: its kind and its id.
pub type Key = (Kind, String);

/// Which facts need which others to be there.
///
/// That of a column on its table, and of a comment on what it is about, is in their names and not here; neither is that of a
/// sequence on the column that owns it, which would be a circle with the column's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edges {
    needs: BTreeMap<Key, BTreeSet<Key>>,
    needed_by: BTreeMap<Key, BTreeSet<Key>>,
}

impl Edges {
    /// Of the rows that answered [`Filter::edges_sql`].
    ///
    /// # Errors
    /// A row is of no kind that this version of upshift knows.
    pub fn of_rows<'a>(
        rows: impl IntoIterator<Item = (&'a str, &'a str, &'a str, &'a str)>,
    ) -> Result<Edges, RowError> {
        let key = |kind: &str, id: &str| -> Result<Key, RowError> {
            let kind: Kind = kind.parse().map_err(|cause: KindError| RowError::new(id, cause))?;
            Ok((kind, id.to_owned()))
        };
        let mut edges = Edges::default();
        for (kind, id, needed_kind, needed_id) in rows {
            edges.add(key(kind, id)?, key(needed_kind, needed_id)?);
        }
        Ok(edges)
    }

    /// One more.
    pub fn add(&mut self, key: Key, needed: Key) {
        self.needs.entry(key.clone()).or_default().insert(needed.clone());
        self.needed_by.entry(needed).or_default().insert(key);
    }

    /// What a fact needs.
    pub fn needs(&self, key: &Key) -> impl Iterator<Item = &Key> {
        self.needs.get(key).into_iter().flatten()
    }

    /// What needs a fact.
    pub fn needed_by(&self, key: &Key) -> impl Iterator<Item = &Key> {
        self.needed_by.get(key).into_iter().flatten()
    }
}

impl Filter {
    /// The question for the dependencies, for any driver: as [`Filter::sql`], with four columns for [`Edges::of_rows`].
    ///
    /// # Locks
    /// As [`Filter::sql`].
    pub fn edges_sql(&self) -> String {
        SQL.concat().replace(":schemas", &self.condition())
    }
}
