//! `backup`: a backup now, with its checksum in the audit.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::answer::Answer;
use crate::backup::{Backup, Purpose};
use crate::context::Context;
use crate::failure::Failure;

/// Back the database up now, as `up --backup` does before a run: the archive is read back, and its checksum goes into
/// the audit.
#[derive(Debug, Clone, Args)]
pub struct BackupArguments {
    /// Into this folder, with pg_dump. Without it, as upshift.toml says.
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// With this command instead.
    #[arg(long = "backup-command", value_name = "COMMAND", conflicts_with = "folder")]
    command: Option<String>,
}

impl BackupArguments {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let Some(backup) = Backup::asked(self.folder.as_deref(), self.command.as_deref(), context) else {
            return Err(Failure::usage("where to? No folder was said, and upshift.toml has no [backup]")
                .help("say `upshift backup FOLDER`"));
        };
        let migrator = context.migrator()?;
        let made = backup.make(Purpose::Itself, context).await?;
        // A database that was never migrated has no audit, and gets none for this.
        let is_audited = !migrator.audit().rows().await?.is_empty();
        if is_audited {
            migrator.audit().remark("backup", &made).await?;
        } else {
            context.terminal.tell("not in the audit: this database was never migrated");
        }
        Ok(Answer::done(format!("{made}\n"), json!({ "backup": made, "audited": is_audited })))
    }
}
