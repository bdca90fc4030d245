//! Recipes: the migration files of every phase of a schema change that old and new code live through together.
//!
//! A recipe takes what a person wants and what is known about the table ([`TableFacts`]), and gives a [`Recipe`]: files
//! in upshift's own grammar for expand, backfill and contract, each with its way back, and notes on what old and new
//! code must do. The files are plain text for a person to review; nothing happens at run time that they do not say.
//! Everything here is pure: no connection, no clock.
//!
//! ```
//! use upshift_recipes::{ColumnFacts, RenameColumn, RenameMethod, TableFacts};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Said by hand here; `FACTS_SQL` and `TableFacts::of_rows` read it from a server.
//! let facts = TableFacts::new("app.users".parse()?, 15)
//!     .column(ColumnFacts::new("id".parse()?, "bigint").not_null())
//!     .column(ColumnFacts::new("name".parse()?, "text"))
//!     .primary_key(["id".parse()?]);
//! let rename = RenameColumn::new("name".parse()?, "full_name".parse()?, RenameMethod::SyncTrigger);
//! let recipe = rename.recipe(&facts)?;
//! let files = recipe.numbered("20261121090000".parse()?)?;
//! let names: Vec<&str> = files.iter().map(|file| &*file.path).collect();
//! assert_eq!(names, [
//!     "20261121090000_expand_users_name.sql",
//!     "20261121090001_backfill_users_name.sql",
//!     "20261121090002_hide_users_name.sql",
//!     "20261121090003_purge_users_name.sql",
//! ]);
//! # Ok(())
//! # }
//! ```
//!
//! # Which recipe
//! | change | recipe |
//! |---|---|
//! | a new column | [`AddColumn`] |
//! | NOT NULL | [`SetNotNull`] |
//! | another name for a column | [`RenameColumn`], by a trigger or by a view |
//! | another type | [`ChangeType`] |
//! | one column into several, several into one | [`SplitColumn`], [`MergeColumns`] |
//! | strings into a lookup table | [`StringToLookup`] |
//! | other values of an enum | [`ReplaceEnum`] |
//! | rules | [`AddCheck`], [`AddForeignKey`], [`AddUnique`], [`AddPrimaryKey`] |
//! | an index | [`ConcurrentIndex`] |
//! | another name for a table | [`RenameTable`] |
//! | what is no longer needed | [`DropColumn`], [`DropTable`] |
//!
//! # The contract in two steps
//! *Hide* renames what goes out of the way: code that still writes it gets an error, never silent success, and its
//! down, the *unhide*, gives it back with all that was written meanwhile. *Purge* drops it, seven days later unless
//! [`Recipe::purge_after`] says otherwise.

mod add_column;
mod column;
mod constraint;
mod convert;
mod drop_column;
mod drop_table;
mod error;
mod expression;
mod facts;
mod facts_sql;
mod file;
mod index;
mod lookup;
mod name;
mod not_null;
mod recipe;
mod rename_column;
mod rename_table;
mod replace_enum;
mod set_not_null;
mod sync;
#[cfg(test)]
mod tests;
mod view;
mod window;

pub use add_column::{AddColumn, ColumnDefault};
pub use column::{NewColumn, OldWriters};
pub use constraint::{AddCheck, AddForeignKey, KeyAction};
pub use convert::{ChangeType, MergeColumns, SplitColumn};
pub use drop_column::DropColumn;
pub use drop_table::DropTable;
pub use error::RecipeError;
pub use expression::{Expression, SqlType, TextError};
pub use facts::{
    ColumnFacts, FACTS_SQL, FactRow, Grant, Nesting, Null, Privilege, RowSecurity, TableFacts, TableKind, Tie,
};
pub use file::RecipeFile;
pub use index::{AddPrimaryKey, AddUnique, ConcurrentIndex};
pub use lookup::{ForeignKey, StringToLookup, Unknown};
pub use name::{Ident, NameError, Table};
pub use recipe::{About, Note, Recipe};
pub use rename_column::{RenameColumn, RenameMethod};
pub use rename_table::RenameTable;
pub use replace_enum::{OldType, ReplaceEnum};
pub use set_not_null::SetNotNull;
pub use upshift_files::Phase;
