//! What a person asks for when a history is to be adopted.

use upshift_files::Version;

use crate::shape::TableName;
use crate::tool::Tool;

/// What is to be adopted, and what is to become of the migrations in doubt. All doubts are refused unless told otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The tool that has migrated the database until now.
    pub tool: Tool,
    /// Its table; found by its columns when nothing is said.
    pub table: Option<TableName>,
    /// The project, for sqitch, whose registry may hold several.
    pub project: Option<String>,
    /// What to do with an applied migration whose checksum is not that of its file.
    pub changed: OnChanged,
    /// What to do with an applied migration that has no file.
    pub missing: OnMissing,
    /// A migration that stands for everything the tool has done, where its files cannot run here.
    pub baseline: Option<Baseline>,
}

/// What to do with an applied migration whose checksum is not that of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnChanged {
    /// Refuse to adopt.
    #[default]
    Refuse,
    /// Adopt it with the text of today; the audit says that it was another one.
    Accept,
}

/// What to do with an applied migration, older than the files, that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnMissing {
    /// Refuse to adopt.
    #[default]
    Refuse,
    /// Leave it out of the history; the audit names it.
    LeaveOut,
}

/// A migration that stands for everything the tool has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// The migration: it and all before it count as applied.
    pub version: Version,
    /// Where the tool must stand: the newest migration of its table, or each of Alembic's current revisions.
    ///
    /// So that a database which is behind the one the baseline was written from is not taken for it.
    pub at: Vec<String>,
}

impl Request {
    /// Adopt from this tool, and refuse every doubt.
    pub fn new(tool: Tool) -> Request {
        Request {
            tool,
            table: None,
            project: None,
            changed: OnChanged::default(),
            missing: OnMissing::default(),
            baseline: None,
        }
    }

    /// The same, from this table.
    pub fn table(mut self, table: TableName) -> Request {
        self.table = Some(table);
        self
    }

    /// The same, for this project of sqitch.
    pub fn project(mut self, project: impl Into<String>) -> Request {
        self.project = Some(project.into());
        self
    }

    /// The same; says what to do with migrations whose checksum is not that of their file.
    pub fn changed(mut self, changed: OnChanged) -> Request {
        self.changed = changed;
        self
    }

    /// The same; says what to do with migrations that have no file.
    pub fn missing(mut self, missing: OnMissing) -> Request {
        self.missing = missing;
        self
    }

    /// The same; the migrations up to `version` stand for a history that stands `at`.
    pub fn baseline(mut self, version: Version, at: impl IntoIterator<Item = impl Into<String>>) -> Request {
        self.baseline = Some(Baseline { version, at: at.into_iter().map(Into::into).collect() });
        self
    }
}
