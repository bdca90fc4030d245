//! Where PostgreSQL's programs are on this machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Kind, ServerError};

/// The variable that names the folder to use.
const VARIABLE: &str = "UPSHIFT_PG_BIN";

/// What a server needs; `psql`, `pg_dump` and the others may be missing.
const NEEDED: [&str; 2] = ["postgres", "initdb"];

/// Where packages put them, `*` standing for one part of a name; of several matches the newest version counts.
const USUAL: [&str; 9] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/opt/local/lib/postgresql*/bin",
];

/// A folder that has `postgres` and `initdb`.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Those in `folder`, which `named_by` says to use.
    pub(crate) fn named(folder: &Path, named_by: &str) -> Result<Self, ServerError> {
        Self::within(folder)
            .ok_or_else(|| Kind::NotThere { named_by: named_by.to_owned(), folder: folder.to_owned() }.into())
    }

    /// Those this machine has: what `UPSHIFT_PG_BIN` names, else the first of the usual places.
    pub(crate) fn find() -> Result<Self, ServerError> {
        match env::var_os(VARIABLE).filter(|folder| !folder.is_empty()) {
            Some(folder) => Self::named(Path::new(&folder), VARIABLE),
            None => Self::first_in(&places()),
        }
    }

    fn first_in(places: &[Place]) -> Result<Self, ServerError> {
        places.iter().flat_map(|place| &place.folders).find_map(|folder| Self::within(folder)).ok_or_else(
            || Kind::NotFound { looked: places.iter().map(|place| place.name.clone()).collect() }.into(),
        )
    }

    fn within(folder: &Path) -> Option<Self> {
        if !NEEDED.iter().all(|name| folder.join(name).is_file()) {
            return None;
        }
        // What stands on PATH is often a link; its neighbours (pg_dump) are only beside the real program.
        let postgres = folder.join(NEEDED[0]).canonicalize().ok()?;
        let real = postgres.parent()?;
        let folder = if real.join(NEEDED[1]).is_file() { real.to_owned() } else { folder.to_owned() };
        Some(Self { folder })
    }

    pub(crate) fn postgres(&self) -> PathBuf {
        self.folder.join(NEEDED[0])
    }

    pub(crate) fn initdb(&self) -> PathBuf {
        self.folder.join(NEEDED[1])
    }

    pub(crate) fn get(&self, name: &str) -> Option<PathBuf> {
        Some(self.folder.join(name)).filter(|path| path.is_file())
    }
}

/// Folders to look in, under the name a human knows them by.
struct Place {
    name: String,
    folders: Vec<PathBuf>,
}

fn places() -> Vec<Place> {
    let on_path = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    let mut places = vec![Place { name: "PATH".into(), folders: on_path }];
    places.extend(
        USUAL.iter().map(|pattern| Place { name: (*pattern).into(), folders: matches(Path::new(pattern)) }),
    );
    places
        .push(Place { name: "`pg_config --bindir`".into(), folders: from_pg_config().into_iter().collect() });
    places
}

/// The folders a pattern names, the newest version first.
fn matches(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        let name = part.as_os_str().to_string_lossy();
        found = match name.split_once('*') {
            None => found.into_iter().map(|folder| folder.join(part)).collect(),
            Some((before, after)) => {
                found.iter().flat_map(|folder| newest_first(folder, before, after)).collect()
            }
        };
    }
    found
}

fn newest_first(folder: &Path, before: &str, after: &str) -> Vec<PathBuf> {
    // A folder that is not there or may not be read has nothing to offer; the search goes on elsewhere.
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<(Vec<u32>, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let middle = name.to_str()?.strip_prefix(before)?.strip_suffix(after)?;
            Some((numbers(middle), entry.path()))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, path)| path).collect()
}

/// `9.6` is older than `15`: versions are compared number by number.
fn numbers(text: &str) -> Vec<u32> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

fn from_pg_config() -> Option<PathBuf> {
    // Not being there is the usual case, not an error.
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(folder.trim())).filter(|folder| folder.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Server;

    #[test]
    fn a_machine_without_postgresql_is_told_where_was_looked_and_what_to_install() {
        let places = [
            Place { name: "PATH".into(), folders: vec!["/nowhere/bin".into()] },
            Place { name: "/nowhere/*/bin".into(), folders: matches(Path::new("/nowhere/*/bin")) },
        ];
        let error = Programs::first_in(&places).unwrap_err();
        assert!(error.is_not_found());
        assert_eq!(
            format!("{error:?}"),
            "no PostgreSQL server on this machine: looked for `postgres` and `initdb` in PATH, /nowhere/*/bin\n  \
             help: install it with `apt-get install postgresql` (Debian, Ubuntu), \
             `dnf install postgresql-server postgresql-contrib` (Fedora, RHEL) \
             or `brew install postgresql@17` (macOS); \
             or set UPSHIFT_PG_BIN to the folder that has the programs"
        );
    }

    #[test]
    fn a_folder_that_was_named_is_the_only_one_looked_in() {
        let error = Server::builder().bin_dir("/nowhere").start().unwrap_err();
        assert!(error.is_not_found());
        assert_eq!(
            format!("{error:?}"),
            "`bin_dir` names /nowhere, which does not have both `postgres` and `initdb`\n  \
             help: name the folder that has `postgres` and `initdb`, or leave the choice to upshift"
        );
    }

    #[test]
    fn the_newest_version_comes_first() {
        let root = env::temp_dir().join(format!("upshift-programs-{}", std::process::id()));
        for version in ["9.6", "17", "15", "junk"] {
            fs::create_dir_all(root.join(version).join("bin")).unwrap();
        }
        let found = matches(&root.join("*").join("bin"));
        fs::remove_dir_all(&root).unwrap();
        let expected = ["17", "15", "9.6", "junk"].map(|version| root.join(version).join("bin"));
        assert_eq!(found, expected);
    }
}
