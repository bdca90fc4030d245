//! `recipe`: the files of a change that old and new code live through together.

use clap::{Args, Subcommand};
use serde_json::json;
use tokio_postgres::types::Type;
use upshift::Version;
use upshift_recipes::{FACTS_SQL, Ident, OldWriters, RecipeError, Table, TableFacts};

use super::new::{next_version, write_new};
use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Write the files of a change that old and new code live through together: expand, backfill, contract, each with its way
/// back.
///
/// What is known of the table is read from the database; nothing is written there.
#[derive(Debug, Clone, Args)]
pub struct RecipeArguments {
    #[command(subcommand)]
    change: Change,
    /// When what was hidden is dropped: 7d, 30d [default: 7d].
    #[arg(long, global = true, value_name = "TIME")]
    purge_after: Option<String>,
    /// A switch that says which side code reads and writes, such as orders.status_id.
    #[arg(long, global = true, value_name = "NAME")]
    switch: Option<String>,
    /// The version of the first file.
    #[arg(long, global = true, value_name = "VERSION")]
    version: Option<Version>,
    /// Show the files, and write none.
    #[arg(long, global = true)]
    dry_run: bool,
}

/// A table, in the schema public unless said.
#[derive(Debug, Clone)]
pub(super) struct TableArgument(pub(super) Table);

impl std::str::FromStr for TableArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<TableArgument, String> {
        let text = if text.contains('.') { text.to_owned() } else { format!("public.{text}") };
        text.parse().map(TableArgument).map_err(|why: upshift_recipes::NameError| why.to_string())
    }
}

/// Columns with commas between them.
#[derive(Debug, Clone)]
pub(super) struct Columns(pub(super) Vec<Ident>);

impl std::str::FromStr for Columns {
    type Err = upshift_recipes::NameError;

    fn from_str(text: &str) -> Result<Columns, upshift_recipes::NameError> {
        text.split(',').map(|name| name.trim().parse()).collect::<Result<_, _>>().map(Columns)
    }
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum Change {
    /// A new column.
    AddColumn {
        /// The table, in the schema public unless said.
        table: TableArgument,
        /// The column.
        column: Ident,
        /// Its type.
        #[arg(value_name = "TYPE")]
        data_type: String,
        /// One value for all rows there are: a constant, now().
        #[arg(long, value_name = "EXPRESSION")]
        default: Option<String>,
        /// A value of its own for each row: gen_random_uuid().
        #[arg(long, value_name = "EXPRESSION", conflicts_with = "default")]
        default_per_row: Option<String>,
        /// NOT NULL.
        #[arg(long)]
        not_null: bool,
    },
    /// NOT NULL for a column that is there.
    SetNotNull {
        /// The table, in the schema public unless said.
        table: TableArgument,
        /// The column.
        column: Ident,
        /// What rows with NULL get.
        #[arg(long, value_name = "EXPRESSION")]
        fill: Option<String>,
    },
    /// Another name for a column.
    RenameColumn {
        /// The table, in the schema public unless said.
        table: TableArgument,
        /// The column.
        column: Ident,
        /// The new name.
        to: Ident,
        /// By a view that has both names, instead of a second column that a trigger keeps in step.
        #[arg(long)]
        by_view: bool,
    },
    /// Another type for a column, in a new column.
    #[command(name = "change-type")]
    Retype {
        /// The table, in the schema public unless said.
        table: TableArgument,
        /// The column.
        column: Ident,
        /// The new column's name.
        to: Ident,
        /// Its type.
        #[arg(value_name = "TYPE")]
        data_type: String,
        /// The new value, made of the old column.
        #[arg(long, value_name = "EXPRESSION")]
        up: String,
        /// The old value, made of the new column.
        #[arg(long, value_name = "EXPRESSION")]
        down: String,
        /// NOT NULL.
        #[arg(long)]
        not_null: bool,
    },
    /// One column into several.
    SplitColumn {
        /// The table, in the schema public unless said.
        table: TableArgument,
        /// The column.
        column: Ident,
        /// A new column: name:type=expression over the old one. May be said more than once.
        #[arg(long, required = true, value_name = "NAME:TYPE=EXPRESSION")]
        into: Vec<String>,
        /// The old value, made of the new columns.
        #[arg(long, value_name = "EXPRESSION")]
        down: String,
    },
    /// Several columns into one.
    MergeColumns {
        /// The table, in the schema public unless said.
        table: TableArgument,
        /// An old column, and its value made of the new one: name=expression. May be said more than once.
        #[arg(long, required = true, value_name = "NAME=EXPRESSION")]
        from: Vec<String>,
        /// The new column.
        #[arg(long)]
        to: Ident,
        /// Its type.
        #[arg(long = "type", value_name = "TYPE")]
        data_type: String,
        /// Its value, made of the old ones.
        #[arg(long, value_name = "EXPRESSION")]
        up: String,
    },
    /// A column of strings into a key of a lookup table.
    StringToLookup {
        /// The table, in the schema public unless said.
        table: TableArgument,
        /// The column.
        column: Ident,
        /// The new column.
        to: Ident,
        /// The new table.
        lookup: TableArgument,
        /// A string that the lookup table begins with. May be said more than once.
        #[arg(long, value_name = "TEXT")]
        value: Vec<String>,
    },
    /// Other values of an enum, in a new column with a new type.
    ReplaceEnum {
        /// The table, in the schema public unless said.
        table: TableArgument,
        /// The column.
        column: Ident,
        /// The new column.
        to: Ident,
        /// The new type.
        new_type: TableArgument,
        /// A value of the new type. May be said more than once.
        #[arg(long, required = true, value_name = "TEXT")]
        value: Vec<String>,
        /// What an old value becomes: old=new. May be said more than once.
        #[arg(long, value_name = "OLD=NEW")]
        up: Vec<String>,
        /// What old code sees of a new value: new=old. May be said more than once.
        #[arg(long, value_name = "NEW=OLD")]
        down: Vec<String>,
        /// The purge drops the old type.
        #[arg(long)]
        drop_old_type: bool,
    },
    /// A check constraint.
    AddCheck {
        /// The table, in the schema public unless said.
        table: TableArgument,
        /// The name of what is made.
        name: Ident,
        /// What every row must fulfil.
        #[arg(value_name = "EXPRESSION")]
        check: String,
        #[command(flatten)]
        writers: Writers,
    },
    /// A foreign key.
    AddForeignKey {
        /// The table, in the schema public unless said.
        table: TableArgument,
        /// The name of what is made.
        name: Ident,
        /// The columns, with commas between them.
        columns: Columns,
        /// The table it refers to.
        references: TableArgument,
        /// The columns it refers to, with commas between them.
        referenced: Columns,
        #[command(flatten)]
        writers: Writers,
    },
    /// A unique constraint.
    AddUnique {
        /// The table, in the schema public unless said.
        table: TableArgument,
        /// The name of what is made.
        name: Ident,
        /// The columns, with commas between them.
        columns: Columns,
        #[command(flatten)]
        writers: Writers,
    },
    /// A primary key.
    AddPrimaryKey {
        /// The table, in the schema public unless said.
        table: TableArgument,
        /// The name of what is made.
        name: Ident,
        /// The columns, with commas between them.
        columns: Columns,
        #[command(flatten)]
        writers: Writers,
    },
    /// An index.
    Index {
        /// The table, in the schema public unless said.
        table: TableArgument,
        /// The name of what is made.
        name: Ident,
        /// A column, or an expression in brackets, with its order. May be said more than once.
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
        /// Rows it is of.
        #[arg(long = "where", value_name = "CONDITION")]
        filter: Option<String>,
        /// Unique: a second row of a key fails.
        #[arg(long)]
        unique: bool,
        #[command(flatten)]
        writers: Writers,
    },
    /// Another name for a table.
    RenameTable {
        /// The table, in the schema public unless said.
        table: TableArgument,
        /// Its new name.
        to: Ident,
    },
    /// A column that is no longer needed.
    DropColumn {
        /// The table, in the schema public unless said.
        table: TableArgument,
        /// The column.
        column: Ident,
        /// What new rows have in it when it comes back, where it is NOT NULL.
        #[arg(long, value_name = "EXPRESSION")]
        fill: Option<String>,
    },
    /// A table that is no longer needed.
    DropTable {
        /// The table, in the schema public unless said.
        table: TableArgument,
    },
}

/// Whether code that runs today keeps the new rule.
#[derive(Debug, Clone, Args)]
pub(super) struct Writers {
    /// Code that runs today may write what the rule forbids: it waits for a contract.
    #[arg(long)]
    old_code_may_violate: bool,
}

impl Writers {
    pub(super) fn old(&self) -> OldWriters {
        if self.old_code_may_violate { OldWriters::MayViolate } else { OldWriters::Comply }
    }
}

impl RecipeArguments {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let facts = facts(context, self.change.table()).await?;
        let mut recipe = self.change.recipe(&facts)?;
        if let Some(delay) = &self.purge_after {
            recipe = recipe.purge_after(delay)?;
        }
        if let Some(name) = &self.switch {
            recipe = recipe.switch(name)?;
        }
        let first = match self.version {
            Some(version) => version,
            None => next_version(context)?,
        };
        let (mut text, mut files) = (format!("{}\n", recipe.title), Vec::new());
        for file in recipe.numbered(first)? {
            let path = context.folder().join(&*file.path);
            match self.dry_run {
                true => text.push_str(&format!("-- {}\n{}\n", path.display(), file.text)),
                false => {
                    write_new(&path, &file.text)?;
                    text.push_str(&format!("{}\n", path.display()));
                }
            }
            files.push(json!({ "path": path.display().to_string(), "text": file.text }));
        }
        let called = context.terminal.called();
        let notes: Vec<String> = recipe
            .notes
            .iter()
            .map(|note| called.at_a_command_line(&note.to_string()).into_owned())
            .collect();
        notes.iter().for_each(|note| text.push_str(&format!("{note}\n")));
        let data = json!({ "title": recipe.title, "files": files, "notes": notes, "written": !self.dry_run });
        Ok(Answer::done(text, data))
    }
}

/// What the database knows of the table.
async fn facts(context: &Context, table: &Table) -> Result<TableFacts, Failure> {
    let broken =
        |cause: tokio_postgres::Error| Failure::failed(format!("{table} cannot be looked at: {cause}"));
    let client = context.client().await?;
    let (schema, name) = (table.schema.as_str(), table.name.as_str());
    let rows =
        client.query_typed(FACTS_SQL, &[(&schema, Type::TEXT), (&name, Type::TEXT)]).await.map_err(broken)?;
    let row =
        |row: &tokio_postgres::Row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?));
    let rows: Vec<_> = rows.iter().map(row).collect::<Result<_, _>>().map_err(broken)?;
    Ok(TableFacts::of_rows(table.clone(), rows)?)
}

impl From<RecipeError> for Failure {
    fn from(error: RecipeError) -> Failure {
        Failure::refused(error.to_string())
    }
}
