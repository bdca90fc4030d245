//! What a template is known by: everything that decides what it contains.

use std::fmt;

use sha2::{Digest, Sha256};
use upshift::files::{Body, Migration, MigrationSet, Phase};
use upshift::{Checksum, Vars};

/// The fingerprint of what a template contains: migrations in their order, and what they ran with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key([u8; 32]);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(16).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The keys of a set and of all its beginnings.
///
/// Each is made of the one before it and of one migration, so that two sets with equal beginnings have equal keys there.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    /// Before the first migration, after the first, …, after the last versioned one.
    versioned: Vec<Key>,
    /// With the repeatables, where there are any.
    whole: Key,
    /// How many of the first versioned ones must be there from one run: see [`Keys::beginnings`].
    together: usize,
}

/// What else decides what a run makes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surroundings<'s> {
    /// The server's version number.
    pub(crate) server: &'s str,
    pub(crate) vars: &'s Vars,
    /// The schema of the history.
    pub(crate) schema: Option<&'s str>,
    /// The program that runs: it decides what migrations in Rust do, whose helpers no checksum sees.
    pub(crate) program: &'s str,
}

impl Keys {
    pub(crate) fn of(set: &MigrationSet, surroundings: Surroundings<'_>) -> Keys {
        let mut key = Key::start(surroundings);
        let mut versioned = vec![key];
        let mut together = 0;
        for (at, migration) in set.versioned().iter().enumerate() {
            key = key.and(migration, surroundings);
            versioned.push(key);
            if migration.header().phase != Phase::Expand {
                together = at + 1;
            }
        }
        let whole = set.repeatables().iter().fold(key, |key, one| key.and(one, surroundings));
        Keys { versioned, whole, together }
    }

    /// Of the whole set.
    pub(crate) fn whole(&self) -> Key {
        self.whole
    }

    /// Of all versioned migrations without the repeatables, when the set has both.
    pub(crate) fn base(&self) -> Option<Key> {
        let last = self.versioned.last().copied().filter(|_| self.versioned.len() > 1);
        last.filter(|key| *key != self.whole)
    }

    /// The beginnings a template may be built on, the longest first; without any repeatable, which would otherwise have
    /// run before migrations it comes after.
    ///
    /// A backfill or a contract runs with the others only in an empty database: what comes up to the last of them must be
    /// made in one go, or a pending one would stay blocked.
    pub(crate) fn beginnings(&self) -> impl Iterator<Item = Key> {
        let shortest = self.together.max(1);
        let all = self.versioned.get(shortest..).unwrap_or(&[]);
        all.iter().rev().copied().filter(|key| *key != self.whole)
    }
}

impl Key {
    fn start(surroundings: Surroundings<'_>) -> Key {
        let mut key = Parts::new();
        key.add(env!("CARGO_PKG_VERSION")).add(surroundings.server);
        key.add(surroundings.schema.unwrap_or(""));
        for name in surroundings.vars.names() {
            key.add(name).add(surroundings.vars.get(name).unwrap_or(""));
        }
        key.end()
    }

    fn and(self, migration: &Migration, surroundings: Surroundings<'_>) -> Key {
        let mut key = Parts::new();
        key.0.update(self.0);
        key.add(&migration.label()).add(migration.path());
        // The header and the down, which the history keeps, are part of the files.
        for section in migration.sections() {
            key.add(section.kind().word()).add(&section.checksum().to_string());
            key.add(&Checksum::of(&section.file().text).to_string());
        }
        if let Body::Code(code) = migration.up() {
            key.add(&code.checksum().to_string()).add(surroundings.program);
        }
        key.end()
    }
}

/// Texts with their lengths, so that no two rows of texts are the same bytes.
struct Parts(Sha256);

impl Parts {
    fn new() -> Parts {
        Parts(Sha256::new())
    }

    fn add(&mut self, text: &str) -> &mut Parts {
        self.0.update(text.len().to_le_bytes());
        self.0.update(text);
        self
    }

    fn end(self) -> Key {
        Key(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use upshift::{Source, SourceFile};

    use super::*;

    fn keys(files: &[(&str, &str)], vars: &Vars) -> Keys {
        let files = files.iter().map(|(path, text)| SourceFile::new(path.to_string(), text.to_string()));
        let set = Source::files(files).set().unwrap();
        Keys::of(&set, Surroundings { server: "150000", vars, schema: None, program: "" })
    }

    fn check(files: &[(&str, &str)]) -> Keys {
        keys(files, &Vars::new())
    }

    const ONE: (&str, &str) = ("1_a.sql", "create table a ()");
    const TWO: (&str, &str) = ("2_b.sql", "create table b ()");
    const THREE: (&str, &str) = ("3_c.sql", "create table c ()");
    const AGAIN: (&str, &str) = ("R__v.sql", "create or replace view v as select 1 as one");

    #[test]
    fn a_longer_set_is_built_on_its_beginnings_the_longest_first() {
        let long = check(&[ONE, TWO, THREE]);
        let expected = [check(&[ONE, TWO]).whole(), check(&[ONE]).whole()];
        assert_eq!(long.beginnings().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn an_edit_changes_every_key_from_there_on() {
        let before = check(&[ONE, TWO, THREE]);
        let after = check(&[ONE, ("2_b.sql", "create table b (id bigint)"), THREE]);
        assert_ne!(before.whole(), after.whole());
        let common: Vec<Key> =
            after.beginnings().filter(|key| before.beginnings().any(|it| it == *key)).collect();
        assert_eq!(common, [check(&[ONE]).whole()]);
    }

    #[test]
    fn a_new_migration_between_others_changes_the_key() {
        let late = check(&[ONE, TWO, THREE]);
        assert!(!late.beginnings().any(|key| key == check(&[ONE, THREE]).whole()));
    }

    #[test]
    fn nothing_is_built_on_a_template_with_a_repeatable() {
        let with = check(&[ONE, AGAIN]);
        assert!(check(&[ONE, TWO, AGAIN]).beginnings().all(|key| key != with.whole()));
        assert_eq!(with.base(), Some(check(&[ONE]).whole()));
        assert_eq!(check(&[ONE]).base(), None);
        assert_eq!(check(&[AGAIN]).base(), None);
    }

    #[test]
    fn what_a_boot_would_hold_back_is_made_in_one_go_with_what_comes_before_it() {
        let contract = ("2_b.sql", "-- upshift: phase contract\ndrop table a");
        let set = check(&[ONE, contract, THREE]);
        assert_eq!(set.beginnings().collect::<Vec<_>>(), [check(&[ONE, contract]).whole()]);
        assert_eq!(check(&[ONE, contract]).beginnings().count(), 0);
    }

    #[test]
    fn headers_downs_variables_and_names_count() {
        let plain = check(&[ONE]).whole();
        for other in [
            ("1_a.sql", "create table a ()\n-- upshift: down\ndrop table a"),
            ("1_a.sql", "-- upshift: lock-timeout 1s\ncreate table a ()"),
            ("1_aa.sql", "create table a ()"),
        ] {
            assert_ne!(check(&[other]).whole(), plain, "{other:?}");
        }
        assert_ne!(keys(&[ONE], &Vars::new().with("schema", "shop")).whole(), plain);
        assert_eq!(check(&[ONE]).whole(), plain);
    }
}
