//! Indexes built while writes go on, and the constraints that stand on them.

use upshift_files::Phase;

use crate::column::OldWriters;
use crate::constraint::phases;
use crate::facts::{Nesting, Null, TableFacts};
use crate::file::{RecipeFile, Way};
use crate::name::{Ident, Table};
use crate::not_null;
use crate::recipe::{About, Recipe};
use crate::{Expression, RecipeError};

/// Builds an index while writes go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConcurrentIndex {
    name: Ident,
    keys: Vec<Expression>,
    unique: Uniqueness,
    method: Option<Ident>,
    include: Vec<Ident>,
    filter: Option<Expression>,
    phase: Phase,
}

/// Whether an index takes a key twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Uniqueness {
    Any,
    Unique,
}

impl ConcurrentIndex {
    /// An index of this name. A key is a column or an expression in brackets, with its order: `created_at desc`,
    /// `(lower(email))`.
    pub fn new(name: Ident, keys: impl IntoIterator<Item = Expression>) -> ConcurrentIndex {
        ConcurrentIndex {
            name,
            keys: keys.into_iter().collect(),
            unique: Uniqueness::Any,
            method: None,
            include: Vec::new(),
            filter: None,
            phase: Phase::Expand,
        }
    }

    /// The same, unique: from the beginning of the build on a second row of a key fails.
    pub fn unique(mut self, old_writers: OldWriters) -> ConcurrentIndex {
        self.unique = Uniqueness::Unique;
        self.phase = phases(old_writers).0;
        self
    }

    /// The same with another access method than btree.
    pub fn using(mut self, method: Ident) -> ConcurrentIndex {
        self.method = Some(method);
        self
    }

    /// The same with columns that are stored along.
    pub fn include(mut self, columns: impl IntoIterator<Item = Ident>) -> ConcurrentIndex {
        self.include = columns.into_iter().collect();
        self
    }

    /// The same of the rows alone that fulfil this condition.
    pub fn filter(mut self, condition: Expression) -> ConcurrentIndex {
        self.filter = Some(condition);
        self
    }

    /// The same in the background instead of at boot, which waits for the build.
    pub fn in_background(mut self) -> ConcurrentIndex {
        if self.phase == Phase::Expand {
            self.phase = Phase::Backfill;
        }
        self
    }

    /// The files and notes.
    ///
    /// # Errors
    /// When no key is named, or the table's partitions have partitions.
    pub fn recipe(&self, facts: &TableFacts) -> Result<Recipe, RecipeError> {
        let table = &facts.table;
        if self.keys.is_empty() {
            return Err(RecipeError::new(format!("the index {} of {table}", self.name), "it has no key")
                .instead("name a column at least"));
        }
        let mut recipe =
            Recipe::new(format!("Builds the index {} of {table} while writes go on.", self.name));
        match facts.is_partitioned() {
            true => self.partitioned(facts, &mut recipe)?,
            false => recipe.files.push(self.file(facts, &recipe.title)),
        }
        if self.unique == Uniqueness::Unique {
            recipe.note(
                About::OldCode,
                "a second row of a key fails as soon as the build has begun, even before it has ended.",
            );
        }
        Ok(recipe)
    }

    fn file(&self, facts: &TableFacts, about: &str) -> RecipeFile {
        let table = &facts.table;
        RecipeFile::new(self.phase, format!("index_{}", Ident::slug(&[&table.name, &self.name])), about)
            .locks(format!(
                "SHARE UPDATE EXCLUSIVE on {table} while it builds; it waits for transactions older than itself."
            ))
            .up([format!("create {}index concurrently {} on {table}{}", self.word(), self.name, self.rest())])
            .down(Way::Back(vec![format!("drop index concurrently {}", table.beside(self.name.clone()))]))
    }

    fn word(&self) -> &'static str {
        match self.unique {
            Uniqueness::Any => "",
            Uniqueness::Unique => "unique ",
        }
    }

    /// What stands behind the table's name.
    fn rest(&self) -> String {
        let keys: Vec<&str> = self.keys.iter().map(Expression::as_str).collect();
        let mut text = self.method.as_ref().map_or(String::new(), |method| format!(" using {method}"));
        text.push_str(&format!(" ({})", keys.join(", ")));
        if !self.include.is_empty() {
            let columns: Vec<String> = self.include.iter().map(ToString::to_string).collect();
            text.push_str(&format!(" include ({})", columns.join(", ")));
        }
        if let Some(condition) = &self.filter {
            text.push_str(&format!(" where {condition}"));
        }
        text
    }

    /// PostgreSQL builds no index of a partitioned table concurrently: each partition's is, and the parent's takes
    /// them in.
    fn partitioned(&self, facts: &TableFacts, recipe: &mut Recipe) -> Result<(), RecipeError> {
        let table = &facts.table;
        if facts.nesting == Nesting::Deep {
            let what = format!("the index {} of {table}", self.name);
            return Err(RecipeError::new(what, "its partitions have partitions").instead(
                "make it for each partitioned partition first, and attach those to the one of the parent",
            ));
        }
        let whole = table.beside(self.name.clone());
        let mut up =
            vec![format!("create {}index {} on only {table}{}", self.word(), self.name, self.rest())];
        for partition in &facts.partitions {
            let name = Ident::derived("", &[&partition.name, &self.name], "");
            let part: Table = partition.beside(name.clone());
            up.push(format!("create {}index concurrently {name} on {partition}{}", self.word(), self.rest()));
            up.push(format!("alter index {whole} attach partition {part}"));
        }
        recipe.files.push(
            RecipeFile::new(
                self.phase,
                format!("index_{}", Ident::slug(&[&table.name, &self.name])),
                format!("{} One partition after the other; valid when the last is attached.", recipe.title),
            )
            .locks("SHARE on the parent alone, a moment; SHARE UPDATE EXCLUSIVE on each partition while its index builds.")
            .up(up)
            .down(Way::Back(vec![format!("drop index {whole}")])),
        );
        recipe.note(
            About::Review,
            "a partition made before the last file has run gets its index by itself, under a lock; one that is missing \
             here leaves the parent's index invalid. Make none meanwhile.",
        );
        Ok(())
    }
}

/// Adds a unique constraint on an index built while writes go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddUnique {
    name: Ident,
    columns: Vec<Ident>,
    old_writers: OldWriters,
}

impl AddUnique {
    /// A constraint of this name over these columns.
    pub fn new(name: Ident, columns: impl IntoIterator<Item = Ident>, old_writers: OldWriters) -> AddUnique {
        AddUnique { name, columns: columns.into_iter().collect(), old_writers }
    }

    /// The files and notes.
    ///
    /// # Errors
    /// When a column is not there, or the table is partitioned: no index of a parent can become a constraint.
    pub fn recipe(&self, facts: &TableFacts) -> Result<Recipe, RecipeError> {
        let what = format!("the unique constraint {} of {}", self.name, facts.table);
        let mut recipe = Recipe::new(format!("Adds the unique constraint {} to {}.", self.name, facts.table));
        let on_index = OnIndex { facts, name: &self.name, columns: &self.columns, kind: "unique", what };
        on_index.files(self.old_writers, None, &mut recipe)?;
        recipe.note(
            About::Review,
            "where rows have a key twice already, the build fails; the index it leaves is dropped before the next try.",
        );
        Ok(recipe)
    }
}

/// Adds a primary key on an index built while writes go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddPrimaryKey {
    name: Ident,
    columns: Vec<Ident>,
    old_writers: OldWriters,
}

impl AddPrimaryKey {
    /// A key of this name over these columns; those that take NULL are made NOT NULL first.
    pub fn new(
        name: Ident,
        columns: impl IntoIterator<Item = Ident>,
        old_writers: OldWriters,
    ) -> AddPrimaryKey {
        AddPrimaryKey { name, columns: columns.into_iter().collect(), old_writers }
    }

    /// The files and notes.
    ///
    /// # Errors
    /// When the table has a primary key, a column is not there, or the table is partitioned.
    pub fn recipe(&self, facts: &TableFacts) -> Result<Recipe, RecipeError> {
        let table = &facts.table;
        let what = format!("the primary key {} of {table}", self.name);
        if !facts.primary_key.is_empty() {
            return Err(RecipeError::new(what, "the table has a primary key")
                .instead("make a unique constraint (AddUnique), and drop the old key in a later release"));
        }
        let mut recipe = Recipe::new(format!("Makes {} the primary key of {table}.", self.name));
        let mut nullable = Vec::new();
        for column in &self.columns {
            if facts.get(column)?.null == Null::Allowed {
                nullable.push(column);
            }
        }
        let mut last = None;
        if !nullable.is_empty() {
            let slug = Ident::slug(&[&table.name, &self.name]);
            let (first, second) = phases(self.old_writers);
            let hold = format!("hold_{slug}_not_null");
            let empty =
                nullable.iter().map(|column| format!("{column} is null")).collect::<Vec<_>>().join(" or ");
            recipe.files.push(
                RecipeFile::new(
                    first,
                    &hold,
                    "Holds every row that is written from now on: no part of the key is NULL.",
                )
                .locks(format!(
                    "ACCESS EXCLUSIVE on {}, a moment, after every row was read under ACCESS SHARE.",
                    facts.locked()
                ))
                .guard([format!("select not exists (\n    select from {table}\n    where {empty}\n)")])
                .up(nullable.iter().map(|column| not_null::add_check(table, column)))
                .down(Way::Back(nullable.iter().map(|column| not_null::drop_check(table, column)).collect())),
            );
            let files = not_null::files(facts, &nullable, &slug, &hold, second);
            last = Some(files[1].name.clone());
            recipe.files.extend(files);
        }
        let on_index = OnIndex { facts, name: &self.name, columns: &self.columns, kind: "primary key", what };
        on_index.files(self.old_writers, last, &mut recipe)?;
        Ok(recipe)
    }
}

/// A constraint that takes over an index.
struct OnIndex<'a> {
    facts: &'a TableFacts,
    name: &'a Ident,
    columns: &'a [Ident],
    kind: &'a str,
    what: String,
}

impl OnIndex<'_> {
    fn files(
        &self,
        old_writers: OldWriters,
        requires: Option<String>,
        recipe: &mut Recipe,
    ) -> Result<(), RecipeError> {
        let (table, name) = (&self.facts.table, self.name);
        if self.facts.is_partitioned() {
            return Err(RecipeError::new(
                &self.what,
                "no index of a partitioned table can become a constraint",
            )
            .instead("make a unique index with ConcurrentIndex::unique: ON CONFLICT takes it as well"));
        }
        for column in self.columns {
            self.facts.get(column)?;
        }
        let keys = self.columns.iter().map(|column| Expression::new(column.to_string()));
        let keys: Vec<Expression> = keys
            .collect::<Result<_, _>>()
            .map_err(|error| RecipeError::new(&self.what, error.to_string()))?;
        let index = ConcurrentIndex::new(name.clone(), keys).unique(old_writers);
        let about = format!("{} First its index, built while writes go on.", recipe.title);
        let phase = match (&requires, phases(old_writers)) {
            // Behind a backfill an expand would wait for the next boot.
            (Some(_), (_, later)) => later,
            (None, (first, _)) => first,
        };
        let mut file = ConcurrentIndex { phase, ..index }.file(self.facts, &about);
        // Dropping the constraint drops its index, so the way back may find it gone.
        let back = format!("drop index concurrently if exists {}", table.beside(name.clone()));
        file = file.down(Way::Back(vec![back]));
        if let Some(before) = requires {
            file = file.requires(before);
        }
        let built = file.name.clone();
        recipe.files.push(file);
        recipe.files.push(
            RecipeFile::new(
                phase,
                format!("{}_{}", self.kind.replace(' ', "_"), Ident::slug(&[&table.name, name])),
                "Makes a constraint of the index; no row is read.",
            )
            .locks(format!("ACCESS EXCLUSIVE on {table}, a moment."))
            .requires(built)
            .up([format!("alter table {table}\n    add constraint {name} {} using index {name}", self.kind)])
            .down(Way::Back(vec![format!("alter table {table} drop constraint {name}")])),
        );
        recipe.note(
            About::OldCode,
            "a second row of a key fails as soon as the build has begun, even before it has ended.",
        );
        Ok(())
    }
}
