//! What is written about a step: its history row, its place, its audit row.

use upshift_files::{Checksum, MigrationId, Phase, Version};

use super::message::{Message, Param, Purpose, Writer};
use super::step::{Direction, Reason, Step, StepBody, Texts};
use crate::history::sql;

/// What an audit row says, beside who says it.
pub(crate) struct AuditEntry<'a> {
    action: &'static str,
    outcome: &'static str,
    /// Which migration it is about; none where it is a repeatable, or no migration at all.
    version: Option<Version>,
    name: &'a str,
    checksum: Option<Checksum>,
    detail: Option<String>,
}

impl<'a> AuditEntry<'a> {
    /// Something that was done with a migration.
    pub(crate) fn done(action: &'static str, id: &MigrationId, name: &'a str) -> AuditEntry<'a> {
        AuditEntry::about(action, version_of(id), name)
    }

    /// Something that was done about a version, or (none) about something else of this name.
    pub(crate) fn about(action: &'static str, version: Option<Version>, name: &'a str) -> AuditEntry<'a> {
        AuditEntry { action, outcome: "done", version, name, checksum: None, detail: None }
    }

    /// An attempt that failed.
    pub(crate) fn failed(mut self) -> AuditEntry<'a> {
        self.outcome = "failed";
        self
    }

    pub(crate) fn checksum(mut self, checksum: Option<Checksum>) -> AuditEntry<'a> {
        self.checksum = checksum;
        self
    }

    pub(crate) fn detail(mut self, detail: impl Into<String>) -> AuditEntry<'a> {
        self.detail = Some(detail.into());
        self
    }

    /// The values, in the order of `audit_row!`.
    pub(crate) fn values(self, writer: &Writer) -> Vec<Param> {
        let identity = &writer.identity;
        vec![
            Param::Token,
            Param::Owner,
            Param::Text(identity.service.clone()),
            Param::Text(identity.release.clone()),
            Param::Text(identity.host.clone()),
            Param::text(self.action),
            Param::text(self.outcome),
            Param::optional_version(self.version),
            Param::text(self.name),
            Param::checksum(self.checksum),
            Param::Text(self.detail),
        ]
    }
}

fn version_of(id: &MigrationId) -> Option<Version> {
    match id {
        MigrationId::Version(version) => Some(*version),
        MigrationId::Repeatable(_) => None,
    }
}

/// The history row of a step that is done, and its audit row.
pub(crate) fn record(step: &Step, writer: &Writer) -> Message {
    let sql = match (step.direction, step.reason, &step.id) {
        (Direction::Down, ..) => return reverted(step, None, writer),
        (Direction::Up, Reason::Resumed { .. }, _) => return ended(step, None, writer),
        (Direction::Up, _, MigrationId::Version(_)) if step.batched().is_some() => sql::RECORD_BACKFILLED,
        (Direction::Up, _, MigrationId::Version(_)) => sql::RECORD_APPLIED,
        (Direction::Up, _, MigrationId::Repeatable(_)) => sql::RECORD_REPEATED,
    };
    let entry = AuditEntry::done("apply", &step.id, &step.name).checksum(step.texts.up_checksum);
    let mut values = entry.values(writer);
    values.extend(kept(step));
    values.extend([Param::text("applied"), Param::Small(None)]);
    Message::bound(Purpose::Record, writer.tables.sql(sql), values)
}

/// Takes the row of a step that is reverted out of the history.
fn reverted(step: &Step, milliseconds: Option<i64>, writer: &Writer) -> Message {
    let entry = AuditEntry::done("revert", &step.id, &step.name).checksum(step.texts.down_checksum);
    let mut values = entry.values(writer);
    values.push(Param::Int(milliseconds));
    Message::bound(Purpose::Record, writer.tables.sql(sql::RECORD_REVERTED), values)
}

/// What the history keeps of a step: phase, checksums, texts.
pub(crate) fn kept(step: &Step) -> Vec<Param> {
    kept_of(&step.texts, step.phase)
}

/// What the history keeps of a migration: phase, checksums, texts.
pub(crate) fn kept_of(texts: &Texts, phase: Phase) -> Vec<Param> {
    vec![
        Param::text(phase.to_string()),
        Param::checksum(texts.up_checksum),
        Param::checksum(texts.down_checksum),
        Param::checksum(texts.verify_checksum),
        Param::checksum(texts.guard_checksum),
        Param::Text(texts.up.clone()),
        Param::Text(texts.down.clone()),
        Param::Text(texts.irreversible.clone()),
    ]
}

/// Marks a step that runs statement by statement as begun.
pub(crate) fn begun(step: &Step, writer: &Writer) -> Message {
    let tables = &writer.tables;
    if step.direction == Direction::Down {
        let mut values = vec![Param::Token, Param::Owner, Param::Int(step.ordinal)];
        values.extend([Param::checksum(step.texts.down_checksum), Param::Text(step.texts.down.clone())]);
        return Message::bound(Purpose::Record, tables.sql(sql::RECORD_DOWN_BEGUN), values);
    }
    let identity = &writer.identity;
    let mut values = vec![Param::Token, Param::Owner, Param::version(&step.id), Param::text(&step.name)];
    values.extend(kept(step));
    values
        .extend([identity.service.clone(), identity.release.clone(), identity.host.clone()].map(Param::Text));
    Message::bound(Purpose::Record, tables.sql(sql::RECORD_BEGUN), values)
}

/// Keeps the text with which a step goes on.
pub(crate) fn going_on(step: &Step, writer: &Writer) -> Message {
    let texts = &step.texts;
    let mut values = vec![Param::Token, Param::Owner, Param::Int(step.ordinal)];
    values.extend([Param::checksum(texts.up_checksum), Param::Text(texts.up.clone())]);
    values.extend([Param::checksum(texts.down_checksum), Param::Text(texts.down.clone())]);
    Message::bound(Purpose::Record, writer.tables.sql(sql::RECORD_GOES_ON), values)
}

/// Writes the place of a step that runs statement by statement.
pub(crate) fn place(
    step: &Step,
    done: usize,
    error: Option<String>,
    indexes_before: Option<Vec<u32>>,
    writer: &Writer,
) -> Message {
    let values = vec![
        Param::Token,
        Param::Owner,
        Param::version(&step.id),
        Param::text(&step.name),
        Param::Small(Some(i32::try_from(done).unwrap_or(i32::MAX))),
        Param::Text(error),
        Param::Oids(indexes_before),
    ];
    Message::bound(Purpose::Record, writer.tables.sql(sql::RECORD_PLACE), values)
}

/// Ends a step that ran statement by statement: applied, or gone.
pub(crate) fn ended(step: &Step, milliseconds: Option<i64>, writer: &Writer) -> Message {
    if step.direction == Direction::Down {
        return reverted(step, milliseconds, writer);
    }
    let entry = AuditEntry::done("apply", &step.id, &step.name).checksum(step.texts.up_checksum);
    let mut values = entry.values(writer);
    let statements = match &step.body {
        StepBody::Sql(script) => i32::try_from(script.statements.len()).ok(),
        StepBody::Code { .. } | StepBody::Backfill(_) => None,
    };
    values.extend([Param::Small(statements), Param::Int(milliseconds)]);
    values.extend(kept(step));
    Message::bound(Purpose::Record, writer.tables.sql(sql::RECORD_ENDED), values)
}

impl super::entry::RecordDown {
    /// Keeps the edited down in the history.
    pub(crate) fn message(&self, writer: &Writer) -> Message {
        let checksum = self.texts.down_checksum;
        let entry = AuditEntry::done("record", &self.id, &self.name).checksum(checksum);
        let mut values = entry.detail("the down was edited").values(writer);
        values.extend([
            Param::checksum(checksum),
            Param::Text(self.texts.down.clone()),
            Param::Text(self.texts.irreversible.clone()),
        ]);
        Message::bound(Purpose::Record, writer.tables.sql(sql::RECORD_DOWN_TEXT), values)
    }
}
