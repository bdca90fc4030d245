//! Which migrations are reverted, in which order, and why: no database, no clock.

use std::collections::BTreeMap;

use upshift_files::{
    Down, Migration, MigrationId, MigrationSet, Phase, Section, SectionKind, SourceFile, Transaction, Vars,
};

use super::entry::{Entry, Note};
use super::message::Writer;
use super::refusal::{Refusal, RefusalKind, Unplanned};
use super::renumbered::is_own;
use super::step::{Direction, Reason, Step, StepBody, Texts};
use super::up::{read_script, unknown_target};
use super::{Begun, DownTarget, Going, Plan};
use crate::history::{Applied, AppliedState, History, Texts as Stored};
use crate::settings::Grouping;

/// What `down` is asked for.
#[derive(Debug, Clone)]
pub(crate) struct DownRequest<'r> {
    pub(crate) target: DownTarget,
    pub(crate) grouping: Grouping,
    pub(crate) vars: &'r Vars,
    pub(crate) writer: Writer,
    /// The texts the history keeps of the selected rows, by ordinal.
    pub(crate) stored: &'r BTreeMap<i64, Stored>,
    /// The backfills that have begun and are not applied.
    pub(crate) begun: &'r [Begun],
}

/// The rows a target selects, in the reverse order of their application.
///
/// The last one applied goes first, whatever its version: what was applied later may stand on what was there before.
pub(crate) fn selected(history: &History, target: DownTarget) -> Vec<&Applied> {
    let versioned = |row: &&&Applied| matches!(row.id, MigrationId::Version(_));
    let mut rows: Vec<&Applied> = history.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.ordinal));
    match target {
        DownTarget::Steps(steps) => rows.iter().filter(versioned).take(steps).copied().collect(),
        DownTarget::Version(keep) => {
            let above = |row: &&&Applied| matches!(row.id, MigrationId::Version(version) if version > keep);
            rows.iter().filter(above).copied().collect()
        }
        DownTarget::Only(version) => {
            rows.iter().filter(|row| row.id == MigrationId::Version(version)).copied().collect()
        }
        // Repeatables stand on the versioned ones, so they go first whenever they were applied.
        DownTarget::All => {
            let (versioned, repeatables): (Vec<_>, Vec<_>) =
                rows.into_iter().partition(|row| versioned(&row));
            repeatables.into_iter().chain(versioned).collect()
        }
    }
}

impl Plan {
    /// What `down` will do; every reason against it comes at once, before anything is done.
    pub(crate) fn down(
        set: &MigrationSet,
        history: &History,
        request: &DownRequest<'_>,
    ) -> Result<Plan, Unplanned> {
        let (mut entries, mut notes, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        if let DownTarget::Version(version) | DownTarget::Only(version) = request.target
            && set.get(version).is_none()
            && history.get(&MigrationId::Version(version)).is_none()
        {
            refused.push(unknown_target(set, version));
        }
        refused.extend(still_required(set, history, request.target));
        refused.extend(begun_on(history, request));
        for row in selected(history, request.target) {
            // Another one may have its number in this binary: its down would meet what it has not made.
            let migration = find(set, &row.id).filter(|it| is_own(row, it));
            match way_back(row, migration, request) {
                Ok(Some(step)) => entries.push(Entry::Run(Box::new(step))),
                Ok(None) => notes.push(Note::Stays(row.label())),
                Err(WayBack::Refused(kind)) => refused.push(Refusal { label: row.label(), kind }),
                Err(WayBack::Broken(error)) => return Err(*error),
            }
        }
        if !refused.is_empty() {
            return Err(Unplanned::Refused(refused));
        }
        Ok(Plan {
            direction: Direction::Down,
            entries,
            notes,
            grouping: request.grouping,
            writer: request.writer.clone(),
        })
    }
}

/// What is applied and stands on the one migration that is to be reverted.
fn still_required(set: &MigrationSet, history: &History, target: DownTarget) -> Vec<Refusal> {
    let DownTarget::Only(version) = target else { return Vec::new() };
    let applied = set.versioned().iter().filter(|it| history.get(it.id()).is_some());
    let standing = applied.filter(|it| it.header().requires.contains(&version));
    let label = |id: &MigrationId| history.get(id).map_or(version.to_string(), Applied::label);
    let refusal = |it: &Migration| Refusal {
        label: label(&MigrationId::Version(version)),
        kind: RefusalKind::RequiredBy { label: it.label() },
    };
    standing.map(refusal).collect()
}

/// The backfills that have begun on what is to be reverted. They would go on behind rows that are gone with it: what is
/// made anew would keep its first rows as they are. The way back of a contract gives, and takes nothing.
fn begun_on(history: &History, request: &DownRequest<'_>) -> Vec<Refusal> {
    let reverted = selected(history, request.target);
    let going = request.begun.iter().filter(|it| it.going == Going::On);
    let refused = going.filter_map(|Begun { known, .. }| {
        let is_below = |row: &Applied| matches!(row.id, MigrationId::Version(it) if it < known.version);
        let row = reverted.iter().find(|row| row.phase != Phase::Contract && is_below(row))?;
        let kind = RefusalKind::BegunOn { label: row.label() };
        Some(Refusal { label: format!("{}_{}", known.version, known.name), kind })
    });
    refused.collect()
}

fn find<'s>(set: &'s MigrationSet, id: &MigrationId) -> Option<&'s Migration> {
    match id {
        MigrationId::Version(version) => set.get(*version),
        MigrationId::Repeatable(_) => set.repeatables().iter().find(|migration| migration.id() == id),
    }
}

/// Why there is no step back.
enum WayBack {
    Refused(RefusalKind),
    Broken(Box<Unplanned>),
}

impl From<Unplanned> for WayBack {
    fn from(error: Unplanned) -> WayBack {
        WayBack::Broken(Box::new(error))
    }
}

/// The step back of a row: the binary's down, else the one the history keeps. `None`: a repeatable without a down.
fn way_back(
    row: &Applied,
    migration: Option<&Migration>,
    request: &DownRequest<'_>,
) -> Result<Option<Step>, WayBack> {
    if let AppliedState::UpFailed { done } = row.state {
        return Err(WayBack::Refused(RefusalKind::UpFailed { done }));
    }
    let stopped = match row.state {
        AppliedState::DownFailed { done } => Some(done),
        _ => None,
    };
    let done = stopped.unwrap_or(0);
    let stored = request.stored.get(&row.ordinal);
    let wish = migration.map_or(Transaction::On, |it| it.header().transaction);
    let sql = |section: &Section| -> Result<(StepBody, Texts), Unplanned> {
        Ok((StepBody::Sql(read_script(section, request.vars)?.resumed(done)), texts_of(section)))
    };
    let ((body, down), reason) = match migration.map(Migration::down) {
        Some(Down::Sql(section)) => (sql(section)?, Reason::Reverted),
        Some(Down::Code) => {
            let path = migration.map_or(String::new(), |it| it.path().to_owned());
            let texts = Texts { down_checksum: row.down_checksum, ..Texts::default() };
            ((StepBody::Code { path, transaction: wish }, texts), Reason::Reverted)
        }
        Some(Down::Irreversible { because }) => {
            return Err(WayBack::Refused(RefusalKind::Irreversible { because: Some(because.clone()) }));
        }
        Some(Down::Absent) | None => match stored.and_then(|texts| texts.down.as_deref()) {
            Some(text) => {
                let path = format!("{} (down kept in the history)", row.label());
                let section = Section::of(SourceFile::new(path, text.to_owned()), SectionKind::Down, wish);
                (sql(&section)?, Reason::RevertedFromHistory)
            }
            None => return no_way(row, stored),
        },
    };
    let header = migration.map(Migration::header);
    Ok(Some(Step {
        id: row.id.clone(),
        label: row.label(),
        name: row.name.clone(),
        path: migration.map_or_else(|| row.label(), |it| it.path().to_owned()),
        direction: Direction::Down,
        reason: stopped.map_or(reason, |done| Reason::Resumed { done }),
        phase: header.map_or(Phase::Expand, |it| it.phase),
        guard: None,
        verify: None,
        lock_timeout: header.and_then(|it| it.lock_timeout),
        statement_timeout: header.and_then(|it| it.statement_timeout),
        texts: Texts { up_checksum: row.up_checksum, ..down },
        body,
        ordinal: Some(row.ordinal),
        done,
    }))
}

/// What the history should know of the down that runs: it may have been edited since the up was applied.
fn texts_of(down: &Section) -> Texts {
    Texts { down_checksum: Some(down.checksum()), down: Some(down.text().to_owned()), ..Texts::default() }
}

fn no_way(row: &Applied, stored: Option<&Stored>) -> Result<Option<Step>, WayBack> {
    if matches!(row.id, MigrationId::Repeatable(_)) {
        return Ok(None);
    }
    Err(WayBack::Refused(match stored.and_then(|texts| texts.irreversible.clone()) {
        Some(because) => RefusalKind::Irreversible { because: Some(because) },
        None if row.state == AppliedState::Baseline => RefusalKind::NoDownOfBaseline,
        None => RefusalKind::NoDown,
    }))
}
