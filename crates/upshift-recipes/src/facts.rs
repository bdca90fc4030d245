//! What a recipe must know about a table, as a plain value.

use crate::error::RecipeError;
use crate::name::{Ident, NameError, Table};
use crate::{SqlType, TextError};

pub use crate::facts_sql::FACTS_SQL;

/// What a recipe must know about a table: read with [`FACTS_SQL`], or said by hand.
///
/// ```
/// use upshift_recipes::{ColumnFacts, TableFacts};
/// let facts = TableFacts::new("app.users".parse()?, 15)
///     .column(ColumnFacts::new("id".parse()?, "bigint").not_null())
///     .column(ColumnFacts::new("name".parse()?, "text"))
///     .primary_key(["id".parse()?]);
/// assert_eq!(facts.columns.len(), 2);
/// # Ok::<(), upshift_recipes::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableFacts {
    /// Which table.
    pub table: Table,
    /// The server's major version, 13 to 18.
    pub server_major: u16,
    /// Whether it has partitions.
    pub kind: TableKind,
    /// Who owns it.
    pub owner: Option<Ident>,
    /// Its columns, in their order.
    pub columns: Vec<ColumnFacts>,
    /// The columns of its primary key; empty when it has none.
    pub primary_key: Vec<Ident>,
    /// The partitions under it that hold rows.
    pub partitions: Vec<Table>,
    /// Whether partitions have partitions.
    pub nesting: Nesting,
    /// Row triggers that fire before an UPDATE, apart from our own.
    pub before_update: Vec<Ident>,
    /// Whether row level security is on.
    pub row_security: RowSecurity,
    /// What others may do with it.
    pub grants: Vec<Grant>,
    /// Foreign keys of other tables that point at it, described.
    pub incoming: Vec<String>,
    /// Its own foreign keys, described.
    pub outgoing: Vec<String>,
}

/// What a recipe must know about a column.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ColumnFacts {
    /// Its name.
    pub name: Ident,
    /// Its type, with the schema where it is not PostgreSQL's own.
    pub data_type: String,
    /// Its collation, where it is not that of its type.
    pub collation: Option<String>,
    /// The expression of its default.
    pub default: Option<String>,
    /// Whether it takes NULL.
    pub null: Null,
    /// The mean width of its values in bytes, by the statistics of the last ANALYZE.
    pub width: u32,
    /// What forbids to double it.
    pub ties: Vec<Tie>,
    /// What else depends on it, described: indexes, constraints, views, policies.
    pub dependents: Vec<String>,
    /// Functions of the table's triggers in whose text its name stands, apart from our own.
    pub named_by: Vec<String>,
}

/// Whether a table has partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableKind {
    /// An ordinary table, perhaps a partition of another one.
    Plain,
    /// The parent of partitions.
    Partitioned,
}

/// Whether partitions have partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nesting {
    /// None has, or there are none.
    Flat,
    /// Some have.
    Deep,
}

/// Whether a column takes NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Null {
    /// It does.
    Allowed,
    /// It is NOT NULL.
    Refused,
}

/// Whether row level security is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowSecurity {
    /// It is not.
    Off,
    /// It is.
    On,
}

/// Why a column cannot be doubled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tie {
    /// A unique index has it.
    Unique,
    /// Rows are sorted into partitions by it.
    PartitionKey,
    /// It is an identity column.
    Identity,
    /// It is computed from other columns.
    Generated,
    /// Another column is computed from it.
    Feeds,
    /// It owns a sequence (`serial`).
    Sequence,
    /// A trigger of a recipe keeps it in step with another column.
    UnderWay,
}

/// One privilege that somebody has on a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grant {
    /// Who; `None` is PUBLIC.
    pub to: Option<Ident>,
    /// What: `SELECT`, `INSERT`, …
    pub privilege: Privilege,
}

/// A privilege on a table that a view has as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Privilege {
    /// SELECT.
    Select,
    /// INSERT.
    Insert,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
}

/// One row of [`FACTS_SQL`]: part, name, fact, value.
pub type FactRow = (String, String, String, String);

impl TableFacts {
    /// A table with no columns yet, on a server of this major version.
    pub fn new(table: Table, server_major: u16) -> TableFacts {
        TableFacts {
            table,
            server_major,
            kind: TableKind::Plain,
            owner: None,
            columns: Vec::new(),
            primary_key: Vec::new(),
            partitions: Vec::new(),
            nesting: Nesting::Flat,
            before_update: Vec::new(),
            row_security: RowSecurity::Off,
            grants: Vec::new(),
            incoming: Vec::new(),
            outgoing: Vec::new(),
        }
    }

    /// The same with one column more.
    pub fn column(mut self, column: ColumnFacts) -> TableFacts {
        self.columns.push(column);
        self
    }

    /// The same with this primary key.
    pub fn primary_key(mut self, columns: impl IntoIterator<Item = Ident>) -> TableFacts {
        self.primary_key = columns.into_iter().collect();
        self
    }

    /// The same, as the parent of these partitions.
    pub fn partitioned(mut self, partitions: impl IntoIterator<Item = Table>) -> TableFacts {
        self.kind = TableKind::Partitioned;
        self.partitions = partitions.into_iter().collect();
        self
    }

    /// The facts in the rows that [`FACTS_SQL`] gave for `table`.
    ///
    /// # Errors
    /// When there is no such table, or the rows are not those of [`FACTS_SQL`].
    pub fn of_rows(table: Table, rows: impl IntoIterator<Item = FactRow>) -> Result<TableFacts, RecipeError> {
        let mut facts = TableFacts::new(table, 0);
        for (part, name, fact, value) in rows {
            let taken = match part.as_str() {
                "column" => column_fact(&mut facts.columns, &name, &fact, value),
                _ => table_fact(&mut facts, &part, &name, &fact, value),
            };
            if let Err(why) = taken {
                let why = format!("{why} (in the row `{part}`, `{name}`, `{fact}`)");
                return Err(RecipeError::new(format!("the facts of {}", facts.table), why).instead(
                    "take the rows of upshift_recipes::FACTS_SQL as they are, columns in their order",
                ));
            }
        }
        if facts.columns.is_empty() || facts.server_major == 0 {
            return Err(RecipeError::new(format!("table {}", facts.table), "there is no such table")
                .instead("look at schema and spelling: names are taken exactly as they are"));
        }
        Ok(facts)
    }

    /// What is known about this column.
    ///
    /// # Errors
    /// When the table has none of this name.
    pub fn get(&self, column: &Ident) -> Result<&ColumnFacts, RecipeError> {
        let found = self.columns.iter().find(|it| it.name == *column);
        found.ok_or_else(|| RecipeError::no_column(&self.table, column))
    }

    /// An error when there is a column of this name.
    pub(crate) fn refuse_existing(&self, column: &Ident) -> Result<(), RecipeError> {
        match self.get(column) {
            Ok(_) => Err(RecipeError::column_exists(&self.table, column)),
            Err(_) => Ok(()),
        }
    }

    /// The table as what a lock is taken on.
    pub(crate) fn locked(&self) -> String {
        match self.kind {
            TableKind::Plain => self.table.to_string(),
            TableKind::Partitioned => format!("{} and its partitions", self.table),
        }
    }

    pub(crate) fn is_partitioned(&self) -> bool {
        self.kind == TableKind::Partitioned
    }
}

impl ColumnFacts {
    /// A column of this type that takes NULL and has no default.
    pub fn new(name: Ident, data_type: impl Into<String>) -> ColumnFacts {
        ColumnFacts {
            name,
            data_type: data_type.into(),
            collation: None,
            default: None,
            null: Null::Allowed,
            width: 0,
            ties: Vec::new(),
            dependents: Vec::new(),
            named_by: Vec::new(),
        }
    }

    /// The same, NOT NULL.
    pub fn not_null(mut self) -> ColumnFacts {
        self.null = Null::Refused;
        self
    }

    /// The same with this default.
    pub fn default_is(mut self, expression: impl Into<String>) -> ColumnFacts {
        self.default = Some(expression.into());
        self
    }

    /// The same with something that forbids to double it.
    pub fn tie(mut self, tie: Tie) -> ColumnFacts {
        self.ties.push(tie);
        self
    }

    /// Its type, checked.
    pub(crate) fn sql_type(&self) -> Result<SqlType, RecipeError> {
        SqlType::new(self.data_type.as_str()).map_err(|error: TextError| {
            RecipeError::new(format!("the type of column {}", self.name), error.to_string())
        })
    }
}

impl Tie {
    /// What a person reads.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Tie::Unique => {
                "it is unique, and an upsert that meets the second unique index fails now and then \
                 (its ON CONFLICT names only one of the two)"
            }
            Tie::PartitionKey => "rows are sorted into partitions by it before any trigger could fill it",
            Tie::Identity => "it is an identity column, which a writer cannot set like another one",
            Tie::Generated => "it is computed from other columns, and no trigger sees its value",
            Tie::Feeds => "another column is computed from it",
            Tie::Sequence => "it owns a sequence, which would go with it",
            Tie::UnderWay => {
                "another change of it is under way, whose trigger would not see what this one's writes"
            }
        }
    }
}

fn table_fact(
    facts: &mut TableFacts,
    part: &str,
    name: &str,
    fact: &str,
    value: String,
) -> Result<(), String> {
    match (part, fact) {
        ("server", "major") => facts.server_major = value.parse().map_err(|_| "no number".to_owned())?,
        ("table", "kind") => {
            facts.kind = match value.as_str() {
                "r" => TableKind::Plain,
                "p" => TableKind::Partitioned,
                other => return Err(format!("a relation of kind `{other}` is no table")),
            }
        }
        ("table", "owner") => facts.owner = Some(named(value)?),
        ("table", "row security") => facts.row_security = RowSecurity::On,
        ("table", "primary key") => facts.primary_key.push(named(value)?),
        ("table", "incoming") => facts.incoming.push(value),
        ("table", "outgoing") => facts.outgoing.push(value),
        ("partition", "of") => facts.partitions.push(Table::new(named(value)?, named(name.to_owned())?)),
        ("table", "nested") => facts.nesting = Nesting::Deep,
        ("trigger", "before update") => facts.before_update.push(named(name.to_owned())?),
        ("grant", privilege) => {
            let privilege = match privilege {
                "SELECT" => Privilege::Select,
                "INSERT" => Privilege::Insert,
                "UPDATE" => Privilege::Update,
                "DELETE" => Privilege::Delete,
                _ => return Ok(()),
            };
            let to = if name.is_empty() { None } else { Some(named(name.to_owned())?) };
            facts.grants.push(Grant { to, privilege });
        }
        _ => return Err("there is no such fact".to_owned()),
    }
    Ok(())
}

fn column_fact(columns: &mut Vec<ColumnFacts>, name: &str, fact: &str, value: String) -> Result<(), String> {
    if fact == "type" {
        columns.push(ColumnFacts::new(named(name.to_owned())?, value));
        return Ok(());
    }
    let Some(column) = columns.iter_mut().find(|it| it.name.as_str() == name) else {
        return Err("its type is missing".to_owned());
    };
    match fact {
        "collation" => column.collation = Some(value),
        "default" => column.default = Some(value),
        "not null" => column.null = Null::Refused,
        "width" => column.width = value.parse().map_err(|_| "no number".to_owned())?,
        "dependent" => column.dependents.push(value),
        "named by" => column.named_by.push(value),
        "tie" => column.ties.push(match value.as_str() {
            "unique" => Tie::Unique,
            "partition key" => Tie::PartitionKey,
            "identity" => Tie::Identity,
            "generated" => Tie::Generated,
            "feeds" => Tie::Feeds,
            "sequence" => Tie::Sequence,
            "under way" => Tie::UnderWay,
            _ => return Err(format!("there is no tie `{value}`")),
        }),
        _ => return Err("there is no such fact".to_owned()),
    }
    Ok(())
}

fn named(name: String) -> Result<Ident, String> {
    Ident::new(name).map_err(|error: NameError| error.to_string())
}
