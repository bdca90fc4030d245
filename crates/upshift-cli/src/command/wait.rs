//! `wait`: until the database answers and its schema fits.

use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;
use upshift::Health;
use upshift::files::parse_duration;

use crate::answer::Answer;
use crate::context::Context;
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
}

/// How often it is looked: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Wait {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let limit = parse_duration(&self.limit).map_err(|why| Failure::usage(format!("--for: {why}")))?;
        let end = Instant::now() + limit;
        let (mut pause, mut told) = (FIRST_PAUSE, String::new());
        loop {
            let left = end.saturating_duration_since(Instant::now());
            // A server that takes a connection and says nothing is waited for no longer than was asked.
            let state = match tokio::time::timeout(left, self.look(context)).await {
                Ok(Err(failure)) if failure.exit() == Exit::Usage => return Err(failure),
                Ok(Err(failure)) if failure.exit() != Exit::Unreachable => return Err(failure),
                Ok(Err(failure)) => Fits::NotYet(failure.render()),
                Ok(Ok(state)) => state,
                Err(_) => Fits::NotYet("the database does not answer".to_owned()),
            };
            let why = match state {
                Fits::Yes(text) => {
                    return Ok(Answer::of_the_engine(text.clone(), json!({ "fits": true, "text": text })));
                }
                Fits::NotYet(why) => why,
            };
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let text = format!("still not after {}: {why}", self.limit);
                return Ok(Answer::of_the_engine(text, json!({ "fits": false, "why": why })).exit(Exit::No));
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
        if self.reachable {
            drop(context.client().await?);
            return Ok(Fits::Yes("the database answers".to_owned()));
        }
        Ok(match context.migrator()?.health().await? {
            Health::Fits => Fits::Yes("the schema fits".to_owned()),
            Health::Ahead { newer } => {
                Fits::Yes(format!("the schema fits; a newer release has applied {}", newer.join(", ")))
            }
            Health::Behind { pending } => Fits::NotYet(format!("pending: {}", pending.join(", "))),
            Health::Refused { why } => return Err(Failure::refused(why.join("\n"))),
            other => Fits::NotYet(format!("{other:?}")),
        })
    }
}

/// What one look says.
enum Fits {
    Yes(String),
    NotYet(String),
}
