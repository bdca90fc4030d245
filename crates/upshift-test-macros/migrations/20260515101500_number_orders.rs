// The Rust migration of the example in the documentation.
use upshift::{BoxError, StepContext};

pub async fn up(step: &mut StepContext<'_>) -> Result<(), BoxError> {
    step.batch_execute("alter table orders add number bigint; update orders set number = id").await?;
    Ok(())
}
