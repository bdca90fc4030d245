//! Where a schema comes from.

use upshift::{Migrator, Source, Target};
use upshift_schema::{Filter, Verdict};

use super::link::Link;
use super::{GenerateError, Place, Refusal, Shadow, words};
use crate::plan::{Schema, Style, plan};

/// Where a schema comes from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Origin {
    /// Nothing: an empty database.
    Empty,
    /// A set of migrations, all of which are applied to an empty database.
    Migrations(Source),
    /// A database, which is only read.
    Database(Place),
    /// A schema that was read already, such as over a connection with TLS.
    Schema(Box<Schema>),
    /// SQL, run in this order in an empty database. Nothing but the server reads it.
    Sql(Vec<String>),
}

impl Origin {
    /// The schema. `place` is where a shadow is made, for what has to be run to be known.
    ///
    /// # Errors
    /// It cannot be read, or cannot be built.
    ///
    /// # Cancel safety
    /// As [`Shadow::empty`].
    pub async fn schema(&self, place: &Place, filter: &Filter) -> Result<Schema, GenerateError> {
        match self {
            Origin::Database(place) => return Link::open(place).await?.schema(filter).await,
            Origin::Schema(schema) => return Ok(Schema::clone(schema)),
            Origin::Empty | Origin::Migrations(_) | Origin::Sql(_) => {}
        }
        let shadow = self.shadow(place, filter).await?;
        let schema = shadow.schema(filter).await;
        shadow.close().await?;
        schema
    }

    /// A shadow with the schema.
    pub(super) async fn shadow(&self, place: &Place, filter: &Filter) -> Result<Shadow, GenerateError> {
        let shadow = Shadow::empty(place).await?;
        match self.fill(&shadow, filter).await {
            Ok(()) => Ok(shadow),
            Err(error) => {
                // The failure counts; a shadow that stays goes with the next.
                drop(shadow.close().await);
                Err(error)
            }
        }
    }

    async fn fill(&self, shadow: &Shadow, filter: &Filter) -> Result<(), GenerateError> {
        match self {
            Origin::Empty => {}
            Origin::Sql(texts) => {
                for text in texts {
                    shadow.run_text(text).await?;
                }
            }
            Origin::Migrations(source) => {
                let migrator =
                    Migrator::new(shadow.place().pool()?, source.clone()).service("upshift", "generate");
                migrator.up(Target::Head).await.map_err(GenerateError::Migrations)?;
            }
            Origin::Database(place) => {
                let schema = Link::open(place).await?.schema(filter).await?;
                rebuild(shadow, &schema, filter).await?;
            }
            Origin::Schema(schema) => drop(rebuild(shadow, schema, filter).await?),
        }
        Ok(())
    }
}

/// Makes a schema in an empty shadow: the statements, which are proven by that.
pub(super) async fn rebuild(
    shadow: &Shadow,
    wish: &Schema,
    filter: &Filter,
) -> Result<Vec<crate::Step>, GenerateError> {
    let link = Link::open(&shadow.place()).await?;
    // As the files say: bodies may speak of what is not there yet, or is not there any more.
    link.run("set check_function_bodies = off").await?;
    let mut steps = Vec::new();
    // What the server does by itself (privileges by default, a comment) may have to be said after all.
    for _ in 0..ROUNDS {
        let made = link.schema(filter).await?;
        let plan = plan(&made, wish, Style::Plain);
        if plan.steps.is_empty() {
            break;
        }
        for step in plan.steps {
            if let Err(error) = link.client.batch_execute(&step.sql).await {
                let refusal = Refusal {
                    what: "a copy of the schema",
                    residual: made.snapshot.diff(&wish.snapshot),
                    unruled: plan.unruled,
                    said: Some((step.sql, words(&error))),
                };
                return Err(GenerateError::Refused(Box::new(refusal)));
            }
            steps.push(step);
        }
    }
    let made = link.schema(filter).await?;
    link.close().await;
    let residual = made.snapshot.diff(&wish.snapshot);
    if residual.verdict() == Verdict::Different {
        let refusal = Refusal { what: "a copy of the schema", residual, unruled: Vec::new(), said: None };
        return Err(GenerateError::Refused(Box::new(refusal)));
    }
    Ok(steps)
}

/// How often a plan is completed by what the shadow shows to be missing.
pub(super) const ROUNDS: usize = 3;
