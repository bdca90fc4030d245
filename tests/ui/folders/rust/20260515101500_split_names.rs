// upshift: phase backfill
use upshift::{BoxError, StepContext};

#[path = "words.rs"]
mod words;

pub async fn up(step: &mut StepContext<'_>) -> Result<(), BoxError> {
    step.batch_execute(&words::first_word_of("name")).await?;
    Ok(())
}

pub async fn down(step: &mut StepContext<'_>) -> Result<(), BoxError> {
    step.batch_execute("update users set first_name = null").await?;
    Ok(())
}
