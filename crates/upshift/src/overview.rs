//! Everything at once: for a page, for metrics.

use futures_util::future::{try_join, try_join3};
use time::OffsetDateTime;
use upshift_files::MigrationSet;

use crate::context::{Context, Here};
use crate::error::Error;
use crate::facts::{Facts, HistoryRow, Look, read_details};
use crate::gatekeeper::read_company;
use crate::health::{Asked, Health, Looked, look, or_drifted};
use crate::migrator::Migrator;
use crate::rollout::{RolloutStatus, Seen};
use crate::session;
use crate::status::{Counts, Status};
use crate::waits::{Wait, anybody_waits};

const LOOKING: &str = "look where the database stands";

/// Where a database stands, as its page shows it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Overview {
    /// Whether the schema fits this binary.
    pub health: Health,
    /// Where each migration stands.
    pub status: Status,
    /// Who is alive, what waits for whom, how far backfills are.
    pub rollout: RolloutStatus,
    /// Who waits for locks.
    pub waits: Vec<Wait>,
    /// When it was looked at, by the database's clock.
    pub at: OffsetDateTime,
}

/// Where a database stands, as its metrics say it: an [`Overview`] without a row for each migration.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Measures {
    /// Whether the schema fits this binary.
    pub health: Health,
    /// How many migrations stand where.
    pub migrations: Counts,
    /// Who is alive, what waits for whom, how far backfills are.
    pub rollout: RolloutStatus,
    /// Who waits for locks.
    pub waits: Vec<Wait>,
    /// When it was looked at, by the database's clock.
    pub at: OffsetDateTime,
}

impl Migrator {
    /// Everything that a page shows: what [`Migrator::health`], [`Migrator::status`], [`crate::Rollout::status`] and
    /// [`Migrator::waits`] say, the first three of one reading of the history. Two round trips, and one more while
    /// somebody waits for a lock; writes nothing.
    ///
    /// # Errors
    /// As each of them.
    ///
    /// # Cancel safety
    /// Yes.
    pub async fn overview(&self) -> Result<Overview, Error> {
        self.overview_here().await
    }

    fn overview_here(&self) -> Here<'_, Overview> {
        Box::pin(async move { self.context.for_watching(overview(&self.context).await).await })
    }

    /// Everything that metrics say, as often as they are asked for: two round trips, and one more while somebody waits
    /// for a lock; writes nothing.
    ///
    /// Of a database that the last run left with every migration applied it reads neither the history nor, but for the
    /// first time, the files (those of a [`crate::Source::folder`] each time). Drift, where it is asked for, as in
    /// [`Migrator::health`].
    ///
    /// # Errors
    /// As [`Migrator::overview`].
    ///
    /// # Cancel safety
    /// Yes.
    pub async fn measures(&self) -> Result<Measures, Error> {
        self.measures_here().await
    }

    fn measures_here(&self) -> Here<'_, Measures> {
        Box::pin(async move {
            let measures = match look(&self.context, Asked::WhetherSettled).await {
                Ok((Look::Settled { format }, looked)) => settled(&self.context, format, looked).await,
                Ok((Look::Unsettled(facts), looked)) => unsettled(&self.context, &facts, looked).await,
                Err(error) => Err(error),
            };
            self.context.for_watching(measures).await
        })
    }
}

async fn overview(context: &Context) -> Result<Overview, Error> {
    let (history, looked) = look(context, Asked::All).await?;
    let facts = history.unsettled(context.tables())?;
    let (set, history) = (context.set()?, facts.history());
    let (seen, waits, rows) = beside(context, &set, &facts, Details::Wanted).await?;
    let planned = context.planned(&set, history)?;
    let health = Health::of(&set, history, &planned, &looked);
    let health = or_drifted(context, health, looked).await?;
    let status = Status::of(&set, history, &planned, rows, seen.progress());
    let rollout = RolloutStatus::of(&set, history, seen, &context.settings().gate);
    let at = rollout.at;
    Ok(Overview { health, status, rollout, waits, at })
}

/// Whether it is shown when and by whom each migration was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Details {
    Wanted,
    Unwanted,
}

/// What is to be known beside the history and who holds the lock: one round trip, and one more while somebody waits.
async fn beside(
    context: &Context,
    set: &MigrationSet,
    facts: &Facts,
    details: Details,
) -> Result<(Seen, Vec<Wait>, Vec<HistoryRow>), Error> {
    let tables = context.tables();
    let client = session::borrow(context.pool()).await?;
    let rows = async {
        match (facts, details) {
            (Facts::Untouched, _) | (_, Details::Unwanted) => Ok(Vec::new()),
            (_, Details::Wanted) => read_details(&client, tables).await,
        }
    };
    let questions = try_join3(Seen::read(&client, tables, set, facts), anybody_waits(&client), rows);
    let beside = async {
        let (seen, anybody, rows) = session::at_once(&client, questions, LOOKING).await?;
        Ok((seen, anybody.read(&client, tables).await?, rows))
    };
    let beside = beside.await;
    client.answered(beside)
}

async fn unsettled(context: &Context, facts: &Facts, looked: Looked) -> Result<Measures, Error> {
    let (set, history) = (context.set()?, facts.history());
    let (seen, waits, _) = beside(context, &set, facts, Details::Unwanted).await?;
    let planned = context.planned(&set, history)?;
    let health = Health::of(&set, history, &planned, &looked);
    let health = or_drifted(context, health, looked).await?;
    let migrations = Counts::of(&set, history, &planned);
    let rollout = RolloutStatus::of(&set, history, seen, &context.settings().gate);
    let at = rollout.at;
    Ok(Measures { health, migrations, rollout, waits, at })
}

/// What is to be said of a database that has everything.
async fn settled(context: &Context, format: usize, looked: Looked) -> Result<Measures, Error> {
    let (set, tables) = (context.set()?, context.tables());
    let client = session::borrow(context.pool()).await?;
    let beside = async {
        let questions = try_join(read_company(&client, tables, format), anybody_waits(&client));
        let (company, anybody) = session::at_once(&client, questions, LOOKING).await?;
        Ok((company, anybody.read(&client, tables).await?))
    };
    let beside = beside.await;
    let (company, waits) = client.answered(beside)?;
    let health = or_drifted(context, Health::settled(&looked), looked).await?;
    let migrations = Counts::settled(&set);
    let rollout = RolloutStatus::settled(&set, company);
    let at = rollout.at;
    Ok(Measures { health, migrations, rollout, waits, at })
}

impl From<Overview> for Measures {
    fn from(overview: Overview) -> Measures {
        let Overview { health, status, rollout, waits, at } = overview;
        Measures { health, migrations: Counts::from(&status), rollout, waits, at }
    }
}
