//! What ALTER of a table, index, view or sequence changes.

use super::definition::{Bound, Column, Constraint};
use super::expression::Expression;
use super::name::Name;
use super::object::Kind;
use super::types::TypeName;
use super::{Dependants, Place, WhenExisting, WhenMissing};

/// ALTER TABLE, and ALTER of an index, view, materialized view, sequence or foreign table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterRelation {
    /// What the statement says it is; the server takes `table` for the others, too.
    pub kind: Kind,
    /// Its name.
    pub name: Name,
    /// IF EXISTS.
    pub missing: WhenMissing,
    /// ONLY.
    pub only: bool,
    /// What is changed, in order, and where each stands.
    pub actions: Vec<(Action, Place)>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// ADD COLUMN.
    AddColumn {
        /// The column.
        column: Column,
        /// IF NOT EXISTS.
        existing: WhenExisting,
    },
    /// DROP COLUMN.
    DropColumn {
        /// The column.
        column: String,
        /// IF EXISTS.
        missing: WhenMissing,
        /// CASCADE.
        dependants: Dependants,
    },
    /// ALTER COLUMN.
    AlterColumn {
        /// The column.
        column: String,
        /// What becomes of it.
        change: ColumnChange,
    },
    /// ADD CONSTRAINT.
    AddConstraint(Constraint),
    /// VALIDATE CONSTRAINT.
    ValidateConstraint(String),
    /// DROP CONSTRAINT.
    DropConstraint {
        /// The constraint.
        name: String,
        /// IF EXISTS.
        missing: WhenMissing,
        /// CASCADE.
        dependants: Dependants,
    },
    /// ALTER CONSTRAINT.
    AlterConstraint(String),
    /// RENAME CONSTRAINT.
    RenameConstraint {
        /// Its name.
        from: String,
        /// Its new name.
        to: String,
    },
    /// RENAME COLUMN.
    RenameColumn {
        /// Its name.
        from: String,
        /// Its new name.
        to: String,
    },
    /// RENAME TO.
    RenameTo(String),
    /// SET SCHEMA.
    SetSchema(String),
    /// ATTACH PARTITION of a table.
    AttachPartition {
        /// The table that becomes a partition.
        partition: Name,
        /// The rows it takes.
        bound: Bound,
    },
    /// DETACH PARTITION.
    DetachPartition {
        /// The partition.
        partition: Name,
        /// How.
        how: DetachHow,
    },
    /// ATTACH PARTITION of an index.
    AttachIndex(Name),
    /// SET (…), RESET (…): storage parameters, lower case names.
    SetOptions(Vec<String>),
    /// SET LOGGED.
    SetLogged,
    /// SET UNLOGGED.
    SetUnlogged,
    /// SET TABLESPACE.
    SetTablespace(String),
    /// SET ACCESS METHOD.
    SetAccessMethod(String),
    /// ENABLE or DISABLE TRIGGER.
    Trigger {
        /// The trigger; none for ALL and USER.
        name: Option<String>,
        /// What becomes of it.
        switch: Switch,
    },
    /// ENABLE or DISABLE RULE.
    Rule {
        /// The rule.
        name: String,
        /// What becomes of it.
        switch: Switch,
    },
    /// ROW LEVEL SECURITY.
    RowSecurity(RowSecurity),
    /// REPLICA IDENTITY.
    ReplicaIdentity(Replica),
    /// OWNER TO.
    OwnerTo(String),
    /// CLUSTER ON, SET WITHOUT CLUSTER.
    ClusterOn(Option<String>),
    /// INHERIT.
    Inherit(Name),
    /// NO INHERIT.
    NoInherit(Name),
    /// OF, NOT OF.
    OfType,
    /// What ALTER SEQUENCE changes.
    Sequence(SequenceChange),
}

/// How a partition leaves its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DetachHow {
    /// DETACH PARTITION.
    Blocking,
    /// … CONCURRENTLY (14).
    Concurrently,
    /// … FINALIZE (14).
    Finalize,
}

/// What becomes of a trigger or rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// ENABLE.
    Enable,
    /// ENABLE ALWAYS.
    EnableAlways,
    /// ENABLE REPLICA.
    EnableReplica,
    /// DISABLE.
    Disable,
}

/// What becomes of row level security.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowSecurity {
    /// ENABLE.
    Enable,
    /// DISABLE.
    Disable,
    /// FORCE.
    Force,
    /// NO FORCE.
    NoForce,
}

/// How logical replication tells rows apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replica {
    /// DEFAULT: by primary key.
    Default,
    /// FULL: by the whole row.
    Full,
    /// NOTHING.
    Nothing,
    /// USING INDEX.
    Index(String),
}

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnChange {
    /// TYPE.
    SetType {
        /// The new type.
        type_name: TypeName,
        /// COLLATE.
        collation: Option<Name>,
        /// USING.
        using: Option<Expression>,
    },
    /// SET DEFAULT.
    SetDefault(Expression),
    /// DROP DEFAULT.
    DropDefault,
    /// SET NOT NULL.
    SetNotNull,
    /// DROP NOT NULL.
    DropNotNull,
    /// ADD GENERATED … AS IDENTITY.
    AddIdentity(Identity),
    /// SET GENERATED …, RESTART and other options of an identity.
    SetIdentity {
        /// SET GENERATED.
        generated: Option<Identity>,
        /// Whether the sequence begins anew: RESTART.
        restarts: bool,
    },
    /// DROP IDENTITY.
    DropIdentity,
    /// DROP EXPRESSION.
    DropExpression,
    /// SET EXPRESSION (17).
    SetExpression(Expression),
    /// SET STATISTICS.
    SetStatistics,
    /// SET (…), RESET (…).
    SetOptions,
    /// SET STORAGE.
    SetStorage,
    /// SET COMPRESSION.
    SetCompression,
}

/// Who may say the value of an identity column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// GENERATED ALWAYS: the server alone.
    Always,
    /// GENERATED BY DEFAULT.
    ByDefault,
}

/// What ALTER SEQUENCE changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SequenceChange {
    /// OWNED BY and nothing else; none is OWNED BY NONE.
    OwnedBy(Option<(Name, String)>),
    /// Anything else: its one row is written anew.
    Options {
        /// Whether it begins anew: RESTART.
        restarts: bool,
        /// OWNED BY beside it.
        owner: Option<(Name, String)>,
    },
}
