//! Hidden: an old writer gets an error, never silent success; the unhide gives it back with what was written meanwhile.

use expect_test::{Expect, expect};
use upshift_recipes::{DropColumn, Expression, Phase, Recipe, RecipeError, TableFacts};

use crate::change;
use crate::stage::Stage;
use crate::subject::{ALIAS, Release, SYNCED, Shape, TABLE};

#[tokio::test]
async fn code_that_still_uses_the_old_side_gets_an_error() {
    for subject in SYNCED.iter().chain([&ALIAS]) {
        let mut stage = Stage::new(&subject.setup(Shape::Plain), TABLE, subject.recipe).await;
        let (columns, literals) =
            (subject.columns(Release::One), subject.literals(Release::One, Some(0)).join(", "));
        stage.run(&format!("insert into {TABLE} (id, {columns}) values (1, {literals})")).await;
        let sends = [
            format!("select {columns} from {TABLE} where id = 1"),
            format!("insert into {TABLE} (id, {columns}) values (2, {literals})"),
            format!("update {TABLE} set {} where id = 1", subject.assignments(Release::One, Some(1))),
        ];
        stage.up_to("hide").await;
        for sql in &sends {
            assert_eq!(stage.run_or_state(sql).await.as_deref(), Some("42703"), "{}: {sql}", subject.name);
        }
        stage.back().await;
        for sql in &sends {
            assert_eq!(stage.run_or_state(sql).await, None, "{}: {sql}", subject.name);
        }
    }
}

/// The default has moved: an INSERT that names neither side leaves the same as before.
#[tokio::test]
async fn what_is_left_out_gets_the_same_default_before_and_after_the_hide() {
    for subject in SYNCED {
        let mut stage = Stage::new(&subject.setup(Shape::Plain), TABLE, subject.recipe).await;
        stage.through(Phase::Backfill).await;
        stage.run(&format!("insert into {TABLE} (id) values (1)")).await;
        stage.up_to("hide").await;
        stage.run(&format!("insert into {TABLE} (id) values (2)")).await;
        stage.back().await;
        stage.run(&format!("insert into {TABLE} (id) values (3)")).await;
        let sides = format!("{}, {}", subject.columns(Release::One), subject.columns(Release::Two));
        let found = stage.rows(&format!("select {sides} from {TABLE} order by id")).await;
        let texts = [Release::One, Release::Two].map(|release| subject.texts(release, subject.default));
        let row: Vec<&str> = texts.iter().flatten().map(|text| text.unwrap_or("-")).collect();
        assert_eq!(found, vec![row.join(" | "); 3].join("\n"), "{}", subject.name);
    }
}

#[tokio::test]
async fn code_that_still_uses_what_was_dropped_or_renamed_gets_an_error() {
    let sends = [
        "select code, price from app.orders where id = 1",
        "insert into app.orders (id, code, price) values (50, 'x', 3)",
        "update app.orders set code = 'y', price = 4 where id = 1",
    ];
    for (name, state) in [
        ("drop column", "42703"),
        ("drop column, filled meanwhile", "42703"),
        ("drop table", "42P01"),
        ("rename table", "42P01"),
    ] {
        let change = change::of_rules().into_iter().find(|change| change.name == name).unwrap();
        let mut stage = Stage::new(&change.setup, TABLE, change.recipe).await;
        stage.up_to("hide").await;
        for sql in sends {
            assert_eq!(stage.run_or_state(sql).await.as_deref(), Some(state), "{name}: {sql}");
        }
        stage.back().await;
        for sql in sends {
            assert_eq!(stage.run_or_state(sql).await, None, "{name}: {sql}");
        }
    }
}

/// The column as it is defined, hidden, a row written meanwhile, given back: the row, and what the column is again.
async fn given_back(
    definition: &str,
    recipe: fn(&TableFacts) -> Result<Recipe, RecipeError>,
    expected: Expect,
) {
    let setup = format!(
        "create schema app; create table app.orders (id bigint primary key, code {definition}, note text);
        insert into app.orders (id, code) values (1, 'a')"
    );
    let mut stage = Stage::new(&setup, TABLE, recipe).await;
    stage.up_to("hide").await;
    let failed = stage.run_or_state("insert into app.orders (id, note) values (2, 'x')").await;
    stage.back().await;
    let rows = stage.rows("select id, coalesce(code, 'NULL') from app.orders order by id").await;
    let column = "select coalesce(column_default, '-'), is_nullable from information_schema.columns
        where table_schema = 'app' and column_name = 'code'";
    let column = stage.rows(column).await;
    expected.assert_eq(&format!("{}{}; {column}", failed.unwrap_or_default(), rows.replace('\n', ", ")));
}

fn plain(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    DropColumn::new("code".parse().unwrap()).recipe(facts)
}

fn filled(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    DropColumn::new("code".parse().unwrap()).fill(Expression::string("gone")).recipe(facts)
}

#[tokio::test]
async fn a_dropped_column_comes_back_as_it_was_with_rows_written_meanwhile() {
    given_back("text", plain, expect!["1 | a, 2 | NULL; - | YES"]).await;
    given_back("text default 'd'", plain, expect!["1 | a, 2 | d; 'd'::text | YES"]).await;
    given_back("text not null default 'd'", plain, expect!["1 | a, 2 | d; 'd'::text | NO"]).await;
    given_back("text not null", filled, expect!["1 | a, 2 | gone; - | NO"]).await;
    given_back("text not null default 'd'", filled, expect!["1 | a, 2 | d; 'd'::text | NO"]).await;
    given_back("text", filled, expect!["1 | a, 2 | gone; - | YES"]).await;
}

/// Said in the notes: without a value to fill in, rows written meanwhile keep the column from being NOT NULL again.
#[tokio::test]
async fn a_column_that_nothing_fills_comes_back_only_when_no_row_lacks_it() {
    let setup =
        "create schema app; create table app.orders (id bigint primary key, code text not null, note text)";
    let mut stage = Stage::new(setup, TABLE, plain).await;
    stage.up_to("hide").await;
    stage.run("insert into app.orders (id) values (1)").await;
    let error = stage.try_back().await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("23502"), "{}", error.render());
    stage.run("update app.orders set _upshift_hidden_code = 'x'").await;
    stage.back().await;
    assert_eq!(stage.rows("select id, code from app.orders").await, "1 | x");
}
