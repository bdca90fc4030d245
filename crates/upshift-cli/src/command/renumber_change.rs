//! What `renumber` changes: names of files, and the `requires` of those that go along.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use upshift::files::with_requires;
use upshift::{SourceFile, Version};

use super::new::write_new;
use super::renumber_folder::{Folder, Numbered, Standing, spelt};
use super::spelling::Spelling;
use crate::failure::Failure;

/// Whether somebody has named files, so that what is not named is meant to stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hint {
    Named,
    Found,
}

/// Who gets a new number, and what each of them requires from then on.
pub(super) struct Followed {
    chosen: BTreeSet<usize>,
    /// Of each migration that is rewritten, which migration a version means.
    means: BTreeMap<usize, BTreeMap<Version, usize>>,
    notes: Vec<String>,
}

/// Whoever requires a migration stays behind it. Required ones are older: one pass in order finds all.
pub(super) fn follow(folder: &Folder, chosen: BTreeSet<usize>, hint: Hint) -> Result<Followed, Failure> {
    let mut followed = Followed { chosen, means: BTreeMap::new(), notes: Vec::new() };
    for (at, migration) in folder.iter() {
        let required =
            migration.requires.iter().map(|version| Required::of(*version, folder, &followed.chosen));
        let required: Vec<Required<'_>> = required.filter(|it| !it.moved.is_empty()).collect();
        if let Some(alone) = required.iter().find(|it| it.stays.is_empty()) {
            if migration.standing == Standing::Applied {
                let (label, version) = (&migration.label, alone.version);
                return Err(Failure::refused(format!("{label} is applied, and requires {version}: that number stays"))
                    .help("a file that is applied is not rewritten: mend the history first, `upshift status` shows it"));
            }
            if migration.version().is_some() {
                followed.chosen.insert(at);
            }
        }
        for required in required {
            let goes_along = followed.chosen.contains(&at) || required.stays.is_empty();
            match (goes_along, required.stays.first()) {
                (true, _) => {
                    let means = required.one(migration)?;
                    followed.means.entry(at).or_default().insert(required.version, means);
                }
                (false, Some(stays)) if migration.standing != Standing::Applied => match hint {
                    Hint::Named => followed.notes.push(format!(
                        "{} requires {}, which is {} from now on",
                        migration.label, required.version, stays.label
                    )),
                    Hint::Found => return Err(required.ambiguous(migration, stays)),
                },
                _ => {}
            }
        }
    }
    Ok(followed)
}

/// A version that something requires.
struct Required<'f> {
    version: Version,
    /// The migrations of that version that get another.
    moved: Vec<(usize, &'f Numbered)>,
    /// Those that keep it.
    stays: Vec<&'f Numbered>,
}

impl<'f> Required<'f> {
    fn of(version: Version, folder: &'f Folder, chosen: &BTreeSet<usize>) -> Required<'f> {
        let (moved, stays): (Vec<_>, Vec<_>) = folder.of(version).partition(|(at, _)| chosen.contains(at));
        Required { version, moved, stays: stays.into_iter().map(|(_, it)| it).collect() }
    }

    /// The one of those that are moved which is meant.
    fn one(&self, by: &Numbered) -> Result<usize, Failure> {
        match self.moved.as_slice() {
            [(at, _)] => Ok(*at),
            several => {
                let labels: Vec<&str> = several.iter().map(|(_, it)| it.label.as_str()).collect();
                let why = format!("{} requires {}: which of {}?", by.label, self.version, labels.join(", "));
                Err(Failure::refused(why)
                    .help("renumber one of them after the other, each with what requires it"))
            }
        }
    }

    /// Nobody can tell whether it belongs to what is moved or to what stays.
    fn ambiguous(&self, by: &Numbered, stays: &Numbered) -> Failure {
        let files: Vec<&str> = self.moved.iter().map(|(_, it)| it.file.as_str()).collect();
        let (files, moved) = (files.join(" "), self.moved.first().map_or("", |(_, it)| it.label.as_str()));
        let version = self.version;
        Failure::refused(format!(
            "{} requires {version}: {moved}, which gets a new version, or {}, which stays?",
            by.label, stays.label
        ))
        .help(format!(
            "name what goes: `upshift renumber {files} {}` where it means {moved}, `upshift renumber {files}` where it means {}",
            by.file,
            stays.label
        ))
    }
}

/// What is done to the files.
pub(super) struct Change {
    pub(super) moves: Vec<Move>,
    pub(super) required: Vec<NewRequired>,
    pub(super) notes: Vec<String>,
}

/// A file that gets another name in the folder, or another text, or both.
pub(super) struct Move {
    pub(super) from: String,
    pub(super) to: String,
    /// Where it is not the same.
    text: Option<String>,
}

/// Another version in a `requires`.
pub(super) struct NewRequired {
    /// By its new name.
    pub(super) file: String,
    pub(super) from: Version,
    pub(super) to: Version,
}

impl Change {
    /// New numbers in the order of the old ones, behind all others.
    pub(super) fn of(folder: &Folder, followed: &Followed, root: &Path) -> Result<Change, Failure> {
        let numbers = (folder.head() + 1..).map(Version::new);
        let new: Option<BTreeMap<usize, Version>> =
            followed.chosen.iter().zip(numbers).map(|(at, number)| Some((*at, number?))).collect();
        let new = new.ok_or_else(|| Failure::refused("there is no version behind the last one"))?;
        let mut change = Change { moves: Vec::new(), required: Vec::new(), notes: followed.notes.clone() };
        let touched: BTreeSet<usize> = followed.chosen.iter().chain(followed.means.keys()).copied().collect();
        for at in touched {
            let Some(migration) = folder.get(at) else { continue };
            let means = followed.means.get(&at).into_iter().flatten();
            let required: BTreeMap<Version, Version> =
                means.filter_map(|(version, means)| Some((*version, *new.get(means)?))).collect();
            change.add(migration, new.get(&at).copied(), &required, root)?;
        }
        Ok(change)
    }

    fn add(
        &mut self,
        migration: &Numbered,
        new: Option<Version>,
        required: &BTreeMap<Version, Version>,
        root: &Path,
    ) -> Result<(), Failure> {
        if let (Some(version), true) = (migration.version(), migration.paths.is_empty()) {
            return Err(Failure::refused(format!("version {version} is no file of the folder"))
                .help("Rust functions say their version in their attribute"));
        }
        for path in &migration.paths {
            let to = match (migration.version(), new) {
                (Some(version), Some(new)) => {
                    renamed(path, version, new).ok_or_else(|| nameless(path, version))?
                }
                _ => path.clone(),
            };
            let text = rewritten(root, path, required)?;
            if text.is_some() {
                let all = required.iter().map(|(from, new)| NewRequired {
                    file: to.clone(),
                    from: *from,
                    to: *new,
                });
                self.required.extend(all);
            }
            if to != *path && root.join(&to).exists() {
                return Err(Failure::refused(format!("{} is there already", root.join(&to).display()))
                    .help("move it out of the way"));
            }
            if to != *path || text.is_some() {
                self.moves.push(Move { from: path.clone(), to, text });
            }
        }
        Ok(())
    }

    /// Writes what is written anew first: an interrupt leaves a file twice, and none lost.
    pub(super) fn carry_out(&self, root: &Path) -> Result<(), Failure> {
        self.moves.iter().try_for_each(|it| it.carry_out(root))
    }
}

impl Move {
    fn carry_out(&self, root: &Path) -> Result<(), Failure> {
        let (from, to) = (root.join(&self.from), root.join(&self.to));
        if let Some(parent) = to.parent() {
            std::fs::create_dir_all(parent).map_err(|cause| Failure::file("make", parent, &cause))?;
        }
        match &self.text {
            None => {
                std::fs::rename(&from, &to).map_err(|cause| Failure::file("rename", &from, &cause))?;
            }
            Some(text) if from == to => {
                std::fs::write(&to, text).map_err(|cause| Failure::file("write", &to, &cause))?;
            }
            Some(text) => {
                write_new(&to, text)?;
                std::fs::remove_file(&from).map_err(|cause| Failure::file("remove", &from, &cause))?;
            }
        }
        // diesel's folders: the old one is empty now.
        if let Some(parent) = from.parent().filter(|parent| *parent != root) {
            let _ = std::fs::remove_dir(parent);
        }
        Ok(())
    }
}

/// The text of a file whose header requires other versions now.
fn rewritten(
    root: &Path,
    path: &str,
    required: &BTreeMap<Version, Version>,
) -> Result<Option<String>, Failure> {
    if required.is_empty() || !(path.ends_with(".sql") || path.ends_with(".rs")) {
        return Ok(None);
    }
    let place = root.join(path);
    let text = std::fs::read_to_string(&place).map_err(|cause| Failure::file("read", &place, &cause))?;
    let file = SourceFile::new(path.to_owned(), text);
    let new = with_requires(&file, |version| required.get(&version).copied());
    Ok((new != file.text).then_some(new))
}

/// The path with another version in its name, or in that of the folder it is in; as wide where it has zeros in front.
fn renamed(path: &str, version: Version, new: Version) -> Option<String> {
    let mut parts: Vec<String> = path.split('/').map(ToOwned::to_owned).collect();
    let part = parts.iter_mut().rev().find(|part| spelt(part).is_some())?;
    let place = spelt(part)?;
    let digits = part.get(place.clone())?;
    if digits.parse() != Ok(version) {
        return None;
    }
    let number = Spelling::read(digits)?.like(new.number());
    part.replace_range(place, &number);
    Some(parts.join("/"))
}

fn nameless(path: &str, version: Version) -> Failure {
    Failure::refused(format!("the name of {path} does not say its version, {version}"))
        .help("its tool keeps the order elsewhere: let that tool put it behind the others")
}

/// The version in front of a file's or a folder's name.
pub(super) fn version_of(path: &str) -> Option<Version> {
    let part = path.split('/').next()?;
    part.get(spelt(part)?)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_gets_its_number_where_its_name_says_it() {
        for (path, expected) in [
            ("2_mine.sql", Some("14_mine.sql")),
            ("0002_mine.up.sql", Some("0014_mine.up.sql")),
            ("V2__mine.sql", Some("V14__mine.sql")),
            ("U2__mine.sql", Some("U14__mine.sql")),
            ("2-mine.sql", Some("14-mine.sql")),
            ("orders/2_mine.sql", Some("orders/14_mine.sql")),
            ("orders/2_mine/up.sql", Some("orders/14_mine/up.sql")),
            ("2_mine/metadata.toml", Some("14_mine/metadata.toml")),
            ("down/2_mine.sql", Some("down/14_mine.sql")),
            ("deploy/mine.sql", None),
            ("3_mine.sql", None),
        ] {
            let new = renamed(path, "2".parse().unwrap(), "14".parse().unwrap());
            assert_eq!(new.as_deref(), expected, "{path}");
        }
    }
}
