//! What talks to a server: shadows, the proof, and the three calls.

mod generate;
mod link;
mod origin;
mod place;
mod proof;
mod pull;
mod push;
mod shadow;

pub use generate::{GenerateOptions, Generated, generate};
pub use origin::Origin;
pub use place::Place;
pub use pull::{Layout, Pulled, pull};
pub use push::{Drops, PushOptions, Pushed, push};
pub use shadow::Shadow;

use upshift_schema::{Diff, Key};

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// The server cannot be reached.
    #[error("the server cannot be reached")]
    Connect(#[source] tokio_postgres::Error),
    /// No pool of connections can be had.
    #[error("no pool of connections can be made here")]
    Pool,
    /// A schema cannot be read.
    #[error("the schema cannot be read")]
    Read(#[source] upshift_schema::ReadError),
    /// The server refuses a statement: of the wish, or our own.
    #[error("the server refuses `{}`", first_line(.sql))]
    Statement {
        /// The statement.
        sql: String,
        /// What the server says.
        #[source]
        cause: tokio_postgres::Error,
    },
    /// The migrations that the schema comes from cannot be applied, or those that were made cannot.
    #[error("the migrations cannot be applied to a shadow database")]
    Migrations(#[source] upshift::Error),
    /// A rename that cannot be understood: `app.users.name:full_name`, `app.users:people`.
    #[error(
        "`{0}` is no rename: expected `schema.table:name` or `schema.table.column:name`, of what is there"
    )]
    Rename(String),
    /// What was planned does not make the schema that is wished: nothing is written.
    #[error("nothing is written: {0}")]
    Refused(Box<Refusal>),
    /// The database is not one to push to.
    #[error("{0}: push is for development databases that no migrations were applied to")]
    HasHistory(String),
    /// Something would be lost.
    #[error("this would drop {}: say so to push it all the same", .0.join(", "))]
    WouldDrop(Vec<String>),
}

/// Why a plan is not good.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refusal {
    /// What it was about.
    pub what: &'static str,
    /// What would still be another.
    pub residual: Diff,
    /// The changes for which there is no rule, and why not. Where there are any, nothing was tried.
    pub unruled: Vec<(Key, &'static str)>,
    /// The statement that the server refused, and its words.
    pub said: Option<(String, String)>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.unruled.is_empty() {
            f.write_str("PostgreSQL has no statement for a part of it that keeps the rows")?;
            return self
                .unruled
                .iter()
                .try_for_each(|((kind, id), why)| write!(f, "\n    {kind} {id}: {why}"));
        }
        if let Some((sql, said)) = &self.said {
            return write!(
                f,
                "the server refuses a statement of {}: {said}\n    {}",
                self.what,
                first_line(sql)
            );
        }
        write!(
            f,
            "{} makes another schema than the wished one; what would still be another:\n{}",
            self.what, self.residual
        )
    }
}

fn first_line(sql: &str) -> &str {
    sql.lines().next().unwrap_or_default()
}

/// The server's own words.
fn words(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |it| it.message().to_owned())
}
