//! Going on in the middle: allowed as long as what is done was not edited meanwhile.

use tokio_postgres::Client;
use upshift_files::sql::split;

use crate::error::Error;
use crate::history::read_texts;
use crate::history::sql::Tables;
use crate::migrator::resumed;
use crate::plan::{Plan, Refusal, RefusalKind, Step, StepBody};

/// Refuses a plan that would go on in a migration whose done statements are other ones now.
///
/// The statement that failed, and those behind it, may be mended: that is what one does.
pub(crate) async fn refuse_edited_beginnings(client: &Client, tables: &Tables, plan: &Plan) -> Result<(), Error> {
    let mut refused = Vec::new();
    for step in resumed(plan) {
        let Some(ordinal) = step.ordinal else { continue };
        let texts = read_texts(client, tables, ordinal).await?;
        if texts.up.is_some_and(|stored| !begins_alike(&stored, step)) {
            let kind = RefusalKind::FailedChanged { done: step.done };
            refused.push(Refusal { label: step.label.clone(), kind });
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(Error::refused(refused)) }
}

fn begins_alike(stored: &str, step: &Step) -> bool {
    let StepBody::Sql(script) = &step.body else { return true };
    let Ok(statements) = split(stored) else { return step.done == 0 };
    let alike = |at: usize| statements.get(at).is_some_and(|it| it.text(stored) == script.text(at));
    (0..step.done).all(alike)
}
