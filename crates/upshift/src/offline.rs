//! Plans without a database: between a version that is assumed to be applied and another.

use std::collections::BTreeMap;

use upshift_files::{Migration, MigrationSet, Version};

use crate::error::Error;
use crate::history::{Applied, AppliedState, History};
use crate::migrator::Migrator;
use crate::plan::{DownRequest, DownTarget, Plan, Target, Texts, unknown_target};

impl Migrator {
    /// What [`Migrator::up`] would do to a database where everything up to and including `applied` is applied, and no
    /// more; `None`: to an empty one. Connects to nothing; [`Plan::to_sql`] of it is an offline script.
    ///
    /// # Errors
    /// The files have mistakes, or the set does not have `applied` or the target.
    pub fn plan_offline(&self, applied: Option<Version>, target: &Target) -> Result<Plan, Error> {
        let set = self.context.set()?;
        let history = assumed(&set, applied)?;
        Plan::up(&set, &history, &self.context.up_request(target)).map_err(|why| self.context.unplanned(why))
    }

    /// What [`Migrator::down`] would do to a database where everything up to and including `applied` is applied, and no
    /// more. Connects to nothing.
    ///
    /// # Errors
    /// As [`Migrator::plan_offline`]; and a migration without a way back.
    pub fn plan_down_offline(&self, applied: Version, target: DownTarget) -> Result<Plan, Error> {
        let set = self.context.set()?;
        let history = assumed(&set, Some(applied))?;
        let request = DownRequest {
            target,
            grouping: self.context.settings().grouping,
            vars: &self.context.settings().vars,
            writer: self.context.writer(),
            // There is no history that could have kept other texts than those of the set.
            stored: &BTreeMap::new(),
            begun: &[],
        };
        Plan::down(&set, &history, &request).map_err(|why| self.context.unplanned(why))
    }
}

/// The history of a database that has these migrations as the set has them.
fn assumed(set: &MigrationSet, applied: Option<Version>) -> Result<History, Error> {
    let Some(newest) = applied else { return Ok(History::of([])) };
    if set.get(newest).is_none() {
        return Err(Error::refused(vec![unknown_target(set, newest)]));
    }
    let below = set.versioned().iter().filter(|migration| migration.version() <= Some(newest));
    Ok(History::of((1..).zip(below).map(|(ordinal, migration)| row(ordinal, migration))))
}

fn row(ordinal: i64, migration: &Migration) -> Applied {
    let texts = Texts::of(migration);
    Applied {
        ordinal,
        id: migration.id().clone(),
        name: migration.name().to_owned(),
        phase: migration.header().phase,
        state: AppliedState::Applied,
        up_checksum: texts.up_checksum,
        down_checksum: texts.down_checksum,
    }
}
