//! What the migrations do to a database that has rows: which locks, for how long, what is read and written anew.

use migrations_example::boot;
use upshift_test::{Rows, trace};

#[tokio::test]
async fn every_migration_does_what_lint_foresees() {
    let trace = trace(boot::migrations()).run().await.unwrap();
    let comparison = trace.compare(&boot::migrations().set().unwrap());
    assert!(comparison.compared > 20, "{comparison}");
    assert!(comparison.differences.is_empty(), "{comparison}\n\n{trace}");
    let refused: Vec<&str> = trace
        .steps
        .iter()
        .filter(|step| step.rows != Rows::AsAsked)
        .map(|step| step.label.as_str())
        .collect();
    assert!(refused.is_empty(), "{trace}");
    assert!(trace.empty.is_empty(), "{trace}");
}
