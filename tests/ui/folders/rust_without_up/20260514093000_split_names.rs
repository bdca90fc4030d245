use upshift::{BoxError, StepContext};

pub async fn forward(step: &mut StepContext<'_>) -> Result<(), BoxError> {
    step.batch_execute("select 1").await?;
    Ok(())
}
