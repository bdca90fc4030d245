//! What a person says about a new column.

use crate::facts::Null;
use crate::name::Ident;
use crate::{Expression, SqlType};

/// A column that a recipe adds as the new side of an old one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewColumn {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub data_type: SqlType,
    /// Its default, once the old column is hidden: during the window it has none, so that a value in it was sent.
    pub default: Option<Expression>,
    /// Whether it takes NULL, once it is backfilled.
    pub null: Null,
}

impl NewColumn {
    /// A column of this type that takes NULL and has no default.
    pub fn new(name: Ident, data_type: SqlType) -> NewColumn {
        NewColumn { name, data_type, default: None, null: Null::Allowed }
    }

    /// The same with a default, from the hide on.
    pub fn default_is(mut self, default: Expression) -> NewColumn {
        self.default = Some(default);
        self
    }

    /// The same, NOT NULL once it is backfilled; what the old side gives must never be NULL then.
    pub fn not_null(mut self) -> NewColumn {
        self.null = Null::Refused;
        self
    }
}

/// Whether code that runs today keeps a rule that is not in the database yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldWriters {
    /// It does: the rule may stand from the expand on.
    Comply,
    /// It may write what the rule forbids: the rule waits behind the gate of a contract.
    MayViolate,
}
