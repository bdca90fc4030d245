//! What the files say, word for word: one speaking example for each recipe, in `snapshots/`.
//!
//! The facts are said by hand, so that the text is the same on every server. `UPDATE_EXPECT=1` writes it anew.

use expect_test::expect_file;
use upshift_recipes::{
    AddCheck, AddColumn, AddForeignKey, AddPrimaryKey, AddUnique, ChangeType, ColumnDefault, ColumnFacts,
    ConcurrentIndex, DropColumn, DropTable, Expression, KeyAction, MergeColumns, NewColumn, OldType,
    OldWriters, Recipe, RecipeError, RenameColumn, RenameMethod, RenameTable, ReplaceEnum, SetNotNull,
    SplitColumn, SqlType, StringToLookup, TableFacts,
};

fn column(name: &str, data_type: &str) -> ColumnFacts {
    ColumnFacts::new(name.parse().unwrap(), data_type)
}

fn new_column(name: &str, data_type: &str) -> NewColumn {
    NewColumn::new(name.parse().unwrap(), sql_type(data_type))
}

fn sql_type(text: &str) -> SqlType {
    SqlType::new(text).unwrap()
}

fn expression(text: &str) -> Expression {
    Expression::new(text).unwrap()
}

fn ident(name: &str) -> upshift_recipes::Ident {
    name.parse().unwrap()
}

/// `app.orders` as most examples have it.
fn orders() -> TableFacts {
    let mut facts = TableFacts::new("app.orders".parse().unwrap(), 15)
        .column(column("id", "bigint").not_null())
        .column(column("user_id", "bigint").not_null())
        .column(column("status", "text").not_null().default_is("'new'::text"))
        .column(column("amount", "integer").not_null().default_is("0"))
        .column(column("note", "text"))
        .primary_key([ident("id")]);
    facts.owner = Some(ident("shop"));
    facts
}

/// `app.users`.
fn users() -> TableFacts {
    TableFacts::new("app.users".parse().unwrap(), 15)
        .column(column("id", "bigint").not_null())
        .column(column("name", "text").not_null())
        .column(column("street", "text"))
        .column(column("town", "text"))
        .primary_key([ident("id")])
}

/// The files one after the other, and the notes.
fn check(name: &str, recipe: Result<Recipe, RecipeError>) {
    let recipe = recipe.unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut text = String::new();
    for file in recipe.numbered("20261121090000".parse().unwrap()).unwrap() {
        text.push_str(&format!("------ {}\n{}\n", file.path, file.text));
    }
    text.push_str("------ notes\n");
    for note in &recipe.notes {
        text.push_str(&format!("-- {note}\n"));
    }
    expect_file![format!("snapshots/{name}.sql")].assert_eq(&text);
}

#[test]
fn columns() {
    let paid_at = AddColumn::new(ident("channel"), sql_type("text"));
    let default = ColumnDefault::Once(expression("'shop'"));
    check("add_column", paid_at.default_is(default).not_null().recipe(&orders()));
    let token = AddColumn::new(ident("token"), sql_type("uuid")).not_null();
    let default = ColumnDefault::PerRow(expression("gen_random_uuid()"));
    check("add_column_per_row", token.default_is(default).recipe(&orders()));
    check("set_not_null", SetNotNull::new(ident("note")).recipe(&orders()));
    check("set_not_null_filled", SetNotNull::new(ident("note")).fill(expression("''")).recipe(&orders()));
    check("drop_column", DropColumn::new(ident("note")).recipe(&orders()));
    let filled = DropColumn::new(ident("user_id")).fill(expression("0"));
    check("drop_column_filled", filled.recipe(&orders()));
}

#[test]
fn names() {
    let rename = |method| RenameColumn::new(ident("name"), ident("full_name"), method);
    check("rename_column", rename(RenameMethod::SyncTrigger).recipe(&users()));
    check("rename_column_by_view", rename(RenameMethod::AliasView).recipe(&users()));
    check("rename_table", RenameTable::new(ident("purchases")).recipe(&orders()));
    check("drop_table", DropTable::new().recipe(&orders()));
}

#[test]
fn shapes() {
    let to = new_column("amount_dec", "numeric(12, 2)").default_is(expression("0")).not_null();
    let (up, down) = (expression("amount::numeric"), expression("round(amount_dec)::integer"));
    check("change_type", ChangeType::new(ident("amount"), to, up, down).recipe(&orders()));
    let first = (new_column("first", "text"), expression("split_part(name, ' ', 1)"));
    let rest = "nullif(substr(name, strpos(name || ' ', ' ') + 1), '')";
    let last = (new_column("last", "text"), expression(rest));
    let down = expression("concat_ws(' ', first, last)");
    check("split_column", SplitColumn::new(ident("name"), [first, last], down).recipe(&users()));
    let street = (ident("street"), expression("nullif(split_part(address, ', ', 1), '')"));
    let town = (ident("town"), expression("nullif(split_part(address, ', ', 2), '')"));
    let up = expression("nullif(concat_ws(', ', street, town), '')");
    let merge = MergeColumns::new([street, town], new_column("address", "text"), up);
    check("merge_columns", merge.recipe(&users()));
    let lookup =
        StringToLookup::new(ident("status"), ident("status_id"), "app.order_statuses".parse().unwrap());
    let lookup = lookup.values(["new", "paid", "sent"]).default_value("new").unwrap();
    check("string_to_lookup", lookup.recipe(&orders()));
    let mut facts = orders();
    facts.columns[2] = column("status", "app.order_status").not_null().default_is("'new'::app.order_status");
    let states = ReplaceEnum::new(
        ident("status"),
        ident("state"),
        "app.order_state".parse().unwrap(),
        ["open", "paid"],
    )
    .up("new", "open")
    .down("open", "new")
    .default_is(expression("'open'"))
    .old_type(OldType::IsDropped);
    check("replace_enum", states.recipe(&facts));
}

#[test]
fn rules() {
    let check_name = ident("orders_amount_check");
    let amount = AddCheck::new(check_name, expression("amount >= 0"), OldWriters::MayViolate);
    check("add_check", amount.recipe(&orders()));
    let key = |columns: [&str; 1]| {
        AddForeignKey::new(
            ident("orders_user_id_fkey"),
            columns.map(ident),
            "app.users".parse().unwrap(),
            [ident("id")],
            OldWriters::Comply,
        )
        .on_delete(KeyAction::Cascade)
    };
    check("add_foreign_key", key(["user_id"]).recipe(&orders()));
    let parts = ["app.orders_2025".parse().unwrap(), "app.orders_2026".parse().unwrap()];
    check("add_foreign_key_partitioned", key(["user_id"]).recipe(&orders().partitioned(parts.clone())));
    let unique = AddUnique::new(ident("users_name_key"), [ident("name")], OldWriters::Comply);
    check("add_unique", unique.recipe(&users()));
    let primary = AddPrimaryKey::new(ident("users_pkey"), [ident("id"), ident("town")], OldWriters::Comply);
    check("add_primary_key", primary.recipe(&users().primary_key([])));
    let keys = || [expression("status"), expression("id desc")];
    let index =
        ConcurrentIndex::new(ident("orders_status_idx"), keys()).filter(expression("status <> 'sent'"));
    check("concurrent_index", index.recipe(&orders()));
    let index = ConcurrentIndex::new(ident("orders_status_idx"), keys()).in_background();
    check("concurrent_index_partitioned", index.recipe(&orders().partitioned(parts)));
}
