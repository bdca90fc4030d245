//! The walk: one database that goes forward, and a fresh one where a down has left it somewhere else.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;
use upshift::files::{Down, Migration};
use upshift::{DownTarget, MigrationSet, Migrator, Source, Target, Version};
use upshift_schema::{Filter, Snapshot, SnapshotReader};

use super::rows::Rows;
use super::verdict::{RollbackDiff, RollbackVerdict, Verification, VerifiedMigration};
use super::{Sample, VerifyRollbacks};
use crate::TestDatabase;
use crate::database::error::{Kind, TestError};
use crate::office::Recipe;

/// As many connections as one walk needs at once.
const POOL_SIZE: usize = 2;
/// Fewer migrations are not worth a walk of their own, which begins with the ones before.
const LEAST_OF_A_WALK: usize = 12;

pub(super) struct Walk {
    wish: VerifyRollbacks,
    recipe: Recipe,
    filter: Filter,
    set: MigrationSet,
}

/// A database on the way, and what it holds.
struct Stage {
    db: TestDatabase,
    migrator: Migrator,
    reader: SnapshotReader,
    now: Picture,
}

/// What a database holds.
#[derive(Debug, Clone, Default)]
struct Picture {
    schema: Snapshot,
    rows: Rows,
}

/// Whether rows are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    AtSchema,
    AtRowsToo,
}

/// Where a migration has left its database.
enum Left {
    /// With the migration applied, and nothing else.
    Forward,
    /// Where no later migration should begin.
    Elsewhere,
}

impl Walk {
    pub(super) async fn through(wish: VerifyRollbacks) -> Result<Verification, TestError> {
        let began = Instant::now();
        let recipe = Recipe {
            source: wish.source.clone(),
            vars: wish.vars.clone(),
            schema: wish.history_schema.clone(),
        };
        let filter = match &wish.history_schema {
            Some(name) => Filter::new().history_schema(name),
            None => Filter::new(),
        };
        let set = wish.source.set().map_err(|cause| Kind::Migrations { cause })?;
        if let Some(sample) = wish.samples().iter().find(|sample| set.get(sample.before).is_none()) {
            let said = format!(
                "the sample {} is to be inserted before {}, which is no migration of this set",
                sample.fixture.path, sample.before
            );
            return Err(Kind::Argument { said }.into());
        }
        let walk = Arc::new(Walk { wish, recipe, filter, set });
        let mut running = JoinSet::new();
        for part in walk.parts() {
            let walk = walk.clone();
            running.spawn(async move { walk.part(part).await });
        }
        let mut migrations = Vec::new();
        while let Some(part) = running.join_next().await {
            let part = part.unwrap_or_else(|error| Err(Kind::Panicked { said: error.to_string() }.into()));
            migrations.append(&mut part?);
        }
        migrations.sort_by_key(|migration| migration.version);
        Ok(Verification { migrations, took: began.elapsed() })
    }

    /// What each walk tries: places in the set, one walk beginning where another ends.
    fn parts(&self) -> Vec<Range<usize>> {
        let versions = self.set.versioned().iter().filter_map(Migration::version);
        let first = match self.wish.since {
            Some(since) => versions.take_while(|version| *version < since).count(),
            None => 0,
        };
        let all = first..self.set.versioned().len();
        let size = all.len().div_ceil(self.wish.at_once()).max(LEAST_OF_A_WALK);
        all.clone().step_by(size).map(|begin| begin..all.end.min(begin + size)).collect()
    }

    async fn part(&self, part: Range<usize>) -> Result<Vec<VerifiedMigration>, TestError> {
        let mut migrations = Vec::new();
        let mut stage = None;
        for at in part {
            let (behind, ahead) = self.set.versioned().split_at(at);
            let Some((migration, version)) = ahead.first().and_then(|it| Some((it, it.version()?))) else {
                continue;
            };
            let began = Instant::now();
            let mut here = match stage.take() {
                Some(stage) => stage,
                None => self.stage_at(behind).await?,
            };
            let (verdict, left) = self.try_one(&mut here, migration, version).await?;
            if let Left::Forward = left {
                stage = Some(here);
            }
            let label = migration.label();
            migrations.push(VerifiedMigration { version, label, verdict, took: began.elapsed() });
        }
        Ok(migrations)
    }

    /// A fresh database with these migrations.
    async fn stage_at(&self, behind: &[Migration]) -> Result<Stage, TestError> {
        let nothing = Source::files([]);
        let mut builder = TestDatabase::builder(nothing).test("the way back of migrations");
        if let Some(name) = &self.wish.history_schema {
            builder = builder.history_schema(name);
        }
        builder = builder.wish(self.wish.server.clone());
        if let Some(name) = &self.wish.role {
            builder = builder.role(name);
        }
        let db = builder.create_here().await?;
        let client = db.reach().connect().await.map_err(|cause| Kind::Connect { cause })?;
        let reader = SnapshotReader::new(client, self.filter.clone()).await;
        let reader = reader.map_err(|cause| Kind::Snapshot { cause })?;
        let migrator = self.recipe.migrator(db.reach().pool(POOL_SIZE)?)?;
        let mut stage = Stage { db, migrator, reader, now: Picture::default() };
        let mut waiting: Vec<Version> = Vec::new();
        for version in behind.iter().filter_map(Migration::version) {
            if self.wish.samples_before(version).next().is_some() {
                stage.apply(std::mem::take(&mut waiting)).await?;
                stage.fill(self.wish.samples_before(version)).await?;
            }
            waiting.push(version);
        }
        stage.apply(waiting).await?;
        let look = self.look(behind.last().and_then(Migration::version));
        stage.now = stage.picture(look).await?;
        Ok(stage)
    }

    /// Rows are looked at from the first sample on.
    fn look(&self, version: Option<Version>) -> Look {
        let sampled = self.wish.samples().iter().any(|sample| version.is_some_and(|it| sample.before <= it));
        if sampled { Look::AtRowsToo } else { Look::AtSchema }
    }

    async fn try_one(
        &self,
        stage: &mut Stage,
        migration: &Migration,
        version: Version,
    ) -> Result<(RollbackVerdict, Left), TestError> {
        let look = self.look(Some(version));
        if self.wish.samples_before(version).next().is_some() {
            stage.fill(self.wish.samples_before(version)).await?;
            stage.now = stage.picture(look).await?;
        }
        let before = stage.now.clone();
        stage.apply(vec![version]).await?;
        let after = stage.picture(look).await?;
        stage.now = after.clone();
        let absent = match migration.down() {
            Down::Irreversible { because } => RollbackVerdict::Irreversible { because: because.clone() },
            Down::Absent => RollbackVerdict::WithoutDown,
            Down::Sql(_) | Down::Code => return self.there_and_back(stage, version, &before, &after).await,
        };
        Ok((absent, Left::Forward))
    }

    async fn there_and_back(
        &self,
        stage: &mut Stage,
        version: Version,
        before: &Picture,
        after: &Picture,
    ) -> Result<(RollbackVerdict, Left), TestError> {
        let look = self.look(Some(version));
        if let Err(error) = stage.migrator.down(DownTarget::Only(version)).await {
            return Ok((RollbackVerdict::DownFails(Box::new(error)), Left::Elsewhere));
        }
        let back = stage.picture(look).await?;
        let mut difference = RollbackDiff {
            back: before.schema.diff(&back.schema),
            rows_back: before.rows.diff(&back.rows),
            ..RollbackDiff::default()
        };
        if let Err(error) = stage.migrator.up(Target::Only(vec![version])).await {
            let verdict =
                RollbackVerdict::UpAgainFails { back: Box::new(difference), error: Box::new(error) };
            return Ok((verdict, Left::Elsewhere));
        }
        stage.now = stage.picture(look).await?;
        difference.again = after.schema.diff(&stage.now.schema);
        difference.rows_again = after.rows.count_diff(&stage.now.rows);
        let left = if difference.again.is_empty() && difference.rows_back.is_empty() {
            Left::Forward
        } else {
            Left::Elsewhere
        };
        Ok((difference.verdict(), left))
    }
}

impl Stage {
    async fn apply(&self, versions: Vec<Version>) -> Result<(), TestError> {
        if versions.is_empty() {
            return Ok(());
        }
        let report = self.migrator.up(Target::Only(versions)).await;
        let report = report.map_err(|cause| Kind::Migrations { cause })?;
        match report.blocked.first() {
            None => Ok(()),
            Some(blocked) => {
                Err(Kind::Blocked { label: blocked.label.clone(), by: blocked.by.to_string() }.into())
            }
        }
    }

    async fn fill(&self, samples: impl Iterator<Item = &Sample>) -> Result<(), TestError> {
        let client = self.db.reach().connect().await.map_err(|cause| Kind::Connect { cause })?;
        for sample in samples {
            sample.fixture.run(&client).await?;
        }
        Ok(())
    }

    async fn picture(&self, look: Look) -> Result<Picture, TestError> {
        let schema = self.reader.read().await.map_err(|cause| Kind::Snapshot { cause })?;
        let rows = match look {
            Look::AtSchema => Rows::default(),
            Look::AtRowsToo => {
                let rows = Rows::read(self.reader.client(), &schema).await;
                rows.map_err(|cause| Kind::Office { cause })?
            }
        };
        Ok(Picture { schema, rows })
    }
}
