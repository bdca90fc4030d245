//! Whether the last migration can be done again: no database, no clock.

use upshift_files::{MigrationId, MigrationSet};

use super::down::selected;
use super::refusal::{Refusal, RefusalKind, Unplanned};
use super::renumbered::is_own;
use super::up::UpRequest;
use super::{DownTarget, Plan, Target};
use crate::history::History;

/// What speaks against applying the last migration once more, before it is reverted. A repeatable, or none at all, is for
/// the down to judge.
pub(crate) fn refuse_again(
    set: &MigrationSet,
    history: &History,
    request: &UpRequest<'_>,
) -> Result<(), Unplanned> {
    let last = selected(history, DownTarget::Steps(1));
    let Some(row) = last.first() else { return Ok(()) };
    let MigrationId::Version(version) = row.id else { return Ok(()) };
    if let Some(migration) = set.get(version).filter(|it| !is_own(row, it)) {
        let kind = RefusalKind::Taken { by: row.label() };
        return Err(Unplanned::Refused(vec![Refusal { label: migration.label(), kind }]));
    }
    let without = History::of(history.iter().filter(|it| it.id != row.id).cloned());
    let target = Target::Only(vec![version]);
    Plan::up(set, &without, &UpRequest { target: &target, ..request.clone() }).map(drop)
}
