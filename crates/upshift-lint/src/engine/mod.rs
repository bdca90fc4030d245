//! The engine: replays the set statement by statement, and asks every rule about each.

mod allow;
mod ask;
mod at;
mod finding;
mod options;
mod rewrite;
mod run;
mod written;

pub use allow::AllowUse;
pub use at::{At, Held, InMigration};
pub use finding::{Draft, Finding, Report};
pub(crate) use options::unknown_rule;
pub use options::{Level, Options, OptionsError};
pub use rewrite::Rewrite;
pub use run::lint;
pub(crate) use run::not_understood;
