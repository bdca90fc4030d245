//! Everything that is so in a database, in order.

use std::collections::BTreeMap;

use crate::{Diff, Fact, Filter, Fingerprint, Kind, KindError};

/// Everything that a database holds but its rows: facts in order of kind and id.
///
/// Equal snapshots are equal schemas. As text ([`Display`](std::fmt::Display)) it is canonical: one schema, one text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "Vec<Fact>", into = "Vec<Fact>"))]
pub struct Snapshot {
    /// Sorted.
    facts: Vec<Fact>,
}

/// A row that is no answer to [`Filter::sql`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a row about `{id}` is no answer to the question for a schema")]
#[non_exhaustive]
pub struct RowError {
    /// What the row is about.
    pub id: String,
    #[source]
    cause: KindError,
}

impl RowError {
    pub(crate) fn new(id: &str, cause: KindError) -> RowError {
        RowError { id: id.to_owned(), cause }
    }
}

impl Snapshot {
    /// Of the rows that answered [`Filter::sql`]: kind, id and definition, in any order.
    ///
    /// # Errors
    /// A row is of no kind that this version of upshift knows.
    pub fn of_rows<'a>(
        rows: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>,
        filter: &Filter,
    ) -> Result<Snapshot, RowError> {
        let mut facts = Vec::new();
        for (kind, id, definition) in rows {
            let kind: Kind = kind.parse().map_err(|cause| RowError { id: id.to_owned(), cause })?;
            if filter.keeps(kind, id) {
                facts.push(Fact::new(kind, id, definition));
            }
        }
        Ok(Snapshot::from(facts))
    }

    /// The facts, in order of kind and id.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// The definition of an object, if it is there.
    pub fn get(&self, kind: Kind, id: &str) -> Option<&str> {
        let at = self.facts.binary_search_by(|fact| fact.key().cmp(&(kind, id))).ok()?;
        self.facts.get(at).map(|fact| fact.definition.as_str())
    }

    /// What has to happen to this one that it becomes the other.
    pub fn diff(&self, after: &Snapshot) -> Diff {
        Diff::between(self, after)
    }

    /// What this one becomes when the same happens to it that made `after` of `before`.
    ///
    /// What differs from `before` in this one, and was left alone since, goes on to differ from `after`.
    ///
    /// ```
    /// use upshift_schema::{Fact, Kind, Snapshot};
    ///
    /// let table = |id: &str| Fact::new(Kind::Table, id, "");
    /// let kept = Snapshot::from(vec![table("a")]);
    /// let before = Snapshot::from(vec![table("a"), table("by_hand")]);
    /// let after = Snapshot::from(vec![table("b"), table("by_hand")]);
    /// assert_eq!(kept.followed(&before, &after), Snapshot::from(vec![table("b")]));
    /// ```
    #[must_use]
    pub fn followed(&self, before: &Snapshot, after: &Snapshot) -> Snapshot {
        let by_key = |snapshot: &Snapshot| -> BTreeMap<(Kind, String), String> {
            let entry = |fact: &Fact| ((fact.kind, fact.id.clone()), fact.definition.clone());
            snapshot.facts.iter().map(entry).collect()
        };
        let (mut facts, before, after) = (by_key(self), by_key(before), by_key(after));
        for gone in before.keys().filter(|key| !after.contains_key(*key)) {
            facts.remove(gone);
        }
        for (key, definition) in after {
            if before.get(&key) != Some(&definition) {
                facts.insert(key, definition);
            }
        }
        let fact = |((kind, id), definition)| Fact::new(kind, id, definition);
        Snapshot::from(facts.into_iter().map(fact).collect::<Vec<_>>())
    }

    /// One value for all of it.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.to_string())
    }
}

impl From<Vec<Fact>> for Snapshot {
    fn from(mut facts: Vec<Fact>) -> Snapshot {
        facts.sort_unstable();
        Snapshot { facts }
    }
}

impl From<Snapshot> for Vec<Fact> {
    fn from(snapshot: Snapshot) -> Vec<Fact> {
        snapshot.facts
    }
}

#[cfg(test)]
mod tests {
    use super::Snapshot;
    use crate::{Filter, Kind};

    #[test]
    fn rows_are_sorted_and_kinds_can_be_left_out() {
        let rows = [
            ("column", "b.t.a", "text"),
            ("table", "b.t", ""),
            ("owner", "table b.t", "me"),
            ("table", "a.t", ""),
        ];
        let filter = Filter::new().without_kinds([Kind::Owner]);
        let snapshot = Snapshot::of_rows(rows, &filter).unwrap();
        let ids: Vec<&str> = snapshot.facts().iter().map(|fact| fact.id.as_str()).collect();
        assert_eq!(ids, ["a.t", "b.t", "b.t.a"]);
        assert_eq!(snapshot.get(Kind::Column, "b.t.a"), Some("text"));
        assert_eq!(snapshot.get(Kind::Column, "b.t.b"), None);
    }

    #[test]
    fn a_kind_from_a_later_version_is_an_error() {
        let error = Snapshot::of_rows([("satellite", "s", "")], &Filter::new()).unwrap_err();
        assert_eq!(error.to_string(), "a row about `s` is no answer to the question for a schema");
        assert_eq!(
            std::error::Error::source(&error).map(ToString::to_string).as_deref(),
            Some("`satellite` is no kind of object that this version of upshift knows")
        );
    }
}
