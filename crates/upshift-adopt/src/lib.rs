//! Moves a database in from another migration tool.
//!
//! Its history is read as that tool reads it, each of its migrations is compared with the file it came from, and
//! upshift's history is written from it. The old table is never touched, nothing is run, and the files go on as they are.
//!
//! ```no_run
//! # async fn move_in(pool: deadpool_postgres::Pool) -> Result<(), upshift_adopt::Error> {
//! use upshift::{Migrator, Source};
//! use upshift_adopt::{Request, Tool};
//! let migrator = Migrator::new(pool, Source::folder("migrations"));
//! let request = Request::new(Tool::Goose);
//! println!("{}", upshift_adopt::decide(&migrator, &request).await?);
//! upshift_adopt::adopt(&migrator, &request).await?;
//! # Ok(())
//! # }
//! ```
//!
//! - [`survey`]: which old histories there are.
//! - [`decide`]: what would be adopted, as a value; [`Adoption`] is the table a person sees first.
//! - [`adopt`] does it; [`Migrator::unadopt`](upshift::Migrator::unadopt) takes it back.
//! - [`prove`]: the files replayed on an empty database, and the schemas compared.
//! - [`look_back`]: whether the old tool was used again since.
//! - [`alembic_files`]: the SQL that Alembic writes offline, as files.
//! - [`checksum`]: the checksums of the tools, to the bit.

mod adoption;
pub mod checksum;
mod error;
mod front;
mod matching;
mod origin;
mod prove;
mod read;
mod refusal;
mod request;
mod row;
mod rules;
mod shape;
mod survey;
mod table;
mod time;
mod tool;

pub use adoption::{Adoption, Facts, Line, Standing};
pub use error::Error;
pub use front::{adopt, decide, look_back, survey};
pub use origin::LookBack;
pub use prove::{Proof, prove};
pub use refusal::Refusal;
pub use request::{Baseline, OnChanged, OnMissing, Request};
pub use row::{Outcome, Row};
pub use rules::alembic_files;
pub use shape::{TableName, TableNameError, TableShape, Zone};
pub use survey::{Found, OldHistory, Rows, Survey};
pub use tool::{Tool, ToolError};
