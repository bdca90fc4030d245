//! `up`: applies what is pending.

use std::path::PathBuf;

use clap::Args;
use upshift::{Grouping, Migrator};
use upshift_report::json;

use super::report_file::ReportFile;
use super::target::UpTo;
use super::unadopted::{Unadopted, unadopted};
use crate::answer::Answer;
use crate::backup::{Backup, Purpose};
use crate::context::Context;
use crate::failure::Failure;

/// Apply what is pending, each migration in its own transaction.
#[derive(Debug, Clone, Args)]
pub struct Up {
    #[command(flatten)]
    target: UpTo,
    /// One transaction for all of them: a failure leaves nothing.
    #[arg(long)]
    grouped: bool,
    /// Show what would be done, and do nothing.
    #[arg(long, conflicts_with = "file")]
    dry_run: bool,
    #[command(flatten)]
    report: ReportFile,
    /// Back the database up into this folder first, with pg_dump, and check the archive.
    #[arg(long, value_name = "FOLDER")]
    backup: Option<PathBuf>,
    /// Back the database up with this command first; a failure of it ends the run.
    #[arg(long, value_name = "COMMAND", conflicts_with = "backup")]
    backup_command: Option<String>,
}

impl Up {
    pub(super) fn report(&self) -> &ReportFile {
        &self.report
    }

    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let grouping = if self.grouped { Grouping::AllInOne } else { Grouping::Each };
        let migrator = context.migrator()?.grouping(grouping);
        let target = self.target.target();
        if self.dry_run {
            let plan = migrator.plan(target).await?;
            return Ok(Answer::of_the_engine(plan.to_string(), json::plan(&plan)));
        }
        not_of_another_tool(context, &migrator).await?;
        if let Some(backup) = Backup::asked(self.backup.as_deref(), self.backup_command.as_deref(), context) {
            // Nothing to do is nothing to back up for.
            if migrator.plan(target.clone()).await?.is_empty() {
                context.terminal.tell("no backup: nothing is pending");
            } else {
                let made = backup.make(Purpose::Run, context).await?;
                context.terminal.tell(&made);
                migrator.audit().remark("backup", &made).await?;
            }
        }
        self.report.of("up", context, migrator.up(target)).await
    }
}

/// Files of another tool that has applied them here, and nobody has adopted its history: each would run again.
async fn not_of_another_tool(context: &Context, migrator: &Migrator) -> Result<(), Failure> {
    for Unadopted { tool, table } in unadopted(&context.set()?, migrator).await? {
        let what = format!(
            "{tool} has a history here, {table}, and upshift has none: what it has applied would run again"
        );
        let help = format!("`upshift adopt {tool}` takes its history over; --yes runs them all");
        context.terminal.confirm_or(&what, &help).await?;
    }
    Ok(())
}
