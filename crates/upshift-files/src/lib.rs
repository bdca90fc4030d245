//! What a migration *is*: file names, directives, sections, checksums and the SQL statement splitter.
//!
//! Everything here is pure: text in, values out. The macro, the engine, the lint and the command line read migrations
//! through this one crate, so build time and run time can never disagree about a file.

mod checksum;
mod diagnostic;
mod position;
mod source_file;
pub mod sql;
mod version;

pub use checksum::{Checksum, ChecksumError};
pub use diagnostic::{Diagnostic, Diagnostics, Place};
pub use position::Position;
pub use source_file::SourceFile;
pub use version::{Version, VersionError};
