//! Contracts: each is judged once more where it runs, behind the lock that keeps everybody from joining.

use upshift_files::Phase;

use super::Executor;
use super::one_by_one::Broken;
use crate::error::Error;
use crate::gate::Verdict;
use crate::gatekeeper::Gatekeeper;
use crate::history::fleet::SEES_OTHERS;
use crate::plan::messages::{begun, fencing, limits};
use crate::plan::{Direction, Message, Purpose, Step};

impl<'e> Executor<'e> {
    /// The gatekeeper of a step that takes something away.
    pub(super) fn gatekeeper_of(&self, step: &Step) -> Option<&'e Gatekeeper> {
        let takes_away = step.phase == Phase::Contract && step.direction == Direction::Up;
        self.gatekeeper.filter(|_| takes_away)
    }

    /// Judges a contract in the open transaction, in which nobody can join any more.
    pub(super) async fn judged(&self, gatekeeper: &Gatekeeper, step: &Step) -> Result<(), Error> {
        let (client, tables) = (self.lock.session.client(), self.context.tables());
        match gatekeeper.judge(client, tables, step.version()).await? {
            Verdict::Open => Ok(()),
            Verdict::Closed(reasons) => Err(Error::gate_closed(step.label.clone(), reasons)),
        }
    }

    /// Writes that the step has begun; for a contract that is the fence, so it goes with the last look at the gate.
    pub(super) async fn begun(&self, step: &Step) -> Result<(), Broken> {
        let writer = &self.plan.writer;
        let Some(gatekeeper) = self.gatekeeper_of(step) else {
            return Ok(self.record(&begun(step, writer)).await?);
        };
        let begin = Message::plain(Purpose::Begin, format!("begin;{} {SEES_OTHERS};", limits(step, writer)));
        let commit = Message::plain(Purpose::Commit, "commit");
        for message in [&begin, &fencing(writer)] {
            self.send_or_roll_back(step, message).await?;
        }
        if let Err(error) = self.judged(gatekeeper, step).await {
            let rolled_back = self.lock.session.client().batch_execute("rollback").await;
            tracing::debug!(?rolled_back, "rolled back before a closed gate");
            return Err(error.into());
        }
        for message in [&begun(step, writer), &commit] {
            self.send_or_roll_back(step, message).await?;
        }
        Ok(())
    }
}
