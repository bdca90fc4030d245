//! The front door: a pool, a source, and what may be asked of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Instrument as _;
use upshift_files::MigrationSet;

use crate::audit::Audit;
use crate::context::{Context, Here};
use crate::error::Error;
use crate::execute::execute;
use crate::facts::{Facts, Look, read_begun, read_texts};
use crate::gatekeeper::Gatekeeper;
use crate::lock::{Asked, Lock, Need};
use crate::plan::{Direction, DownRequest, DownTarget, Plan, Refusal, RefusalKind, Target, selected};
use crate::recorder::Recorder;
use crate::repair::Repair;
use crate::report::Report;
use crate::resume::refuse_edited_beginnings;
use crate::session;
use crate::spans;

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
    pub(crate) context: Context,
}

impl Migrator {
    /// Applies every pending migration that nothing blocks.
    ///
    /// Reads the history and plans; with nothing to do that is all: one round trip, no lock, nothing written. Otherwise
    /// takes the lock, reads and plans again, and carries the plan out.
    ///
    /// # Locks
    /// One advisory lock on the connection that works; each statement waits at most [`crate::Timeouts::lock`] for table locks
    /// and gives up rather than queue in front of your traffic, then tries again within [`crate::Timeouts::retry`].
    ///
    /// # Errors
    /// [`Error::diagnostics`] for mistakes in the files, [`Error::refusals`] when no plan can be made,
    /// [`Error::is_locked`] when another migrator is at work for longer than [`crate::LockPolicy::wait`], [`Error::drift`]
    /// when the schema has drifted and [`crate::DriftPolicy::Refuse`] was said, [`Error::failure`] when a migration fails. What was done before is in [`Error::report`].
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
    pub async fn up(&self, target: Target) -> Result<Report, Error> {
        self.up_here(target, None).await
    }

    /// The same; contracts are judged again by the gatekeeper, each in its own transaction.
    pub(crate) async fn up_through(
        &self,
        target: Target,
        gatekeeper: Option<Gatekeeper>,
    ) -> Result<Report, Error> {
        self.up_here(target, gatekeeper).await
    }

    fn up_here(&self, target: Target, gatekeeper: Option<Gatekeeper>) -> Here<'_, Report> {
        let up = async move {
            let began = Instant::now();
            let (set, first) = match self.context.for_a_run(self.look(&target).await).await? {
                (_, Look::Settled { .. }) => return Ok(Report::nothing_to_do(began.elapsed())),
                (Some(set), Look::Unsettled(facts)) => (set, facts),
                (None, Look::Unsettled(facts)) => (self.context.set()?, facts),
            };
            let plan_from = |facts: &Facts| -> Result<Plan, Error> {
                let request = self.context.up_request(&target);
                Plan::up(&set, facts.history(), &request).map_err(|why| self.context.unplanned(why))
            };
            let plan = self.explained(plan_from(&first), &set, &first).await?;
            if plan.is_empty() {
                return Ok(report_of(&plan, began, Duration::ZERO));
            }
            let waiting = Instant::now();
            match Lock::ask(&self.context, |facts| plan_from(facts).map(|plan| Need::of(&plan))).await? {
                Asked::NotNeeded(facts) => Ok(report_of(&plan_from(&facts)?, began, waiting.elapsed())),
                Asked::Held(lock, facts) => {
                    let plan = plan_from(&facts)?;
                    let ending = Ending::Settled(set.fingerprint());
                    let work = Work { plan, gatekeeper, ending, began };
                    self.carry_out(*lock, &work).await
                }
            }
        };
        Box::pin(up.instrument(spans::run(&self.context, Direction::Up)))
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
    pub async fn down(&self, target: DownTarget) -> Result<Report, Error> {
        self.down_here(target, None).await
    }

    /// The same, as far as it is this plan, which somebody was shown and agreed to: one of [`Migrator::plan_down`] for the
    /// same target. Where it is another one by the time that the lock is held, nothing is reverted.
    ///
    /// # Locks
    /// As [`Migrator::run`].
    ///
    /// # Errors
    /// As [`Migrator::down`]; the plan is another one.
    ///
    /// # Cancel safety
    /// As [`Migrator::run`].
    pub async fn down_agreed(&self, target: DownTarget, agreed: &Plan) -> Result<Report, Error> {
        self.down_here(target, Some(labels(agreed))).await
    }

    fn down_here(&self, target: DownTarget, agreed: Option<Vec<String>>) -> Here<'_, Report> {
        let down = async move {
            let began = Instant::now();
            let set = self.context.set()?;
            let first = self.context.for_a_run(self.plan_down_of(&set, target).await).await?;
            refuse_another(&first, agreed.as_deref())?;
            if first.is_empty() {
                return Ok(report_of(&first, began, Duration::ZERO));
            }
            let waiting = Instant::now();
            let need = |facts: &Facts| {
                Ok(if selected(facts.history(), target).is_empty() { Need::Nothing } else { Need::Work })
            };
            match Lock::ask(&self.context, need).await? {
                Asked::NotNeeded(_) => Ok(report_of(&first, began, waiting.elapsed())),
                Asked::Held(lock, _) => {
                    let plan = self.plan_down_of(&set, target).await?;
                    if let Err(error) = refuse_another(&plan, agreed.as_deref()) {
                        lock.release().await?;
                        return Err(error);
                    }
                    let work = Work { plan, gatekeeper: None, ending: Ending::Open, began };
                    self.carry_out(*lock, &work).await
                }
            }
        };
        Box::pin(down.instrument(spans::run(&self.context, Direction::Down)))
    }

    /// What [`Migrator::up`] would do now. Writes nothing.
    ///
    /// # Errors
    /// As [`Migrator::run`], as far as a plan goes.
    pub async fn plan(&self, target: Target) -> Result<Plan, Error> {
        self.plan_here(target).await
    }

    fn plan_here(&self, target: Target) -> Here<'_, Plan> {
        Box::pin(async move {
            let (set, facts) = self.context.set_and_facts().await?;
            let plan = Plan::up(&set, facts.history(), &self.context.up_request(&target));
            let plan = plan.map_err(|why| self.context.unplanned(why));
            self.beginning_alike(self.explained(plan, &set, &facts).await?).await
        })
    }

    /// What [`Migrator::down`] would do now. Writes nothing.
    ///
    /// # Errors
    /// As [`Migrator::down`], as far as a plan goes.
    pub async fn plan_down(&self, target: DownTarget) -> Result<Plan, Error> {
        self.plan_down_here(target).await
    }

    fn plan_down_here(&self, target: DownTarget) -> Here<'_, Plan> {
        Box::pin(async move {
            self.beginning_alike(self.plan_down_of(&*self.context.set()?, target).await?).await
        })
    }

    /// The audit of this database.
    pub fn audit(&self) -> Audit<'_> {
        Audit::of(self)
    }

    /// The calls that set the history right by hand, each audited.
    pub fn repair(&self) -> Repair<'_> {
        Repair::of(self)
    }

    /// Does the work and gives the lock back.
    async fn carry_out(&self, lock: Lock, work: &Work) -> Result<Report, Error> {
        let Work { plan, gatekeeper, ending, began } = work;
        let mut report = report_of(plan, *began, lock.waited);
        let ready = async {
            refuse_edited_beginnings(lock.session.client(), &self.context.tables, plan).await?;
            Recorder::begin(&self.context, &lock, &mut report).await
        };
        let recorder = match lock.keep(ready).await {
            Ok(recorder) => recorder,
            Err(refused) => {
                lock.release().await?;
                return Err(refused);
            }
        };
        let before = began.elapsed();
        let executed = execute(&self.context, plan, &lock, gatekeeper.as_ref(), &mut report);
        let outcome = lock.keep(executed).await;
        report.later(before);
        recorder.keep_after(&outcome, &self.context, &lock, &report).await;
        report.took = began.elapsed();
        if let Err(error) = outcome {
            // Where the connection still works the next one need not wait for its end.
            if !error.is_connection_lost() && lock.release().await.is_err() {
                tracing::debug!("the lock ends with its connection");
            }
            return Err(error.with_report(report));
        }
        match ending {
            Ending::Settled(fingerprint) => {
                lock.release_settled(&self.context.tables, fingerprint).await?;
            }
            Ending::Open => lock.release().await?,
        }
        report.took = began.elapsed();
        Ok(report)
    }

    /// A plan that goes on where a migration stopped, if what is done of that is what it begins with: what `up` would
    /// refuse is no plan. Asks nothing of another plan.
    async fn beginning_alike(&self, plan: Plan) -> Result<Plan, Error> {
        if plan.resumed().next().is_none() {
            return Ok(plan);
        }
        let client = session::borrow(&self.context.pool).await?;
        let refused = refuse_edited_beginnings(&client, &self.context.tables, &plan).await;
        client.answered(refused).map(|()| plan)
    }

    async fn plan_down_of(&self, set: &MigrationSet, target: DownTarget) -> Result<Plan, Error> {
        let client = session::borrow(&self.context.pool).await?;
        let facts = Facts::read(&client, &self.context.tables).await?;
        let mut stored = BTreeMap::new();
        for row in selected(facts.history(), target) {
            stored.insert(row.ordinal, read_texts(&client, &self.context.tables, row.ordinal).await?);
        }
        let begun = match stored.is_empty() {
            true => Ok(Vec::new()),
            false => {
                let begun = read_begun(&client, &self.context.tables);
                session::at_once(&client, begun, "read which backfills have begun").await
            }
        };
        let begun = match begun {
            // A role whose set has no backfill wants no privileges on their books.
            Err(error) if error.sqlstate() == Some("42501") && !has_backfills(set) => Vec::new(),
            begun => client.answered(begun)?,
        };
        let request = DownRequest {
            target,
            grouping: self.context.settings.grouping,
            vars: &self.context.settings.vars,
            writer: self.context.writer(),
            stored: &stored,
            begun: &begun,
        };
        Plan::down(set, facts.history(), &request).map_err(|why| self.context.unplanned(why))
    }

    /// Brings upshift's own tables to the format of this library.
    pub(crate) async fn upgrade_tables(&self) -> Result<(), Error> {
        match Lock::ask(&self.context, |_| Ok(Need::Work)).await? {
            Asked::NotNeeded(_) => Ok(()),
            Asked::Held(lock, _) => lock.release().await,
        }
    }

    /// A first look at the database; the set as well, where it was read meanwhile.
    ///
    /// All there is to do for most boots: the macro knows what a database looks like that has everything, so neither are
    /// the files read nor is the history.
    async fn look(&self, target: &Target) -> Result<(Option<Arc<MigrationSet>>, Look), Error> {
        let known = match target {
            Target::Head => self.context.source().fingerprint()?,
            _ => None,
        };
        let Some(fingerprint) = known else {
            let (set, facts) = self.context.set_and_facts().await?;
            return Ok((Some(set), Look::Unsettled(facts)));
        };
        Ok((None, Look::alone(&self.context.pool, &self.context.tables, fingerprint).await?))
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
            let client = session::borrow(&self.context.pool).await?;
            crate::difference::explain(&mut error, &client, &self.context.tables, set, facts.history()).await;
        }
        Err(error)
    }
}

fn has_backfills(set: &MigrationSet) -> bool {
    set.versioned().iter().any(|it| it.header().backfill.is_some())
}

/// What is to be done under the lock.
struct Work {
    plan: Plan,
    /// Who judges contracts once more.
    gatekeeper: Option<Gatekeeper>,
    ending: Ending,
    began: Instant,
}

/// What the database may be said to be when the work is done.
enum Ending {
    /// That of the set with this fingerprint.
    Settled(String),
    Open,
}

fn report_of(plan: &Plan, began: Instant, waited: Duration) -> Report {
    Report {
        blocked: plan.blocked().cloned().collect(),
        notes: plan.notes().to_vec(),
        waited,
        ..Report::nothing_to_do(began.elapsed())
    }
}

impl fmt::Debug for Migrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migrator").field("context", &self.context).finish_non_exhaustive()
    }
}

/// What a plan does, as a person was shown it.
fn labels(plan: &Plan) -> Vec<String> {
    plan.steps().map(|step| step.label().to_owned()).collect()
}

/// Refuses a plan that is not the one that was agreed to, where one was.
fn refuse_another(plan: &Plan, agreed: Option<&[String]>) -> Result<(), Error> {
    let now = labels(plan);
    match agreed {
        Some(agreed) if agreed != now => {
            let kind = RefusalKind::AnotherPlan { now };
            Err(Error::refused(vec![Refusal { label: "the plan".to_owned(), kind }]))
        }
        _ => Ok(()),
    }
}
