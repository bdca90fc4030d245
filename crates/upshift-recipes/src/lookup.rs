//! Turns a column of strings into a lookup table with a foreign key: `orders.status` into `order_statuses`, `status_id`.

use crate::column::NewColumn;
use crate::convert::{Bodies, Words, converted};
use crate::expression::dollar_quoted;
use crate::facts::{Null, Privilege, TableFacts};
use crate::name::{Ident, Table};
use crate::recipe::{About, Recipe};
use crate::sync::{Body, Pending};
use crate::view;
use crate::window::Around;
use crate::{Expression, RecipeError, SqlType};
use upshift_files::sql::literal;

/// The first server that takes a NOT VALID foreign key of a partitioned table.
const PARTITIONED_KEY_SINCE: u16 = 18;

/// Turns a column of strings into a lookup table and a column with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StringToLookup {
    column: Ident,
    to: Ident,
    lookup: Table,
    values: Vec<String>,
    unknown: Unknown,
    foreign_key: ForeignKey,
    default: Option<Expression>,
}

/// What happens when old code writes a string that the lookup table does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// The lookup table gets it.
    IsAdded,
    /// The write fails (23514), and so does the backfill of a row that has such a string.
    IsRefused,
}

/// Whether the new column has a foreign key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignKey {
    /// It has, checked without a long lock.
    Checked,
    /// It has none: a partitioned table before PostgreSQL 18 gets it with [`AddForeignKey`](crate::AddForeignKey).
    None,
}

impl StringToLookup {
    /// From `column` to the new column `to`, which names a row of the new table `lookup`.
    pub fn new(column: Ident, to: Ident, lookup: Table) -> StringToLookup {
        StringToLookup {
            column,
            to,
            lookup,
            values: Vec::new(),
            unknown: Unknown::IsAdded,
            foreign_key: ForeignKey::Checked,
            default: None,
        }
    }

    /// The same, where the lookup table begins with these strings.
    pub fn values(mut self, values: impl IntoIterator<Item = impl Into<String>>) -> StringToLookup {
        self.values.extend(values.into_iter().map(Into::into));
        self
    }

    /// The same, with what happens to a string that the lookup table does not have.
    pub fn unknown(mut self, unknown: Unknown) -> StringToLookup {
        self.unknown = unknown;
        self
    }

    /// The same, with or without a foreign key.
    pub fn foreign_key(mut self, foreign_key: ForeignKey) -> StringToLookup {
        self.foreign_key = foreign_key;
        self
    }

    /// The same, with the new column's default from the hide on: a key, or `null` for none.
    pub fn default_is(mut self, default: Expression) -> StringToLookup {
        self.default = Some(default);
        self
    }

    /// The same, with the key of this string as the default; it must be one of those the lookup table begins with.
    ///
    /// # Errors
    /// When it is none of them.
    pub fn default_value(self, value: &str) -> Result<StringToLookup, RecipeError> {
        // They are inserted by one statement into a new table, whose keys begin with 1.
        let Some(place) = self.values.iter().position(|it| it == value) else {
            let what = format!("the default {} of {}", literal(value), self.to);
            return Err(RecipeError::new(what, format!("{} does not begin with this string", self.lookup))
                .instead("name it with StringToLookup::values before"));
        };
        let key = Expression::new((place + 1).to_string())
            .map_err(|error| RecipeError::new("the default's key", error.to_string()))?;
        Ok(self.default_is(key))
    }

    /// The files and notes.
    ///
    /// # Errors
    /// When there is no such column, the new name is taken, the column cannot be doubled, or the server does not take
    /// the foreign key without a long lock.
    pub fn recipe(&self, facts: &TableFacts) -> Result<Recipe, RecipeError> {
        let old = facts.get(&self.column)?;
        let by_key = self.foreign_key == ForeignKey::Checked;
        if by_key && facts.is_partitioned() && facts.server_major < PARTITIONED_KEY_SINCE {
            let what = format!("a foreign key of the partitioned table {}", facts.table);
            let why = format!("PostgreSQL {} checks it under a long lock", facts.server_major);
            return Err(RecipeError::new(what, why).instead(
                "take ForeignKey::None here, and then AddForeignKey, which goes partition by partition",
            ));
        }
        let old_type = old.sql_type()?;
        let key_type =
            SqlType::new("bigint").map_err(|error| RecipeError::new("its type", error.to_string()))?;
        let bodies = Bodies {
            up: vec![Body::Written(self.up())],
            down: vec![Body::Written(self.down())],
            pending: Pending::WhenOldIsThere,
        };
        let column = NewColumn {
            name: self.to.clone(),
            data_type: key_type,
            default: self.default_for(facts, old.default.as_deref())?,
            null: old.null,
        };
        let key = Ident::derived("", &[&facts.table.name, &self.to], "_fkey");
        let table = &facts.table;
        let mut around = Around {
            first: (self.create_lookup(facts, &old_type), vec![format!("drop table {}", self.lookup)]),
            ..Around::default()
        };
        if by_key {
            around.on_columns.push(format!(
                "alter table {table}\n    add constraint {key} foreign key ({}) references {} (id) not valid",
                self.to, self.lookup
            ));
            around.validate.push(format!("alter table {table} validate constraint {key}"));
            around.validate_locks =
                format!("SHARE UPDATE EXCLUSIVE on {}, ROW SHARE on {}.", facts.locked(), self.lookup);
        }
        let title = format!(
            "Turns the strings of {table}.{} into rows of {}, named by {}.",
            self.column, self.lookup, self.to
        );
        let mut recipe = converted(facts, &[&self.column], &[&column], bodies, Words { title, around })?;
        self.notes(&old.null, &mut recipe);
        Ok(recipe)
    }

    fn create_lookup(&self, facts: &TableFacts, old_type: &SqlType) -> Vec<String> {
        let mut statements = vec![format!(
            "create table {} (\n    id bigint generated always as identity primary key,\n    \
             name {old_type} not null unique\n)",
            self.lookup
        )];
        // Its rows may be read and added by whoever does so with the table's; that they change is nobody's business yet.
        let privileges = [Privilege::Select, Privilege::Insert];
        statements.extend(view::grants_of(facts, &self.lookup, &privileges));
        if !self.values.is_empty() {
            let rows: Vec<String> = self.values.iter().map(|value| format!("({})", literal(value))).collect();
            statements.push(format!("insert into {} (name) values {}", self.lookup, rows.join(", ")));
        }
        statements
    }

    /// The default of the new column, where the old one has one.
    fn default_for(&self, facts: &TableFacts, old: Option<&str>) -> Result<Option<Expression>, RecipeError> {
        if let (Some(old), None) = (old, &self.default) {
            let what = format!("new column {} of {}", self.to, facts.table);
            let why =
                format!("{} has the default {old}, and what the new one's is was not said", self.column);
            return Err(RecipeError::new(what, why)
                .instead("say default_value(…), or default_is(…) with a key, or with `null` for none"));
        }
        Ok(self.default.clone())
    }

    /// The key of a string. With its owner's rights: old code has none on the new table.
    fn up(&self) -> String {
        let lookup = &self.lookup;
        let unknown = match self.unknown {
            Unknown::IsAdded => format!(
                "    insert into {lookup} as l (name) values ($1) on conflict do nothing returning l.id into key;
    if key is not null then
        return key;
    end if;
    -- Somebody else has added it meanwhile.
    select l.id into strict key from {lookup} l where l.name = $1;
    return key;
"
            ),
            Unknown::IsRefused => format!(
                "    raise exception 'there is no % in {}', pg_catalog.quote_literal($1)
        using errcode = 'check_violation';
",
                lookup.to_string().replace('\'', "''").replace('%', "%%")
            ),
        };
        let body = format!(
            "
declare
    key bigint;
begin
    if $1 is null then
        return null;
    end if;
    select l.id into key from {lookup} l where l.name = $1;
    if key is not null then
        return key;
    end if;
{unknown}end
"
        );
        format!(
            "language plpgsql volatile security definer set search_path = {} as {}",
            self.search_path(),
            dollar_quoted(&body)
        )
    }

    /// The string of a key.
    fn down(&self) -> String {
        let body = format!("\n    select l.name from {} l where l.id = $1\n", self.lookup);
        format!(
            "language sql stable security definer set search_path = {} as {}",
            self.search_path(),
            dollar_quoted(&body)
        )
    }

    /// The strings' type may be an extension's (`citext`), whose `=` is found where the table is.
    fn search_path(&self) -> String {
        format!("pg_catalog, {}, pg_temp", self.lookup.schema)
    }

    fn notes(&self, null: &Null, recipe: &mut Recipe) {
        let (column, to, lookup) = (&self.column, &self.to, &self.lookup);
        let unknown = match self.unknown {
            Unknown::IsAdded => {
                format!("strings that {lookup} does not have are added to it as they are written.")
            }
            Unknown::IsRefused => {
                format!(
                    "a string that {lookup} does not have is refused from the expand on (23514), and so is any UPDATE of a \
                     row that holds one already: name all there are in StringToLookup::values."
                )
            }
        };
        recipe.note(About::OldCode, unknown);
        recipe.note(
            About::NewCode,
            format!("joins {lookup} by {to}. Names in {lookup} may change only when {column} is purged: rows keep the \
                 string they were written with."),
        );
        if *null == Null::Refused {
            recipe.note(
                About::NewCode,
                format!("a key that {lookup} does not have makes {column} NULL, which it must not be."),
            );
        }
        recipe.note(
            About::Review,
            format!(
                "{lookup} gets the grants of the table for SELECT and INSERT. Its rows are few: give {to} an index (ConcurrentIndex) only \
                 where code looks rows up by it, or rows of {lookup} are deleted."
            ),
        );
    }
}
