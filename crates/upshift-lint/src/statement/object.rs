//! What is neither table nor index: types, functions, triggers; and DROP.

use super::definition::ColumnConstraint;
use super::name::Name;
use super::types::TypeName;
use super::{Dependants, Manner, Place, Replace, WhenMissing};

/// What sort of thing a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the word SQL has for it")]
pub enum Kind {
    Table,
    ForeignTable,
    Index,
    View,
    MaterializedView,
    Sequence,
    Column,
    Constraint,
    Trigger,
    Rule,
    Policy,
    Type,
    Domain,
    Function,
    Procedure,
    Aggregate,
    Schema,
    Database,
    Extension,
    Statistics,
    Publication,
    Subscription,
    EventTrigger,
    Role,
    UserMapping,
    /// Any other.
    Other,
}

impl Kind {
    /// As SQL says it, lower case.
    pub fn word(self) -> &'static str {
        WORDS.iter().find(|(_, kind)| *kind == self).map_or("object", |(words, _)| words)
    }
}

/// What SQL calls each kind; where it has several words for one, the usual first.
pub(crate) const WORDS: &[(&str, Kind)] = &[
    ("table", Kind::Table),
    ("foreign table", Kind::ForeignTable),
    ("index", Kind::Index),
    ("view", Kind::View),
    ("materialized view", Kind::MaterializedView),
    ("sequence", Kind::Sequence),
    ("column", Kind::Column),
    ("constraint", Kind::Constraint),
    ("trigger", Kind::Trigger),
    ("rule", Kind::Rule),
    ("policy", Kind::Policy),
    ("type", Kind::Type),
    ("domain", Kind::Domain),
    ("function", Kind::Function),
    ("procedure", Kind::Procedure),
    ("routine", Kind::Function),
    ("aggregate", Kind::Aggregate),
    ("schema", Kind::Schema),
    ("database", Kind::Database),
    ("extension", Kind::Extension),
    ("statistics", Kind::Statistics),
    ("publication", Kind::Publication),
    ("subscription", Kind::Subscription),
    ("event trigger", Kind::EventTrigger),
    ("role", Kind::Role),
    // Before `user`, which it begins with.
    ("user mapping", Kind::UserMapping),
    ("user", Kind::Role),
    ("group", Kind::Role),
];

/// DROP of anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drop {
    /// What it is.
    pub kind: Kind,
    /// Their names, and where each stands; a function without its arguments.
    pub names: Vec<(Name, Place)>,
    /// The table it is on, for a trigger, policy or rule.
    pub on: Option<Name>,
    /// IF EXISTS.
    pub missing: WhenMissing,
    /// CASCADE.
    pub dependants: Dependants,
    /// CONCURRENTLY.
    pub manner: Manner,
}

/// CREATE TRIGGER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTrigger {
    /// The trigger.
    pub name: String,
    /// Its table or view.
    pub table: Name,
    /// OR REPLACE (14).
    pub replace: Replace,
    /// `before`, `after`, `instead of`.
    pub timing: String,
    /// `insert`, `update`, `delete`, `truncate`.
    pub events: Vec<String>,
    /// Whether it is FOR EACH ROW.
    pub each_row: bool,
    /// Whether it is a CONSTRAINT trigger.
    pub constraint: bool,
    /// FROM, of a constraint trigger.
    pub from: Option<Name>,
    /// What it calls.
    pub function: Name,
}

/// CREATE TYPE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateType {
    /// The type.
    pub name: Name,
    /// What it is.
    pub shape: TypeShape,
}

/// What a type of one's own is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeShape {
    /// AS ENUM, with its values.
    Enum(Vec<String>),
    /// AS (…), with its attributes.
    Composite(Vec<(String, TypeName)>),
    /// AS RANGE.
    Range,
    /// Any other.
    Base,
}

/// ALTER TYPE.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what SQL says")]
pub enum AlterType {
    AddValue {
        name: Name,
        value: String,
        existing: super::WhenExisting,
        placed: bool,
    },
    RenameValue {
        name: Name,
        from: String,
        to: String,
    },
    RenameTo {
        name: Name,
        to: String,
    },
    SetSchema {
        name: Name,
        schema: String,
    },
    OwnerTo {
        name: Name,
    },
    RenameAttribute {
        name: Name,
        from: String,
        to: String,
        dependants: Dependants,
    },
    /// ADD, DROP or ALTER ATTRIBUTE of a composite type.
    Attributes {
        name: Name,
        changes: Vec<AttributeChange>,
        dependants: Dependants,
    },
    Options {
        name: Name,
    },
}

/// What becomes of an attribute of a composite type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what SQL says")]
pub enum AttributeChange {
    Add(String, TypeName),
    Drop(String),
    SetType(String, TypeName),
}

/// ALTER DOMAIN.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what SQL says")]
pub enum AlterDomain {
    AddConstraint {
        name: Name,
        constraint: ColumnConstraint,
        constraint_name: Option<String>,
        validity: super::Validity,
    },
    ValidateConstraint {
        name: Name,
        constraint: String,
    },
    DropConstraint {
        name: Name,
        constraint: String,
    },
    RenameConstraint {
        name: Name,
        from: String,
        to: String,
    },
    SetNotNull {
        name: Name,
    },
    DropNotNull {
        name: Name,
    },
    SetDefault {
        name: Name,
    },
    RenameTo {
        name: Name,
        to: String,
    },
    SetSchema {
        name: Name,
        schema: String,
    },
    OwnerTo {
        name: Name,
    },
}

/// CREATE FUNCTION, CREATE PROCEDURE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateFunction {
    /// Function or procedure.
    pub kind: Kind,
    /// Its name.
    pub name: Name,
    /// OR REPLACE.
    pub replace: Replace,
    /// The types of what it is given, IN alone.
    pub arguments: Vec<TypeName>,
    /// The type it returns; none for a table, and for a procedure.
    pub returns: Option<TypeName>,
    /// What it is written in.
    pub language: Language,
    /// Whether what it returns may change: `volatile` unless it says otherwise.
    pub volatility: Volatility,
    /// Whose rights it has.
    pub security: Security,
    /// The settings it has of its own (SET …), lower case.
    pub settings: Vec<String>,
    /// Its body, where it is a string.
    pub body: Option<String>,
}

/// What a function is written in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Language {
    /// SQL.
    Sql,
    /// PL/pgSQL.
    PlPgSql,
    /// Any other, lower case.
    Other(String),
}

/// Whether what a function returns may change (manual, 38.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Volatility {
    /// Never, for the same arguments.
    Immutable,
    /// Not within one statement.
    Stable,
    /// From one row to the next.
    Volatile,
}

/// Whose rights a function has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// The caller's.
    Invoker,
    /// The owner's: SECURITY DEFINER.
    Definer,
}
