//! What the files of the recipes do on a real server is what lint foresees.

use expect_test::expect;
use upshift::{Source, SourceFile};
use upshift_promises::database::SERVER;
use upshift_test::{Rows, trace};

use crate::change::{self, Change};
use crate::stage::Stage;
use crate::subject::{Shape, TABLE};

/// The schema as a first migration, and the recipe's files behind it.
async fn source(change: &Change) -> Source {
    let stage = Stage::new(&change.setup, TABLE, change.recipe).await;
    let files = stage.recipe.numbered("2".parse().unwrap()).unwrap();
    let setup = SourceFile::new("1_setup.sql", change.setup.clone());
    Source::files([setup]).with_files(files)
}

#[tokio::test]
async fn what_the_recipes_do_was_foreseen() {
    let (mut found, mut compared) = (String::new(), 0);
    let plain = change::of_rules().into_iter().chain(change::of_sides(Shape::Plain));
    for change in plain.chain(change::of_sides(Shape::Partitioned)) {
        let source = source(&change).await;
        let trace = trace(source.clone()).server(SERVER.url("postgres")).run().await;
        let trace = trace.unwrap_or_else(|error| panic!("{}: {error:?}", change.name));
        let comparison = trace.compare(&source.set().unwrap());
        compared += comparison.compared;
        let refused = trace.steps.iter().filter(|step| step.rows != Rows::AsAsked);
        let refused: Vec<String> = refused.map(|step| format!("\n{step}")).collect();
        if !comparison.differences.is_empty() || !comparison.not_compared.is_empty() || !refused.is_empty() {
            found.push_str(&format!("== {}\n{comparison}{}\n", change.name, refused.join("")));
        }
        for unknown in &comparison.not_compared {
            found.push_str(&format!("  {}: {}: {}\n", unknown.label, unknown.text, unknown.why));
        }
    }
    assert!(compared > 300, "{compared}");
    if SERVER.version().major >= 18 {
        // A partitioned table takes a foreign key NOT VALID, and two statements more.
        found = found.replace("31 statements compared", "29 statements compared");
    }
    expect![[r#"
        == string to lookup table
        29 statements compared, 1 not; 0 effects unforeseen, 0 foreseen and not seen
          3_backfill_orders_status: update app.orders set status_id = app.upshift_up_orders_status_id(status) where status_id is null an …: app.upshift_up_orders_status_id may do anything
        == string to lookup table
        29 statements compared, 1 not; 0 effects unforeseen, 0 foreseen and not seen
          3_backfill_orders_status: update app.orders set status_id = app.upshift_up_orders_status_id(status) where status_id is null an …: app.upshift_up_orders_status_id may do anything
    "#]].assert_eq(&found);
}
