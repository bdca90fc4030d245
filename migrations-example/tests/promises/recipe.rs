//! The files of the second release are what the recipe writes, word for word.

use std::path::Path;

use upshift_recipes::{ColumnFacts, RecipeError, StringToLookup, TableFacts};

fn recipe() -> Result<upshift_recipes::Recipe, Box<dyn std::error::Error>> {
    let facts = TableFacts::new("public.orders".parse()?, 15)
        .column(ColumnFacts::new("id".parse()?, "bigint").not_null())
        .column(ColumnFacts::new("customer".parse()?, "text").not_null())
        .column(ColumnFacts::new("status".parse()?, "text").not_null().default_is("'placed'::text"))
        .column(ColumnFacts::new("total_cents".parse()?, "bigint").not_null())
        .column(ColumnFacts::new("placed_at".parse()?, "timestamptz").not_null())
        .primary_key(["id".parse()?]);
    let lookup =
        StringToLookup::new("status".parse()?, "status_id".parse()?, "public.order_statuses".parse()?)
            .values(["placed", "paid", "shipped", "delivered", "cancelled"])
            .default_value("placed")?;
    let recipe: Result<_, RecipeError> = lookup.recipe(&facts).and_then(|it| it.switch("orders.status_id"));
    Ok(recipe?)
}

/// `UPSHIFT_UPDATE_RELEASES=1` writes them anew; read the difference before you commit it.
#[test]
fn the_files_of_the_second_release_are_the_recipes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("releases/2");
    let update = std::env::var_os("UPSHIFT_UPDATE_RELEASES").is_some();
    let files = recipe().unwrap().numbered("20260601090000".parse().unwrap()).unwrap();
    for file in &files {
        let path = folder.join(&*file.path);
        if update {
            std::fs::write(&path, &*file.text).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap();
        assert_eq!(found, *file.text, "{}", file.path);
    }
    let there = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(there, files.len() + 1, "the recipe's files and the first release's one");
}
