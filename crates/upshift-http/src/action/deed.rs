//! What is to be done, read from a request, and done.

use std::time::Duration;

use axum::http::StatusCode;
use serde::Deserialize;
use upshift::{Error, LockPolicy, Migrator, Version};

use super::{Allowed, Refused};

/// How long a person waits for a run to end before what they say can be written.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    Hold { reason: String },
    Release,
    Approve { contract: Version, reason: String },
    Pause { backfill: Version, reason: String },
    Resume { backfill: Version, reason: String },
}

/// What a request says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    /// Which migration. Text: JavaScript has no numbers of 18 digits.
    #[serde(default)]
    id: String,
    /// Nothing is released for a reason: what was held is not held any more.
    #[serde(default)]
    reason: String,
}

impl Deed {
    /// Reads it.
    pub(super) fn read(action: &str, body: &[u8]) -> Result<Deed, Refused> {
        let wrong = |why: String| Refused::new(StatusCode::UNPROCESSABLE_ENTITY, why);
        let said: Said = serde_json::from_slice(body)
            .map_err(|cause| wrong(format!("the request is not understood: {cause}")))?;
        let reason = said.reason.trim().to_owned();
        if reason.is_empty() && action != "release" {
            return Err(wrong("say why: the audit keeps it".to_owned()));
        }
        let about = || said.id.parse::<Version>().map_err(|_| wrong(format!("`{}` is no version", said.id)));
        match action {
            "hold" => Ok(Deed::Hold { reason }),
            "release" => Ok(Deed::Release),
            "approve" => Ok(Deed::Approve { contract: about()?, reason }),
            "pause" => Ok(Deed::Pause { backfill: about()?, reason }),
            "resume" => Ok(Deed::Resume { backfill: about()?, reason }),
            other => Err(Refused::new(StatusCode::NOT_FOUND, format!("there is no action `{other}`"))),
        }
    }

    /// Does it, in their name: the database's role is the service's.
    ///
    /// # Errors
    /// As the engine's own calls.
    pub(super) async fn done(&self, migrator: &Migrator, allowed: &Allowed) -> Result<(), Error> {
        let migrator = migrator.clone().lock(LockPolicy { wait: PATIENCE });
        let rollout = migrator.rollout().by(&allowed.who);
        let signed = |reason: &str| format!("{reason} (by {})", allowed.who);
        match self {
            Deed::Hold { reason } => rollout.hold(reason).await,
            Deed::Release => rollout.release().await,
            Deed::Approve { contract, reason } => rollout.approve(*contract, reason).await,
            Deed::Pause { backfill, reason } => migrator.backfills().pause(*backfill, &signed(reason)).await,
            Deed::Resume { backfill, reason } => {
                migrator.backfills().resume(*backfill, &signed(reason)).await
            }
        }
    }
}
