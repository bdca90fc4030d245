//! The names of archives: which database, when, and which one of that second.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// How long a time is in a name: 2026-11-22-074826.
const STAMP: usize = 17;

/// An archive, or a part of one; they sort by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Archive {
    pub(super) stamp: String,
    /// Which one of that second, from 1.
    pub(super) number: u32,
    pub(super) path: PathBuf,
}

/// The name of an archive, without its ending.
pub(super) fn name(prefix: &str, stamp: &str, number: u32) -> String {
    match number {
        1 => format!("{prefix}{stamp}"),
        _ => format!("{prefix}{stamp}-{number}"),
    }
}

/// The archives of one database that are in a folder, and the parts of such.
pub(super) fn archives(folder: &Path, prefix: &str) -> Result<Vec<Archive>, Failure> {
    let unreadable = |cause: std::io::Error| Failure::file("read", folder, &cause);
    let mut found = Vec::new();
    for entry in folder.read_dir().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let stem = name.strip_suffix(".dump").or_else(|| name.strip_suffix(".part"));
        if let Some(when) = stem.and_then(|stem| stem.strip_prefix(prefix)) {
            let (stamp, number) = read(when);
            found.push(Archive { stamp: stamp.to_owned(), number, path: folder.join(&name) });
        }
    }
    Ok(found)
}

/// The time, and the number behind it; a person's own words sort as they are.
fn read(when: &str) -> (&str, u32) {
    let split = when.split_at_checked(STAMP);
    let numbered = split.and_then(|(stamp, rest)| Some((stamp, rest.strip_prefix('-')?.parse().ok()?)));
    numbered.unwrap_or((when, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time_and_number() {
        let stamp = "2026-11-22-074826";
        let names = [1, 2, 10].map(|number| name("", stamp, number));
        assert_eq!(names, [stamp.to_owned(), format!("{stamp}-2"), format!("{stamp}-10")]);
        let read: Vec<_> = names.iter().map(|name| read(name)).collect();
        assert_eq!(read, [(stamp, 1), (stamp, 2), (stamp, 10)]);
        assert!(read.is_sorted() && read[2] < super::read("2026-11-22-074827"));
        assert_eq!(super::read("before_the_release"), ("before_the_release", 1));
    }
}
