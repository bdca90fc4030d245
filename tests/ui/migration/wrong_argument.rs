use upshift::BoxError;

#[upshift::migration(version = "20260514093000")]
async fn split_names(step: &mut String) -> Result<(), BoxError> {
    step.batch_execute("select 1").await?;
    Ok(())
}

fn main() {
    let _ = split_names;
}
