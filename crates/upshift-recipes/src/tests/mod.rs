//! Which recipe fits which table: refused with the other method, and what the files are.

mod files;

use crate::*;
use expect_test::{Expect, expect};

fn ident(name: &str) -> Ident {
    name.parse().unwrap()
}

fn expression(text: &str) -> Expression {
    Expression::new(text).unwrap()
}

fn sql_type(text: &str) -> SqlType {
    SqlType::new(text).unwrap()
}

/// `app.users (id bigint primary key, name text)` with this column instead of `name`.
fn users(name: ColumnFacts) -> TableFacts {
    TableFacts::new("app.users".parse().unwrap(), 15)
        .column(ColumnFacts::new(ident("id"), "bigint").not_null())
        .column(name)
        .primary_key([ident("id")])
}

fn text() -> ColumnFacts {
    ColumnFacts::new(ident("name"), "text")
}

fn shown(recipe: Result<Recipe, RecipeError>) -> String {
    match recipe {
        Ok(recipe) => recipe
            .files
            .iter()
            .map(|file| format!("{} {}", file.phase, file.name))
            .collect::<Vec<_>>()
            .join("\n"),
        Err(error) => format!("{error}\nhelp: {}", error.help().unwrap_or("none")),
    }
}

fn check(recipe: Result<Recipe, RecipeError>, expected: Expect) {
    expected.assert_eq(&shown(recipe));
}

fn rename(method: RenameMethod) -> RenameColumn {
    RenameColumn::new(ident("name"), ident("full_name"), method)
}

#[test]
fn a_column_that_cannot_be_doubled_names_the_other_method() {
    for tie in [Tie::Unique, Tie::PartitionKey, Tie::Identity, Tie::Generated, Tie::Feeds, Tie::Sequence] {
        let error = rename(RenameMethod::SyncTrigger).recipe(&users(text().tie(tie))).unwrap_err();
        assert_eq!(error.help(), Some("rename it with RenameMethod::AliasView"));
        rename(RenameMethod::AliasView).recipe(&users(text().tie(tie))).unwrap();
    }
    check(
        rename(RenameMethod::SyncTrigger).recipe(&users(text().tie(Tie::PartitionKey))),
        expect![[r#"
        column name of app.users cannot be doubled: rows are sorted into partitions by it before any trigger could fill it
        help: rename it with RenameMethod::AliasView"#]],
    );
}

#[test]
fn a_column_whose_change_is_under_way_is_left_alone() {
    let facts = users(text().tie(Tie::UnderWay));
    check(
        rename(RenameMethod::SyncTrigger).recipe(&facts),
        expect![[r#"
        column name of app.users cannot be doubled: another change of it is under way, whose trigger would not see what this one's writes
        help: purge that one first, or take it back"#]],
    );
    check(
        DropColumn::new(ident("name")).recipe(&facts),
        expect![[r#"
        column name of app.users: another change of it is under way, whose trigger would not see what this one's writes
        help: purge that one first, or take it back"#]],
    );
}

#[test]
fn a_view_past_row_level_security_is_refused() {
    let mut facts = users(text());
    facts.row_security = RowSecurity::On;
    facts.server_major = 14;
    check(
        rename(RenameMethod::AliasView).recipe(&facts),
        expect![[r#"
        a view in the place of app.users: the table has row level security, and on PostgreSQL 14 a view asks with its owner's rights, past it
        help: rename a column with RenameMethod::SyncTrigger; keep the table's name until PostgreSQL 15"#]],
    );
    facts.server_major = 15;
    check(
        rename(RenameMethod::AliasView).recipe(&facts),
        expect![[r#"
        expand alias_users_name
        contract hide_users_name"#]],
    );
}

#[test]
fn names_that_are_not_there_or_there_already_are_refused() {
    let missing = RenameColumn::new(ident("nmae"), ident("full_name"), RenameMethod::SyncTrigger);
    check(
        missing.recipe(&users(text())),
        expect![[r#"
        column nmae of app.users: there is no such column
        help: look at the spelling: names are taken exactly as they are, upper and lower case included"#]],
    );
    let taken = RenameColumn::new(ident("name"), ident("id"), RenameMethod::SyncTrigger);
    check(
        taken.recipe(&users(text())),
        expect![[r#"
        column id of app.users: there is one already
        help: choose another name for the new column"#]],
    );
    check(
        AddColumn::new(ident("name"), sql_type("text")).recipe(&users(text())),
        expect![[r#"
        column name of app.users: there is one already
        help: choose another name for the new column"#]],
    );
}

#[test]
fn a_new_column_that_nobody_fills_cannot_be_not_null() {
    check(
        AddColumn::new(ident("age"), sql_type("integer")).not_null().recipe(&users(text())),
        expect![[r#"
        column age of app.users: old code does not fill it, so NOT NULL needs a default
        help: give a ColumnDefault, or add it now and make it NOT NULL (SetNotNull) in a later release"#]],
    );
}

#[test]
fn a_default_of_the_old_side_is_not_forgotten() {
    let change = |to| ChangeType::new(ident("name"), to, expression("name::text"), expression("label::text"));
    let to = NewColumn::new(ident("label"), sql_type("varchar(20)"));
    check(
        change(to.clone()).recipe(&users(text().default_is("'x'"))),
        expect![[r#"
        new column label of app.users: name has the default 'x', and what the new one's is was not said
        help: say NewColumn::default_is(…); with the expression `null` it has none"#]],
    );
    check(
        change(to.default_is(expression("null"))).recipe(&users(text().default_is("'x'"))),
        expect![[r#"
        expand expand_users_name
        backfill backfill_users_name
        contract hide_users_name
        contract purge_users_name"#]],
    );
}

#[test]
fn partitions_of_partitions_and_old_servers_are_refused_where_they_would_lock() {
    let mut facts = users(text()).partitioned(["app.users_1".parse().unwrap()]);
    let key = || {
        AddForeignKey::new(
            ident("users_name_fkey"),
            [ident("name")],
            "app.names".parse().unwrap(),
            [ident("name")],
            OldWriters::Comply,
        )
    };
    check(
        key().recipe(&facts),
        expect![[r#"
        expand add_users_users_name_fkey
        backfill check_users_users_name_fkey
        backfill join_users_users_name_fkey"#]],
    );
    facts.server_major = 18;
    check(
        key().recipe(&facts),
        expect![[r#"
        expand add_users_users_name_fkey
        backfill check_users_users_name_fkey"#]],
    );
    facts.server_major = 17;
    facts.nesting = Nesting::Deep;
    check(
        key().recipe(&facts),
        expect![[r#"
        the foreign key users_name_fkey of app.users: its partitions have partitions, and before PostgreSQL 18 a NOT VALID key is for each alone
        help: make AddForeignKey for each table that holds rows, then add it to the parents from below"#]],
    );
    check(
        ConcurrentIndex::new(ident("i"), [expression("name")]).recipe(&facts),
        expect![[r#"
        the index i of app.users: its partitions have partitions
        help: make it for each partitioned partition first, and attach those to the one of the parent"#]],
    );
    check(
        AddUnique::new(ident("u"), [ident("name")], OldWriters::Comply).recipe(&facts),
        expect![[r#"
        the unique constraint u of app.users: no index of a partitioned table can become a constraint
        help: make a unique index with ConcurrentIndex::unique: ON CONFLICT takes it as well"#]],
    );
    let lookup = StringToLookup::new(ident("name"), ident("name_id"), "app.names".parse().unwrap());
    check(
        lookup.recipe(&facts),
        expect![[r#"
        a foreign key of the partitioned table app.users: PostgreSQL 17 checks it under a long lock
        help: take ForeignKey::None here, and then AddForeignKey, which goes partition by partition"#]],
    );
}

#[test]
fn what_else_is_refused() {
    check(
        SetNotNull::new(ident("id")).recipe(&users(text())),
        expect![[r#"
        column id of app.users: it is NOT NULL already
        help: nothing need be done"#]],
    );
    check(
        AddPrimaryKey::new(ident("k"), [ident("name")], OldWriters::Comply).recipe(&users(text())),
        expect![[r#"
            the primary key k of app.users: the table has a primary key
            help: make a unique constraint (AddUnique), and drop the old key in a later release"#]],
    );
    let mut facts = users(text());
    facts.incoming.push("orders_user_id_fkey of app.orders".to_owned());
    check(
        DropTable::new().recipe(&facts),
        expect![[r#"
        table app.users: foreign keys point at it: orders_user_id_fkey of app.orders
        help: drop those, or their columns (DropColumn), in a migration before this one"#]],
    );
    check(
        DropColumn::new(ident("id")).recipe(&facts),
        expect![[r#"
        column id of app.users: it is part of the primary key, and nothing would fill it
        help: drop the primary key in a migration before this one"#]],
    );
    let mood =
        ReplaceEnum::new(ident("name"), ident("mood"), "app.mood".parse().unwrap(), ["a"]).up("x", "b");
    check(
        mood.recipe(&users(text())),
        expect![[r#"
        the value 'b' of app.mood: it is mapped, and the new type does not have it
        help: add it to the values, or map to another one"#]],
    );
}

#[test]
fn not_null_by_phases() {
    check(
        SetNotNull::new(ident("name")).recipe(&users(text())),
        expect![[r#"
        contract hold_users_name_not_null
        contract check_users_name_not_null
        contract users_name_not_null"#]],
    );
    check(
        SetNotNull::new(ident("name")).fill(expression("''")).recipe(&users(text())),
        expect![[r#"
        expand expand_users_name_not_null
        backfill backfill_users_name_not_null
        backfill check_users_name_not_null
        backfill users_name_not_null
        contract finish_users_name_not_null"#]],
    );
    check(
        AddPrimaryKey::new(ident("k"), [ident("name")], OldWriters::MayViolate)
            .recipe(&users(text()).primary_key([])),
        expect![[r#"
            contract hold_users_k_not_null
            contract check_users_k_not_null
            contract users_k_not_null
            contract index_users_k
            contract primary_key_users_k"#]],
    );
    let per_row = ColumnDefault::PerRow(expression("gen_random_uuid()"));
    let token = AddColumn::new(ident("token"), sql_type("uuid")).default_is(per_row).not_null();
    check(
        token.recipe(&users(text())),
        expect![[r#"
        expand add_users_token
        backfill backfill_users_token
        backfill hold_users_token_not_null
        backfill check_users_token_not_null
        backfill users_token_not_null"#]],
    );
}

#[test]
fn wide_values_are_compared_only_where_another_trigger_may_change_them() {
    let wide = |others: &[&str]| {
        let mut facts = users(ColumnFacts { width: 100_000, ..text() });
        facts.before_update = others.iter().map(|name| ident(name)).collect();
        let recipe = rename(RenameMethod::SyncTrigger).recipe(&facts).unwrap();
        let files = recipe.numbered("1".parse().unwrap()).unwrap();
        let trigger = files[0].text.lines().find(|line| line.contains("before update")).unwrap().to_owned();
        (trigger, recipe.notes.iter().any(|note| note.text.contains("7 ms")))
    };
    let named = "create trigger zzz_upshift_sync_name_full_name_u before update of name, full_name on app.users for each row";
    assert_eq!(wide(&[]), (named.to_owned(), false));
    let all = "create trigger zzz_upshift_sync_name_full_name_u before update on app.users for each row";
    assert_eq!(wide(&["normalise"]), (all.to_owned(), true));
}
