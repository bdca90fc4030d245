//! Which migrations are applied, in which order, and why: no database, no clock.

use std::collections::BTreeMap;

use upshift_files::{Body, Down, Migration, MigrationId, MigrationSet, Phase, Section, Vars, Version};

use super::batched::Batched;
use super::entry::{Blocked, BlockedBy, Entry, Note, RecordDown};
use super::message::Writer;
use super::refusal::{Refusal, RefusalKind, Unplanned};
use super::renumbered::{Renumbered, is_own, renumbered};
use super::script::{Mode, SqlScript};
use super::step::{Direction, Reason, Step, StepBody, Texts};
use super::{Plan, Target};
use crate::history::{Applied, AppliedState, History};
use crate::settings::{Grouping, Missing, OutOfOrder, Policy};

/// What `up` is asked for.
#[derive(Debug, Clone)]
pub(crate) struct UpRequest<'r> {
    pub(crate) target: &'r Target,
    pub(crate) policy: Policy,
    pub(crate) grouping: Grouping,
    pub(crate) vars: &'r Vars,
    pub(crate) writer: Writer,
}

impl Plan {
    /// What `up` will do.
    ///
    /// Every reason against it comes at once, as [`Unplanned::Refused`].
    pub(crate) fn up(
        set: &MigrationSet,
        history: &History,
        request: &UpRequest<'_>,
    ) -> Result<Plan, Unplanned> {
        let renumbered = renumbered(set, history, &[]);
        let (entries, notes, refused) = (Vec::new(), Vec::new(), Vec::new());
        let mut planner = Planner { set, history, request, renumbered, entries, notes, refused };
        planner.compare_history();
        let left = planner.choose_versioned()?;
        planner.choose_repeatables(left)?;
        planner.refuse_grouping();
        if !planner.refused.is_empty() {
            return Err(Unplanned::Refused(planner.refused));
        }
        Ok(Plan {
            direction: Direction::Up,
            entries: planner.entries,
            notes: planner.notes,
            grouping: request.grouping,
            writer: request.writer.clone(),
        })
    }
}

struct Planner<'p> {
    set: &'p MigrationSet,
    history: &'p History,
    request: &'p UpRequest<'p>,
    renumbered: BTreeMap<Version, Renumbered>,
    entries: Vec<Entry>,
    notes: Vec<Note>,
    refused: Vec<Refusal>,
}

impl Planner<'_> {
    /// What the history says about migrations that are done: changed, missing, newer, edited down.
    fn compare_history(&mut self) {
        for row in self.history.iter() {
            let MigrationId::Version(version) = row.id else { continue };
            let label = row.label();
            if let Some(Renumbered { is, .. }) = self.renumbered.get(&version) {
                // Whatever the policy says: under its new number it would be applied twice.
                self.refused.push(Refusal { label, kind: RefusalKind::Renumbered { to: *is } });
                continue;
            }
            let Some(migration) = self.set.get(version) else {
                self.missing(version, label, row);
                continue;
            };
            match row.state {
                AppliedState::UpFailed { .. } => continue,
                AppliedState::DownFailed { done } => {
                    self.refused.push(Refusal { label, kind: RefusalKind::DownFailed { done } });
                    continue;
                }
                AppliedState::Applied | AppliedState::Baseline => {}
            }
            if !is_own(row, migration) {
                let kind = RefusalKind::Taken { by: label };
                self.refused.push(Refusal { label: migration.label(), kind });
                continue;
            }
            if row.up_checksum.is_some_and(|applied| applied != up_checksum(migration)) {
                let kind = RefusalKind::Changed { id: row.id.clone(), difference: None };
                self.refused.push(Refusal { label: migration.label(), kind });
            } else if is_edited(row.down_checksum, migration.down()) {
                self.entries.push(Entry::Record(Box::new(RecordDown {
                    id: row.id.clone(),
                    label: migration.label(),
                    name: row.name.clone(),
                    texts: Texts::of(migration),
                })));
            }
        }
    }

    fn missing(&mut self, version: Version, label: String, row: &Applied) {
        if row.is_fence() {
            self.refused.push(Refusal { label, kind: RefusalKind::Fenced });
        } else if self.set.head().is_none_or(|head| version > head) {
            self.notes.push(Note::Newer(label));
        } else if self.request.policy.missing == Missing::Accept {
            self.notes.push(Note::Missing(label));
        } else {
            self.refused.push(Refusal { label, kind: RefusalKind::Missing });
        }
    }

    /// Gives how many steps are left for the repeatables.
    fn choose_versioned(&mut self) -> Result<usize, Unplanned> {
        self.refuse_unknown_targets();
        let newest = newest_applied(self.history);
        let mut left = match self.request.target {
            Target::Steps(steps) => *steps,
            _ => usize::MAX,
        };
        let mut planned: Vec<Version> = Vec::new();
        for migration in self.set.versioned() {
            let Some(version) = migration.version() else { continue };
            let is_applied_elsewhere = self.renumbered.values().any(|it| it.is == version);
            if left == 0 || !self.is_in_target(version) || is_applied_elsewhere {
                continue;
            }
            let reason = match self.history.get(migration.id()).map(|row| row.state) {
                Some(AppliedState::UpFailed { done }) => Reason::Resumed { done },
                Some(_) => continue,
                None => match late_behind(self.set, newest, migration) {
                    Some(_) if self.out_of_order_is_fine() => Reason::OutOfOrder,
                    Some(applied) => {
                        let kind = RefusalKind::OutOfOrder { applied };
                        self.refused.push(Refusal { label: migration.label(), kind });
                        continue;
                    }
                    None => Reason::Pending,
                },
            };
            if let Some(by) = self.blocked_by(migration, &planned) {
                let (id, label) = (migration.id().clone(), migration.label());
                self.entries.push(Entry::Blocked(Blocked { id, label, by }));
                continue;
            }
            self.push(migration, reason)?;
            planned.push(version);
            left -= 1;
        }
        Ok(left)
    }

    fn choose_repeatables(&mut self, mut left: usize) -> Result<(), Unplanned> {
        if matches!(self.request.target, Target::Version(_) | Target::Only(_)) {
            return Ok(());
        }
        for migration in self.set.repeatables() {
            let reason = match self.history.get(migration.id()) {
                None => Reason::Pending,
                Some(row) if row.up_checksum.is_none() => Reason::Again,
                // What was edited begins anew even where it had stopped: it is written to be run again.
                Some(row) if row.up_checksum != Some(up_checksum(migration)) => Reason::Edited,
                Some(row) => match row.state {
                    AppliedState::UpFailed { done } => Reason::Resumed { done },
                    _ => continue,
                },
            };
            if left == 0 {
                return Ok(());
            }
            self.push(migration, reason)?;
            left -= 1;
        }
        Ok(())
    }

    fn push(&mut self, migration: &Migration, reason: Reason) -> Result<(), Unplanned> {
        let mut step = up_step(migration, reason, self.request.vars)?;
        step.ordinal = self.history.get(migration.id()).map(|row| row.ordinal);
        self.entries.push(Entry::Run(Box::new(step)));
        Ok(())
    }

    fn refuse_unknown_targets(&mut self) {
        let wanted: &[Version] = match self.request.target {
            Target::Version(version) => std::slice::from_ref(version),
            Target::Only(versions) => versions,
            Target::Head | Target::Steps(_) => &[],
        };
        for version in wanted.iter().filter(|version| self.set.get(**version).is_none()) {
            self.refused.push(unknown_target(self.set, *version));
        }
    }

    fn is_in_target(&self, version: Version) -> bool {
        match self.request.target {
            Target::Head | Target::Steps(_) => true,
            Target::Version(last) => version <= *last,
            Target::Only(versions) => versions.contains(&version),
        }
    }

    fn out_of_order_is_fine(&self) -> bool {
        self.request.policy.out_of_order == OutOfOrder::Apply
            || matches!(self.request.target, Target::Only(_))
    }

    fn blocked_by(&self, migration: &Migration, planned: &[Version]) -> Option<BlockedBy> {
        let header = migration.header();
        let by_name = matches!(self.request.target, Target::Only(_));
        let in_use = || self.history.iter().any(|row| matches!(row.id, MigrationId::Version(_)));
        if header.phase != Phase::Expand && in_use() && !by_name {
            return Some(BlockedBy::Phase(header.phase));
        }
        let is_done = |row: &Applied| matches!(row.state, AppliedState::Applied | AppliedState::Baseline);
        let applied = |version: &Version| {
            planned.contains(version)
                || self.history.get(&MigrationId::Version(*version)).is_some_and(is_done)
        };
        let lacks = header.requires.iter().find(|version| !applied(version));
        lacks.map(|version| BlockedBy::Requires(MigrationId::Version(*version)))
    }

    fn refuse_grouping(&mut self) {
        if self.request.grouping == Grouping::Each {
            return;
        }
        for entry in &self.entries {
            let Entry::Run(step) = entry else { continue };
            let line = match &step.body {
                StepBody::Sql(script) => script.line_outside_transaction(),
                StepBody::Code { transaction: upshift_files::Transaction::Off, .. } => Some(1),
                StepBody::Backfill(batched) if batched.script().is_none() => {
                    let kind = RefusalKind::BatchesOfCode;
                    self.refused.push(Refusal { label: step.label.clone(), kind });
                    continue;
                }
                StepBody::Code { .. } | StepBody::Backfill(_) => None,
            };
            if let Some(line) = line {
                let kind = RefusalKind::NotInOneTransaction { line };
                self.refused.push(Refusal { label: step.label.clone(), kind });
            }
        }
    }
}

/// The newest version that is applied, in whatever binary: what a late arrival comes too late for.
pub(crate) fn newest_applied(history: &History) -> Option<Version> {
    let applied = history.iter().filter(|row| !matches!(row.state, AppliedState::UpFailed { .. }));
    let versions = applied.filter_map(|row| match row.id {
        MigrationId::Version(version) => Some(version),
        MigrationId::Repeatable(_) => None,
    });
    versions.max()
}

/// The newest applied version, when a pending migration is out of order behind it.
///
/// The migrations behind a backfill or a contract do not wait for it, nor for what requires one: those are late on
/// purpose.
pub(crate) fn late_behind(
    set: &MigrationSet,
    newest: Option<Version>,
    migration: &Migration,
) -> Option<Version> {
    let is_older = |newest: &Version| migration.version().is_some_and(|version| version < *newest);
    newest.filter(is_older).filter(|_| !waits_on_purpose(set, migration))
}

/// Whether it is a backfill or a contract, or stands on one: no other migration waits for it.
pub(crate) fn waits_on_purpose(set: &MigrationSet, migration: &Migration) -> bool {
    let header = migration.header();
    // What is required is always older, so this comes to an end.
    let mut required = header.requires.iter().filter_map(|version| set.get(*version));
    header.phase != Phase::Expand || required.any(|it| waits_on_purpose(set, it))
}

pub(super) fn up_checksum(migration: &Migration) -> upshift_files::Checksum {
    match migration.up() {
        Body::Sql(section) => section.checksum(),
        Body::Code(code) => code.checksum(),
    }
}

/// Whether the history keeps another down than this binary has.
///
/// A binary without one takes none away: what the history keeps is then the only way back.
fn is_edited(kept: Option<upshift_files::Checksum>, down: &Down) -> bool {
    match down {
        Down::Sql(section) => kept != Some(section.checksum()),
        Down::Irreversible { .. } => kept.is_some(),
        Down::Code | Down::Absent => false,
    }
}

/// The refusal of a target that the set does not have.
pub(crate) fn unknown_target(set: &MigrationSet, version: Version) -> Refusal {
    let versions = set.versioned().iter().filter_map(Migration::version);
    let nearest = versions.min_by_key(|known| known.number().abs_diff(version.number()));
    Refusal { label: format!("version {version}"), kind: RefusalKind::UnknownTarget { nearest } }
}

fn up_step(migration: &Migration, reason: Reason, vars: &Vars) -> Result<Step, Unplanned> {
    let header = migration.header();
    let done = match reason {
        Reason::Resumed { done } => done,
        _ => 0,
    };
    let body = match migration.up() {
        Body::Sql(section) => match &header.backfill {
            Some(_) if migration.version().is_none() => {
                let wrong = section.diagnostic(0..0, "a repeatable migration cannot be a backfill");
                return Err(Unplanned::Files(wrong.help("give it a version").into()));
            }
            Some(backfill) => StepBody::Backfill(Box::new(Batched::read(section, backfill, vars)?)),
            None => StepBody::Sql(read_script(section, vars)?.resumed(done)),
        },
        Body::Code(code) => StepBody::Code { path: code.path().to_owned(), transaction: header.transaction },
    };
    let check = |section: Option<&Section>| section.map(|it| read_check(it, vars)).transpose();
    Ok(Step {
        id: migration.id().clone(),
        label: migration.label(),
        name: migration.name().to_owned(),
        path: migration.path().to_owned(),
        direction: Direction::Up,
        reason,
        phase: header.phase,
        body,
        guard: check(migration.guard())?,
        verify: check(migration.verify())?,
        lock_timeout: header.lock_timeout,
        statement_timeout: header.statement_timeout,
        texts: Texts::of(migration),
        ordinal: None,
        done,
    })
}

/// Reads a section's statements, its variables bound.
pub(super) fn read_script(section: &Section, vars: &Vars) -> Result<SqlScript, Unplanned> {
    let section = section.bind(vars).map_err(Unplanned::Files)?;
    SqlScript::read(&section).map_err(|found| Unplanned::Files(found.into()))
}

fn read_check(section: &Section, vars: &Vars) -> Result<SqlScript, Unplanned> {
    let section = section.bind(vars).map_err(Unplanned::Files)?;
    SqlScript::read_check(&section).map_err(|found| Unplanned::Files(found.into()))
}

impl Step {
    /// Whether it runs statement by statement and keeps a place.
    pub(crate) fn units(&self) -> Option<&[super::script::Unit]> {
        match &self.body {
            StepBody::Sql(SqlScript { mode: Mode::OneByOne(units), .. }) => Some(units),
            _ => None,
        }
    }
}
