//! What a migration *is*: file names, directives, sections, checksums and the SQL statement splitter.
//!
//! Everything here is pure: text in, values out. The macro, the engine, the lint and the command line read migrations
//! through this one crate, so build time and run time can never disagree about a file.
//!
//! The way of a text: a [`SourceFile`] is given its part by the [`Layout`] of its folder, cut into [`Section`]s at its
//! directives, and joined with others into the [`Migration`]s of a [`MigrationSet`]. Every mistake on the way is a
//! [`Diagnostic`], and all of them come at once.

mod assemble;
mod checksum;
mod code;
mod cut;
mod diagnostic;
mod directive;
mod duration;
mod file_name;
pub mod folder;
mod header;
mod layout;
mod membership;
mod migration;
mod position;
mod requires;
mod scan;
mod secret;
mod section;
mod set;
mod source_file;
pub mod sql;
mod statements;
#[cfg(test)]
mod tests;
mod twins;
mod vars;
mod version;
mod word;

pub use checksum::{Checksum, ChecksumError};
pub use code::{Code, CodeDown, CodeHeader};
pub use diagnostic::{Diagnostic, Diagnostics, Place};
pub use duration::{DurationError, parse_duration};
pub use header::{Allow, AllowPlace, BackfillHeader, Header, Phase, Substitution, Transaction};
pub use layout::{Layout, LayoutChoice, LayoutError};
pub use membership::is_migration_file;
pub use migration::{Body, Down, Migration, MigrationId};
pub use position::Position;
pub use requires::{with_requires, with_requires_as};
pub use secret::{mask_secrets, mask_secrets_in_sql};
pub use section::{Section, SectionKind};
pub use set::MigrationSet;
pub use source_file::SourceFile;
pub use twins::{Twin, Twins, twins};
pub use vars::Vars;
pub use version::{Version, VersionError};
pub use word::nearest;
