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
mod error;
mod folder;
mod poll;
mod process;
mod programs;
mod server;
mod settings;
mod version;

pub use error::ServerError;
pub use folder::Storage;
pub use process::StopMode;
pub use server::{Server, ServerBuilder};
pub use version::ServerVersion;
