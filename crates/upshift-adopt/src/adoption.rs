//! What will be adopted and why, as a value: a pure function of the old rows, the files and the request.

use std::collections::BTreeSet;
use std::time::Duration;

use time::OffsetDateTime;
use upshift::{Adopted, AdoptedMigration, AdoptedText};
use upshift_files::{Layout, Migration, MigrationId, MigrationSet};

use crate::origin::Origin;
use crate::refusal::Refusal;
use crate::request::{Baseline, OnChanged, OnMissing, Request};
use crate::row::{Done, Effective, Key, Row};
use crate::rules::{self, Check};
use crate::survey::{OldHistory, Survey};
use crate::tool::Tool;

/// What is known before anything is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Which histories of other tools there are.
    pub survey: Survey,
    /// The one the request is about; `None` where it cannot be told, or is not there.
    pub old: Option<OldHistory>,
    /// How many migrations upshift's own history has.
    pub ours: usize,
}

/// What will be adopted and why. `Display` is the table that a person sees first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Adoption {
    /// The tool.
    pub tool: Tool,
    /// Its history; `None` where none was chosen.
    pub old: Option<OldHistory>,
    /// How the files are written.
    pub layout: Layout,
    /// Every migration of the files and of the old history.
    pub lines: Vec<Line>,
    /// Why nothing can be adopted, all at once; empty when it can.
    pub refusals: Vec<Refusal>,
}

/// One migration of the files, of the old history, or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// Which migration of the files; `None` where it has no file.
    pub id: Option<MigrationId>,
    /// What a person calls it.
    pub label: String,
    /// Its version as the old tool wrote it; `None` where the tool has no row for it.
    pub original: Option<String>,
    /// Its checksum as the old tool wrote it.
    pub checksum: Option<String>,
    /// When it was applied, as far as the tool remembers.
    pub at: Option<OffsetDateTime>,
    /// How long it took, as far as the tool remembers.
    pub took: Option<Duration>,
    /// Where it stands.
    pub standing: Standing,
}

/// Where a migration stands between the old history and the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// Applied, and the old tool's checksum says that the file is what was applied.
    Verified,
    /// The same, when its lines end as on another system.
    VerifiedButForLineEnds,
    /// Applied, and nobody can tell whether the file is what was applied.
    Unverifiable(&'static str),
    /// Applied, and the checksum says that the file was edited since.
    Changed,
    /// A repeatable that was edited since: the next run applies it again.
    AppliedAgain,
    /// Stands for what was applied, because a person says so.
    InBaseline,
    /// Applied, older than the files, and no file is there.
    FileMissing,
    /// Applied, and newer than all files.
    Newer,
    /// Not applied; the next run does it.
    Pending,
    /// Not applied, though newer ones are.
    OutOfOrder,
    /// Not applied, and the old tool would never have done it: it looks at the newest row alone.
    Skipped,
}

impl Standing {
    /// Whether the migration is in the database.
    pub fn is_applied(self) -> bool {
        !matches!(self, Standing::Pending | Standing::OutOfOrder | Standing::Skipped)
    }

    /// What the history keeps of it; `None` where it keeps nothing.
    fn text(self) -> Option<AdoptedText> {
        match self {
            Standing::Verified | Standing::VerifiedButForLineEnds => Some(AdoptedText::Verified),
            Standing::Unverifiable(_) | Standing::Changed | Standing::InBaseline => {
                Some(AdoptedText::Believed)
            }
            Standing::AppliedAgain => Some(AdoptedText::Another),
            _ => None,
        }
    }
}

impl Adoption {
    /// What will be adopted, or why nothing will.
    pub fn decide(facts: &Facts, set: &MigrationSet, request: &Request) -> Adoption {
        let mut adoption = Adoption {
            tool: request.tool,
            old: facts.old.clone(),
            layout: set.layout(),
            lines: Vec::new(),
            refusals: Vec::new(),
        };
        if facts.ours > 0 {
            adoption.refusals.push(Refusal::NotEmpty(facts.ours));
        }
        let old = match (facts.survey.choose(request), &facts.old) {
            (Err(why), _) => {
                adoption.refusals.push(Refusal::unchosen(why, request.tool, &facts.survey));
                return adoption;
            }
            (Ok((found, _)), None) => {
                adoption.refusals.push(Refusal::Gone(found.shape.table.clone()));
                return adoption;
            }
            (Ok(_), Some(old)) => old,
        };
        let rows = match of_project(&old.rows, request) {
            Ok(rows) => rows,
            Err(refusal) => {
                adoption.refusals.push(refusal);
                return adoption;
            }
        };
        let effective = (rules::of(request.tool).effective)(&rows);
        adoption.refusals.extend(effective.faults.iter().cloned().map(Refusal::from));
        if effective.done.is_empty() && effective.up_to.is_none() && effective.faults.is_empty() {
            adoption.refusals.push(Refusal::NothingDone(old.table.clone()));
        }
        match &request.baseline {
            Some(baseline) => adoption.by_baseline(&effective, set, baseline),
            None if request.tool.layouts().contains(&set.layout()) => adoption.by_files(effective, set),
            None => adoption.refusals.push(Refusal::Layout { tool: request.tool, is: set.layout() }),
        }
        adoption.refuse_doubts(request);
        adoption
    }

    /// What is adopted: the rows of our history, in the order the old tool applied them.
    pub fn adopted(&self) -> Adopted {
        let detail = |line: &Line| self.detail(line);
        let migration = |line: &Line| {
            Some(AdoptedMigration {
                id: line.id.clone()?,
                text: line.standing.text()?,
                applied_at: line.at,
                took: line.took,
                detail: detail(line),
            })
        };
        let mut lines: Vec<&Line> = self.lines.iter().collect();
        // What has no time keeps its place in the order of versions, ahead of what has one.
        lines.sort_by_key(|line| line.at);
        let left_out = self.lines.iter().filter(|line| line.standing == Standing::FileMissing);
        let left_out: Vec<String> = left_out.map(|line| line.label.clone()).collect();
        let origin = self.old.as_ref().map(Origin::of).map(|origin| origin.to_string()).unwrap_or_default();
        let detail = match left_out.as_slice() {
            [] => origin,
            labels => format!("{origin}; left out, for want of a file: {}", labels.join(", ")),
        };
        let migrations = lines.into_iter().filter_map(migration).collect();
        Adopted { from: self.tool.to_string(), detail, migrations }
    }

    /// How many lines are adopted, and how many of them are verified.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let texts = self.lines.iter().filter_map(|line| line.standing.text());
        let verified = texts.clone().filter(|text| *text == AdoptedText::Verified).count();
        (texts.count(), verified)
    }

    /// What the audit keeps of one migration.
    fn detail(&self, line: &Line) -> String {
        let original = line.original.as_deref().unwrap_or("without a row of its own");
        let checksum = line.checksum.as_deref().map_or("none".to_owned(), str::to_owned);
        format!(
            "{} {original}; applied {}; checksum {checksum}; {}",
            self.tool,
            self.time_in_words(line),
            line.standing
        )
    }

    fn by_baseline(&mut self, effective: &Effective, set: &MigrationSet, baseline: &Baseline) {
        if set.get(baseline.version).is_none() {
            self.refusals.push(Refusal::NoBaseline { version: baseline.version, head: set.head() });
        }
        let stands = heads(self.tool, effective);
        let (mut is, mut said) = (stands.clone(), baseline.at.clone());
        is.sort();
        said.sort();
        if is != said {
            self.refusals.push(Refusal::StandsElsewhere { stands, said: baseline.at.clone() });
        }
        for migration in set.iter() {
            let is_in = migration.version().is_some_and(|version| version <= baseline.version);
            let standing = if is_in { Standing::InBaseline } else { Standing::Pending };
            let original = is_in.then(|| format!("at {}", baseline.at.join(", ")));
            self.lines.push(Line { original, ..Line::of(migration, standing) });
        }
    }

    fn refuse_doubts(&mut self, request: &Request) {
        let of = |standing: Standing| {
            let lines = self.lines.iter().filter(|line| line.standing == standing);
            lines.map(|line| line.label.clone()).collect::<Vec<String>>()
        };
        let (changed, missing, newer) =
            (of(Standing::Changed), of(Standing::FileMissing), of(Standing::Newer));
        if !changed.is_empty() && request.changed == OnChanged::Refuse {
            self.refusals.push(Refusal::Changed(changed));
        }
        if !missing.is_empty() && self.counts().0 == 0 {
            self.refusals.push(Refusal::NoFiles { tool: self.tool, labels: missing });
        } else if !missing.is_empty() && request.missing == OnMissing::Refuse {
            self.refusals.push(Refusal::FileMissing { tool: self.tool, labels: missing });
        }
        if !newer.is_empty() {
            self.refusals.push(Refusal::Newer { tool: self.tool, labels: newer });
        }
    }
}

impl Line {
    pub(crate) fn of(migration: &Migration, standing: Standing) -> Line {
        Line {
            id: Some(migration.id().clone()),
            label: migration.label(),
            original: None,
            checksum: None,
            at: None,
            took: None,
            standing,
        }
    }

    pub(crate) fn done(done: &Done, migration: &Migration, check: Check) -> Line {
        let standing = match check {
            Check::Same => Standing::Verified,
            Check::SameButForLineEnds => Standing::VerifiedButForLineEnds,
            Check::Differs if migration.version().is_none() => Standing::AppliedAgain,
            Check::Differs => Standing::Changed,
            Check::Unknown(why) => Standing::Unverifiable(why),
        };
        Line { id: Some(migration.id().clone()), label: migration.label(), ..Line::missing(done, standing) }
    }

    pub(crate) fn missing(done: &Done, standing: Standing) -> Line {
        let took = done.took_ms.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis);
        Line {
            id: None,
            label: done.key.to_string(),
            original: Some(if done.shown.is_empty() { done.key.to_string() } else { done.shown.clone() }),
            checksum: done.checksum.clone(),
            at: done.at,
            took,
            standing,
        }
    }
}

/// Where a tool stands: its newest migration, or each of the current revisions.
fn heads(tool: Tool, effective: &Effective) -> Vec<String> {
    match tool {
        Tool::Alembic => effective.done.iter().map(|done| done.shown.clone()).collect(),
        Tool::Sqitch => effective.done.last().map(|done| done.shown.clone()).into_iter().collect(),
        _ => {
            let versioned = effective.done.iter().filter(|done| !matches!(done.key, Key::Repeatable(_)));
            versioned
                .max_by(|one, other| one.key.cmp(&other.key))
                .map(|done| done.shown.clone())
                .into_iter()
                .collect()
        }
    }
}

/// The rows of one project, where a registry holds several.
fn of_project(rows: &[Row], request: &Request) -> Result<Vec<Row>, Refusal> {
    if request.tool != Tool::Sqitch {
        return Ok(rows.to_vec());
    }
    let projects: BTreeSet<&str> = rows.iter().filter_map(|row| row.name.as_deref()).collect();
    let project = match (&request.project, projects.iter().next()) {
        (Some(project), _) => project.as_str(),
        (None, Some(only)) if projects.len() == 1 => only,
        (None, None) => return Ok(Vec::new()),
        (None, Some(_)) => {
            return Err(Refusal::Projects(projects.into_iter().map(str::to_owned).collect()));
        }
    };
    Ok(rows.iter().filter(|row| row.name.as_deref() == Some(project)).cloned().collect())
}
