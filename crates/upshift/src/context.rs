//! What every part of a run needs to know: where, with what, as it was told.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use deadpool_postgres::Pool;
use upshift_files::{Vars, Version};
use upshift_schema::Filter;

use crate::code::Backfill;
use crate::error::Error;
use crate::event::{Event, Hooks, Observer, StatementHooks};
use crate::facts::Facts;
use crate::gate::GatePolicy;
use crate::history::privilege::Wanted;
use crate::history::sql::Tables;
use crate::plan::{Target, UpRequest, Writer};
use crate::privilege;
use crate::session;
use crate::settings::{BackfillPolicy, DriftPolicy, Grouping, Identity, LockPolicy, Policy, Timeouts};
use crate::source::Source;

/// The future behind a public call.
///
/// The body of an async function is compiled by the crate that awaits it. Behind a box it is compiled here, once, and
/// not at every build of the service: that was 40 of its CPU seconds.
pub(crate) type Here<'m, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'm>>;

/// What every part of a run needs to know.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) pool: Pool,
    pub(crate) source: Source,
    pub(crate) settings: Settings,
    pub(crate) tables: Tables,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) hooks: Option<Arc<dyn Hooks>>,
    /// The Rust code of backfills, by version.
    pub(crate) backfills: BTreeMap<Version, Arc<dyn Backfill>>,
}

/// What a migrator was told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(crate) policy: Policy,
    pub(crate) timeouts: Timeouts,
    pub(crate) backfill: BackfillPolicy,
    pub(crate) lock: LockPolicy,
    pub(crate) grouping: Grouping,
    pub(crate) identity: Identity,
    pub(crate) vars: Vars,
    pub(crate) gate: GatePolicy,
    pub(crate) drift: DriftPolicy,
    /// Which objects drift is about, where that was said.
    pub(crate) drift_filter: Option<Filter>,
    /// Histories of other services, and their contracts that this one's code tolerates.
    pub(crate) tolerates: Vec<(Tables, Vec<Version>)>,
}

impl Context {
    /// Reads the history: one round trip.
    pub(crate) async fn read(&self) -> Result<Facts, Error> {
        Facts::read(&*session::borrow(&self.pool).await?, &self.tables).await
    }

    /// What came of a first look for a run: where it was refused, all that a run needs is told, and not only what the
    /// look needs.
    pub(crate) async fn for_a_run<T>(&self, looked: Result<T, Error>) -> Result<T, Error> {
        let refused = match looked {
            Err(error) if !error.grants().is_empty() => error,
            looked => return looked,
        };
        let client = session::borrow(&self.pool).await?;
        Err(privilege::explained(&client, &self.tables, self.wanted_by_a_run(), refused).await)
    }

    /// What a run wants to do with upshift's own tables.
    pub(crate) fn wanted_by_a_run(&self) -> Wanted {
        match self.settings.drift {
            DriftPolicy::Ignore => Wanted::Write,
            DriftPolicy::Watch | DriftPolicy::Refuse => Wanted::WriteAndKeep,
        }
    }

    pub(crate) fn up_request<'r>(&'r self, target: &'r Target) -> UpRequest<'r> {
        UpRequest {
            target,
            policy: self.settings.policy,
            grouping: self.settings.grouping,
            vars: &self.settings.vars,
            writer: self.writer(),
        }
    }

    pub(crate) fn writer(&self) -> Writer {
        Writer {
            tables: self.tables.clone(),
            identity: self.settings.identity.clone(),
            timeouts: self.settings.timeouts,
        }
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn tables(&self) -> &Tables {
        &self.tables
    }

    pub(crate) fn hooks(&self) -> Option<&Arc<dyn Hooks>> {
        self.hooks.as_ref()
    }

    pub(crate) fn statement_hooks(&self) -> Option<&dyn StatementHooks> {
        self.hooks.as_ref().and_then(|hooks| hooks.statements())
    }

    pub(crate) fn tell(&self, event: &Event<'_>) {
        tracing::debug!(?event);
        if let Some(observer) = &self.observer {
            observer.event(event);
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("settings", &self.settings)
            .field("tables", &self.tables)
            .finish_non_exhaustive()
    }
}
