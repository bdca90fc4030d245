//! The tools whose histories are adopted, and what they are called.

use std::fmt;
use std::str::FromStr;

use upshift_files::{Layout, nearest};

/// A tool whose history can be adopted. `Display` is its usual name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Tool {
    /// goose: `goose_db_version`.
    Goose,
    /// Flyway: `flyway_schema_history`.
    Flyway,
    /// Alembic: `alembic_version`, which knows the current revisions alone.
    Alembic,
    /// drizzle-kit 0.x and 1.0: `drizzle.__drizzle_migrations`.
    Drizzle,
    /// umzug and sequelize-cli, which stands on it: `SequelizeMeta`.
    Umzug,
    /// golang-migrate: `schema_migrations` with `dirty`.
    GolangMigrate,
    /// dbmate: `schema_migrations`.
    Dbmate,
    /// sqitch: the schema `sqitch`.
    Sqitch,
    /// graphile-migrate: `graphile_migrate.migrations`.
    Graphile,
    /// node-pg-migrate: `pgmigrations`.
    NodePgMigrate,
    /// tern: `schema_version`.
    Tern,
    /// refinery: `refinery_schema_history`.
    Refinery,
    /// sqlx: `_sqlx_migrations`.
    Sqlx,
    /// diesel: `__diesel_schema_migrations`.
    Diesel,
}

/// Every name a tool is known by; the first of each is the one shown.
const NAMES: [(Tool, &str); 17] = [
    (Tool::Goose, "goose"),
    (Tool::Flyway, "flyway"),
    (Tool::Alembic, "alembic"),
    (Tool::Drizzle, "drizzle"),
    (Tool::Drizzle, "drizzle-kit"),
    (Tool::Umzug, "umzug"),
    (Tool::Umzug, "sequelize"),
    (Tool::GolangMigrate, "golang-migrate"),
    (Tool::Dbmate, "dbmate"),
    (Tool::Sqitch, "sqitch"),
    (Tool::Graphile, "graphile-migrate"),
    (Tool::Graphile, "graphile"),
    (Tool::NodePgMigrate, "node-pg-migrate"),
    (Tool::Tern, "tern"),
    (Tool::Refinery, "refinery"),
    (Tool::Sqlx, "sqlx"),
    (Tool::Diesel, "diesel"),
];

impl Tool {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Tool> {
        let first = |at: &usize| *at == 0 || NAMES[at - 1].0 != NAMES[*at].0;
        (0..NAMES.len()).filter(first).map(|at| NAMES[at].0)
    }

    /// The layouts its files are read by. Files that say nothing of their tool are read as upshift's own, which is the
    /// same for tools that know a migration by its number.
    pub fn layouts(self) -> &'static [Layout] {
        match self {
            Tool::Goose => &[Layout::Goose, Layout::Native],
            Tool::Flyway => &[Layout::Flyway, Layout::Refinery, Layout::Native],
            // Its SQL, as `alembic upgrade --sql` writes it and `alembic::files` cuts it.
            Tool::Alembic => &[Layout::Native],
            Tool::Drizzle => &[Layout::Drizzle, Layout::DrizzleFolders],
            Tool::Umzug => &[Layout::Umzug, Layout::Native],
            Tool::GolangMigrate => &[Layout::GolangMigrate, Layout::Native],
            Tool::Dbmate => &[Layout::Dbmate],
            Tool::Sqitch => &[Layout::Sqitch],
            Tool::Graphile => &[Layout::Graphile],
            Tool::NodePgMigrate => &[Layout::NodePgMigrate, Layout::Native],
            Tool::Tern => &[Layout::Tern, Layout::Native],
            Tool::Refinery => &[Layout::Refinery, Layout::Native],
            Tool::Sqlx => &[Layout::Sqlx, Layout::Native],
            Tool::Diesel => &[Layout::Diesel, Layout::Native],
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.iter().find(|(tool, _)| tool == self).map_or("", |(_, name)| name))
    }
}

/// A text that names no tool.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no history of `{name}` can be adopted: {help}")]
pub struct ToolError {
    name: String,
    help: String,
}

impl FromStr for Tool {
    type Err = ToolError;

    fn from_str(text: &str) -> Result<Tool, ToolError> {
        let found = NAMES.iter().find(|(_, name)| *name == text).map(|(tool, _)| *tool);
        found.ok_or_else(|| {
            let names = NAMES.map(|(_, name)| name);
            let help = match nearest(text, &names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the tools are {}", names.join(", ")),
            };
            ToolError { name: text.to_owned(), help }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_is_read_back_from_its_name() {
        assert_eq!(Tool::all().count(), 14);
        for tool in Tool::all() {
            assert_eq!(tool.to_string().parse(), Ok(tool));
        }
        assert_eq!("sequelize".parse(), Ok(Tool::Umzug));
        let error = "gose".parse::<Tool>().unwrap_err();
        assert_eq!(error.to_string(), "no history of `gose` can be adopted: did you mean `goose`?");
    }
}
