//! The schema as a run leaves it: kept at its end, compared at the beginning of the next one, and whenever somebody asks.
//!
//! All under the lock but the question, so that no other migrator's half-done work is in a snapshot, and of several
//! boots the one that migrates keeps it. What it is kept of is told by the history: where the process dies before it has
//! kept one, the last one is of another history than there is, and nobody takes the migrations since for drift.

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row, SimpleQueryMessage, SimpleQueryRow};
use upshift_schema::{Filter, Kind, ReadError, Snapshot};

use crate::answer::to_the_end;
use crate::context::Context;
use crate::drift::{Drift, Kept, NothingKept};
use crate::error::{Error, Left};
use crate::facts::is_untouched;
use crate::history::privilege::Wanted;
use crate::history::snapshot::{IS_STILL_KEPT, KEEP_SNAPSHOT, READ_SNAPSHOT};
use crate::history::sql::{NAMES, Tables};
use crate::lock::Lock;
use crate::plan::{Message, Note, Param, Purpose};
use crate::privilege;
use crate::report::Report;
use crate::session;
use crate::settings::DriftPolicy;

const READING: &str = "read the snapshot of the schema";

/// How often a question looks again because migrations were applied beside it.
const MOST_LOOKS: usize = 3;

/// Keeps the schema as a run leaves it.
pub(crate) struct Recorder {
    filter: Filter,
    base: Base,
}

/// What a run began on.
enum Base {
    /// Drift is ignored.
    Ignored,
    /// The schema that was kept, or none that could be compared: what is there at the end is what should be.
    AsKept,
    /// Another one: what differed at the beginning does not become right by a run.
    Drifted { kept: Snapshot, before: Snapshot },
    /// It could not be looked at. What is there at the end may have drifted before, and nobody would know.
    Unseen,
}

impl Recorder {
    /// Looks at the schema before a run changes it, and says in its report where it has drifted.
    ///
    /// # Errors
    /// The schema has drifted, or cannot be looked at, and the policy is to refuse.
    pub(crate) async fn begin(
        context: &Context,
        lock: &Lock,
        report: &mut Report,
    ) -> Result<Recorder, Error> {
        let filter = filter(context);
        let policy = context.settings().drift;
        if policy == DriftPolicy::Ignore {
            return Ok(Recorder { filter, base: Base::Ignored });
        }
        match look(lock.session.client(), context.tables(), &filter).await {
            Ok(Looked { drift, kept: Some(kept), live: before }) if drift.is_found() => {
                if policy == DriftPolicy::Refuse {
                    return Err(Error::drifted(drift));
                }
                tracing::warn!("{}", drift.headline());
                report.notes.push(Note::Drifted(drift.headline()));
                Ok(Recorder { filter, base: Base::Drifted { kept, before } })
            }
            Ok(Looked { drift, .. }) => {
                if let Drift::Unknown { why: why @ NothingKept::Outdated { .. } } = drift {
                    tracing::warn!("the schema is not compared before this run: {why}");
                }
                Ok(Recorder { filter, base: Base::AsKept })
            }
            Err(error) if policy == DriftPolicy::Refuse => Err(error),
            Err(error) => {
                tracing::warn!(error = error.in_one_line(), "the schema is not compared before this run");
                Ok(Recorder { filter, base: Base::Unseen })
            }
        }
    }

    /// For a call that says of the schema that it is right as it is.
    pub(crate) fn anew(context: &Context) -> Recorder {
        let base = match context.settings().drift {
            DriftPolicy::Ignore => Base::Ignored,
            DriftPolicy::Watch | DriftPolicy::Refuse => Base::AsKept,
        };
        Recorder { filter: filter(context), base }
    }

    /// Keeps the schema after a run, unless that has changed nothing.
    ///
    /// The run is over: where this fails it is told, and the question for drift is not answered until the next one.
    pub(crate) async fn keep_after(
        &self,
        outcome: &Result<(), Error>,
        context: &Context,
        lock: &Lock,
        report: &Report,
    ) {
        let is_untouched = |error: &Error| {
            let left = error.failure().map(|failure| &failure.left);
            error.is_connection_lost() || report.is_empty() && left == Some(&Left::Nothing)
        };
        if !outcome.as_ref().is_err_and(is_untouched) {
            self.keep(context, lock).await;
        }
    }

    /// Keeps the schema.
    pub(crate) async fn keep(&self, context: &Context, lock: &Lock) {
        if let Err(error) = lock.keep(self.try_to_keep(context, lock)).await {
            let error = error.in_one_line();
            tracing::warn!(
                error,
                "no snapshot of the schema was kept: whether it drifts is not known until the next run"
            );
        }
    }

    async fn try_to_keep(&self, context: &Context, lock: &Lock) -> Result<(), Error> {
        if matches!(self.base, Base::Ignored | Base::Unseen) {
            return Ok(());
        }
        let (other, mut wire);
        wire = lock.wire();
        if wire.is_spoiled() {
            other = session::borrow(context.pool()).await?;
            (wire.client, wire.prepared) = (&other, &[]);
        }
        let live = read_schema(wire.client, &self.filter).await?;
        let schema = match &self.base {
            Base::Drifted { kept, before } => kept.followed(before, &live),
            Base::Ignored | Base::AsKept | Base::Unseen => live,
        };
        let written = wire.ask(&kept(context.tables(), &self.filter, &schema)).await;
        let rows = written.map_err(|cause| Error::database("keep a snapshot of the schema", cause))?;
        if rows.is_empty() { Err(Error::lock_lost(None)) } else { Ok(()) }
    }
}

/// What keeps this schema. Gives no row where the lease is somebody else's.
pub(crate) fn kept(tables: &Tables, filter: &Filter, schema: &Snapshot) -> Message {
    let values = vec![
        Param::Token,
        Param::Owner,
        Param::text(filter.to_string()),
        Param::text(schema.fingerprint().to_string()),
        Param::text(schema.to_string()),
    ];
    Message::bound(Purpose::Record, tables.sql(KEEP_SNAPSHOT), values)
}

/// Which objects drift is about.
pub(crate) fn filter(context: &Context) -> Filter {
    let said = context.settings().drift_filter.clone();
    let filter = said.unwrap_or_else(|| Filter::new().without_kinds([Kind::UserMapping]));
    let filter = filter.lock_timeout(context.settings().timeouts.lock);
    without_own(context, filter)
}

/// The filter without our own tables, wherever they stand.
pub(crate) fn without_own(context: &Context, filter: Filter) -> Filter {
    match context.tables().schema().as_str() {
        "upshift" => filter,
        // Our tables may stand among the service's own there, which drift as any.
        schema => filter.without_objects(schema, NAMES.iter().copied()),
    }
}

/// The live schema beside the one that was kept.
pub(crate) struct Looked {
    pub(crate) drift: Drift,
    /// What was kept, where it can be compared.
    pub(crate) kept: Option<Snapshot>,
    pub(crate) live: Snapshot,
}

/// Compares, where nobody else can migrate meanwhile.
pub(crate) async fn look(client: &Client, tables: &Tables, filter: &Filter) -> Result<Looked, Error> {
    let row = KeptRow::read(client, tables).await?;
    let live = read_schema(client, filter).await?;
    Ok(compared(row.as_ref(), filter, live))
}

/// Compares beside migrators that may be at work.
pub(crate) async fn drift(context: &Context) -> Result<Drift, Error> {
    let client = session::borrow(context.pool()).await?;
    let drift = drift_from(&client, context.tables(), &filter(context)).await;
    client.answered(drift)
}

async fn drift_from(client: &Client, tables: &Tables, filter: &Filter) -> Result<Drift, Error> {
    let mut looks = 0;
    loop {
        let row = match session::at_once(client, KeptRow::read(client, tables), READING).await {
            Ok(row) => row,
            Err(error) if error.sqlstate() == Some("42501") => {
                return Err(privilege::explained(client, tables, Wanted::Compare, error).await);
            }
            Err(error) => return Err(error),
        };
        let Some(mut row) = row else { return Ok(Drift::Unknown { why: NothingKept::Never }) };
        let live = read_schema(client, filter).await?;
        looks += 1;
        if row.is_current && !row.is_still_kept(client, tables).await? {
            if looks < MOST_LOOKS {
                continue;
            }
            row.is_current = false;
        }
        return Ok(compared(Some(&row), filter, live).drift);
    }
}

/// As [`Snapshot::read`], to the end of the answer: a table that is locked is an error, and the run goes on.
async fn read_schema(client: &Client, filter: &Filter) -> Result<Snapshot, Error> {
    let (sql, mut rows) = (filter.sql(), Vec::new());
    let keep = |message| {
        if let SimpleQueryMessage::Row(row) = message {
            rows.push(row);
        }
    };
    let read = to_the_end(client, &sql, keep).await;
    read.map_err(|cause| Error::schema(ReadError::Server(cause)))?;
    let of = |row, at| SimpleQueryRow::get(row, at).unwrap_or_default();
    let rows = rows.iter().map(|row| (of(row, 0), of(row, 1), of(row, 2)));
    Snapshot::of_rows(rows, filter).map_err(|cause| Error::schema(ReadError::Row(cause)))
}

/// The row of a snapshot.
struct KeptRow {
    kept: Kept,
    token: i64,
    filter: String,
    schema: String,
    /// The history as it is.
    history: String,
    /// Whether the snapshot is of that.
    is_current: bool,
}

impl KeptRow {
    async fn read(client: &Client, tables: &Tables) -> Result<Option<KeptRow>, Error> {
        let broken = |cause| Error::database(READING, cause);
        match client.query_typed(&tables.sql(READ_SNAPSHOT), &[]).await {
            Ok(rows) => rows.first().map(KeptRow::of).transpose().map_err(broken),
            Err(cause) if is_untouched(&cause) => Ok(None),
            Err(cause) => Err(broken(cause)),
        }
    }

    fn of(row: &Row) -> Result<KeptRow, tokio_postgres::Error> {
        let kept = Kept {
            at: row.try_get("at")?,
            service: row.try_get("service")?,
            release: row.try_get("release")?,
            server: row.try_get("server")?,
            asked: row.try_get("major")?,
            fingerprint: row.try_get("fingerprint")?,
        };
        Ok(KeptRow {
            kept,
            token: row.try_get("token")?,
            filter: row.try_get("filter")?,
            schema: row.try_get("schema")?,
            history: row.try_get("history")?,
            is_current: row.try_get("is_current")?,
        })
    }

    /// Whether nobody has migrated since it was read.
    async fn is_still_kept(&self, client: &Client, tables: &Tables) -> Result<bool, Error> {
        let broken = |cause| Error::database(READING, cause);
        let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
            [(&self.token, Type::INT8), (&self.history, Type::TEXT)];
        let rows = client.query_typed(&tables.sql(IS_STILL_KEPT), &values).await.map_err(broken)?;
        rows.first().map_or(Ok(false), |row| row.try_get("still").map_err(broken))
    }
}

fn compared(row: Option<&KeptRow>, filter: &Filter, live: Snapshot) -> Looked {
    let unknown = |why, live| Looked { drift: Drift::Unknown { why }, kept: None, live };
    let Some(row) = row else { return unknown(NothingKept::Never, live) };
    if row.filter != filter.to_string() {
        let why = NothingKept::OtherObjects { kept: row.filter.clone(), asked: filter.to_string() };
        return unknown(why, live);
    }
    let parsed = row.schema.parse::<Snapshot>().map_err(|cause| cause.to_string());
    let snapshot = match parsed {
        Ok(snapshot) => snapshot,
        Err(why) => return unknown(NothingKept::OtherFormat { why }, live),
    };
    let (kept, diff) = (row.kept.clone(), snapshot.diff(&live));
    if !row.is_current {
        return unknown(NothingKept::Outdated { kept, diff }, live);
    }
    let drift = if diff.changes.is_empty() { Drift::None { kept } } else { Drift::Found { kept, diff } };
    Looked { drift, kept: Some(snapshot), live }
}
