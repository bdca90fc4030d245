//! Who stands at the gate while a contract runs: the last judgement is made where nobody can join any more.

mod facts;

use tokio_postgres::Client;
use upshift_files::Version;

use crate::error::Error;
use crate::gate::{Contract, GatePolicy, Verdict, Watch, judge};
use crate::history::sql::Tables;

pub(crate) use facts::{
    Company, company as read_company, nobody as read_nobody, read as read_facts, switch as read_switch,
};

/// The contracts that a run may apply, each judged again in its own transaction.
#[derive(Debug, Clone)]
pub(crate) struct Gatekeeper {
    pub(crate) contracts: Vec<Contract>,
    pub(crate) policy: GatePolicy,
    pub(crate) watch: Watch,
}

impl Gatekeeper {
    /// Judges the contract with this version in the open transaction, in which nobody can join any more.
    ///
    /// Whoever joined before is seen, for the facts are read behind the lock; whoever joins later meets the contract's
    /// history row, for it waits until that is committed. What is no contract of this run passes.
    pub(crate) async fn judge(
        &self,
        client: &Client,
        tables: &Tables,
        version: Option<Version>,
    ) -> Result<Verdict, Error> {
        let Some(contract) = self.contracts.iter().find(|it| Some(it.version) == version) else {
            return Ok(Verdict::Open);
        };
        Ok(judge(contract, &read_facts(client, tables).await?, &self.policy, &self.watch))
    }
}
