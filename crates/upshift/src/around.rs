//! Code of the service around each statement: [`StatementHooks`](crate::StatementHooks).

use tokio_postgres::Client;
use upshift_files::{MigrationId, SectionKind, Version};

use crate::code::StepContext;
use crate::context::Context;
use crate::error::Error;
use crate::event::{Around, StatementAt};
use crate::plan::{Direction, Message, Purpose, SqlScript, Step};

/// The statement of a migration that a message carries; none for a message of our own.
pub(crate) fn statement_of<'s>(
    step: &'s Step,
    message: &'s Message,
    around: Around,
) -> Option<StatementAt<'s>> {
    let query = |script: Option<&'s SqlScript>, number| script.map(|script| script.text(number));
    let (section, number, text) = match message.purpose {
        Purpose::Statement(number) => (section_of(step), number, Some(&*message.sql)),
        // It is sent inside of a query of ours.
        Purpose::Guard(number) => (SectionKind::Guard, number, query(step.guard.as_ref(), number)),
        Purpose::Verify(number) => (SectionKind::Verify, number, query(step.verify.as_ref(), number)),
        _ => return None,
    };
    Some(at(step, section, number, text, around))
}

/// A text that is sent for the first statement of a step, or (none) its Rust code.
pub(crate) fn first_of<'s>(step: &'s Step, text: Option<&'s str>, around: Around) -> StatementAt<'s> {
    at(step, section_of(step), 0, text, around)
}

fn section_of(step: &Step) -> SectionKind {
    match step.direction {
        Direction::Up => SectionKind::Up,
        Direction::Down => SectionKind::Down,
    }
}

fn at<'s>(
    step: &'s Step,
    section: SectionKind,
    number: usize,
    text: Option<&'s str>,
    around: Around,
) -> StatementAt<'s> {
    StatementAt { id: &step.id, label: &step.label, direction: step.direction, section, number, text, around }
}

fn version_of(at: &StatementAt<'_>) -> Option<Version> {
    match at.id {
        MigrationId::Version(version) => Some(*version),
        MigrationId::Repeatable(_) => None,
    }
}

/// Calls what the service wants called before a statement; nothing where it wants nothing.
pub(crate) async fn before(context: &Context, client: &Client, at: &StatementAt<'_>) -> Result<(), Error> {
    let Some(hooks) = context.statement_hooks() else { return Ok(()) };
    let called = hooks.before_statement(at, &mut StepContext::new(client, version_of(at))).await;
    called.map_err(|cause| Error::hook("before_statement", cause))
}

/// The same after a statement.
pub(crate) async fn after(context: &Context, client: &Client, at: &StatementAt<'_>) -> Result<(), Error> {
    let Some(hooks) = context.statement_hooks() else { return Ok(()) };
    let called = hooks.after_statement(at, &mut StepContext::new(client, version_of(at))).await;
    called.map_err(|cause| Error::hook("after_statement", cause))
}

/// The same after the transaction of a migration's statements.
pub(crate) async fn ended(context: &Context, client: &Client, step: &Step) -> Result<(), Error> {
    let Some(hooks) = context.statement_hooks() else { return Ok(()) };
    let called = hooks.after_transaction(&step.label, &mut StepContext::new(client, step.version())).await;
    called.map_err(|cause| Error::hook("after_transaction", cause))
}
