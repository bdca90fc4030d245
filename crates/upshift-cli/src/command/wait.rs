//! `wait`: until the database answers and its schema fits.

use std::time::{Duration, Instant};

use clap::Args;
use deadpool_postgres::PoolError;
use serde_json::json;
use tokio_postgres::error::SqlState;
use upshift::Health;
use upshift::files::parse_duration;

use crate::answer::Answer;
use crate::context::{Context, unreachable};
use crate::exit::Exit;
use crate::failure::Failure;

/// Wait until the database answers and its schema fits: for an init container. Writes nothing.
#[derive(Debug, Clone, Args)]
pub struct Wait {
    /// How long at most: 30s, 10m.
    #[arg(long = "for", value_name = "TIME", default_value = "5m")]
    limit: String,
    /// Until it answers, whatever its schema.
    #[arg(long)]
    reachable: bool,
    /// For a role and a database that somebody is still making, too: without it a server that refuses them ends the wait.
    #[arg(long)]
    until_created: bool,
}

/// How often it is looked: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Wait {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let limit = parse_duration(&self.limit).map_err(|why| Failure::usage(format!("--for: {why}")))?;
        let end = Instant::now() + limit;
        let (mut pause, mut told, mut ends) = (FIRST_PAUSE, String::new(), Exit::Unreachable);
        loop {
            let left = end.saturating_duration_since(Instant::now());
            // A server that takes a connection and says nothing is waited for no longer than was asked.
            let (state, exit) = match tokio::time::timeout(left, self.look(context)).await {
                Ok(Err(failure)) if failure.exit() != Exit::Unreachable => return Err(failure),
                Ok(Err(failure)) => (Fits::NotYet(failure.render()), Exit::Unreachable),
                Ok(Ok(state)) => (state, Exit::No),
                // The last look has what is left of the time, which may be nothing: what the one before saw counts.
                Err(_) if !told.is_empty() => (Fits::NotYet(told.clone()), ends),
                Err(_) => (Fits::NotYet("the database does not answer".to_owned()), Exit::Unreachable),
            };
            let why = match state {
                Fits::Yes(text) => {
                    return Ok(Answer::of_the_engine(text.clone(), json!({ "fits": true, "text": text })));
                }
                Fits::NotYet(why) => why,
                Fits::Never(failure) => return Err(failure),
            };
            ends = exit;
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let text = format!("still not after {}: {why}", self.limit);
                return Ok(Answer::of_the_engine(text, json!({ "fits": false, "why": why })).exit(ends));
            }
            if why != told {
                context.terminal.tell(&format!("waiting: {why}"));
                told = why;
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn look(&self, context: &Context) -> Result<Fits, Failure> {
        match context.pool()?.get().await {
            Ok(_) if self.reachable => return Ok(Fits::Yes("the database answers".to_owned())),
            Ok(_) => {}
            Err(cause) if self.is_final(&cause) => return Ok(Fits::Never(unreachable(&cause))),
            Err(cause) => return Err(unreachable(&cause)),
        }
        Ok(match context.migrator()?.health().await? {
            Health::Refused { why } => return Err(Failure::refused(why.join("\n"))),
            fenced @ Health::Fenced { .. } => return Err(Failure::refused(fenced.to_string())),
            fits if fits.is_fit() => Fits::Yes(fits.to_string()),
            not_yet => Fits::NotYet(not_yet.to_string()),
        })
    }
}

impl Wait {
    /// Whether the server has answered, and will not answer otherwise before somebody changes something: the role is
    /// refused (class 28), or has no such database.
    fn is_final(&self, cause: &PoolError) -> bool {
        let PoolError::Backend(error) = cause else { return false };
        let code = error.code().map_or("", SqlState::code);
        let no_database = code == "3D000" && !self.reachable;
        !self.until_created && (code.starts_with("28") || no_database)
    }
}

/// What one look says.
enum Fits {
    Yes(String),
    NotYet(String),
    Never(Failure),
}
