//! Every recipe with a table it is for: what the way back and the locks are tried with.

use upshift_recipes::{
    AddCheck, AddColumn, AddForeignKey, AddPrimaryKey, AddUnique, ColumnDefault, ConcurrentIndex, DropColumn,
    DropTable, Expression, KeyAction, OldWriters, Recipe, RecipeError, RenameTable, SetNotNull, SqlType,
    TableFacts,
};

use crate::subject::{
    ALIAS, LOOKUP, NOT_NULL, RENAME_NOT_NULL, Release, SPLIT, SYNCED, Shape, Subject, TABLE,
};

/// A recipe and a table it is for.
pub(crate) struct Change {
    pub(crate) name: &'static str,
    pub(crate) setup: String,
    pub(crate) recipe: fn(&TableFacts) -> Result<Recipe, RecipeError>,
    /// What is asked before and after: the table as code of today reads it.
    pub(crate) question: String,
}

fn expression(text: &str) -> Expression {
    Expression::new(text).unwrap()
}

fn sql_type(text: &str) -> SqlType {
    SqlType::new(text).unwrap()
}

fn add_once(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    let default = ColumnDefault::Once(expression("'none'"));
    AddColumn::new("label".parse().unwrap(), sql_type("text")).default_is(default).not_null().recipe(facts)
}

fn add_per_row(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    let default = ColumnDefault::PerRow(expression("gen_random_uuid()"));
    AddColumn::new("token".parse().unwrap(), sql_type("uuid")).default_is(default).not_null().recipe(facts)
}

fn not_null(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    SetNotNull::new("name".parse().unwrap()).recipe(facts)
}

fn check(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    let (name, rule) = ("orders_price_check".parse().unwrap(), expression("price >= 0"));
    AddCheck::new(name, rule, OldWriters::Comply).recipe(facts)
}

/// As for a server before 18, which takes it partition by partition.
fn foreign_key_by_partition(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    let mut facts = facts.clone();
    facts.server_major = 17;
    foreign_key(&facts)
}

fn foreign_key(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    let (name, column) = ("orders_buyer_fkey".parse().unwrap(), "buyer".parse().unwrap());
    AddForeignKey::new(
        name,
        [column],
        "app.buyers".parse().unwrap(),
        ["id".parse().unwrap()],
        OldWriters::MayViolate,
    )
    .on_delete(KeyAction::Cascade)
    .recipe(facts)
}

fn unique(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    let (name, column) = ("orders_code_key".parse().unwrap(), "code".parse().unwrap());
    AddUnique::new(name, [column], OldWriters::Comply).recipe(facts)
}

fn primary_key(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    let (name, column) = ("orders_pkey".parse().unwrap(), "code".parse().unwrap());
    AddPrimaryKey::new(name, [column], OldWriters::Comply).recipe(facts)
}

fn index(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    ConcurrentIndex::new(
        "orders_code_idx".parse().unwrap(),
        [expression("(lower(code))"), expression("id desc")],
    )
    .include(["price".parse().unwrap()])
    .filter(expression("price > 0"))
    .recipe(facts)
}

fn rename_table(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    RenameTable::new("purchases".parse().unwrap()).recipe(facts)
}

fn drop_column(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    DropColumn::new("price".parse().unwrap()).recipe(facts)
}

fn drop_filled_column(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    DropColumn::new("code".parse().unwrap()).fill(expression("'gone'")).recipe(facts)
}

fn drop_table(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    DropTable::new().recipe(facts)
}

const BUYERS: &str =
    "create table app.buyers (id bigint primary key); insert into app.buyers values (1), (2);";
const COLUMNS: &str =
    "id bigint primary key, buyer bigint, code text not null, price integer default 0, name text";
const ROWS: &str = "insert into app.orders (id, buyer, code, price, name)
    select n, 1 + n % 2, 'c' || n, n * 10, 'Ann' from generate_series(1, 9) n";

fn on_orders(
    name: &'static str,
    recipe: fn(&TableFacts) -> Result<Recipe, RecipeError>,
    (columns, partitions): (&str, &str),
) -> Change {
    let setup =
        format!("create schema app; {BUYERS} create table app.orders ({columns}){partitions}; {ROWS}");
    Change {
        name,
        setup,
        recipe,
        question: "select id, buyer, code, price, name from app.orders order by id".to_owned(),
    }
}

/// Two partitions; the semicolon of the last is the caller's.
const PARTITIONS: &str = " partition by range (id);
    create table app.orders_low partition of app.orders for values from (minvalue) to (5);
    create table app.orders_high partition of app.orders for values from (5) to (maxvalue)";

/// Those of one side, and those that put something in the table's place.
pub(crate) fn of_rules() -> Vec<Change> {
    let keyless = COLUMNS.replace(" primary key", "").replace("code text not null", "code text");
    vec![
        on_orders("add column, one default", add_once, (COLUMNS, "")),
        on_orders("add column, a default for each row", add_per_row, (COLUMNS, "")),
        on_orders("add column to partitions", add_per_row, (COLUMNS, PARTITIONS)),
        on_orders("set not null, nothing to fill", not_null, (COLUMNS, "")),
        on_orders("add check", check, (COLUMNS, "")),
        on_orders("add check to partitions", check, (COLUMNS, PARTITIONS)),
        on_orders("add foreign key", foreign_key, (COLUMNS, "")),
        on_orders("add foreign key to partitions", foreign_key_by_partition, (COLUMNS, PARTITIONS)),
        on_orders("add unique", unique, (COLUMNS, "")),
        on_orders("add primary key", primary_key, (&keyless, "")),
        on_orders("concurrent index", index, (COLUMNS, "")),
        on_orders("concurrent index of partitions", index, (COLUMNS, PARTITIONS)),
        on_orders("rename table", rename_table, (COLUMNS, "")),
        on_orders("drop column", drop_column, (COLUMNS, "")),
        on_orders("drop column, filled meanwhile", drop_filled_column, (COLUMNS, "")),
        on_orders("drop column of partitions", drop_column, (COLUMNS, PARTITIONS)),
        on_orders("drop table", drop_table, (COLUMNS, "")),
    ]
}

/// From PostgreSQL 18 on the parent takes a key that is not valid yet.
pub(crate) fn foreign_key_of_a_parent() -> Change {
    on_orders("add foreign key to a parent", foreign_key, (COLUMNS, PARTITIONS))
}

/// Those with an old and a new side, on a table of its own or on partitions.
pub(crate) fn of_sides(shape: Shape) -> Vec<Change> {
    let change = |subject: &Subject| {
        let old = subject.columns(Release::One);
        let values = subject.literals(Release::One, Some(0)).join(", ");
        let rows = format!("insert into {TABLE} (id, {old}) select n, {values} from generate_series(1, 9) n");
        Change {
            name: subject.name,
            setup: format!("{} {rows}", subject.setup(shape)),
            recipe: subject.recipe,
            question: format!("select id, {old}, note from {TABLE} order by id"),
        }
    };
    match shape {
        Shape::Plain => SYNCED.iter().chain([&ALIAS, &NOT_NULL]).map(change).collect(),
        Shape::Partitioned => [RENAME_NOT_NULL, SPLIT, LOOKUP, ALIAS, NOT_NULL].iter().map(change).collect(),
    }
}
