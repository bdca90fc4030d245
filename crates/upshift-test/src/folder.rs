//! The folder a server lives in, and who removes it.

use std::env;
use std::io::{self, BufRead, BufReader, PipeWriter, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::account::Account;
use crate::error::{Kind, ServerError};

/// Where a server keeps its data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Storage {
    /// `/dev/shm`, the RAM disk of Linux, when it is there with 1 GiB to spare; else [`Storage::Temporary`].
    /// A server starts with about 30 MB there, and its databases grow in memory.
    #[default]
    Fastest,
    /// The temporary folder: `TMPDIR`, else `/tmp`.
    Temporary,
    /// A folder inside this one, which the server's user must be able to write.
    In(PathBuf),
}

const RAM_DISK: &str = "/dev/shm";
const RAM_DISK_ROOM_KIB: u64 = 1024 * 1024;

/// `sun_path` of macOS less its closing zero; Linux allows four more.
const SOCKET_PATH_LIMIT: usize = 103;
const SOCKET_NAME_LENGTH: usize = "/.s.PGSQL.65535".len();

impl Storage {
    /// The folders to try, the best first.
    fn bases(&self) -> Vec<PathBuf> {
        match self {
            Storage::In(folder) => vec![folder.clone()],
            Storage::Temporary => temporary(),
            Storage::Fastest => {
                let ram_disk = Some(PathBuf::from(RAM_DISK)).filter(|folder| has_room(folder));
                ram_disk.into_iter().chain(temporary()).collect()
            }
        }
    }
}

/// The temporary folders of this machine. `TMPDIR` may be one that only this program's user can reach,
/// `/tmp` is there for everybody.
pub(crate) fn temporary() -> Vec<PathBuf> {
    let mut folders = vec![env::temp_dir(), PathBuf::from("/tmp")];
    folders.dedup();
    folders
}

/// A folder of its own for one server, removed by a process of its own when nobody holds it any more:
/// neither this value, nor a process that was given [`hold`](Folder::hold).
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Taken by `drop` alone, which closes it before it waits for the keeper.
    held: Option<PipeWriter>,
    keeper: Child,
}

impl Folder {
    pub(crate) fn make(storage: &Storage, account: &Account) -> Result<Self, ServerError> {
        let bases = storage.bases();
        let (reader, held) = io::pipe().map_err(|source| Kind::Io { doing: "open a pipe", source })?;
        let mut keeper = account
            .command("/bin/sh")
            .args(["-c", include_str!("folder.sh"), "upshift-folder"])
            .args(&bases)
            .stdin(reader)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| Kind::Run { program: "/bin/sh".into(), user: account.name(), source })?;
        let path = answer(&mut keeper)?;
        let folder = Self { path: path.into(), held: Some(held), keeper };
        if folder.path.as_os_str().is_empty() {
            return Err(Kind::NoFolder { user: account.name(), tried: bases }.into());
        }
        if folder.path.as_os_str().len() + SOCKET_NAME_LENGTH > SOCKET_PATH_LIMIT {
            return Err(Kind::LongPath { folder: folder.path.clone(), limit: SOCKET_PATH_LIMIT }.into());
        }
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Something to give to a process as its output: the folder stays until that process has ended too.
    pub(crate) fn hold(&self) -> Result<Stdio, ServerError> {
        match &self.held {
            Some(pipe) => pipe
                .try_clone()
                .map(Stdio::from)
                .map_err(|source| Kind::Io { doing: "open a pipe", source }.into()),
            None => Ok(Stdio::null()),
        }
    }

    /// Leaves the folder to the other processes that hold it.
    pub(crate) fn release(mut self) {
        self.held = None;
        // The keeper ends when they do, not before this program goes on.
        std::mem::forget(self);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.held = None;
        // Nothing can be done about a keeper that fails, and a destructor has nobody to tell.
        let _ = self.keeper.wait();
    }
}

/// The one line that a helper answers with; empty when it ended without one.
pub(crate) fn answer(helper: &mut Child) -> Result<String, ServerError> {
    first_line(helper.stdout.take())
}

/// The same of any of its outputs.
pub(crate) fn first_line(output: Option<impl Read>) -> Result<String, ServerError> {
    let mut line = String::new();
    if let Some(output) = output {
        BufReader::new(output)
            .read_line(&mut line)
            .map_err(|source| Kind::Io { doing: "read the answer of /bin/sh", source })?;
    }
    Ok(line.trim_end().to_owned())
}

/// Whether `df` knows of room; when it cannot tell, there is none.
fn has_room(folder: &Path) -> bool {
    let Ok(output) = Command::new("df").arg("-Pk").arg(folder).output() else { return false };
    available_kib(&String::from_utf8_lossy(&output.stdout)).is_some_and(|room| room >= RAM_DISK_ROOM_KIB)
}

/// The fourth column of the last line, which is the same on every system with `-P`.
fn available_kib(table: &str) -> Option<u64> {
    table.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_of_a_disk_is_read_from_df() {
        let table = "Filesystem     1024-blocks  Used Available Capacity Mounted on\n\
                     tmpfs             24684096  4256  24679840       1% /dev/shm\n";
        assert_eq!(available_kib(table), Some(24_679_840));
        assert_eq!(available_kib("df: /dev/shm: No such file or directory\n"), None);
    }

    #[test]
    fn a_folder_too_long_for_a_socket_is_refused_and_not_left_behind() {
        let base = env::temp_dir().join(format!("upshift-long-{}-{}", std::process::id(), "x".repeat(60)));
        std::fs::create_dir_all(&base).unwrap();
        let account = Account::choose().unwrap();
        std::os::unix::fs::chown(&base, Some(account.uid), None).unwrap();

        let error = Folder::make(&Storage::In(base.clone()), &account).unwrap_err();
        let left = std::fs::read_dir(&base).unwrap().count();
        std::fs::remove_dir(&base).unwrap();

        assert!(error.to_string().contains("is too long"), "{error}");
        assert_eq!(left, 0);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error_that_names_the_place() {
        let account = Account::choose().unwrap();
        let error = Folder::make(&Storage::In("/nowhere".into()), &account).unwrap_err();
        assert!(error.to_string().ends_with("could not make one in /nowhere"), "{error}");
    }
}
