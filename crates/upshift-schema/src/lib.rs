//! A PostgreSQL schema as data: what it is, what differs between two, and one fingerprint for all of it.
//!
//! A [`Snapshot`] is a sorted list of [`Fact`]s: kind, id, definition. Everything that a database holds but its rows is
//! one, and one statement reads them all, so a snapshot costs one round trip whatever the number of tables. PostgreSQL
//! itself says the definitions, and a [`Diff`] is a merge of two sorted lists: no kind of object needs code of its own,
//! and none can be forgotten.
//!
//! Everything here is pure. The SQL is [`Filter::sql`], and [`Snapshot::of_rows`] takes what any driver brings; with the
//! feature `tokio-postgres` there is `Snapshot::read`, which does both.
//!
//! ```
//! use upshift_schema::{Filter, Snapshot, Verdict};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let filter = Filter::new();
//! let before = Snapshot::of_rows([("column", "public.users.name", "text")], &filter)?;
//! let after = Snapshot::of_rows([("column", "public.users.name", "text NOT NULL")], &filter)?;
//! let diff = before.diff(&after);
//! assert_eq!(diff.verdict(), Verdict::Different);
//! assert_eq!(diff.to_string(), "\
//! changed column public.users.name
//!     - text
//!     + text NOT NULL
//! ");
//! assert_eq!(after.to_string().parse::<Snapshot>()?, after);
//! # Ok(())
//! # }
//! ```
//!
//! What a snapshot holds, what it leaves out, and the format of its text: `docs/schema.md`.

mod diff;
mod edges;
mod fact;
mod filter;
mod fingerprint;
mod kind;
mod name;
mod pattern;
#[cfg(feature = "tokio-postgres")]
mod read;
mod render;
mod snapshot;
mod text;

pub use diff::{Change, Diff, Verdict};
pub use edges::{Edges, Key};
pub use fact::Fact;
pub use filter::Filter;
pub use fingerprint::{Fingerprint, FingerprintError};
pub use kind::{Kind, KindError};
pub use pattern::{ObjectPattern, PatternError};
#[cfg(feature = "tokio-postgres")]
pub use read::{ReadError, SnapshotReader};
pub use snapshot::RowError;
pub use text::TextError;

pub use snapshot::Snapshot;
