//! One migration, understood.

use std::fmt;

use crate::{Code, Header, Section, Version};

/// Which migration: a version, or the name of a repeatable. Versions come first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MigrationId {
    /// Applied once, in order.
    Version(Version),
    /// Applied after all versions, again whenever its checksum changes.
    Repeatable(String),
}

impl fmt::Display for MigrationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MigrationId::Version(version) => version.fmt(f),
            MigrationId::Repeatable(name) => write!(f, "R__{name}"),
        }
    }
}

/// One migration, understood; [`MigrationSet::parse`](crate::MigrationSet::parse) makes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    pub(crate) id: MigrationId,
    pub(crate) name: String,
    pub(crate) header: Header,
    pub(crate) up: Body,
    pub(crate) down: Down,
    pub(crate) verify: Option<Section>,
    pub(crate) guard: Option<Section>,
}

/// What applies a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// SQL.
    Sql(Section),
    /// A Rust function.
    Code(Code),
}

/// What reverts a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Down {
    /// SQL.
    Sql(Section),
    /// A Rust function.
    Code,
    /// Nothing was written.
    Absent,
    /// Nothing, on purpose.
    Irreversible {
        /// The reason.
        because: String,
    },
}

impl Migration {
    /// Which one it is.
    pub fn id(&self) -> &MigrationId {
        &self.id
    }

    /// Its version; a repeatable has none.
    pub fn version(&self) -> Option<Version> {
        match &self.id {
            MigrationId::Version(version) => Some(*version),
            MigrationId::Repeatable(_) => None,
        }
    }

    /// Its name: the words of the file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Version and name, as people say it: `20260514093000_add_status`, `R__active_users`.
    pub fn label(&self) -> String {
        match &self.id {
            MigrationId::Version(version) if self.name.is_empty() => version.to_string(),
            MigrationId::Version(version) => format!("{version}_{}", self.name),
            MigrationId::Repeatable(_) => self.id.to_string(),
        }
    }

    /// What it says about itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What applies it.
    pub fn up(&self) -> &Body {
        &self.up
    }

    /// What reverts it.
    pub fn down(&self) -> &Down {
        &self.down
    }

    /// Queries that must be true right after up.
    pub fn verify(&self) -> Option<&Section> {
        self.verify.as_ref()
    }

    /// Queries that must be true right before up.
    pub fn guard(&self) -> Option<&Section> {
        self.guard.as_ref()
    }

    /// The path of the file its up stands in.
    pub fn path(&self) -> &str {
        match &self.up {
            Body::Sql(section) => section.path(),
            Body::Code(code) => code.path(),
        }
    }

    /// Its SQL sections: up, down, verify, guard, those it has.
    pub fn sections(&self) -> impl Iterator<Item = &Section> {
        let up = match &self.up {
            Body::Sql(section) => Some(section),
            Body::Code(_) => None,
        };
        let down = match &self.down {
            Down::Sql(section) => Some(section),
            Down::Code | Down::Absent | Down::Irreversible { .. } => None,
        };
        [up, down, self.verify.as_ref(), self.guard.as_ref()].into_iter().flatten()
    }
}
