//! Migrations from the wish: from one PostgreSQL schema to another, proven on a copy before a file is written.
//!
//! Three calls. [`generate`] writes migrations from one schema to another, [`pull`] a schema as SQL that makes it again,
//! [`push`] makes a development database equal to a wish. A wish is SQL that is run in a shadow database, another database,
//! or a set of migrations ([`Origin`]); nothing but the server ever reads it.
//!
//! [`plan`] is pure: two schemas, and which objects need which, give ordered statements. One small rule for each kind of
//! object; a change without a rule gives no statement. So the plan may be incomplete, and is never taken on trust: it is run
//! in a shadow, and where the schema is not the wished one then, nothing is written and the difference is the error.
//!
//! What the rules do, and what they leave out: `docs/generate.md`.

mod file;
mod plan;
mod rule;
mod run;
mod text;

pub use plan::{Schema, SchemaPlan, Stage, Step, Style, plan};
pub use run::{
    Drops, GenerateError, GenerateOptions, Generated, Layout, Origin, Place, Pulled, PushOptions, Pushed,
    Refusal, Shadow, generate, pull, push,
};
