//! The backup before a run: pg_dump's archive, read back, its checksum, the last ones kept; or a command of one's own.

mod child;
mod names;

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

/// How many names are tried, where others make backups of the same database in the same second.
const TRIES: u32 = 100;

/// What a backup is made for: what does not happen where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A run, which waits for it.
    Run,
    /// Nothing else.
    Itself,
}

impl Purpose {
    fn without(self) -> &'static str {
        match self {
            Purpose::Run => "nothing was migrated",
            Purpose::Itself => "there is no backup",
        }
    }
}

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
    pub(crate) async fn make(&self, purpose: Purpose, context: &Context) -> Result<String, Failure> {
        if context.program.own_pool().is_some() && matches!(self, Backup::Archive { .. }) {
            return Err(Failure::refused(
                "this program has a pool of its own, whose address pg_dump cannot be told",
            )
            .help(format!(
                "say --backup-command, with a command that knows the address; {}",
                purpose.without()
            )));
        }
        let variables = connect::variables(context.settings.url.as_deref(), &context.environment)?;
        match self {
            Backup::Archive { folder, keep } => archive(folder, *keep, &variables, purpose).await,
            Backup::Command(command) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", command]);
                let said = run(shell, "the backup's command", &variables, purpose).await?;
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
    purpose: Purpose,
) -> Result<String, Failure> {
    std::fs::create_dir_all(folder).map_err(|cause| Failure::file("make", folder, &cause))?;
    let database =
        variables.iter().find(|(name, _)| *name == "PGDATABASE").map_or("database", |(_, name)| name);
    let now = time::OffsetDateTime::now_utc();
    let (date, clock) = (now.date(), now.time());
    let stamp = format!("{date}-{:02}{:02}{:02}", clock.hour(), clock.minute(), clock.second());
    let prefix = format!("{}-", file_name(database, variables));
    let (part, path) = claim(folder, &prefix, &stamp)?;
    let mut dump = Command::new("pg_dump");
    dump.args(["--format=custom", "--no-password", "--file"]).arg(&part.0);
    run(dump, "pg_dump", variables, purpose).await?;
    let mut list = Command::new("pg_restore");
    list.arg("--list").arg(&part.0);
    let entries = run(list, "pg_restore --list", &[], purpose).await?;
    let entries = entries.lines().filter(|line| !line.starts_with(';') && !line.trim().is_empty()).count();
    let (bytes, checksum) = checksum(&part.0).await?;
    std::fs::rename(&part.0, &path).map_err(|cause| Failure::file("rename", &part.0, &cause))?;
    prune(&path, &prefix, keep)?;
    Ok(format!("backup {}: {bytes} bytes, {entries} entries, SHA-256 {checksum}", path.display()))
}

/// A name that no archive has or has had, and the part that stands for it until the archive is whole: a half of one is
/// never taken for a backup. Two in one second are told apart by a number behind the time.
fn claim(folder: &Path, prefix: &str, stamp: &str) -> Result<(Part, PathBuf), Failure> {
    let there = names::archives(folder, prefix)?;
    // Behind the last one of this second, also where those before it went already: they go by their order.
    let taken = there.iter().filter(|it| it.stamp == stamp).map(|it| it.number).max().unwrap_or(0);
    for number in taken + 1..=taken + TRIES {
        let name = names::name(prefix, stamp, number);
        let path = folder.join(format!("{name}.dump"));
        let part = folder.join(format!("{name}.part"));
        match std::fs::OpenOptions::new().write(true).create_new(true).open(&part) {
            Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(Failure::file("write", &part, &cause)),
            // Whoever had the part before has given it the archive's name, which is there then.
            Ok(_) if path.exists() => drop(Part(part)),
            Ok(_) => return Ok((Part(part), path)),
        }
    }
    Err(Failure::failed(format!("{TRIES} backups are made in {} in this second", folder.display())))
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

/// Removes the oldest archives of this database until so many are left. The one just made stays in any case: a run stands
/// on it.
fn prune(made: &Path, prefix: &str, keep: usize) -> Result<(), Failure> {
    let folder = made.parent().unwrap_or(Path::new("."));
    let mut found = names::archives(folder, prefix)?;
    found.retain(|it| it.path.extension().is_some_and(|ending| ending == "dump") && it.path != made);
    found.sort();
    let old = found.len().saturating_sub(keep.saturating_sub(1));
    for names::Archive { path, .. } in found.iter().take(old) {
        match std::fs::remove_file(path) {
            // Another backup has removed it.
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
            removed => removed.map_err(|cause| Failure::file("remove", path, &cause))?,
        }
    }
    Ok(())
}
