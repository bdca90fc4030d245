use upshift::StepContext;

#[upshift::migration(version = "20260514093000")]
async fn split_names(_step: &mut StepContext<'_>) {}

fn main() {
    let _ = split_names;
}
