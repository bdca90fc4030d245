use upshift::{BoxError, StepContext};

#[upshift::migration(version = "20260514093000", down = join_names)]
async fn split_names(step: &mut StepContext<'_>) -> Result<(), BoxError> {
    step.batch_execute("select 1").await?;
    Ok(())
}

fn join_names(_step: &mut StepContext<'_>) -> Result<(), BoxError> {
    Ok(())
}

fn main() {
    let _ = split_names;
}
