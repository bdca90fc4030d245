//! `backfill`: how far they are, and a word of an operator.

use std::time::Duration;

use clap::Subcommand;
use serde_json::json;
use upshift::files::parse_duration;
use upshift::{Version, Worked};
use upshift_report::json;

use super::reason::Reason;
use crate::answer::Answer;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Backfills: how far they are; pause, resume, work on them.
#[derive(Debug, Clone, Subcommand)]
pub enum BackfillCommand {
    /// How far every backfill is that has begun and is not applied. Writes nothing.
    Status,
    /// Pause one, for all who work on it.
    Pause {
        /// Which backfill.
        version: Version,
        /// Why, for the others.
        #[arg(long, value_name = "WHY")]
        because: Reason,
    },
    /// Let one go on that was paused, or that failed.
    Resume {
        /// Which backfill.
        version: Version,
        /// Why.
        #[arg(long, value_name = "WHY")]
        because: Reason,
    },
    /// End one before its end; what is done stays done.
    Cancel {
        /// Which backfill.
        version: Version,
        /// Why.
        #[arg(long, value_name = "WHY")]
        because: Reason,
    },
    /// Forget how far one is: the next who works on it goes over all rows again.
    Restart {
        /// Which backfill.
        version: Version,
    },
    /// Let one that has begun go on with its text of today.
    AcceptText {
        /// Which backfill.
        version: Version,
    },
    /// Work on one, beside whoever else does.
    Work {
        /// Which backfill.
        version: Version,
        /// For how long: 10m, 2h [default: until all rows are done].
        #[arg(long, value_name = "TIME")]
        time: Option<String>,
    },
}

impl BackfillCommand {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let migrator = context.migrator()?;
        let backfills = migrator.backfills();
        match self {
            BackfillCommand::Status => {
                let all = backfills.progress().await?;
                let text: String = match all.is_empty() {
                    true => "no backfill is under way\n".to_owned(),
                    false => all.iter().map(|it| format!("{}_{}  {it}\n", it.version, it.name)).collect(),
                };
                Ok(Answer::done(text, all.iter().map(json::progress).collect::<Vec<_>>()))
            }
            BackfillCommand::Pause { version, because } => {
                backfills.pause(*version, because.as_str()).await?;
                Ok(said(*version, "paused"))
            }
            BackfillCommand::Resume { version, because } => {
                backfills.resume(*version, because.as_str()).await?;
                Ok(said(*version, "resumed"))
            }
            BackfillCommand::Cancel { version, because } => {
                context.terminal.confirm(&format!("backfill {version} ends before its end")).await?;
                backfills.cancel(*version, because.as_str()).await?;
                Ok(said(*version, "cancelled"))
            }
            BackfillCommand::Restart { version } => {
                backfills.restart(*version).await?;
                Ok(said(*version, "forgotten; it begins anew"))
            }
            BackfillCommand::AcceptText { version } => {
                backfills.accept_text(*version).await?;
                Ok(said(*version, "going on with its text of today"))
            }
            BackfillCommand::Work { version, time } => {
                let time = match time {
                    Some(text) => {
                        parse_duration(text).map_err(|why| Failure::usage(format!("--time: {why}")))?
                    }
                    // A hundred days, which the clock of a server can add.
                    None => Duration::from_secs(100 * 86_400),
                };
                Ok(worked(*version, &backfills.work(*version, time).await?))
            }
        }
    }
}

/// How the time given to a backfill ended.
fn worked(version: Version, worked: &Worked) -> Answer {
    let (word, why, exit) = match worked {
        Worked::Finished => ("finished", None, Exit::Done),
        Worked::TimeIsUp => ("time-is-up", None, Exit::No),
        Worked::Held(why) => ("held", Some(why), Exit::No),
        Worked::Paused(why) => ("paused", Some(why), Exit::No),
        Worked::Cancelled(why) => ("cancelled", Some(why), Exit::No),
        Worked::Failed(why) => ("failed", Some(why), Exit::Failed),
        _ => ("gone", None, Exit::Done),
    };
    let text = match (word, why) {
        ("finished", _) => {
            format!(
                "all rows of backfill {version} are done; `upshift up --only {version}` verifies and applies it"
            )
        }
        ("time-is-up", _) => format!("the time is up, and rows of backfill {version} are left"),
        ("gone", _) => format!("backfill {version} is applied already, or began anew elsewhere"),
        (word, Some(why)) => format!("backfill {version} is {word}: {why}"),
        (word, None) => format!("backfill {version} is {word}"),
    };
    Answer::of_the_engine(text, json!({ "version": version.number(), "is": word, "why": why })).exit(exit)
}

fn said(version: Version, word: &str) -> Answer {
    Answer::done(format!("backfill {version} is {word}"), json!({ "version": version.number(), "is": word }))
}
