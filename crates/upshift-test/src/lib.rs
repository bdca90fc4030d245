//! A real, throw-away PostgreSQL server for tests and demos.
//!
//! [`Server::start`] finds the PostgreSQL programs of this machine, makes a private server in a
//! temporary folder in well under a second, and takes everything away again when the value is
//! dropped or the program ends, in whatever way it ends.
//!
//! ```no_run
//! # fn main() -> Result<(), upshift_test::ServerError> {
//! let server = upshift_test::Server::start()?;
//! let url = server.url("postgres"); // postgres://postgres@127.0.0.1:41873/postgres
//! # let _ = url;
//! # Ok(())
//! # }
//! ```
//!
//! The server trusts everyone who reaches it, and its port on 127.0.0.1 is reached by every user of
//! this machine: it is for test data.

mod account;
mod cluster;
mod database;
mod error;
mod folder;
mod lint;
mod office;
mod poll;
mod process;
mod programs;
mod server;
mod settings;
mod shared;
mod trace;
mod verify;
mod version;

pub use database::{
    DatabaseUrl, FromDatabase, Isolation, Reach, TestDatabase, TestDatabaseBuilder, TestError, TestOutcome,
};
pub use error::ServerError;
pub use folder::Storage;
pub use lint::{Lint, LintError, lint};
pub use process::StopMode;
pub use server::{Server, ServerBuilder};
pub use shared::SharedServer;
pub use trace::{
    Comparison, Difference, EmptyTable, Fact, NotCompared, Rows, Scan, Seen, Side, Trace, TracedLock,
    TracedStatement, TracedStep, Tracing, trace,
};
pub use upshift_lint;
pub use upshift_test_macros::test;
pub use verify::{
    RollbackDiff, RollbackVerdict, RowDiff, Unproven, Verification, VerifiedMigration, VerifyRollbacks,
    verify_rollbacks,
};
pub use version::ServerVersion;

/// What the attribute writes into your tests; no part of the API.
#[doc(hidden)]
pub mod __private {
    pub use crate::database::{Flavor, run};
    pub use crate::{FromDatabase, Isolation, TestDatabase, TestError};
}
