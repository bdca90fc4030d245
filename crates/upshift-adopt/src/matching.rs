//! Which row is whose file: by what the tool knows a migration by.

use std::collections::BTreeMap;

use upshift_files::{Migration, MigrationSet, Version};

use crate::adoption::{Adoption, Line, Standing};
use crate::row::{Done, Effective, Key, Mark};
use crate::rules::{self, Check, Matching};
use crate::tool::Tool;

impl Adoption {
    /// Finds each row's file, and says of each file where it stands.
    pub(crate) fn by_files(&mut self, effective: Effective, set: &MigrationSet) {
        let rules = rules::of(self.tool);
        let effective = (rules.spread)(effective, set);
        let all: Vec<&Migration> = set.iter().collect();
        let keys: Vec<Vec<Key>> = all.iter().map(|migration| (rules.keys)(migration)).collect();
        let mut owners: BTreeMap<&Key, Vec<usize>> = BTreeMap::new();
        for (at, keys) in keys.iter().enumerate() {
            keys.iter().for_each(|key| owners.entry(key).or_default().push(at));
        }
        let mut taken: BTreeMap<usize, Line> = BTreeMap::new();
        let mut without = Vec::new();
        for done in &effective.done {
            let free = |at: &&usize| !taken.contains_key(at);
            let named: Vec<usize> =
                owners.get(&done.key).into_iter().flatten().filter(free).copied().collect();
            let is_it = |at: &usize| matches!((rules.check)(done, all[*at]), Check::Same);
            let by_checksum = || (0..all.len()).filter(|at| !taken.contains_key(at)).find(is_it);
            let found =
                named.iter().find(|at| is_it(at)).or(named.first()).copied().or_else(|| {
                    if rules.matching == Matching::ByKeyOrChecksum { by_checksum() } else { None }
                });
            match found {
                Some(at) => drop(taken.insert(at, Line::done(done, all[at], (rules.check)(done, all[at])))),
                // Written twice, as by two runs at once of a tool whose table has no key.
                None if owners.contains_key(&done.key) => {}
                None => without.push(done),
            }
        }
        for (at, migration) in all.iter().enumerate().filter(|_| effective.up_to.is_some()) {
            if let Some(mark) = &effective.up_to
                && keys[at].iter().any(|key| is_below(key, mark))
            {
                let standing = Standing::Unverifiable(mark.why);
                let line = Line { at: mark.at, ..Line::of(migration, standing) };
                taken.entry(at).or_insert(line);
            }
        }
        self.lines = in_order(&all, &keys, taken, effective.passed_over.as_ref());
        let newest: BTreeMap<_, &Key> = keys.iter().flatten().fold(BTreeMap::new(), |mut newest, key| {
            let greatest = newest.entry(kind(key)).or_insert(key);
            *greatest = (*greatest).max(key);
            newest
        });
        let is_newer = |done: &Done| match (self.tool, &done.key) {
            // An unknown revision stands for ancestors that nobody here knows.
            (Tool::Alembic, _) => true,
            // Neither the names of changes nor those of repeatables are in any order.
            (Tool::Sqitch, _) | (_, Key::Repeatable(_)) => false,
            _ => newest.get(&kind(&done.key)).is_none_or(|newest| done.key > **newest),
        };
        self.lines.extend(without.into_iter().map(|done| {
            Line::missing(done, if is_newer(done) { Standing::Newer } else { Standing::FileMissing })
        }));
    }
}

/// The lines of all files in their order: those that are done, and those that are not.
fn in_order(
    all: &[&Migration],
    keys: &[Vec<Key>],
    mut taken: BTreeMap<usize, Line>,
    passed_over: Option<&Key>,
) -> Vec<Line> {
    let newest: Option<Version> = taken.keys().filter_map(|at| all[*at].version()).max();
    let line = |(at, migration): (usize, &&Migration)| {
        taken.remove(&at).unwrap_or_else(|| {
            let is_late = migration.version().is_some_and(|version| Some(version) < newest);
            let is_skipped = passed_over
                .is_some_and(|newest| keys[at].iter().any(|key| kind(key) == kind(newest) && key <= newest));
            Line::of(
                migration,
                match (is_skipped, is_late) {
                    (true, _) => Standing::Skipped,
                    (false, true) => Standing::OutOfOrder,
                    (false, false) => Standing::Pending,
                },
            )
        })
    };
    all.iter().enumerate().map(line).collect()
}

/// Keys of one kind can be compared.
fn kind(key: &Key) -> u8 {
    match key {
        Key::Number(_) => 0,
        Key::Dotted(_) => 1,
        Key::Name(_) => 2,
        Key::Repeatable(_) => 3,
    }
}

fn is_below(key: &Key, mark: &Mark) -> bool {
    kind(key) == kind(&mark.key) && *key <= mark.key
}
