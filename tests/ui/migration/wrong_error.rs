use upshift::StepContext;

#[upshift::migration(version = "20260514093000")]
async fn split_names(step: &mut StepContext<'_>) -> Result<(), String> {
    step.batch_execute("select 1").await.map_err(|error| error.to_string())?;
    Ok(())
}

fn main() {
    let _ = split_names;
}
