//! What came of it, for each migration.

use std::fmt;
use std::time::Duration;

use upshift::Version;
use upshift_schema::{Diff, Verdict};

use super::RowDiff;

/// What came of trying every way back. `Display` names each migration that is not proven, with the reason.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verification {
    /// Every migration that was tried, in order.
    pub migrations: Vec<VerifiedMigration>,
    /// How long it took in all.
    pub took: Duration,
}

/// One migration and its way back.
#[derive(Debug)]
#[non_exhaustive]
pub struct VerifiedMigration {
    /// Its version.
    pub version: Version,
    /// What a person calls it.
    pub label: String,
    /// What came of it.
    pub verdict: RollbackVerdict,
    /// How long it took, the questions for the schema included.
    pub took: Duration,
}

/// What came of up, down, up again.
#[derive(Debug)]
#[non_exhaustive]
pub enum RollbackVerdict {
    /// The down goes back to what was before, and up again to what was after.
    Proven,
    /// Proven, but columns stand in another order after the down, or after the second up.
    ProvenButOrder(Box<RollbackDiff>),
    /// It goes somewhere else.
    Differs(Box<RollbackDiff>),
    /// The file says that there is no way back, and why.
    Irreversible {
        /// The reason.
        because: String,
    },
    /// The file has no down and does not say why.
    WithoutDown,
    /// The down fails.
    DownFails(Box<upshift::Error>),
    /// The down runs, and then the up fails.
    UpAgainFails {
        /// What differs after the down from what was before.
        back: Box<RollbackDiff>,
        /// How the up fails.
        error: Box<upshift::Error>,
    },
}

/// What is not as it was.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct RollbackDiff {
    /// From the schema before the up to the schema after the down.
    pub back: Diff,
    /// From the rows before the up to the rows after the down; empty without samples.
    pub rows_back: RowDiff,
    /// From the schema after the first up to the schema after the second.
    pub again: Diff,
    /// From the number of rows after the first up to the number after the second; empty without samples.
    pub rows_again: RowDiff,
}

impl RollbackDiff {
    pub(crate) fn verdict(self) -> RollbackVerdict {
        let rows = self.rows_back.is_empty() && self.rows_again.is_empty();
        match (self.back.verdict(), self.again.verdict()) {
            (Verdict::Equal, Verdict::Equal) if rows => RollbackVerdict::Proven,
            (Verdict::Different, _) | (_, Verdict::Different) => RollbackVerdict::Differs(Box::new(self)),
            _ if rows => RollbackVerdict::ProvenButOrder(Box::new(self)),
            _ => RollbackVerdict::Differs(Box::new(self)),
        }
    }
}

impl RollbackVerdict {
    /// Whether the way back is proven; another order of columns counts as proven.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        matches!(self, RollbackVerdict::Proven | RollbackVerdict::ProvenButOrder(_))
    }

    /// Whether there is a way back and it does not hold.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        use RollbackVerdict::{Differs, DownFails, UpAgainFails};
        matches!(self, Differs(_) | DownFails(_) | UpAgainFails { .. })
    }

    /// In the order in which they are counted.
    const WORDS: [&'static str; 7] = [
        "proven",
        "proven but for the order of columns",
        "going elsewhere",
        "with a down that fails",
        "that cannot be applied again",
        "irreversible on purpose",
        "without a down",
    ];

    fn word(&self) -> &'static str {
        match self {
            RollbackVerdict::Proven => Self::WORDS[0],
            RollbackVerdict::ProvenButOrder(_) => Self::WORDS[1],
            RollbackVerdict::Differs(_) => Self::WORDS[2],
            RollbackVerdict::DownFails(_) => Self::WORDS[3],
            RollbackVerdict::UpAgainFails { .. } => Self::WORDS[4],
            RollbackVerdict::Irreversible { .. } => Self::WORDS[5],
            RollbackVerdict::WithoutDown => Self::WORDS[6],
        }
    }
}

impl Verification {
    /// The migrations whose way back does not hold.
    pub fn broken(&self) -> impl Iterator<Item = &VerifiedMigration> {
        self.migrations.iter().filter(|migration| migration.verdict.is_broken())
    }

    /// Itself, if no way back is broken. What has none, by declaration or not, is not broken: `lint` says which should have.
    ///
    /// # Errors
    /// A way back is broken. Printed with `{:?}`, as a failing test does, the error says which and how.
    pub fn require_proven(self) -> Result<Verification, Unproven> {
        if self.broken().next().is_some() { Err(Unproven(Box::new(self))) } else { Ok(self) }
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = RollbackVerdict::WORDS.iter().filter_map(|word| {
            let count = self.migrations.iter().filter(|migration| migration.verdict.word() == *word).count();
            (count > 0).then(|| format!("{count} {word}"))
        });
        let counts: Vec<String> = counts.collect();
        let plural = if self.migrations.len() == 1 { "" } else { "s" };
        write!(f, "{} migration{plural}", self.migrations.len())?;
        if !counts.is_empty() {
            write!(f, ": {}", counts.join(", "))?;
        }
        writeln!(f)?;
        self.migrations.iter().try_for_each(|migration| write!(f, "{migration}"))
    }
}

/// Nothing for what is proven.
impl fmt::Display for VerifiedMigration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = &self.label;
        match &self.verdict {
            RollbackVerdict::Proven => Ok(()),
            RollbackVerdict::ProvenButOrder(difference) => {
                write!(f, "{label} is proven but for the order of columns\n{difference}")
            }
            RollbackVerdict::Differs(difference) => write!(f, "{label} goes elsewhere\n{difference}"),
            RollbackVerdict::Irreversible { because } => {
                writeln!(f, "{label} is irreversible because {because}")
            }
            RollbackVerdict::WithoutDown => writeln!(f, "{label} has no down"),
            RollbackVerdict::DownFails(error) => {
                writeln!(f, "{label} has a down that fails\n    {}", reason(error))
            }
            RollbackVerdict::UpAgainFails { back, error } => {
                writeln!(f, "{label} cannot be applied again after its down\n    {}", reason(error))?;
                write!(f, "{back}")
            }
        }
    }
}

/// The server's words where there are some: the rest is said already.
fn reason(error: &upshift::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

impl fmt::Display for RollbackDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("after the down, where before the up it was not so:", &self.back, &self.rows_back),
            ("after the second up, where after the first it was not so:", &self.again, &self.rows_again),
        ];
        for (title, schema, rows) in parts {
            let text = format!("{schema}{rows}");
            if text.is_empty() {
                continue;
            }
            writeln!(f, "    {title}")?;
            text.lines().try_for_each(|line| writeln!(f, "        {line}"))?;
        }
        Ok(())
    }
}

/// A way back does not hold.
pub struct Unproven(Box<Verification>);

impl Unproven {
    /// All that came of it.
    #[must_use]
    pub fn verification(&self) -> &Verification {
        &self.0
    }
}

impl fmt::Display for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<&str> = self.0.broken().map(|migration| migration.label.as_str()).collect();
        write!(f, "the way back does not hold of {}", labels.join(", "))
    }
}

/// The whole story, as a failing test prints it.
impl fmt::Debug for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{self}")?;
        self.0.broken().try_for_each(|migration| write!(f, "{migration}"))
    }
}

impl std::error::Error for Unproven {}
