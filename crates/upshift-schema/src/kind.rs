//! The kinds of facts, and what a person calls them.

use std::fmt;
use std::str::FromStr;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $word:literal)*) => {
        /// What a fact is about. The order is that of a snapshot: what others stand in or are made of comes first.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(into = "String", try_from = "String"))]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// All of them, in order.
            pub const ALL: &[Kind] = &[$(Kind::$name),*];

            /// The words a person uses: `materialized view`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Kind::$name => $word,)*
                }
            }
        }
    };
}

kinds! {
    /// A schema.
    Schema "schema"
    /// An extension: its schema and version stand for everything it made.
    Extension "extension"
    /// A procedural language.
    Language "language"
    /// A table or index access method.
    AccessMethod "access method"
    /// A collation.
    Collation "collation"
    /// A conversion between encodings.
    Conversion "conversion"
    /// An enum, composite, range, base or shell type.
    Type "type"
    /// A domain.
    Domain "domain"
    /// A sequence that is not part of an identity column.
    Sequence "sequence"
    /// A table, a partitioned table or a partition.
    Table "table"
    /// A foreign table.
    ForeignTable "foreign table"
    /// A column of anything that has columns.
    Column "column"
    /// In which order the columns of a table stand.
    ColumnOrder "column order"
    /// A constraint of a table or a domain, with the options of its index.
    Constraint "constraint"
    /// An index that belongs to no constraint.
    Index "index"
    /// A view.
    View "view"
    /// A materialized view.
    MaterializedView "materialized view"
    /// A trigger.
    Trigger "trigger"
    /// A rule.
    Rule "rule"
    /// A policy of row-level security.
    Policy "policy"
    /// An extended statistics object.
    Statistics "statistics"
    /// A function.
    Function "function"
    /// A procedure.
    Procedure "procedure"
    /// An aggregate.
    Aggregate "aggregate"
    /// An operator.
    Operator "operator"
    /// An operator class.
    OperatorClass "operator class"
    /// An operator family, with its operators and functions.
    OperatorFamily "operator family"
    /// A cast.
    Cast "cast"
    /// A transform between a type and a language.
    Transform "transform"
    /// A text search parser.
    TextSearchParser "text search parser"
    /// A text search template.
    TextSearchTemplate "text search template"
    /// A text search dictionary.
    TextSearchDictionary "text search dictionary"
    /// A text search configuration.
    TextSearchConfiguration "text search configuration"
    /// A foreign data wrapper.
    ForeignDataWrapper "foreign data wrapper"
    /// A foreign server.
    Server "server"
    /// A user mapping.
    UserMapping "user mapping"
    /// An event trigger.
    EventTrigger "event trigger"
    /// A publication.
    Publication "publication"
    /// A table of a publication.
    PublicationTable "publication table"
    /// A schema of a publication.
    PublicationSchema "publication schema"
    /// A subscription, without what it connects to.
    Subscription "subscription"
    /// The owner of an object that is not the owner of the database.
    Owner "owner"
    /// Privileges that a role has beyond those an object is made with.
    Grant "grant"
    /// Privileges that a role lost of those an object is made with.
    Revoke "revoke"
    /// Privileges that objects made later will have.
    DefaultPrivileges "default privileges"
    /// A comment.
    Comment "comment"
    /// A security label.
    SecurityLabel "security label"
}

impl Kind {
    /// Whether its ids are the table's (or the domain's) and a name behind it: it is gone when the table is.
    pub(crate) fn is_part(self) -> bool {
        use Kind::{Column, ColumnOrder, Constraint, Index, Policy, Rule, Trigger};
        matches!(self, Column | ColumnOrder | Constraint | Index | Policy | Rule | Trigger)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word for a kind that this version of upshift does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of object that this version of upshift knows")]
pub struct KindError(pub(crate) String);

impl FromStr for Kind {
    type Err = KindError;

    fn from_str(word: &str) -> Result<Kind, KindError> {
        let found = Kind::ALL.iter().find(|kind| kind.as_str() == word);
        found.copied().ok_or_else(|| KindError(word.to_owned()))
    }
}

impl TryFrom<String> for Kind {
    type Error = KindError;

    fn try_from(word: String) -> Result<Kind, KindError> {
        word.parse()
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> String {
        kind.as_str().to_owned()
    }
}
