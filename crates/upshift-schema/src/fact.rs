//! One thing that is so in a database.

use crate::Kind;

/// One thing that is so in a database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Fact {
    /// What it is about.
    pub kind: Kind,
    /// Its name, with the schema's and the table's, quoted as SQL has to: `app.users.email`, `app.add(integer, integer)`.
    pub id: String,
    /// What is so, in PostgreSQL's own words. Empty where there is nothing to say but that it is there.
    pub definition: String,
}

impl Fact {
    /// A fact.
    pub fn new(kind: Kind, id: impl Into<String>, definition: impl Into<String>) -> Fact {
        Fact { kind, id: id.into(), definition: definition.into() }
    }

    /// What facts are matched by.
    pub(crate) fn key(&self) -> (Kind, &str) {
        (self.kind, &self.id)
    }
}
