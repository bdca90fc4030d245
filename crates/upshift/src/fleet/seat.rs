//! One registration: taken, prolonged, given up.

use futures_util::future::{TryFutureExt, try_join};
use time::OffsetDateTime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, SimpleQueryMessage};
use upshift_files::Version;

use super::Inner;
use crate::answer::to_the_end;
use crate::error::Error;
use crate::history::fleet;
use crate::history::privilege::Wanted;
use crate::history::sql::Tables;
use crate::ident::literal;
use crate::plan::{Refusal, RefusalKind};
use crate::privilege;
use crate::session;
use crate::settings::milliseconds;

/// How long a contract that is just being applied is waited for; it holds on for as long as its lock timeout.
const FENCE_WAIT_MS: u32 = 30_000;

/// Where a process is registered, and what it tolerates there.
pub(super) struct Seat {
    tables: Tables,
    contracts: Vec<i64>,
}

/// What came of asking for a registration.
pub(super) enum Taken {
    Seated,
    /// Contracts are applied that the code does not know.
    Fenced(Vec<Refusal>),
}

impl Seat {
    pub(super) fn new(tables: Tables, contracts: Vec<Version>) -> Seat {
        let contracts = contracts.iter().filter_map(|it| i64::try_from(it.number()).ok()).collect();
        Seat { tables, contracts }
    }

    /// Registers, or registers again after the lease was over.
    ///
    /// One message and so one transaction, which nobody can be dropped in the middle of: it waits for a contract that is
    /// being applied, looks for fences, and registers where there are none. Its values are literals, since what is bound
    /// goes one statement at a time.
    pub(super) async fn take(&self, inner: &Inner) -> Result<Taken, Error> {
        let mut upgraded = false;
        loop {
            let client = session::borrow(inner.migrator.context.pool()).await?;
            let joining = |cause| Error::database("register this process", cause);
            let mut answers = Vec::new();
            let message = self.joining(inner);
            match to_the_end(&client, &message, |answer| answers.push(answer)).await {
                Ok(()) => return client.answered(self.taken(&answers)),
                // Tables of an older format, or none at all yet.
                Err(cause) if is_missing(&cause) && !upgraded => {
                    // It may be the pool's only one.
                    client.give_back();
                    inner.migrator.upgrade_tables().await?;
                    upgraded = true;
                }
                Err(cause) if cause.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                    return Err(
                        privilege::explained(&client, &self.tables, Wanted::Join, joining(cause)).await
                    );
                }
                Err(cause) => return Err(joining(cause)),
            }
        }
    }

    fn joining(&self, inner: &Inner) -> String {
        let identity = &inner.migrator.context.settings().identity;
        let optional = |text: &Option<String>| text.as_deref().map_or("null".to_owned(), literal);
        let service = identity.service.clone().unwrap_or_else(|| self.tables.schema().as_str().to_owned());
        let contracts = self.contracts.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        let contracts = literal(&format!("{{{contracts}}}"));
        let lease = milliseconds(inner.policy().lease).to_string();
        let values = [
            literal(&inner.id),
            literal(&service),
            optional(&identity.release),
            optional(&identity.host),
            contracts.clone(),
            lease,
        ];
        let key = self.tables.advisory_key(fleet::FLEET).to_string();
        format!(
            "{};\nselect pg_catalog.set_config('lock_timeout', '{FENCE_WAIT_MS}', true);\n{};\n{};\n{};\n{}",
            fleet::SEES_OTHERS,
            with_literals(fleet::JOINING, &[key]),
            with_literals(&self.tables.sql(fleet::FORGET_OLD), &[]),
            with_literals(&self.tables.sql(fleet::JOIN), &values),
            with_literals(&self.tables.sql(fleet::READ_FENCES), &[contracts]),
        )
    }

    fn taken(&self, answers: &[SimpleQueryMessage]) -> Result<Taken, Error> {
        let rows = answers.iter().filter_map(|answer| match answer {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let (mut seated, mut refusals) = (false, Vec::new());
        for row in rows {
            match (row.try_get("id"), row.try_get("version"), row.try_get("name")) {
                (Ok(Some(_)), ..) => seated = true,
                (_, Ok(Some(version)), Ok(Some(name))) => {
                    let label = format!("{version}_{name}");
                    refusals.push(Refusal { label, kind: RefusalKind::Fenced });
                }
                _ => {}
            }
        }
        match (refusals.is_empty(), seated) {
            (false, _) => Ok(Taken::Fenced(refusals)),
            (true, true) => Ok(Taken::Seated),
            (true, false) => Err(Error::not_joined()),
        }
    }

    /// A heartbeat; the contracts that this code does not know, if there are any by now.
    ///
    /// `looked` is when the process looked at its switches.
    pub(super) async fn renew(
        &self,
        inner: &Inner,
        looked: Option<OffsetDateTime>,
    ) -> Result<Vec<String>, Error> {
        let beating = |cause| Error::database(BEATING, cause);
        let client = session::borrow(inner.migrator.context.pool()).await?;
        let (renew, fences) = (self.tables.sql(fleet::RENEW), self.tables.sql(fleet::READ_FENCES));
        let lease = milliseconds(inner.policy().lease) as i64;
        let renewing: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
            [(&inner.id, Type::TEXT), (&lease, Type::INT8), (&looked, Type::TIMESTAMPTZ)];
        let fencing: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 1] =
            [(&self.contracts, Type::INT8_ARRAY)];
        let questions =
            try_join(client.query_typed(&renew, &renewing), client.query_typed(&fences, &fencing))
                .map_err(beating);
        let asked = session::at_once(&client, questions, BEATING);
        let Ok(answers) = tokio::time::timeout(inner.hearing(), asked).await else {
            return Err(Error::silent(BEATING, inner.hearing()));
        };
        let (renewed, fences) = client.answered(answers)?;
        let label = |row: &tokio_postgres::Row| -> Result<String, tokio_postgres::Error> {
            Ok(format!("{}_{}", row.try_get::<_, i64>("version")?, row.try_get::<_, String>("name")?))
        };
        let fences = fences.iter().map(label).collect::<Result<Vec<_>, _>>().map_err(beating)?;
        if !renewed.is_empty() || !fences.is_empty() {
            return Ok(fences);
        }
        // The lease was over, or somebody took the registration away: nobody counted on us meanwhile.
        tracing::warn!(id = inner.id, "the lease was over: registering again");
        match self.take(inner).await? {
            Taken::Seated => Ok(Vec::new()),
            Taken::Fenced(refusals) => Ok(refusals.into_iter().map(|refusal| refusal.label).collect()),
        }
    }

    pub(super) async fn leave(&self, client: &Client, id: &str) -> Result<(), Error> {
        let left = client.query_typed(&self.tables.sql(fleet::LEAVE), &[(&id, Type::TEXT)]).await;
        left.map(|_| ()).map_err(|cause| Error::database("deregister this process", cause))
    }
}

const BEATING: &str = "send a heartbeat";

fn is_missing(cause: &tokio_postgres::Error) -> bool {
    let missing = [SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME, SqlState::UNDEFINED_COLUMN];
    cause.code().is_some_and(|code| missing.contains(code))
}

/// The text with `$1`, `$2`, … put in as literals, which are quoted already. A `$` in a quoted name is its own.
fn with_literals(sql: &str, values: &[String]) -> String {
    let mut pieces = sql.split('$');
    let first = pieces.next().unwrap_or_default();
    let mut text = first.to_owned();
    let mut quotes = first.matches('"').count();
    for piece in pieces {
        let in_a_name = quotes % 2 == 1;
        quotes += piece.matches('"').count();
        if in_a_name {
            text.push('$');
            text.push_str(piece);
            continue;
        }
        let digits = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = piece.split_at(digits);
        match number.parse::<usize>().ok().and_then(|nth| values.get(nth.wrapping_sub(1))) {
            Some(value) => text.push_str(value),
            None => {
                text.push('$');
                text.push_str(number);
            }
        }
        text.push_str(rest);
    }
    text
}
