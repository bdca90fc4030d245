//! Relations: tables, indexes, views, sequences.

use crate::statement::{
    Bound, ConstraintKind, Deferrable, Enforcement, Expression, Generated, Heirs, Name, Partitioning,
    Persistence, Replica, RowSecurity, TypeName, Validity,
};

/// Who made something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// It was there before the first migration.
    Existing,
    /// The migration with this number in the set, from 0.
    Migration(usize),
    /// The down of the migration with this number.
    Down(usize),
}

impl Origin {
    /// The down of a migration; what was there before all of them has none.
    #[must_use]
    pub fn down(self) -> Origin {
        match self {
            Origin::Existing => Origin::Existing,
            Origin::Migration(number) | Origin::Down(number) => Origin::Down(number),
        }
    }

    /// Whether it is of the same migration, its up or its down.
    pub fn is_beside(self, other: Origin) -> bool {
        self.down() == other.down()
    }
}

/// A relation.
#[derive(Debug, Clone)]
pub struct Relation {
    /// Who made it.
    pub origin: Origin,
    /// What it is.
    pub shape: Shape,
}

/// What a relation is.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A table.
    Table(Table),
    /// An index.
    Index(Index),
    /// A view, materialized or not.
    View(View),
    /// A sequence.
    Sequence {
        /// The column it belongs to.
        owner: Option<(Name, String)>,
    },
}

impl Relation {
    /// The table, if it is one.
    pub fn as_table(&self) -> Option<&Table> {
        if let Shape::Table(table) = &self.shape { Some(table) } else { None }
    }

    pub(super) fn as_table_mut(&mut self) -> Option<&mut Table> {
        if let Shape::Table(table) = &mut self.shape { Some(table) } else { None }
    }

    /// The index, if it is one.
    pub fn as_index(&self) -> Option<&Index> {
        if let Shape::Index(index) = &self.shape { Some(index) } else { None }
    }

    pub(super) fn as_index_mut(&mut self) -> Option<&mut Index> {
        if let Shape::Index(index) = &mut self.shape { Some(index) } else { None }
    }

    /// The view, if it is one.
    pub fn as_view(&self) -> Option<&View> {
        if let Shape::View(view) = &self.shape { Some(view) } else { None }
    }
}

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Whether these are all: of a table that a query made, or one LIKE a table that is not known, some are missing.
    pub complete: bool,
    /// Its constraints; NOT NULL of a column stands with the column.
    pub constraints: Vec<Constraint>,
    /// PARTITION BY.
    pub partition_by: Option<Partitioning>,
    /// The table it is a partition of, and the rows it takes.
    pub partition_of: Option<(Name, Bound)>,
    /// The type it is OF.
    pub of: Option<Name>,
    /// The tables it inherits from otherwise.
    pub inherits: Vec<Name>,
    /// Its triggers.
    pub triggers: Vec<Trigger>,
    /// The names of its policies.
    pub policies: Vec<String>,
    /// The names of its rules.
    pub rules: Vec<String>,
    /// The last said about row level security; none is DISABLE.
    pub row_security: Option<RowSecurity>,
    /// UNLOGGED, TEMPORARY.
    pub persistence: Persistence,
    /// REPLICA IDENTITY.
    pub replica_identity: Replica,
    /// Whether it is a foreign table.
    pub foreign: bool,
}

impl Table {
    pub(super) fn new(persistence: Persistence) -> Table {
        Table {
            columns: Vec::new(),
            complete: true,
            constraints: Vec::new(),
            partition_by: None,
            partition_of: None,
            of: None,
            inherits: Vec::new(),
            triggers: Vec::new(),
            policies: Vec::new(),
            rules: Vec::new(),
            row_security: None,
            persistence,
            replica_identity: Replica::Default,
            foreign: false,
        }
    }

    /// A column.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// A constraint.
    pub fn constraint(&self, name: &str) -> Option<&Constraint> {
        self.constraints.iter().find(|constraint| constraint.name == name)
    }

    /// Its primary key.
    pub fn primary_key(&self) -> Option<&Constraint> {
        self.constraints.iter().find(|constraint| matches!(constraint.kind, ConstraintKind::PrimaryKey(_)))
    }

    /// The tables it takes its columns from.
    pub fn parents(&self) -> impl Iterator<Item = &Name> {
        self.partition_of.iter().map(|(parent, _)| parent).chain(&self.inherits)
    }

    /// Whether a CHECK that is valid and enforced proves that the column has no NULL.
    pub fn proves_not_null(&self, column: &str) -> bool {
        self.constraints.iter().any(|one| {
            one.is_proven()
                && match &one.kind {
                    ConstraintKind::Check(check) => check.implies_not_null(column),
                    ConstraintKind::NotNull(of) => of == column,
                    _ => false,
                }
        })
    }
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub type_name: TypeName,
    /// Whether it is NOT NULL.
    pub not_null: bool,
    /// Its default; a serial's is `nextval`.
    pub default: Option<Expression>,
    /// The sequence behind it, of an identity or serial.
    pub sequence: Option<Name>,
    /// Whether it is an identity.
    pub identity: bool,
    /// Whether it is generated, and kept.
    pub generated: Option<Generated>,
    /// The columns it is generated from.
    pub generated_from: Vec<String>,
    /// COLLATE.
    pub collation: Option<Name>,
    /// Who made it.
    pub origin: Origin,
}

/// A constraint.
#[derive(Debug, Clone)]
pub struct Constraint {
    /// Its name, given or chosen.
    pub name: String,
    /// What it demands; tables in it with their schemas.
    pub kind: ConstraintKind,
    /// Whether the rows there are were looked at.
    pub validity: Validity,
    /// Whether it is checked at all.
    pub enforcement: Enforcement,
    /// When it is checked.
    pub deferrable: Deferrable,
    /// Whether heirs have it, too.
    pub heirs: Heirs,
    /// The index behind it.
    pub index: Option<Name>,
    /// Who made it.
    pub origin: Origin,
    /// Which migration validated it, if another than made it.
    pub validated_by: Option<Origin>,
}

impl Constraint {
    /// Whether every row is known to meet it.
    pub fn is_proven(&self) -> bool {
        self.validity == Validity::Valid && self.enforcement == Enforcement::Enforced
    }

    /// The table a foreign key refers to.
    pub fn refers_to(&self) -> Option<&Name> {
        if let ConstraintKind::ForeignKey(key) = &self.kind { Some(&key.table) } else { None }
    }
}

/// An index.
#[derive(Debug, Clone)]
pub struct Index {
    /// Its table, with schema.
    pub table: Name,
    /// What is indexed.
    pub parts: Vec<Expression>,
    /// What was said after each of them, lower case: `text_pattern_ops desc`; empty for the index of a constraint.
    pub part_options: Vec<String>,
    /// INCLUDE.
    pub include: Vec<String>,
    /// UNIQUE.
    pub unique: bool,
    /// `btree`, `gin` …
    pub method: String,
    /// WHERE.
    pub predicate: Option<Expression>,
    /// Whether queries may use it: one ON ONLY a partitioned table is not valid until every partition has its own.
    pub valid: bool,
    /// The constraint it is behind.
    pub constraint: Option<String>,
    /// The index of the partitioned table it is attached to.
    pub attached_to: Option<Name>,
}

impl Index {
    /// The columns it begins with, as far as they are plain columns.
    pub fn leading_columns(&self) -> Vec<&str> {
        let plain = self.parts.iter().map_while(|part| match &part.kind {
            crate::statement::ExpressionKind::Column(parts) => parts.last().map(String::as_str),
            _ => None,
        });
        plain.collect()
    }

    /// Whether a column is in it, anywhere.
    pub fn uses(&self, column: &str) -> bool {
        self.parts.iter().chain(&self.predicate).any(|part| part.columns().any(|c| c == column))
            || self.include.iter().any(|c| c == column)
    }
}

/// A view.
#[derive(Debug, Clone)]
pub struct View {
    /// Whether it is materialized.
    pub materialized: bool,
    /// The relations it reads, with schemas.
    pub reads: Vec<Name>,
    /// Every name in its query that may be a column; `*` for all of them.
    pub uses: Vec<String>,
    /// Its own columns, as far as their names are known; `*` for all of a table's.
    pub columns: Vec<String>,
}

impl View {
    /// Whether it may use this column of a relation it reads.
    pub fn may_use(&self, column: &str) -> bool {
        self.uses.iter().any(|used| used == column || used == "*")
    }
}

/// A trigger.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// What it calls.
    pub function: Name,
    /// Whether it is FOR EACH ROW.
    pub each_row: bool,
    /// `before`, `after`, `instead of`.
    pub timing: String,
}
