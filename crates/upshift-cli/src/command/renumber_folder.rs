//! What `renumber` knows of a folder: its migrations, also where two of them have one version.

use std::collections::BTreeMap;
use std::path::Path;

use upshift::files::{LayoutChoice, Migration, Twins, folder, twins};
use upshift::{MigrationId, MigrationSet, SourceFile, Version};

use crate::context::Context;
use crate::failure::Failure;

/// The migrations of a folder, in order.
pub(super) struct Folder {
    migrations: Vec<Numbered>,
    /// The versions that several migrations have.
    twins: Vec<Version>,
}

/// A migration of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Numbered {
    pub(super) id: MigrationId,
    pub(super) label: String,
    pub(super) requires: Vec<Version>,
    /// The file with its up, which somebody names it by.
    pub(super) file: String,
    /// Its files inside the folder; a Rust function elsewhere has none.
    pub(super) paths: Vec<String>,
    pub(super) standing: Standing,
}

/// What the database says of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    NotAsked,
    Pending,
    /// Pending, and it has to have another number.
    Late,
    Applied,
}

impl Folder {
    pub(super) fn read(context: &Context) -> Result<Folder, Failure> {
        let root = context.folder();
        let failure = match context.set() {
            Ok(set) => {
                let files = folder::list(&root).map_err(|cause| Failure::file("read", &root, &cause))?;
                let migrations = set.iter().map(|it| Numbered::of(it, &files)).collect();
                return Ok(Folder { migrations, twins: Vec::new() });
            }
            Err(failure) => failure,
        };
        let Ok(files) = folder::read(&root) else { return Err(failure) };
        let found = twins(files.clone(), context.settings.layout);
        let Some(layout) = found.first().map(|it| it.layout) else { return Err(failure) };
        let mut migrations = BTreeMap::new();
        for files in each_alone(&files, &found) {
            let paths: Vec<String> = files.iter().map(|file| file.path.to_string()).collect();
            let set = MigrationSet::parse(files, Vec::new(), LayoutChoice::Is(layout)).map_err(|left| {
                let left = left.shown(|path| root.join(path).display().to_string());
                Failure::refused(format!(
                    "the files have mistakes besides versions that stand twice\n\n{left}"
                ))
            })?;
            let all = set.iter().map(|it| Numbered::of(it, &paths));
            migrations.extend(all.map(|it| ((it.id.clone(), it.label.clone()), it)));
        }
        let twins = found.iter().map(|it| it.version).collect();
        Ok(Folder { migrations: migrations.into_values().collect(), twins })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Numbered)> {
        self.migrations.iter().enumerate()
    }

    pub(super) fn get(&self, at: usize) -> Option<&Numbered> {
        self.migrations.get(at)
    }

    /// Those that have this version.
    pub(super) fn of(&self, version: Version) -> impl Iterator<Item = (usize, &Numbered)> {
        self.iter().filter(move |(_, it)| it.version() == Some(version))
    }

    /// Those that somebody names by a file, or as the history calls them.
    pub(super) fn named(&self, said: &str, root: &Path) -> impl Iterator<Item = (usize, &Numbered)> {
        let place = Path::new(said).canonicalize().ok();
        let is_file = move |path: &String| {
            path == said
                || path.rsplit('/').next() == Some(said)
                || place.is_some() && root.join(path).canonicalize().ok() == place
        };
        self.iter().filter(move |(_, it)| {
            it.version().is_some() && (it.label == said || it.paths.iter().any(&is_file))
        })
    }

    pub(super) fn has_twins(&self) -> bool {
        !self.twins.is_empty()
    }

    /// The versions that several migrations have.
    pub(super) fn twins(&self) -> &[Version] {
        &self.twins
    }

    /// The highest version.
    pub(super) fn head(&self) -> u64 {
        self.migrations.iter().filter_map(Numbered::version).map(Version::number).max().unwrap_or(0)
    }

    /// The database says this of them.
    pub(super) fn stands(&mut self, which: impl Fn(&Numbered) -> bool, standing: Standing) {
        self.migrations.iter_mut().filter(|it| which(it)).for_each(|it| it.standing = standing);
    }
}

/// The files again and again, with another one of those that have one version each time: every one stands in a set once.
fn each_alone(files: &[SourceFile], twins: &[Twins]) -> Vec<Vec<SourceFile>> {
    let most = twins.iter().map(|it| it.migrations.len()).max().unwrap_or(0);
    let round = |round: usize| {
        let left_out = |file: &&SourceFile| {
            twins.iter().any(|it| {
                let kept = round.min(it.migrations.len() - 1);
                let mut others = it.migrations.iter().enumerate().filter(|(at, _)| *at != kept);
                others.any(|(_, other)| other.paths.iter().any(|path| *path == file.path))
            })
        };
        files.iter().filter(|file| !left_out(file)).cloned().collect()
    };
    (0..most).map(round).collect()
}

impl Numbered {
    fn of(migration: &Migration, files: &[String]) -> Numbered {
        let mut paths: Vec<String> = migration.sections().map(|it| it.path().to_owned()).collect();
        paths.push(migration.path().to_owned());
        // What lies beside them in a folder of the migration's own: diesel's metadata.toml. And Flyway's settings of a file.
        let is_own_folder = |above: &&str| {
            let number = above.rsplit('/').next().and_then(|part| part.get(spelt(part)?)?.parse().ok());
            number.is_some() && number == migration.version()
        };
        let above = paths.iter().filter_map(|path| path.rsplit_once('/').map(|(above, _)| above));
        let folders: Vec<String> = above.filter(is_own_folder).map(|above| format!("{above}/")).collect();
        let is_own = |path: &&String| {
            let beside = path.strip_suffix(".conf").is_some_and(|path| paths.iter().any(|it| it == path));
            beside || paths.contains(path) || folders.iter().any(|it| path.starts_with(it.as_str()))
        };
        Numbered {
            id: migration.id().clone(),
            label: migration.label(),
            requires: migration.header().requires.clone(),
            file: migration.path().to_owned(),
            paths: files.iter().filter(is_own).cloned().collect(),
            standing: Standing::NotAsked,
        }
    }

    pub(super) fn version(&self) -> Option<Version> {
        match self.id {
            MigrationId::Version(version) => Some(version),
            MigrationId::Repeatable(_) => None,
        }
    }
}

/// Where the version stands in a part of a path: behind Flyway's letter, dashes between its digits.
pub(super) fn spelt(part: &str) -> Option<std::ops::Range<usize>> {
    let digits = part.strip_prefix(['V', 'U']).unwrap_or(part);
    let start = part.len() - digits.len();
    let end = digits.find(|c: char| !(c.is_ascii_digit() || c == '-')).unwrap_or(digits.len());
    let digits = digits.get(..end)?.trim_end_matches('-');
    digits.starts_with(|c: char| c.is_ascii_digit()).then(|| start..start + digits.len())
}
