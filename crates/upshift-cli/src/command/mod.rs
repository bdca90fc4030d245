//! The commands: one file each, its arguments and what it does.

mod adopt;
mod audit;
mod backfill;
mod backup;
mod baseline;
mod check;
mod completions;
mod database;
mod diff;
mod doctor;
mod down;
mod drift;
mod generate;
mod history;
mod lint;
mod man;
mod new;
mod new_files;
mod objects;
mod origin;
mod plan;
mod pull;
mod push;
mod reason;
mod recipe;
mod recipe_change;
mod redo;
mod renumber;
mod renumber_change;
mod renumber_folder;
mod repair;
mod report_file;
mod reset;
mod rollout;
mod spelling;
mod status;
mod target;
mod unadopted;
mod up;
mod verify;
mod wait;

use clap::Subcommand;

use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// The commands.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Write a new migration: its files, named and numbered.
    #[command(visible_alias = "create", visible_alias = "add")]
    New(new::New),
    /// Write the files of a change that old and new code live through together.
    Recipe(Box<recipe::RecipeArguments>),
    /// Where every migration stands.
    #[command(visible_alias = "info")]
    Status(status::Status),
    /// What `up` or `down` would do; as a script too, and without a connection.
    Plan(plan::PlanArguments),
    /// Apply what is pending.
    #[command(visible_alias = "migrate")]
    Up(up::Up),
    /// Revert what was applied, last first.
    #[command(visible_alias = "rollback")]
    Down(down::Down),
    /// Revert the last migration and apply it again, as it is now.
    Redo(redo::Redo),
    /// Revert everything, for a development database.
    Reset(reset::Reset),
    /// Whether files, history and rules agree: for a pull request.
    #[command(visible_alias = "validate")]
    Check(check::Check),
    /// What is dangerous in the files: locks, rewrites, what breaks old code.
    Lint(lint::Lint),
    /// Prove every way back on a scratch server: up, down, compare, up again.
    Verify(verify::Verify),
    /// What somebody has changed in the schema behind upshift's back.
    Drift(drift::DriftArguments),
    /// What differs between two schemas: databases, migrations, SQL files.
    Diff(diff::DiffArguments),
    /// Write migrations from the wish: proven on a scratch server, with their way back.
    Generate(generate::GenerateArguments),
    /// A schema as readable SQL that makes it again.
    #[command(visible_alias = "dump")]
    Pull(pull::PullArguments),
    /// Make a development database equal to a wish.
    Push(push::PushArguments),
    /// Take over the history of the tool that was used until now.
    Adopt(adopt::Adopt),
    /// Accept a database that was built without upshift: nothing is run.
    #[command(visible_alias = "stamp")]
    Baseline(baseline::Baseline),
    /// Set the history right by hand; each is audited.
    #[command(subcommand)]
    Repair(repair::Repair),
    /// Releases side by side: who is alive, what waits for whom, and a word of an operator.
    #[command(subcommand)]
    Rollout(rollout::Rollout),
    /// Backfills: how far they are; pause, resume, work on them.
    #[command(subcommand)]
    Backfill(backfill::BackfillCommand),
    /// What was done, when, by whom.
    History(history::History),
    /// The audit, and whether it is as it was written.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Wait until the database answers and its schema fits: for an init container.
    Wait(wait::Wait),
    /// Make the database of --url, or drop it.
    #[command(subcommand)]
    Database(database::DatabaseCommand),
    /// Back the database up now, with the checksum in the audit.
    Backup(backup::BackupArguments),
    /// Look a database over before a production run.
    Doctor(doctor::Doctor),
    /// Give migrations that no database has yet new versions, behind all others.
    Renumber(renumber::Renumber),
    /// Completions for a shell.
    Completions(completions::Completions),
    /// The manual page.
    Man(man::Man),
}

impl Command {
    /// Its name, as JSON says it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Command::New(_) => "new",
            Command::Recipe(_) => "recipe",
            Command::Status(_) => "status",
            Command::Plan(_) => "plan",
            Command::Up(_) => "up",
            Command::Down(_) => "down",
            Command::Redo(_) => "redo",
            Command::Reset(_) => "reset",
            Command::Check(_) => "check",
            Command::Lint(_) => "lint",
            Command::Verify(_) => "verify",
            Command::Drift(_) => "drift",
            Command::Diff(_) => "diff",
            Command::Generate(_) => "generate",
            Command::Pull(_) => "pull",
            Command::Push(_) => "push",
            Command::Adopt(_) => "adopt",
            Command::Baseline(_) => "baseline",
            Command::Repair(_) => "repair",
            Command::Rollout(_) => "rollout",
            Command::Backfill(_) => "backfill",
            Command::History(_) => "history",
            Command::Audit(_) => "audit",
            Command::Wait(_) => "wait",
            Command::Database(_) => "database",
            Command::Backup(_) => "backup",
            Command::Doctor(_) => "doctor",
            Command::Renumber(_) => "renumber",
            Command::Completions(_) => "completions",
            Command::Man(_) => "man",
        }
    }

    /// Whether it applies or reverts migrations.
    pub(crate) fn is_a_run(&self) -> bool {
        matches!(self, Command::Up(_) | Command::Down(_) | Command::Redo(_) | Command::Reset(_))
    }

    /// Keeps why it was ended from outside, where a report of the run was asked for: the run itself keeps all else.
    pub(crate) fn keep(&self, context: &Context, ended: &Failure) {
        let report = match self {
            Command::Up(it) => it.report(),
            Command::Down(it) => it.report(),
            Command::Redo(it) => it.report(),
            _ => return,
        };
        report.keep(self.name(), context, ended);
    }

    /// Whether it may speak to other servers than that of the settings: a scratch server, another schema.
    pub(crate) fn takes_addresses(&self) -> bool {
        matches!(
            self,
            Command::Adopt(_)
                | Command::Diff(_)
                | Command::Doctor(_)
                | Command::Generate(_)
                | Command::Pull(_)
                | Command::Push(_)
                | Command::Verify(_)
        )
    }

    /// Does it.
    pub(crate) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Command::New(it) => it.run(context).await,
            Command::Recipe(it) => it.run(context).await,
            Command::Status(it) => it.run(context).await,
            Command::Plan(it) => it.run(context).await,
            Command::Up(it) => it.run(context).await,
            Command::Down(it) => it.run(context).await,
            Command::Redo(it) => it.run(context).await,
            Command::Reset(it) => it.run(context).await,
            Command::Check(it) => it.run(context).await,
            Command::Lint(it) => it.run(context),
            Command::Verify(it) => it.run(context).await,
            Command::Drift(it) => it.run(context).await,
            Command::Diff(it) => it.run(context).await,
            Command::Generate(it) => it.run(context).await,
            Command::Pull(it) => it.run(context).await,
            Command::Push(it) => it.run(context).await,
            Command::Adopt(it) => it.run(context).await,
            Command::Baseline(it) => it.run(context).await,
            Command::Repair(it) => it.run(context).await,
            Command::Rollout(it) => it.run(context).await,
            Command::Backfill(it) => it.run(context).await,
            Command::History(it) => it.run(context).await,
            Command::Audit(it) => it.run(context).await,
            Command::Wait(it) => it.run(context).await,
            Command::Database(it) => it.run(context).await,
            Command::Backup(it) => it.run(context).await,
            Command::Doctor(it) => it.run(context).await,
            Command::Renumber(it) => it.run(context).await,
            Command::Completions(it) => Ok(it.run(&context.program)),
            Command::Man(it) => it.run(&context.program),
        }
    }
}
