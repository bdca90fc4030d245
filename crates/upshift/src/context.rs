//! What every part of a run needs to know: where, with what, as it was told.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use deadpool_postgres::Pool;
use upshift_files::{MigrationSet, Vars, Version};
use upshift_schema::Filter;

use crate::code::Backfill;
use crate::drift::Marked;
use crate::error::Error;
use crate::event::{Event, Hooks, Observer, StatementHooks};
use crate::facts::Facts;
use crate::gate::GatePolicy;
use crate::history::History;
use crate::history::privilege::Wanted;
use crate::history::sql::Tables;
use crate::ident::Ident;
use crate::plan::{Plan, Refusal, Target, Unplanned, UpRequest, Writer};
use crate::privilege;
use crate::session;
use crate::settings::{BackfillPolicy, DriftPolicy, Grouping, Identity, LockPolicy, Policy, Timeouts};
use crate::source::{Kept, Source};

/// The future behind a public call.
///
/// The body of an async function is compiled by the crate that awaits it. Behind a box it is compiled here, once, and
/// not at every build of the service: that was 40 of its CPU seconds.
pub(crate) type Here<'m, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'm>>;

/// A plan to the head, or every reason against one.
pub(crate) type Planned = Result<Plan, Vec<Refusal>>;

/// What every part of a run needs to know.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) pool: Pool,
    source: Source,
    kept: Kept,
    pub(crate) settings: Settings,
    pub(crate) tables: Tables,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
    pub(crate) hooks: Option<Arc<dyn Hooks>>,
    /// What is known of drift.
    pub(crate) marked: Marked,
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
    /// Relations that the service cannot do without, and columns of them.
    pub(crate) requires: Vec<(String, Vec<String>)>,
}

impl Context {
    /// What knows where, with what, and nothing else yet.
    pub(crate) fn new(pool: Pool, source: Source) -> Context {
        Context {
            pool,
            source,
            kept: Kept::default(),
            settings: Settings::default(),
            tables: Tables::new(Ident::upshift()),
            observers: Vec::new(),
            hooks: None,
            marked: Marked::default(),
            backfills: BTreeMap::new(),
        }
    }

    /// The migrations, understood: once, unless they are of a folder.
    ///
    /// # Errors
    /// As [`Source::set`].
    pub(crate) fn set(&self) -> Result<Arc<MigrationSet>, Error> {
        self.kept.set(&self.source)
    }

    /// What a database that has all of it is recognised by, for a question: a source is read for it, once, that the macro
    /// has not read. `None` of a folder.
    ///
    /// # Errors
    /// As [`Source::set`].
    pub(crate) fn fingerprint(&self) -> Result<Option<&str>, Error> {
        self.kept.fingerprint(&self.source)
    }

    /// What there is to do about a history, or why nothing can be.
    ///
    /// # Errors
    /// Mistakes in the files.
    pub(crate) fn planned(&self, set: &MigrationSet, history: &History) -> Result<Planned, Error> {
        match Plan::up(set, history, &self.up_request(&Target::Head)) {
            Ok(plan) => Ok(Ok(plan)),
            Err(Unplanned::Refused(refusals)) => Ok(Err(refusals)),
            Err(mistakes) => Err(self.unplanned(mistakes)),
        }
    }

    /// Why there is no plan, each mistake of a file where a person would look for it.
    pub(crate) fn unplanned(&self, unplanned: Unplanned) -> Error {
        match unplanned {
            Unplanned::Files(found) => self.source.wrong(found),
            Unplanned::Refused(refusals) => Error::refused(refusals),
        }
    }

    /// Reads the history: one round trip.
    pub(crate) async fn read(&self) -> Result<Facts, Error> {
        let client = session::borrow(&self.pool).await?;
        let facts = Facts::read(&client, &self.tables).await;
        client.answered(facts)
    }

    /// The set and the history. The files are read while the server's answer is on its way: a thousand of them take as
    /// long as it does.
    pub(crate) async fn set_and_facts(&self) -> Result<(Arc<MigrationSet>, Facts), Error> {
        let set = async {
            // Lets the driver put the question on the wire first.
            tokio::task::yield_now().await;
            self.set()
        };
        let (facts, set) = futures_util::future::join(self.read(), set).await;
        Ok((set?, facts?))
    }

    /// What came of a first look for a run: where it was refused, all that a run needs is told, and not only what the
    /// look needs.
    pub(crate) async fn for_a_run<T>(&self, looked: Result<T, Error>) -> Result<T, Error> {
        let refused = match looked {
            Err(error) if !error.grants().is_empty() => error,
            looked => return looked,
        };
        let client = session::borrow(&self.pool).await?;
        let refused = privilege::explained(&client, &self.tables, self.wanted_by_a_run(), refused).await;
        Err(refused)
    }

    /// What came of a question about a rollout: where it was refused, all that such questions need is told.
    pub(crate) async fn for_watching<T>(&self, read: Result<T, Error>) -> Result<T, Error> {
        let refused = match read {
            Err(error) if error.sqlstate() == Some("42501") => error,
            read => return read,
        };
        let client = session::borrow(&self.pool).await?;
        let refused = privilege::explained(&client, &self.tables, Wanted::Watch, refused).await;
        Err(refused)
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
        #[cfg(feature = "metrics")]
        crate::meter::event(self.settings.identity.service.as_deref(), event);
        self.observers.iter().for_each(|observer| observer.event(event));
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
