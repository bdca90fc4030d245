//! What a project asks of the rules.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use upshift_files::Version;

use super::finding::Asked;
use crate::Catalog;
use crate::effect::Major;
use crate::rules::{RULES, Rule};

/// How much a finding counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// It is not said.
    Off,
    /// It is said.
    Warning,
    /// It is said, and the set is refused.
    Error,
}

impl Level {
    /// All of them, weakest first.
    pub const ALL: [Level; 3] = [Level::Off, Level::Warning, Level::Error];

    /// `off`, `warn`, `error`.
    pub fn word(self) -> &'static str {
        match self {
            Level::Off => "off",
            Level::Warning => "warn",
            Level::Error => "error",
        }
    }
}

impl FromStr for Level {
    type Err = OptionsError;

    fn from_str(word: &str) -> Result<Level, OptionsError> {
        let found = Level::ALL.into_iter().find(|level| level.word() == word);
        found
            .ok_or_else(|| OptionsError(format!("`{word}` is no level: there are `off`, `warn` and `error`")))
    }
}

/// What is wrong with an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionsError(pub(crate) String);

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OptionsError {}

/// What a project asks of the rules.
///
/// ```
/// use upshift_lint::{Level, Options};
/// let options = Options::default().at_most(Level::Warning).rule("drop-column", Level::Off)?;
/// assert_eq!(options.level_of("create-index-not-concurrently"), Level::Warning);
/// # Ok::<(), upshift_lint::OptionsError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    most: Level,
    levels: BTreeMap<String, Level>,
    since: Option<Version>,
    majors: RangeInclusive<u16>,
    existing: Catalog,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            most: Level::Error,
            levels: BTreeMap::new(),
            since: None,
            majors: Major::SUPPORTED,
            existing: Catalog::default(),
        }
    }
}

impl Options {
    /// No finding counts for more than this: `Warning` refuses nothing, `Off` looks at nothing.
    pub fn at_most(mut self, level: Level) -> Options {
        self.most = level;
        self
    }

    /// Says how much the findings of one rule count.
    ///
    /// # Errors
    /// There is no rule of this name; the nearest is named.
    pub fn rule(mut self, name: &str, level: Level) -> Result<Options, OptionsError> {
        if crate::rules::rule(name).is_none() {
            return Err(OptionsError(unknown_rule(name)));
        }
        self.levels.insert(name.to_owned(), level);
        Ok(self)
    }

    /// Says nothing about migrations before this version: they only make the tables that later ones change.
    pub fn since(mut self, version: Version) -> Options {
        self.since = Some(version);
        self
    }

    /// The oldest and the newest PostgreSQL the migrations will run on; 13 to 18 unless said.
    pub fn majors(mut self, majors: RangeInclusive<u16>) -> Options {
        self.majors = majors;
        self
    }

    /// What is in the database before the first migration.
    pub fn existing(mut self, catalog: Catalog) -> Options {
        self.existing = catalog;
        self
    }

    /// How much the findings of a rule count.
    pub fn level_of(&self, rule: &str) -> Level {
        let level = self.levels.get(rule).copied();
        let level = level.or_else(|| crate::rules::rule(rule).map(|rule| rule.level)).unwrap_or(Level::Off);
        level.min(self.most)
    }

    pub(super) fn is_past(&self, version: Option<Version>) -> bool {
        matches!((version, self.since), (Some(version), Some(since)) if version < since)
    }

    pub(super) fn active(&self) -> Vec<Asked> {
        let level = |rule: &Rule| self.levels.get(&rule.name()).copied().unwrap_or(rule.level).min(self.most);
        let all = RULES.iter().map(|rule| Asked { rule, level: level(rule) });
        all.filter(|asked| asked.level > Level::Off).collect()
    }

    pub(super) fn catalog(&self) -> Catalog {
        self.existing.clone()
    }

    /// The major versions the migrations will run on.
    pub fn each_major(&self) -> impl Iterator<Item = Major> + use<> {
        self.majors.clone().map(Major)
    }
}

/// What to say about a rule that does not exist.
pub(crate) fn unknown_rule(name: &str) -> String {
    let names: Vec<String> = RULES.iter().map(Rule::name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match upshift_files::nearest(name, &names) {
        Some(near) => format!("there is no rule `{name}`: did you mean `{near}`?"),
        None => format!("there is no rule `{name}`: docs/lints.md has them all"),
    }
}
