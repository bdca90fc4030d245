//! What a health check asks the database, all at once.

use futures_util::future::{OptionFuture, join4};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::mark;
use crate::context::Context;
use crate::error::{Error, Holder};
use crate::facts::{Facts, Look};
use crate::history::health::LACKING;
use crate::history::privilege::Wanted;
use crate::history::sql;
use crate::lock::holder;
use crate::privilege;
use crate::session;

/// What of the history is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Whether it is that of the set and of nothing else; all of it where it is not.
    WhetherSettled,
    /// All of it.
    All,
}

/// What the database says beside its history.
pub(crate) struct Looked {
    /// Who holds the migration lock.
    pub(crate) holder: Option<Holder>,
    /// What the service has named and is not there.
    pub(crate) lacking: Vec<String>,
    /// The state of the catalogs, where it was asked for and could be read.
    pub(super) mark: Option<String>,
}

/// Looks: one round trip.
pub(crate) async fn look(context: &Context, asked: Asked) -> Result<(Look, Looked), Error> {
    let fingerprint = match asked {
        Asked::WhetherSettled => context.fingerprint()?,
        Asked::All => None,
    };
    let tables = context.tables();
    let client = session::borrow(context.pool()).await?;
    let history = async {
        match fingerprint {
            Some(fingerprint) => Look::within(&client, tables, fingerprint).await,
            None => Ok(Look::Unsettled(Facts::within(&client, tables).await?)),
        }
    };
    let key = tables.advisory_key(sql::LOCK);
    // One transaction: see `session::BEGIN`. An error of one question fails those behind it, so the history, which may
    // not be there, is asked for late, and the catalogs' state, which few may not read, last.
    let locked: [(&(dyn ToSql + Sync), Type); 1] = [(&key, Type::INT8)];
    let questions = join4(
        holder(&client, sql::LOCK_HOLDER, &locked),
        lacking(&client, context),
        history,
        OptionFuture::from(mark::is_wanted(context).then(|| mark::read(&client, tables))),
    );
    let (transaction, (holder, lacking, history, mark)) = session::in_transaction(&client, questions).await;
    let history = match history {
        Err(error) if error.sqlstate() == Some("42501") => {
            Err(privilege::explained(&client, tables, Wanted::Read, error).await)
        }
        history => history,
    };
    let answers = lacking.and_then(|lacking| Ok((history?, lacking)));
    let (history, lacking) =
        client.answered(session::whole(transaction, answers, "look whether the schema fits"))?;
    Ok((history, Looked { holder, lacking, mark: mark.flatten() }))
}

/// What the service has named and is not there.
async fn lacking(client: &Client, context: &Context) -> Result<Vec<String>, Error> {
    let named = &context.settings().requires;
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let of = |(relation, columns): &(String, Vec<String>)| {
        let columns = columns.iter().map(|column| (relation.clone(), Some(column.clone())));
        std::iter::once((relation.clone(), None)).chain(columns).collect::<Vec<_>>()
    };
    let (relations, columns): (Vec<String>, Vec<Option<String>>) = named.iter().flat_map(of).unzip();
    let values: [(&(dyn ToSql + Sync), Type); 2] =
        [(&relations, Type::TEXT_ARRAY), (&columns, Type::TEXT_ARRAY)];
    let looking = |cause| Error::database("look for what the service requires", cause);
    let rows = client.query_typed(LACKING, &values).await.map_err(looking)?;
    rows.iter().map(|row: &Row| row.try_get(0)).collect::<Result<_, _>>().map_err(looking)
}
