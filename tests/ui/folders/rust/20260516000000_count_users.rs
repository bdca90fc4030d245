use upshift::{BoxError, StepContext};

pub async fn up(step: &mut StepContext<'_>) -> Result<(), BoxError> {
    step.batch_execute("analyze users").await?;
    Ok(())
}
