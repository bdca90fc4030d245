//! The backup before a run: pg_dump's archive, read back, its checksum, the last ones kept; or a command of one's own.

mod child;

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use upshift::files::mask_secrets;

use crate::connect;
use crate::context::Context;
use crate::failure::Failure;
use child::run;

/// How many archives stay, unless upshift.toml says another number.
const KEEP: usize = 5;

/// A backup that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Backup {
    /// An archive of pg_dump in this folder, where so many stay.
    Archive { folder: PathBuf, keep: usize },
    /// What this command makes; a shell runs it.
    Command(String),
}

impl Backup {
    /// What the arguments ask for, or else upshift.toml.
    pub(crate) fn asked(folder: Option<&Path>, command: Option<&str>, context: &Context) -> Option<Backup> {
        let settings = &context.settings.backup;
        let keep = settings.keep.unwrap_or(KEEP);
        match (folder, command) {
            (Some(folder), _) => Some(Backup::Archive { folder: folder.to_owned(), keep }),
            (None, Some(command)) => Some(Backup::Command(command.to_owned())),
            (None, None) => match (&settings.folder, &settings.command) {
                (Some(folder), _) => Some(Backup::Archive { folder: folder.clone(), keep }),
                (None, Some(command)) => Some(Backup::Command(command.clone())),
                (None, None) => None,
            },
        }
    }

    /// Makes it; gives what the audit keeps of it.
    ///
    /// # Errors
    /// It cannot be made, or the archive cannot be read back: then nothing is migrated.
    pub(crate) async fn make(&self, context: &Context) -> Result<String, Failure> {
        if context.program.own_pool().is_some() && matches!(self, Backup::Archive { .. }) {
            return Err(Failure::refused(
                "this program has a pool of its own, whose address pg_dump cannot be told",
            )
            .help("say --backup-command, with a command that knows the address; nothing was migrated"));
        }
        let variables = connect::variables(context.settings.url.as_deref(), &context.environment)?;
        match self {
            Backup::Archive { folder, keep } => archive(folder, *keep, &variables).await,
            Backup::Command(command) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", command]);
                let said = run(shell, "the backup's command", &variables).await?;
                let last = said.lines().last().unwrap_or_default();
                // It stays in the audit for good.
                Ok(mask_secrets(&format!("backup by `{command}`: {last}")).into_owned())
            }
        }
    }
}

async fn archive(
    folder: &Path,
    keep: usize,
    variables: &[(&'static str, String)],
) -> Result<String, Failure> {
    std::fs::create_dir_all(folder).map_err(|cause| Failure::file("make", folder, &cause))?;
    let database =
        variables.iter().find(|(name, _)| *name == "PGDATABASE").map_or("database", |(_, name)| name);
    let now = time::OffsetDateTime::now_utc();
    let (date, clock) = (now.date(), now.time());
    let stamp = format!("{date}-{:02}{:02}{:02}", clock.hour(), clock.minute(), clock.second());
    let name = file_name(database, variables);
    let path = folder.join(format!("{name}-{stamp}.dump"));
    // Under another name until it is whole: a half of one is never taken for a backup.
    let part = Part(path.with_extension("part"));
    let mut dump = Command::new("pg_dump");
    dump.args(["--format=custom", "--no-password", "--file"]).arg(&part.0);
    run(dump, "pg_dump", variables).await?;
    let mut list = Command::new("pg_restore");
    list.arg("--list").arg(&part.0);
    let entries = run(list, "pg_restore --list", &[]).await?;
    let entries = entries.lines().filter(|line| !line.starts_with(';') && !line.trim().is_empty()).count();
    let (bytes, checksum) = checksum(&part.0).await?;
    std::fs::rename(&part.0, &path).map_err(|cause| Failure::file("rename", &part.0, &cause))?;
    prune(folder, &format!("{name}-"), keep)?;
    Ok(format!("backup {}: {bytes} bytes, {entries} entries, SHA-256 {checksum}", path.display()))
}

/// An archive that is not whole yet: it goes with this value, unless it got its name.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // Where it got its name there is none any more.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A database as a part of a file's name: its letters, and a fingerprint of where it is, so that two databases never
/// count as one when old archives go.
fn file_name(database: &str, variables: &[(&'static str, String)]) -> String {
    let words: String =
        database.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    let place = ["PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE"].map(|wanted| {
        variables.iter().find(|(name, _)| *name == wanted).map_or("", |(_, value)| value.as_str())
    });
    let hash = Sha256::digest(place.join("\n"));
    let short: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{words}-{short}")
}

async fn checksum(path: &Path) -> Result<(u64, String), Failure> {
    let unreadable = |cause: std::io::Error| Failure::file("read", path, &cause);
    let mut file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut buffer).await.map_err(unreadable)?;
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else { break };
        hash.update(piece);
        bytes += u64::try_from(read).unwrap_or_default();
    }
    let hex = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((bytes, hex))
}

/// Removes the oldest archives of this database until so many are left; their names sort by time.
fn prune(folder: &Path, prefix: &str, keep: usize) -> Result<(), Failure> {
    let unreadable = |cause: std::io::Error| Failure::file("read", folder, &cause);
    let mut found = Vec::new();
    for entry in folder.read_dir().map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with(prefix) && name.ends_with(".dump") {
            found.push(path);
        }
    }
    found.sort();
    let old = found.len().saturating_sub(keep);
    for path in found.iter().take(old) {
        std::fs::remove_file(path).map_err(|cause| Failure::file("remove", path, &cause))?;
    }
    Ok(())
}
