//! Applied migrations that have other numbers in the files now.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use upshift_files::{
    Body, Checksum, Migration, MigrationId, MigrationSet, SourceFile, Version, with_requires,
    with_requires_as,
};

use super::up::up_checksum;
use crate::history::{Applied, History};

/// A migration that was begun or applied under a number, and has another one in the files now: `renumber` after a database
/// had it, a branch that was renumbered by hand, the first dotted version in a folder of Flyway's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Renumbered {
    /// The number it was applied under.
    pub was: Version,
    /// The number it has in the files.
    pub is: Version,
    /// Its name.
    pub name: String,
}

impl fmt::Display for Renumbered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Renumbered { was, is, name } = self;
        write!(f, "{was}_{name} is {is}_{name} now")
    }
}

/// What the database knows a migration by: a row of the history, or the books of a backfill that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) version: Version,
    pub(crate) name: String,
    pub(crate) text: Checksum,
}

/// A backfill that has begun and is not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Begun {
    pub(crate) known: Known,
    pub(crate) going: Going,
}

/// Whether it goes on where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Going {
    /// From the row it has come to, be it now or when somebody lets it.
    On,
    /// It was cancelled: it begins again from the first row or not at all.
    No,
}

impl Known {
    /// Of a row of the history, where it has a number and a text.
    fn of(row: &Applied) -> Option<Known> {
        let MigrationId::Version(version) = row.id else { return None };
        Some(Known { version, name: row.name.clone(), text: row.up_checksum? })
    }
}

/// Which migrations that the database knows have other numbers in the files, by the number they were applied under.
///
/// It is the same migration where name and text are the same; several alike are told apart by their order. What it
/// requires may have other numbers, too. Then to apply it under its new number would be to apply it twice.
pub(crate) fn renumbered(
    set: &MigrationSet,
    history: &History,
    begun: &[Begun],
) -> BTreeMap<Version, Renumbered> {
    let is_strange = |version, name: &str, text| {
        set.get(version).is_none_or(|migration| !is_the_same(name, text, migration))
    };
    let rows = history.iter().filter(|row| match row.id {
        MigrationId::Version(version) => is_strange(version, &row.name, row.up_checksum),
        MigrationId::Repeatable(_) => false,
    });
    let books = begun.iter().map(|it| &it.known).filter(|it| {
        let is_recorded = history.get(&MigrationId::Version(it.version)).is_some();
        !is_recorded && is_strange(it.version, &it.name, Some(it.text))
    });
    let strangers: BTreeMap<Version, Known> =
        rows.filter_map(Known::of).chain(books.cloned()).map(|it| (it.version, it)).collect();
    if strangers.is_empty() {
        return BTreeMap::new();
    }
    let is_known = |version: &Version| {
        history.get(&MigrationId::Version(*version)).is_some()
            || begun.iter().any(|it| it.known.version == *version)
    };
    let is_free = |version: Version| strangers.contains_key(&version) || !is_known(&version);
    let free: Vec<&Migration> =
        set.versioned().iter().filter(|it| it.version().is_some_and(is_free)).collect();
    let mut pairs = BTreeMap::new();
    loop {
        let before = pairs.len();
        pair(&strangers, &free, &mut pairs);
        if pairs.len() == before {
            break;
        }
    }
    keep_possible(&strangers, &mut pairs);
    let name = |was| strangers.get(was).map_or(String::new(), |it| it.name.clone());
    pairs.iter().map(|(was, is)| (*was, Renumbered { was: *was, is: *is, name: name(was) })).collect()
}

/// Whether the migration with its number is the one that was applied, be it edited or renamed since.
pub(crate) fn is_own(row: &Applied, migration: &Migration) -> bool {
    is_the_same(&row.name, row.up_checksum, migration)
}

fn is_the_same(name: &str, text: Option<Checksum>, migration: &Migration) -> bool {
    migration.name() == name || text == Some(up_checksum(migration))
}

/// Adds those that are the same in all but their number, and the numbers of what they require as far as those are paired.
fn pair(strangers: &BTreeMap<Version, Known>, free: &[&Migration], pairs: &mut BTreeMap<Version, Version>) {
    let taken: BTreeSet<Version> = pairs.values().copied().collect();
    let were: BTreeMap<Version, Version> = pairs.iter().map(|(was, is)| (*is, *was)).collect();
    let mut alike: BTreeMap<(&str, String), Alike> = BTreeMap::new();
    for stranger in strangers.values().filter(|it| !pairs.contains_key(&it.version)) {
        alike.entry((&stranger.name, stranger.text.to_string())).or_default().were.push(stranger.version);
    }
    for migration in free {
        let Some(version) = migration.version().filter(|version| !taken.contains(version)) else { continue };
        for text in texts(migration, &were) {
            if let Some(found) = alike.get_mut(&(migration.name(), text.to_string())) {
                found.are.push(version);
                break;
            }
        }
    }
    for alike in alike.into_values().filter(|it| it.were.len() == it.are.len()) {
        pairs.extend(alike.were.into_iter().zip(alike.are));
    }
}

/// Numbers of one name and one text, in order.
#[derive(Debug, Default)]
struct Alike {
    were: Vec<Version>,
    are: Vec<Version>,
}

/// The checksums a migration may have: that of today, and those it may have had before what it requires was renumbered, whose
/// numbers may have had zeros in front.
fn texts(migration: &Migration, were: &BTreeMap<Version, Version>) -> Vec<Checksum> {
    let mut texts = vec![up_checksum(migration)];
    let requires = &migration.header().requires;
    if let (Body::Sql(section), true) = (migration.up(), requires.iter().any(|it| were.contains_key(it))) {
        let today = SourceFile::new(section.path().to_owned(), section.text().to_owned());
        let plain = with_requires(&today, |version| were.get(&version).copied());
        let as_wide = with_requires_as(&today, |version, said| {
            were.get(&version).map(|was| format!("{:0width$}", was.number(), width = said.len()))
        });
        texts.extend([plain, as_wide].map(|text| Checksum::of(&text)));
    }
    texts
}

/// Takes away those whose new number belongs to one that keeps it, until there is none.
fn keep_possible(strangers: &BTreeMap<Version, Known>, pairs: &mut BTreeMap<Version, Version>) {
    loop {
        let stays: BTreeSet<Version> =
            strangers.keys().filter(|version| !pairs.contains_key(version)).copied().collect();
        let before = pairs.len();
        pairs.retain(|_, is| !stays.contains(is));
        if pairs.len() == before {
            return;
        }
    }
}
