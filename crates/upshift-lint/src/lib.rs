//! What a migration's statements lock, rewrite, scan and break, and what to write instead.
//!
//! Pure: no database, no clock, no environment. From the bottom up: the reader ([`read`]) turns statements into values
//! ([`statement`]); the [`Catalog`] replays them; [`effect`] tells what one does to the relations there are; the
//! [`rules`] judge it; [`lint`] asks them all about a set.

pub mod catalog;
pub mod effect;
mod engine;
mod read;
#[cfg(feature = "json")]
pub mod render;
pub mod rules;
pub mod statement;
mod variable;

pub use catalog::Catalog;
pub use engine::{
    AllowUse, At, Draft, Finding, Held, InMigration, Level, Options, OptionsError, Report, Rewrite, lint,
};
pub use read::read;
