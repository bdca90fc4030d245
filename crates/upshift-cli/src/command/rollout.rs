//! `rollout`: releases side by side.

use clap::Subcommand;
use serde_json::json;
use upshift::files::nearest;
use upshift::{DownTarget, MigrationSet, Share, Target, Version};
use upshift_report::json;

use super::reason::Reason;
use crate::answer::Answer;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Releases side by side: who is alive, what waits for whom, and a word of an operator.
#[derive(Debug, Clone, Subcommand)]
pub enum Rollout {
    /// Backfills, contracts, who is alive. Writes nothing.
    Status,
    /// Keep every contract from running, until `release`.
    Hold {
        /// Why, for the others and for the audit.
        #[arg(long, value_name = "WHY")]
        because: Reason,
    },
    /// Take `hold` back, and what `unhide` holds.
    Release,
    /// Approve a contract whose gate wants a person's word.
    Approve {
        /// Which contract.
        version: Version,
        /// Why, for the audit.
        #[arg(long, value_name = "WHY")]
        because: Reason,
    },
    /// Say that an instance is gone whose end nobody saw.
    Forget {
        /// Its id, as `rollout status` shows it.
        instance: String,
    },
    /// Give old code back what a contract took away, with its data.
    Unhide {
        /// Which contract.
        version: Version,
    },
    /// Run a contract now, such as the purge of what is hidden, whatever its gate says.
    Purge {
        /// Which contract.
        version: Version,
    },
    /// Set to whom a switch shows the new shape.
    Share {
        /// The switch.
        switch: String,
        /// To how many in a hundred.
        percentage: u8,
    },
}

impl Rollout {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let migrator = context.migrator()?;
        let rollout = migrator.rollout();
        match self {
            Rollout::Status => {
                let status = rollout.status().await?;
                let nothing = status.migrations.is_empty() && status.instances.is_empty();
                let text = match nothing && status.words.is_empty() {
                    true => "no backfill, no contract, nobody registered".to_owned(),
                    false => status.to_string(),
                };
                Ok(Answer::of_the_engine(text, json::rollout(&status)))
            }
            Rollout::Hold { because } => {
                rollout.hold(because.as_str()).await?;
                Ok(Answer::done(
                    format!("contracts are held: {because}"),
                    json!({ "held": because.as_str() }),
                ))
            }
            Rollout::Release => {
                rollout.release().await?;
                Ok(Answer::done("contracts are held no more", json!({ "held": null })))
            }
            Rollout::Approve { version, because } => {
                rollout.approve(*version, because.as_str()).await?;
                Ok(Answer::done(
                    format!("version {version} is approved"),
                    json!({ "approved": version.number() }),
                ))
            }
            Rollout::Forget { instance } => {
                rollout.forget(instance).await?;
                Ok(Answer::done(format!("{instance} counts as gone"), json!({ "gone": instance })))
            }
            Rollout::Unhide { version } => {
                migrator.plan_down(DownTarget::Only(*version)).await?;
                let report = rollout.unhide(*version).await?;
                Ok(Answer::of_the_engine(report.to_string(), json::report(&report)))
            }
            Rollout::Purge { version } => purge(*version, context).await,
            Rollout::Share { switch, percentage } => {
                let share = match percentage {
                    100 => Share::All,
                    0..100 => Share::Part { percentage: *percentage, keys: Vec::new() },
                    _ => return Err(Failure::usage("a share is 0 to 100")),
                };
                known(switch, &context.set()?)?;
                let text = format!("{switch} for {share}");
                rollout.share(switch, share).await?;
                Ok(Answer::done(text, json!({ "switch": switch, "percentage": percentage })))
            }
        }
    }
}

/// That a migration of this set names the switch: a word for another would be heard by nobody.
fn known(switch: &str, set: &MigrationSet) -> Result<(), Failure> {
    let mut names: Vec<&str> =
        set.versioned().iter().filter_map(|it| it.header().switch.as_deref()).collect();
    names.dedup();
    if names.contains(&switch) {
        return Ok(());
    }
    let refused = Failure::refused(format!("no migration of this set has the switch `{switch}`"));
    Err(match nearest(switch, &names) {
        Some(near) => refused.help(format!("did you mean `{near}`?")),
        None if names.is_empty() => refused.help("none has a header `-- upshift: switch NAME`"),
        None => refused.help(format!("there are {}", names.join(", "))),
    })
}

/// Runs a contract whatever its gate says, once a person has agreed.
async fn purge(version: Version, context: &Context) -> Result<Answer, Failure> {
    let migrator = context.migrator()?;
    if context.set()?.get(version).is_some_and(|it| it.header().phase != upshift::Phase::Contract) {
        return Err(Failure::refused(format!("version {version} is no contract"))
            .help("`upshift up --only` applies any migration"));
    }
    let target = Target::Only(vec![version]);
    let plan = migrator.plan(target.clone()).await?;
    let labels: Vec<&str> = plan.steps().map(upshift::Step::label).collect();
    if labels.is_empty() {
        // Applied already, or it requires what is not.
        return Ok(Answer::of_the_engine(plan.to_string(), json::plan(&plan)).exit(Exit::No));
    }
    let question =
        format!("{} runs now, whatever its gate says, and what it drops is gone", labels.join(", "));
    context.terminal.confirm(&question).await?;
    let report = migrator.up(target).await?;
    Ok(Answer::of_the_engine(report.to_string(), json::report(&report)))
}
