//! The messages a step sends, as values: what `run` sends is what `plan` and the offline script show.

use std::borrow::Cow;
use std::time::Duration;

use tokio_postgres::types::{ToSql, Type};
use upshift_files::sql::StatementKind;
use upshift_files::{Checksum, MigrationId, Version};

use super::batched::Batched;
use super::script::{Mode, SqlScript};
use super::step::{Step, StepBody};
use crate::history::sql::{self, Tables};
use crate::history::{backfill, fleet};
use crate::ident::literal;
use crate::settings::{Identity, Timeouts, milliseconds};

pub(crate) use super::record::{AuditEntry, begun, ended, going_on, kept_of, place, record};

/// Who writes, and where: what the messages of a plan need beside its steps.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    pub(crate) tables: Tables,
    pub(crate) identity: Identity,
    pub(crate) timeouts: Timeouts,
}

/// One message to the server.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) purpose: Purpose,
    pub(crate) sql: Cow<'static, str>,
    /// Bound values; a message without any goes as a plain query.
    pub(crate) values: Vec<Param>,
    /// The data of a COPY, which follows it.
    pub(crate) copy_data: Option<String>,
}

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// BEGIN and the limits.
    Begin,
    /// The check that the lease is ours and the predecessor done.
    Fence,
    /// A query of the `guard` section, by index.
    Guard(usize),
    /// A statement of the section, by index.
    Statement(usize),
    /// A query of the `verify` section, by index.
    Verify(usize),
    /// The proof that Rust code left its transaction as it was.
    Release,
    /// What the statements set is put back.
    Reset,
    /// The books of a backfill.
    Books,
    /// The history row.
    Record,
    /// COMMIT.
    Commit,
}

/// A bound value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Param {
    /// The fencing token, known when the lease is taken.
    Token,
    /// The owner of the lease.
    Owner,
    /// The number of the last audit row when the lease was taken.
    Audited,
    Text(Option<String>),
    Int(Option<i64>),
    Small(Option<i32>),
    Oids(Option<Vec<u32>>),
    Texts(Vec<String>),
    Ints(Vec<i64>),
}

impl Param {
    pub(crate) fn text(text: impl Into<String>) -> Param {
        Param::Text(Some(text.into()))
    }

    pub(crate) fn checksum(checksum: Option<Checksum>) -> Param {
        Param::Text(checksum.map(|it| it.to_string()))
    }

    pub(crate) fn version(id: &MigrationId) -> Param {
        Param::Int(match id {
            MigrationId::Version(version) => Some(number(*version)),
            MigrationId::Repeatable(_) => None,
        })
    }

    pub(crate) fn optional_version(version: Option<Version>) -> Param {
        Param::Int(version.map(number))
    }

    pub(crate) fn versions(versions: impl Iterator<Item = Version>) -> Param {
        Param::Ints(versions.map(number).collect())
    }

    /// The value and its type, the lease's own put in.
    pub(crate) fn bound<'p>(&'p self, lease: &'p Lease) -> (&'p (dyn ToSql + Sync), Type) {
        match self {
            Param::Token => (&lease.token, Type::INT8),
            Param::Owner => (&lease.owner, Type::TEXT),
            Param::Audited => (&lease.audited, Type::INT8),
            Param::Text(value) => (value, Type::TEXT),
            Param::Int(value) => (value, Type::INT8),
            Param::Small(value) => (value, Type::INT4),
            Param::Oids(value) => (value, Type::OID_ARRAY),
            Param::Texts(value) => (value, Type::TEXT_ARRAY),
            Param::Ints(value) => (value, Type::INT8_ARRAY),
        }
    }
}

/// Versions have 18 digits at most, so they fit.
fn number(version: Version) -> i64 {
    i64::try_from(version.number()).unwrap_or(i64::MAX)
}

/// The lease as it was taken: who, and the fencing token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) token: i64,
    /// The number of the last audit row when it was taken.
    pub(crate) audited: i64,
    pub(crate) owner: String,
}

impl Message {
    pub(crate) fn plain(purpose: Purpose, sql: impl Into<Cow<'static, str>>) -> Message {
        Message { purpose, sql: sql.into(), values: Vec::new(), copy_data: None }
    }

    pub(crate) fn bound(purpose: Purpose, sql: Cow<'static, str>, values: Vec<Param>) -> Message {
        Message { purpose, sql, values, copy_data: None }
    }

    /// About how many bytes it is on the wire.
    pub(crate) fn size(&self) -> usize {
        let values = self.values.iter().map(|value| match value {
            Param::Text(Some(text)) => text.len(),
            _ => 8,
        });
        self.sql.len() + values.sum::<usize>() + self.copy_data.as_ref().map_or(0, String::len)
    }
}

/// How long a step waits for a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockWait {
    /// Shortly, and longer each time: it was tried again so often before.
    Growing(u32),
    /// As long as it may: nobody tries again for a script.
    Full,
}

/// How long the first attempt waits for a lock; each one after waits twice as long, up to the limit. What waits for a
/// lock stands in front of the traffic, and most locks are free in a moment.
const FIRST_LOCK_WAIT: Duration = Duration::from_millis(50);

/// How long an attempt at a step waits for a lock: what its file says, or else longer with each attempt there is.
pub(crate) fn lock_wait(step: &Step, writer: &Writer, wait: LockWait) -> Duration {
    let (limit, is_tried_again) = (writer.timeouts.lock, !writer.timeouts.retry.is_zero());
    match (step.lock_timeout, wait) {
        (Some(said), _) => said,
        (None, LockWait::Growing(times)) if is_tried_again => {
            limit.min(FIRST_LOCK_WAIT * 2_u32.pow(times.min(10)))
        }
        (None, _) => limit,
    }
}

/// BEGIN, what the step before may have set put back, and the limits of this one.
///
/// BEGIN comes first: should anything behind it fail, all that follows is refused with it.
pub(crate) fn begin(step: &Step, writer: &Writer, wait: LockWait) -> Message {
    let begin = written_begin(step);
    Message::plain(Purpose::Begin, format!("{begin}; {RESET};{}", limits_of(step, writer, wait)))
}

/// The same for a contract, whose gate is judged in this transaction: it has to see who has joined.
pub(crate) fn begin_judged(step: &Step, writer: &Writer, wait: LockWait) -> Message {
    let begin = format!("{}; {}", written_begin(step), fleet::SEES_OTHERS);
    Message::plain(Purpose::Begin, format!("{begin}; {RESET};{}", limits_of(step, writer, wait)))
}

/// The same between two steps of one transaction.
pub(crate) fn between(step: &Step, writer: &Writer, wait: LockWait) -> Message {
    Message::plain(Purpose::Begin, format!("{RESET};{}", limits_of(step, writer, wait)))
}

/// A BEGIN of the file's own, or SET TRANSACTION behind it, may ask for an isolation level, which must come before the
/// first query.
fn written_begin(step: &Step) -> String {
    let StepBody::Sql(script) = &step.body else { return "begin".to_owned() };
    let Mode::InTransaction { inner } = &script.mode else { return "begin".to_owned() };
    let written: Vec<&str> = (0..inner.start).map(|at| script.text(at)).collect();
    match script.statements.first().map(|first| &first.kind) {
        Some(StatementKind::TransactionControl(_)) => written.join("; "),
        _ => [&["begin"], written.as_slice()].concat().join("; "),
    }
}

/// The limits of a step, for the open transaction alone.
pub(crate) fn limits(step: &Step, writer: &Writer) -> String {
    limits_of(step, writer, LockWait::Full)
}

fn limits_of(step: &Step, writer: &Writer, wait: LockWait) -> String {
    let lock = milliseconds(lock_wait(step, writer, wait));
    let mut sql = format!(" set local lock_timeout = {lock};");
    let statement = step.statement_timeout.or(writer.timeouts.statement).map_or(0, milliseconds);
    sql.push_str(&format!(" set local statement_timeout = {statement};"));
    sql
}

/// The limits of a step for the session, where it runs outside of transactions.
pub(crate) fn session_limits(step: &Step, writer: &Writer) -> String {
    limits(step, writer).replace(" set local ", " set session ").trim_start().to_owned()
}

/// Our own role (none: the one that logged in), for the open transaction alone: a migration's may not write the history.
pub(crate) fn as_ourselves(step: &Step, role: Option<&str>) -> Message {
    // Not without need: on its way back the server would forget the role beside it.
    let authorization = if step.says(&["authorization", "session_authorization"]) {
        "set local session authorization default; "
    } else {
        ""
    };
    let role = role.map_or("none".to_owned(), literal);
    Message::plain(Purpose::Reset, format!("{authorization}set local role {role}"))
}

/// COMMIT.
pub(crate) fn commit() -> Message {
    Message::plain(Purpose::Commit, "commit")
}

/// The check in front of a step: the lease is ours, and the steps before it have written their rows.
pub(crate) fn guard(audited: Param, writer: &Writer) -> Message {
    let values = vec![Param::Token, Param::Owner, audited];
    Message::bound(Purpose::Fence, writer.tables.sql(sql::GUARD), values)
}

/// Keeps everybody from joining until the transaction ends: whoever comes later meets the contract in the history.
pub(crate) fn fencing(writer: &Writer) -> Message {
    let key = writer.tables.advisory_key(fleet::FLEET);
    Message::bound(Purpose::Fence, fleet::FENCING.into(), vec![Param::Int(Some(key))])
}

/// What a step does inside its transaction, between BEGIN with its guard and COMMIT. Rust code has no statements here.
pub(crate) fn block_messages(step: &Step, writer: &Writer) -> Vec<Message> {
    let mut messages = Vec::new();
    messages.extend(queries(step.guard.as_ref(), Purpose::Guard));
    if let StepBody::Sql(script) = &step.body
        && let Mode::InTransaction { inner } = &script.mode
    {
        messages.extend(inner.clone().map(|at| statement(script, at)));
    }
    messages.extend(whole(step, writer));
    messages.extend(closing(step, writer));
    messages
}

/// A backfill as one statement over all rows, refused where batches of it were done; nothing for other steps.
pub(crate) fn whole(step: &Step, writer: &Writer) -> Vec<Message> {
    let Some(sent) = step.batched().and_then(Batched::whole) else { return Vec::new() };
    let refuse = writer.tables.sql(backfill::REFUSE_TOUCHED);
    vec![
        Message::bound(Purpose::Books, refuse, vec![Param::version(&step.id)]),
        Message::plain(Purpose::Statement(0), sent.text),
    ]
}

/// What follows a step's own statements: verify, reset, the history row, the end of the books.
pub(crate) fn closing(step: &Step, writer: &Writer) -> Vec<Message> {
    let mut messages: Vec<Message> = queries(step.verify.as_ref(), Purpose::Verify).collect();
    messages.extend(forget_prepared(step));
    if step.may_touch_session() {
        messages.push(Message::plain(Purpose::Reset, RESET));
    }
    messages.push(record(step, writer));
    if step.batched().is_some() {
        // What is applied needs no books; a down and another up then begin anew. The record has read there when it began.
        let clear = writer.tables.sql(backfill::CLEAR);
        messages.push(Message::bound(Purpose::Books, clear, vec![Param::version(&step.id)]));
    }
    messages
}

/// The queries of a `guard` or `verify` section, each wrapped so that a row that is not true raises an error.
pub(crate) fn queries<'q>(
    script: Option<&'q SqlScript>,
    purpose: fn(usize) -> Purpose,
) -> impl Iterator<Item = Message> + 'q {
    script.into_iter().flat_map(move |script| {
        (0..script.statements.len()).map(move |at| {
            // The line break keeps a comment at the query's end from eating the parenthesis.
            let sql = format!(
                "select pg_catalog.concat('upshift: not true: ', pg_catalog.to_jsonb(checked))::integer \
                 from (\n{}\n) as checked (\"true?\") where checked.\"true?\" is not true limit 1",
                script.text(at)
            );
            Message::plain(purpose(at), sql)
        })
    })
}

/// One statement of a script.
pub(crate) fn statement(script: &SqlScript, at: usize) -> Message {
    let mut message = Message::plain(Purpose::Statement(at), script.text(at).to_owned());
    message.copy_data = script.copy_data(at).map(str::to_owned);
    message
}

/// Nothing that a migration sets may reach the next one, nor the history row behind it.
///
/// It stands at the beginning of every transaction, and before the history row where the text may have set something.
pub(crate) const RESET: &str = "reset session authorization; reset role; reset all; discard temp; close all";

/// Takes away what a step has prepared by PREPARE, and not what the driver has.
pub(crate) fn forget_prepared(step: &Step) -> Option<Message> {
    const FORGET: &str = "\
do $upshift$ declare prepared pg_catalog.text; begin
    for prepared in select p.name from pg_catalog.pg_prepared_statements p where p.from_sql loop
        execute pg_catalog.format('deallocate %I', prepared);
    end loop;
end $upshift$";
    step.says(&["prepare"]).then(|| Message::plain(Purpose::Reset, FORGET))
}
