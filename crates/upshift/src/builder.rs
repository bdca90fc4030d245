//! What a migrator may be told.

use std::sync::Arc;

use deadpool_postgres::Pool;
use upshift_files::{Vars, Version};
use upshift_schema::Filter;

use crate::code::Backfill;
use crate::context::Context;
use crate::event::{Hooks, Observer};
use crate::history::sql::Tables;
use crate::ident::{Ident, IdentError};
use crate::migrator::Migrator;
use crate::settings::{BackfillPolicy, DriftPolicy, Grouping, Identity, LockPolicy, Policy, Timeouts};
use crate::source::Source;

impl Migrator {
    /// A migrator for the database behind this pool.
    ///
    /// One connection of the pool is used, a second for a moment to see who is in the way of a waiting migration, and
    /// for the whole run behind a transaction pooler. A connection that migrated is closed, never given back.
    pub fn new(pool: Pool, source: impl Into<Source>) -> Migrator {
        let context = Context::new(pool, source.into());
        Migrator { context }
    }

    /// The pool it was given.
    pub fn pool(&self) -> &Pool {
        self.context.pool()
    }

    /// The same for the database behind another pool, such as one where something is tried.
    pub fn with_pool(mut self, pool: Pool) -> Migrator {
        self.context.pool = pool;
        self
    }

    /// The service, its release and its host, as far as it was told.
    pub fn identity(&self) -> &Identity {
        &self.context.settings().identity
    }

    /// The schema that holds history and audit.
    pub fn history_schema(&self) -> &Ident {
        self.context.tables().schema()
    }

    /// The source it was given.
    pub fn source(&self) -> &Source {
        self.context.source()
    }

    /// The schema that holds history and audit, `upshift` unless said otherwise: one for each service in a shared
    /// database. It is made when it is not there.
    ///
    /// # Errors
    /// A name that PostgreSQL would not keep as it is.
    pub fn schema(mut self, name: &str) -> Result<Migrator, IdentError> {
        self.context.tables = Tables::new(Ident::new(name)?);
        Ok(self)
    }

    /// The service and its release, written into history and audit.
    pub fn service(mut self, name: impl Into<String>, release: impl Into<String>) -> Migrator {
        self.context.settings.identity.service = Some(name.into());
        self.context.settings.identity.release = Some(release.into());
        self
    }

    /// The host written into history and audit, instead of the address the server sees.
    pub fn host(mut self, host: impl Into<String>) -> Migrator {
        self.context.settings.identity.host = Some(host.into());
        self
    }

    /// What to do with out of order and missing migrations.
    pub fn policy(mut self, policy: Policy) -> Migrator {
        self.context.settings.policy = policy;
        self
    }

    /// The time limits of statements and retries.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Migrator {
        self.context.settings.timeouts = timeouts;
        self
    }

    /// How backfills go over tables that are in use.
    pub fn backfill_policy(mut self, policy: BackfillPolicy) -> Migrator {
        self.context.settings.backfill = policy;
        self
    }

    /// The Rust code of a backfill whose file has this version: a header with `backfill table=…` and no statement.
    pub fn backfill(mut self, version: Version, code: impl Backfill + 'static) -> Migrator {
        self.context.backfills.insert(version, Arc::new(code));
        self
    }

    /// How to wait for another migrator.
    pub fn lock(mut self, lock: LockPolicy) -> Migrator {
        self.context.settings.lock = lock;
        self
    }

    /// Whether the pending migrations each have a transaction of their own.
    pub fn grouping(mut self, grouping: Grouping) -> Migrator {
        self.context.settings.grouping = grouping;
        self
    }

    /// What a run does about drift, a schema that somebody has changed behind upshift's back: nothing, unless said.
    /// `docs/drift.md` has what the others cost.
    pub fn drift_policy(mut self, policy: DriftPolicy) -> Migrator {
        self.context.settings.drift = policy;
        self
    }

    /// Which objects drift is about, where others may change the rest: in a shared database the service's own schemas.
    /// Everything but user mappings, unless said, whose options a server tells their owners alone.
    pub fn drift_filter(mut self, filter: Filter) -> Migrator {
        self.context.settings.drift_filter = Some(filter);
        self
    }

    /// The filter without upshift's own tables, wherever this migrator keeps them: for snapshots of one's own.
    pub fn without_own_tables(&self, filter: Filter) -> Filter {
        crate::recorder::without_own(&self.context, filter)
    }

    /// The values of `${name}` in migrations that say `vars on`.
    pub fn vars(mut self, vars: Vars) -> Migrator {
        self.context.settings.vars = vars;
        self
    }

    /// Who sees every event of a run. Said more than once, all of them do, in that order.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Migrator {
        self.context.observers.push(Arc::new(observer));
        self
    }

    /// Code of yours around the migrations. Costs the pipelining: see [`Hooks`].
    pub fn hooks_with(mut self, hooks: impl Hooks + 'static) -> Migrator {
        self.context.hooks = Some(Arc::new(hooks));
        self
    }
}
