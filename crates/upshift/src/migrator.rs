//! The front door: a pool, a source, and what may be asked of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use upshift_files::{MigrationSet, Vars};

use crate::error::Error;
use crate::event::{Event, Hooks, Observer};
use crate::execute::execute;
use crate::history::sql::Tables;
use crate::audit::Audit;
use crate::facts::{Facts, read_texts};
use crate::ident::{Ident, IdentError};
use crate::lock::{Asked, Lock, Need};
use crate::plan::{DownRequest, DownTarget, Entry, Plan, Reason, Target, UpRequest, Writer, selected};
use crate::report::Report;
use crate::repair::Repair;
use crate::resume::refuse_edited_beginnings;
use crate::session;
use crate::settings::{Grouping, Identity, LockPolicy, Policy, Timeouts};
use crate::source::Source;

/// Brings a database to a set of migrations, and back.
///
/// Cheap to clone. A value that says what it was told; it holds no connection.
///
/// ```no_run
/// # async fn boot(pool: deadpool_postgres::Pool) -> Result<(), upshift::Error> {
/// use upshift::{Migrator, Source};
/// let migrator = Migrator::new(pool, Source::folder("migrations")).service("orders", "1.4.2");
/// let report = migrator.run().await?;
/// tracing::info!("{report}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Migrator {
    pool: Pool,
    source: Source,
    settings: Settings,
    tables: Tables,
    observer: Option<Arc<dyn Observer>>,
    hooks: Option<Arc<dyn Hooks>>,
}

/// What a migrator was told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(crate) policy: Policy,
    pub(crate) timeouts: Timeouts,
    pub(crate) lock: LockPolicy,
    pub(crate) grouping: Grouping,
    pub(crate) identity: Identity,
    pub(crate) vars: Vars,
}

impl Migrator {
    /// A migrator for the database behind this pool.
    ///
    /// One connection of the pool is used, a second for a moment to see who is in the way of a waiting migration, and
    /// for the whole run behind a transaction pooler. A connection that migrated is closed, never given back.
    pub fn new(pool: Pool, source: impl Into<Source>) -> Migrator {
        Migrator {
            pool,
            source: source.into(),
            settings: Settings::default(),
            tables: Tables::new(Ident::upshift()),
            observer: None,
            hooks: None,
        }
    }

    /// The schema that holds history and audit, `upshift` unless said otherwise: one for each service in a shared
    /// database. It is made when it is not there.
    ///
    /// # Errors
    /// A name that PostgreSQL would not keep as it is.
    pub fn schema(mut self, name: &str) -> Result<Migrator, IdentError> {
        self.tables = Tables::new(Ident::new(name)?);
        Ok(self)
    }

    /// The service and its release, written into history and audit.
    pub fn service(mut self, name: impl Into<String>, release: impl Into<String>) -> Migrator {
        self.settings.identity.service = Some(name.into());
        self.settings.identity.release = Some(release.into());
        self
    }

    /// The host written into history and audit, instead of the address the server sees.
    pub fn host(mut self, host: impl Into<String>) -> Migrator {
        self.settings.identity.host = Some(host.into());
        self
    }

    /// What to do with out of order and missing migrations.
    pub fn policy(mut self, policy: Policy) -> Migrator {
        self.settings.policy = policy;
        self
    }

    /// The time limits of statements and retries.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Migrator {
        self.settings.timeouts = timeouts;
        self
    }

    /// How to wait for another migrator.
    pub fn lock(mut self, lock: LockPolicy) -> Migrator {
        self.settings.lock = lock;
        self
    }

    /// Whether the pending migrations each have a transaction of their own.
    pub fn grouping(mut self, grouping: Grouping) -> Migrator {
        self.settings.grouping = grouping;
        self
    }

    /// The values of `${name}` in migrations that say `vars on`.
    pub fn vars(mut self, vars: Vars) -> Migrator {
        self.settings.vars = vars;
        self
    }

    /// Who sees every event of a run.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Migrator {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Code of yours around the migrations. Costs the pipelining: see [`Hooks`].
    pub fn hooks_with(mut self, hooks: impl Hooks + 'static) -> Migrator {
        self.hooks = Some(Arc::new(hooks));
        self
    }

    /// Applies every pending migration that nothing blocks.
    ///
    /// Reads the history and plans; with nothing to do that is all: one round trip, no lock, nothing written. Otherwise
    /// takes the lock, reads and plans again, and carries the plan out.
    ///
    /// # Locks
    /// One advisory lock on the connection that works; each statement waits at most [`Timeouts::lock`] for table locks
    /// and gives up rather than queue in front of your traffic, then tries again within [`Timeouts::retry`].
    ///
    /// # Errors
    /// [`Error::diagnostics`] for mistakes in the files, [`Error::refusals`] when no plan can be made,
    /// [`Error::is_locked`] when another migrator is at work for longer than [`LockPolicy::wait`], [`Error::failure`]
    /// when a migration fails. What was done before is in [`Error::report`].
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection: the running transaction rolls back, the lock is freed, and the next
    /// run goes on where this one stopped.
    pub async fn run(&self) -> Result<Report, Error> {
        self.up(Target::Head).await
    }

    /// Applies pending migrations up to a target. As [`Migrator::run`] in all else.
    ///
    /// # Errors
    /// As [`Migrator::run`]; a target that the set does not have is refused.
    #[tracing::instrument(name = "upshift.up", skip_all, fields(schema = self.tables.schema().as_str()))]
    pub async fn up(&self, target: Target) -> Result<Report, Error> {
        let began = Instant::now();
        let (set, first) = self.set_and_facts().await?;
        let plan_from = |facts: &Facts| Plan::up(&set, facts.history(), &self.up_request(&target));
        let plan = self.explained(plan_from(&first), &set, &first).await?;
        if plan.is_empty() {
            return Ok(report_of(&plan, began, Duration::ZERO));
        }
        let waiting = Instant::now();
        match Lock::ask(self, |facts| plan_from(facts).map(|plan| Need::of(&plan))).await? {
            Asked::NotNeeded(facts) => Ok(report_of(&plan_from(&facts)?, began, waiting.elapsed())),
            Asked::Held(lock, facts) => {
                let waited = waiting.elapsed();
                let plan = plan_from(&facts)?;
                self.carry_out(*lock, &plan, began, waited).await
            }
        }
    }

    /// Reverts applied migrations down to a target, in the reverse order of their application.
    ///
    /// Uses the down this binary has, or else the one that was stored when the migration was applied. A migration
    /// without a way back is refused before anything is done.
    ///
    /// # Locks
    /// As [`Migrator::run`].
    ///
    /// # Errors
    /// As [`Migrator::run`].
    ///
    /// # Cancel safety
    /// As [`Migrator::run`].
    #[tracing::instrument(name = "upshift.down", skip_all, fields(schema = self.tables.schema().as_str()))]
    pub async fn down(&self, target: DownTarget) -> Result<Report, Error> {
        let began = Instant::now();
        let set = self.source.set()?;
        let first = self.plan_down_of(&set, target).await?;
        if first.is_empty() {
            return Ok(report_of(&first, began, Duration::ZERO));
        }
        let waiting = Instant::now();
        let need = |facts: &Facts| {
            Ok(if selected(facts.history(), target).is_empty() { Need::Nothing } else { Need::Work })
        };
        match Lock::ask(self, need).await? {
            Asked::NotNeeded(_) => Ok(report_of(&first, began, waiting.elapsed())),
            Asked::Held(lock, _) => {
                let waited = waiting.elapsed();
                let plan = self.plan_down_of(&set, target).await?;
                self.carry_out(*lock, &plan, began, waited).await
            }
        }
    }

    /// Reverts the last applied migration and applies it again, as it is now.
    ///
    /// # Errors
    /// As [`Migrator::down`] and [`Migrator::up`].
    pub async fn redo(&self) -> Result<Report, Error> {
        let reverted = self.down(DownTarget::Steps(1)).await?;
        let mut report = reverted.clone();
        let Some(step) = reverted.steps.first() else { return Ok(report) };
        let upshift_files::MigrationId::Version(version) = step.id else { return Ok(report) };
        let applied = self.up(Target::Only(vec![version])).await.map_err(|error| {
            let mut done = reverted.clone();
            done.steps.extend(error.report().map(|report| report.steps.clone()).unwrap_or_default());
            error.with_report(done)
        })?;
        report.steps.extend(applied.steps);
        report.took += applied.took;
        report.waited += applied.waited;
        Ok(report)
    }

    /// What [`Migrator::up`] would do now. Writes nothing.
    ///
    /// # Errors
    /// As [`Migrator::run`], as far as a plan goes.
    pub async fn plan(&self, target: Target) -> Result<Plan, Error> {
        let (set, facts) = self.set_and_facts().await?;
        let plan = Plan::up(&set, facts.history(), &self.up_request(&target));
        self.explained(plan, &set, &facts).await
    }

    /// What [`Migrator::down`] would do now. Writes nothing.
    ///
    /// # Errors
    /// As [`Migrator::down`], as far as a plan goes.
    pub async fn plan_down(&self, target: DownTarget) -> Result<Plan, Error> {
        self.plan_down_of(&self.source.set()?, target).await
    }

    /// The audit of this database.
    pub fn audit(&self) -> Audit<'_> {
        Audit::of(self)
    }

    /// The calls that set the history right by hand, each audited.
    pub fn repair(&self) -> Repair<'_> {
        Repair::of(self)
    }

    async fn carry_out(&self, lock: Lock, plan: &Plan, began: Instant, waited: Duration) -> Result<Report, Error> {
        if let Err(refused) = refuse_edited_beginnings(lock.session.client(), &self.tables, plan).await {
            lock.release().await?;
            return Err(refused);
        }
        let mut report = report_of(plan, began, waited);
        let outcome = lock.keep(execute(self, plan, &lock, &mut report)).await;
        report.took = began.elapsed();
        if let Err(error) = outcome {
            // Where the connection still works the next one need not wait for its end.
            if !error.is_connection_lost() && lock.release().await.is_err() {
                tracing::debug!("the lock ends with its connection");
            }
            return Err(error.with_report(report));
        }
        lock.release().await?;
        report.took = began.elapsed();
        Ok(report)
    }

    async fn plan_down_of(&self, set: &MigrationSet, target: DownTarget) -> Result<Plan, Error> {
        let client = session::borrow(&self.pool).await?;
        let facts = Facts::read(&client, &self.tables).await?;
        let mut stored = BTreeMap::new();
        for row in selected(facts.history(), target) {
            stored.insert(row.ordinal, read_texts(&client, &self.tables, row.ordinal).await?);
        }
        let request = DownRequest {
            target,
            grouping: self.settings.grouping,
            vars: &self.settings.vars,
            writer: self.writer(),
            stored: &stored,
        };
        Plan::down(set, facts.history(), &request)
    }

    /// The set and the history. The files are read while the server's answer is on its way: a thousand of them take as
    /// long as it does.
    pub(crate) async fn set_and_facts(&self) -> Result<(MigrationSet, Facts), Error> {
        let set = async {
            // Lets the driver put the question on the wire first.
            tokio::task::yield_now().await;
            self.source.set()
        };
        let (facts, set) = futures_util::future::join(self.read(), set).await;
        Ok((set?, facts?))
    }

    /// Reads the history: one round trip.
    pub(crate) async fn read(&self) -> Result<Facts, Error> {
        Facts::read(&*session::borrow(&self.pool).await?, &self.tables).await
    }

    /// Puts the difference into a refusal of an edited migration: what was applied against what is there now.
    async fn explained(
        &self,
        plan: Result<Plan, Error>,
        set: &MigrationSet,
        facts: &Facts,
    ) -> Result<Plan, Error> {
        let mut error = match plan {
            Ok(plan) => return Ok(plan),
            Err(error) => error,
        };
        if error.is_changed() {
            let client = session::borrow(&self.pool).await?;
            crate::difference::explain(&mut error, &client, &self.tables, set, facts.history()).await;
        }
        Err(error)
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

    pub(crate) fn tell(&self, event: &Event<'_>) {
        tracing::debug!(?event);
        if let Some(observer) = &self.observer {
            observer.event(event);
        }
    }
}

fn report_of(plan: &Plan, began: Instant, waited: Duration) -> Report {
    Report {
        steps: Vec::new(),
        blocked: plan.blocked().cloned().collect(),
        notes: plan.notes().to_vec(),
        took: began.elapsed(),
        // Taking a free lock is one round trip, not waiting.
        waited: if waited > Duration::from_millis(50) { waited } else { Duration::ZERO },
    }
}

/// Whether a plan goes on with something that stopped in the middle.
pub(crate) fn resumed(plan: &Plan) -> impl Iterator<Item = &crate::plan::Step> {
    plan.entries.iter().filter_map(|entry| match entry {
        Entry::Run(step) if matches!(step.reason, Reason::Resumed { .. }) => Some(step.as_ref()),
        _ => None,
    })
}

impl fmt::Debug for Migrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migrator").field("settings", &self.settings).field("tables", &self.tables).finish_non_exhaustive()
    }
}
