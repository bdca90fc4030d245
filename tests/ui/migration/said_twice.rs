use upshift::{BoxError, StepContext};

#[upshift::migration(version = "20260514093000", version = "20260514094500")]
async fn split_names(step: &mut StepContext<'_>) -> Result<(), BoxError> {
    step.batch_execute("select 1").await?;
    Ok(())
}

fn main() {
    let _ = split_names;
}
