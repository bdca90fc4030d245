//! The rules, in a test.

use std::error::Error;
use std::fmt;
use std::ops::RangeInclusive;

use upshift::{Source, Version};
use upshift_lint::{Level, Options, OptionsError, Report};

/// The rules about a migration set, before they are asked; [`check`](Lint::check) asks them.
///
/// For a service that leaves lint at compile time out, and for rules that only a test should hold.
///
/// ```
/// # const MIGRATIONS: upshift::Source = upshift::Source::embedded("", &[], &[]);
/// # fn migrations_are_safe() -> Result<(), upshift_test::LintError> {
/// upshift_test::lint(MIGRATIONS).check()?;
/// # Ok(())
/// # }
/// ```
pub fn lint(migrations: impl Into<Source>) -> Lint {
    Lint { source: migrations.into(), options: Ok(Options::default()) }
}

/// The rules about a migration set, before they are asked: [`lint`].
#[must_use = "no rule is asked before `check`"]
#[derive(Debug, Clone)]
pub struct Lint {
    source: Source,
    options: Result<Options, OptionsError>,
}

impl Lint {
    /// Says how much the findings of one rule count.
    pub fn rule(mut self, name: &str, level: Level) -> Lint {
        self.options = self.options.and_then(|options| options.rule(name, level));
        self
    }

    /// No finding counts for more than this: with `Warning` nothing fails, and the findings stand in the report.
    pub fn at_most(mut self, level: Level) -> Lint {
        self.options = self.options.map(|options| options.at_most(level));
        self
    }

    /// Says nothing about migrations before this version: they only make the tables that later ones change.
    pub fn since(mut self, version: Version) -> Lint {
        self.options = self.options.map(|options| options.since(version));
        self
    }

    /// The oldest and the newest PostgreSQL the migrations will run on; 13 to 18 unless said.
    pub fn majors(mut self, majors: RangeInclusive<u16>) -> Lint {
        self.options = self.options.map(|options| options.majors(majors));
        self
    }

    /// Asks every rule about every migration.
    ///
    /// # Errors
    /// A finding that counts as an error: then the error shows all findings as the compiler would. Mistakes in the files,
    /// or a rule that does not exist.
    pub fn check(self) -> Result<Report, LintError> {
        let options = self.options.map_err(|cause| LintError(Kind::Options(cause)))?;
        let set = self.source.set().map_err(|cause| LintError(Kind::Files(cause)))?;
        let report = upshift_lint::lint(&set, &options);
        if report.errors().next().is_some() { Err(LintError(Kind::Found(report))) } else { Ok(report) }
    }
}

/// Why a migration set does not pass. Its text is the whole story, with `{}` and with `{:?}`, as a failing test prints it.
pub struct LintError(Kind);

enum Kind {
    Options(OptionsError),
    Files(upshift::Error),
    Found(Report),
}

impl LintError {
    /// The findings, when it is they.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match &self.0 {
            Kind::Found(report) => Some(report),
            Kind::Options(_) | Kind::Files(_) => None,
        }
    }
}

impl fmt::Display for LintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Options(cause) => write!(f, "lint was asked for what it does not know: {cause}"),
            Kind::Files(cause) => f.write_str(&cause.render()),
            Kind::Found(report) => write!(f, "these migrations are refused\n\n{report}"),
        }
    }
}

impl fmt::Debug for LintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Error for LintError {}
