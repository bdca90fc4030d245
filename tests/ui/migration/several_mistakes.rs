use upshift::StepContext;

#[upshift::migration(version = "next", transaction = false, wait = "5s")]
fn split_names(step: &mut StepContext<'_>, table: &str) {
    let _ = (step, table);
}

fn main() {
    let _ = split_names;
}
