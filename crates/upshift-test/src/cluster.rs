//! Finished clusters, kept to be copied: `initdb` takes half a second, a copy a tenth of that.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::account::Account;
use crate::error::{Kind, ServerError};
use crate::folder::{Folder, temporary};
use crate::programs::Programs;
use crate::version::ServerVersion;

pub(crate) const SUPERUSER: &str = "postgres";

/// Everybody is trusted, nothing waits for a disk, and the small segments make a cluster of a third of
/// the usual size: less to copy, and less memory for a server on a RAM disk.
const INITDB: [&str; 7] = [
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",
    "--wal-segsize=1",
    "--username",
    SUPERUSER,
];

/// A cluster that was never started, in the cache.
#[derive(Debug)]
pub(crate) struct Cluster {
    data: PathBuf,
    pub(crate) version: ServerVersion,
}

impl Cluster {
    /// The cached cluster for these programs and options, made when there is none.
    pub(crate) fn cached(
        programs: &Programs,
        account: &Account,
        options: &[String],
    ) -> Result<Self, ServerError> {
        let cache = Cache { folder: cache_folder(account)?, day: today() };
        cache.cluster(programs, account, options)
    }

    /// Copies the cluster to `data` inside the server's folder, which stays until the copy has ended.
    pub(crate) fn copy(&self, data: &Path, folder: &Folder, account: &Account) -> Result<(), ServerError> {
        let mut copy = account.command("cp");
        copy.arg("-a").arg(&self.data).arg(data).stdin(folder.hold()?);
        account.run(&mut copy).map(drop)
    }

    fn open(entry: &Path) -> Option<Self> {
        // The version is written when everything else is there.
        let version = ServerVersion::parse(&fs::read_to_string(entry.join("version")).ok()?)?;
        let data = entry.join("data");
        data.join("global/pg_control").is_file().then_some(Self { data, version })
    }
}

/// The folder of all cached clusters. An entry's name ends with the day it was made on, and is not used
/// on another: whoever cleans temporary folders by age then never takes half of one.
struct Cache {
    folder: PathBuf,
    day: u64,
}

/// One `initdb` at a time in one program. Between programs an entry appears in one step, by a rename:
/// two may make the same one, and the second takes the first's. No lock can so be left behind by a
/// program that was killed.
static MAKING: Mutex<()> = Mutex::new(());
static MADE: AtomicU32 = AtomicU32::new(0);

impl Cache {
    fn cluster(
        &self,
        programs: &Programs,
        account: &Account,
        options: &[String],
    ) -> Result<Cluster, ServerError> {
        let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = self.folder.join(format!("{}.{}", fingerprint(programs, options)?, self.day));
        if let Some(cluster) = Cluster::open(&entry) {
            return Ok(cluster);
        }
        self.sweep();
        let part = self.part();
        let made = make(programs, account, options, &part).and_then(|()| publish(&part, &entry));
        // Gone when it became the entry; a half-made one is of no use to anybody.
        let _ = fs::remove_dir_all(&part);
        made
    }

    /// A name that no other process and no other call uses.
    fn part(&self) -> PathBuf {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        self.folder.join(format!("part-{}-{number}.{}", std::process::id(), self.day))
    }

    /// Removes what was made before yesterday, finished or not: nobody copies from it any more.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let day = name.to_str().and_then(|name| name.rsplit_once('.')?.1.parse::<u64>().ok());
            if day.is_some_and(|day| day + 1 < self.day) {
                // Another program may be sweeping too; what is left is removed the next time.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

fn make(programs: &Programs, account: &Account, options: &[String], part: &Path) -> Result<(), ServerError> {
    let postgres = programs.postgres();
    let answer = account.run(account.command(&postgres).arg("--version"))?;
    if ServerVersion::parse(&answer).is_none() {
        return Err(Kind::Version { program: postgres, answer }.into());
    }
    account.run(account.command("mkdir").args(["-m", "700"]).arg(part))?;
    let mut initdb = account.command(programs.initdb());
    account.run(initdb.args(INITDB).args(options).arg("--pgdata").arg(part.join("data")))?;
    let version = part.join("version");
    fs::write(&version, answer).map_err(|source| Kind::File { doing: "write", path: version, source }.into())
}

/// Makes `part` the entry, unless another process was first.
fn publish(part: &Path, entry: &Path) -> Result<Cluster, ServerError> {
    let failed = |source| Kind::File { doing: "put into place", path: entry.to_owned(), source };
    match fs::rename(part, entry) {
        Ok(()) => {}
        Err(_) if Cluster::open(entry).is_some() => {}
        Err(_) => {
            // What stands there is not whole (somebody removed a part of it), so nobody can be using it.
            fs::remove_dir_all(entry).map_err(failed)?;
            fs::rename(part, entry).map_err(failed)?;
        }
    }
    Cluster::open(entry)
        .ok_or_else(|| Kind::File { doing: "read", path: entry.to_owned(), source: vanished() }.into())
}

fn vanished() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::NotFound, "it was removed by another process")
}

/// Stands for the programs and the options: another version, a rebuilt binary, other options are others.
pub(crate) fn fingerprint(programs: &Programs, options: &[String]) -> Result<String, ServerError> {
    let postgres = programs.postgres();
    let facts = fs::metadata(&postgres).map_err(|source| Kind::File {
        doing: "read",
        path: postgres.clone(),
        source,
    })?;
    let mut hasher = DefaultHasher::new();
    (postgres, facts.len(), facts.mtime(), facts.mtime_nsec(), INITDB, options).hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

/// The cache of this user. Its name can be guessed, so what stands there is used only when it is the
/// user's own and closed to others: a server made by somebody else would run their code.
pub(crate) fn cache_folder(account: &Account) -> Result<PathBuf, ServerError> {
    let mut failed = None;
    for base in temporary() {
        let folder = base.join(format!("upshift-clusters-{}", account.uid));
        // The usual case, and a program less to start in each of many test programs.
        if fs::symlink_metadata(&folder).is_ok_and(|facts| facts.is_dir()) {
            return private(folder, account);
        }
        let made = account.run(account.command("mkdir").args(["-m", "700", "-p"]).arg(&folder));
        match made {
            Ok(_) => return private(folder, account),
            Err(error) => failed = Some(error),
        }
    }
    Err(failed.unwrap_or_else(|| Kind::NoFolder { user: account.name(), tried: temporary() }.into()))
}

fn private(folder: PathBuf, account: &Account) -> Result<PathBuf, ServerError> {
    let facts = fs::symlink_metadata(&folder).map_err(|source| Kind::File {
        doing: "read",
        path: folder.clone(),
        source,
    })?;
    if facts.is_dir() && facts.uid() == account.uid && facts.mode() & 0o077 == 0 {
        Ok(folder)
    } else {
        Err(Kind::ForeignCache { folder, user: account.name() }.into())
    }
}

fn today() -> u64 {
    // A clock before 1970 is as good a day as any other.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() / (24 * 60 * 60))
}

#[cfg(test)]
mod tests;
