//! `diff`: two schemas side by side.

use clap::Args;
use serde_json::json;
use upshift_schema::{Filter, Snapshot};

use crate::answer::Answer;
use crate::connect;
use crate::context::{Context, unreachable};
use crate::exit::Exit;
use crate::failure::Failure;

/// What differs between the schemas of two databases. Writes nothing.
///
/// Lines with `-` are of the database of --url, lines with `+` of the other.
#[derive(Debug, Clone, Args)]
pub struct DiffArguments {
    /// The other database.
    #[arg(value_name = "URL")]
    other: String,
}

impl DiffArguments {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let filter = Filter::new();
        let here = snapshot(&context.pool()?, &filter).await?;
        let there = snapshot(&connect::pool(Some(&self.other), &context.environment)?, &filter).await?;
        let diff = here.diff(&there);
        let text = if diff.is_empty() { "no difference\n".to_owned() } else { diff.to_string() };
        let exit = if diff.is_empty() { Exit::Done } else { Exit::No };
        Ok(Answer::done(text, json!({ "equal": diff.is_empty(), "diff": diff })).exit(exit))
    }
}

async fn snapshot(pool: &deadpool_postgres::Pool, filter: &Filter) -> Result<Snapshot, Failure> {
    let client = pool.get().await.map_err(|cause| unreachable(&cause))?;
    Snapshot::read(&client, filter).await.map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!("\n  caused by: {cause}"));
        Failure::failed(format!("{error}{}", cause.unwrap_or_default()))
    })
}
