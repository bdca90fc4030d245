//! What a migration's statements lock, rewrite, scan and break, and what to write instead.
//!
//! Pure: no database, no clock, no environment. The reader ([`read`]) turns statements into values.

mod read;
pub mod statement;

pub use read::read;
