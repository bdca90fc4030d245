//! `verify`: proves every way back.

use clap::Args;
use serde_json::json;
use upshift::Version;
use upshift_test::VerifyRollbacks;

use super::origin::Scratch;
use crate::answer::Answer;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Prove every way back on a scratch server: up, down, compare the schema with before, up again, compare with after.
///
/// The server is one of its own that goes away afterwards, unless --server names one: never the database of --url.
#[derive(Debug, Clone, Args)]
pub struct Verify {
    #[command(flatten)]
    scratch: Scratch,
    /// Try from this version on.
    #[arg(long, value_name = "VERSION")]
    since: Option<Version>,
}

impl Verify {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        // Said, always: left to itself it would take the server that DATABASE_URL names for tests.
        let place = self.scratch.place(context).await?;
        let mut verify = VerifyRollbacks::new(context.source())
            .vars(context.settings.vars.clone())
            .reached(place.name(), place.reach());
        if context.settings.schema != "upshift" {
            verify = verify.history_schema(context.settings.schema.clone());
        }
        if let Some(since) = self.since {
            verify = verify.since(since);
        }
        let verified = verify.run().await.map_err(|error| match error.is_unreachable() {
            true => Failure::unreachable(format!("{error:?}")),
            false => Failure::failed(format!("{error:?}")),
        })?;
        let migrations = verified.migrations.iter().map(|it| {
            json!({
                "label": it.label,
                "proven": it.verdict.is_proven(),
                "broken": it.verdict.is_broken(),
                "text": it.to_string(),
            })
        });
        let data = json!({ "migrations": migrations.collect::<Vec<_>>() });
        let broken = verified.broken().next().is_some();
        let answer = Answer::done(verified.to_string(), data);
        Ok(if broken { answer.exit(Exit::No) } else { answer })
    }
}
