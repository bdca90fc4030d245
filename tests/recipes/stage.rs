//! A database on which a recipe is played, file by file.

use std::process::Command;

use tokio_postgres::Client;
use upshift::{DownTarget, Error, Source, SourceFile, Target};
use upshift_promises::Database;
use upshift_promises::database::client_program;
use upshift_recipes::{FACTS_SQL, Phase, Recipe, RecipeError, TableFacts};

/// A database, and the recipe that was made from the facts of one of its tables.
pub(crate) struct Stage {
    pub(crate) db: Database,
    pub(crate) client: Client,
    pub(crate) recipe: Recipe,
    pub(crate) files: Vec<SourceFile>,
    /// How many of the files are applied.
    applied: usize,
}

/// What is known about a table, read as a caller with a connection does.
pub(crate) async fn facts(client: &Client, table: &str) -> Result<TableFacts, RecipeError> {
    let table: upshift_recipes::Table = table.parse().unwrap();
    let rows = client.query(FACTS_SQL, &[&table.schema.as_str(), &table.name.as_str()]).await;
    let rows = rows.unwrap_or_else(|error| panic!("{error:?}"));
    TableFacts::of_rows(table, rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))))
}

impl Stage {
    /// A new database, made ready by `setup`, and the recipe for `table`.
    pub(crate) async fn new(
        setup: &str,
        table: &str,
        recipe: impl FnOnce(&TableFacts) -> Result<Recipe, RecipeError>,
    ) -> Stage {
        let db = Database::new().await;
        let client = db.client().await;
        client.batch_execute(setup).await.unwrap_or_else(|error| panic!("{setup}: {error:?}"));
        let recipe = recipe(&facts(&client, table).await.unwrap()).unwrap_or_else(|error| panic!("{error}"));
        let files = recipe.numbered("1".parse().unwrap()).unwrap();
        Stage { db, client, recipe, files, applied: 0 }
    }

    /// Begins again with the same recipe, as if nothing had happened.
    pub(crate) async fn again(&mut self, setup: &str) {
        self.run("drop schema if exists upshift cascade; drop schema if exists app cascade").await;
        self.run(setup).await;
        self.applied = 0;
    }

    fn source(&self) -> Source {
        Source::files(self.files.iter().cloned())
    }

    /// Applies the next file.
    pub(crate) async fn next(&mut self) {
        self.try_next().await.unwrap_or_else(|error| panic!("{}", error.render()));
    }

    /// Tries to apply the next file.
    pub(crate) async fn try_next(&mut self) -> Result<(), Error> {
        let version = (self.applied + 1).to_string().parse().unwrap();
        self.db.migrator(self.source()).up(Target::Only(vec![version])).await?;
        self.applied += 1;
        Ok(())
    }

    /// Applies all files up to the last of this phase that stands together with the first one of it that is pending.
    pub(crate) async fn through(&mut self, phase: Phase) {
        while self.recipe.files.get(self.applied).is_some_and(|file| file.phase != phase) {
            self.next().await;
        }
        while self.recipe.files.get(self.applied).is_some_and(|file| file.phase == phase) {
            self.next().await;
        }
    }

    /// Applies all files up to the one whose name begins like this.
    pub(crate) async fn up_to(&mut self, word: &str) {
        loop {
            let name = self.recipe.files[self.applied].name.clone();
            self.next().await;
            if name.starts_with(word) {
                return;
            }
        }
    }

    /// Reverts the last file.
    pub(crate) async fn back(&mut self) {
        self.try_back().await.unwrap_or_else(|error| panic!("{}", error.render()));
    }

    /// Tries to revert the last file.
    pub(crate) async fn try_back(&mut self) -> Result<(), Error> {
        self.db.migrator(self.source()).down(DownTarget::Steps(1)).await?;
        self.applied -= 1;
        Ok(())
    }

    /// The file applied last.
    pub(crate) fn last(&self) -> &upshift_recipes::RecipeFile {
        &self.recipe.files[self.applied - 1]
    }

    /// Whether there is a file left that can be taken back.
    pub(crate) fn next_is_reversible(&self) -> bool {
        self.files.get(self.applied).is_some_and(|file| !file.text.contains("-- upshift: irreversible"))
    }

    /// Whether a file is pending.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.applied < self.files.len()
    }

    /// Whether a file can be taken back.
    pub(crate) fn has_applied(&self) -> bool {
        self.applied > 0
    }

    /// Runs statements.
    pub(crate) async fn run(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// Runs statements that may fail, and says how.
    pub(crate) async fn run_or_state(&self, sql: &str) -> Option<String> {
        let error = self.client.batch_execute(sql).await.err()?;
        Some(error.code().map_or_else(|| format!("{error:?}"), |code| code.code().to_owned()))
    }

    /// The rows of a query as text.
    pub(crate) async fn rows(&self, sql: &str) -> String {
        upshift_promises::database::rows(&self.client, sql).await
    }

    /// The schema `app` as pg_dump shows it; `None` where there is none, which it says.
    ///
    /// A constraint that was checked stays checked on the way back, so whether it was is left out.
    pub(crate) fn dump(&self) -> Option<String> {
        let program = client_program("pg_dump")?;
        let output = Command::new(program)
            .args(["--schema-only", "--schema", "app"])
            .arg(self.db.url())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        // Newer servers wrap the dump in a key made up for each.
        let lines = text.lines().filter(|line| !line.contains("restrict "));
        Some(lines.collect::<Vec<_>>().join("\n").replace(" NOT VALID", ""))
    }
}
