//! Which recipe fits which table: refused with the other method, and what the files are.

use expect_test::{Expect, expect};
use upshift_files::{LayoutChoice, MigrationSet, Vars};

use super::*;

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

#[test]
fn versions_follow_each_other_or_are_chosen() {
    let recipe = rename(RenameMethod::AliasView).recipe(&users(text())).unwrap();
    let paths = |files: Vec<upshift_files::SourceFile>| {
        files.iter().map(|file| file.path.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        paths(recipe.numbered("7".parse().unwrap()).unwrap()),
        "7_alias_users_name.sql 8_hide_users_name.sql"
    );
    let later = recipe.numbered_by(|file| match file.phase {
        Phase::Contract => "9".parse().unwrap(),
        _ => "3".parse().unwrap(),
    });
    let later = later.unwrap();
    assert!(later[1].text.contains("-- upshift: requires 3\n"), "{}", later[1].text);
    assert_eq!(paths(later), "3_alias_users_name.sql 9_hide_users_name.sql");
    let same = recipe.numbered_by(|_| "3".parse().unwrap()).unwrap_err();
    assert_eq!(
        same.to_string(),
        "numbering hide_users_name: its version 3 is not above 3, that of the file before it"
    );
    let last = recipe.numbered("999999999999999999".parse().unwrap()).unwrap_err();
    assert_eq!(last.to_string(), "numbering from 999999999999999999: a version has at most 18 digits");
}

#[test]
fn the_purge_waits_as_long_as_is_said() {
    let recipe = rename(RenameMethod::SyncTrigger).recipe(&users(text())).unwrap();
    let purge = |recipe: &Recipe| recipe.numbered("1".parse().unwrap()).unwrap().pop().unwrap().text;
    assert!(purge(&recipe).contains("-- upshift: after 7d\n"));
    assert!(purge(&recipe.clone().purge_after("12h").unwrap()).contains("-- upshift: after 12h\n"));
    assert!(recipe.purge_after("a week").is_err());
}

#[test]
fn a_switch_is_in_every_file() {
    let recipe = rename(RenameMethod::SyncTrigger).recipe(&users(text())).unwrap();
    let files = recipe.clone().switch("users.full_name").unwrap().numbered("1".parse().unwrap()).unwrap();
    let set = MigrationSet::parse(files, Vec::new(), LayoutChoice::Detect).unwrap();
    assert!(set.iter().all(|it| it.header().switch.as_deref() == Some("users.full_name")));
    for name in ["", "two words", "a\nb", "\"a", "a-b", "a.1", "a."] {
        assert!(recipe.clone().switch(name).is_err(), "{name:?}");
    }
}

#[test]
fn the_name_of_a_file_is_never_too_long() {
    let long = ["a", "b", "c", "d"].map(|c| ident(&c.repeat(63)));
    let mut facts = TableFacts::new(Table::new(ident("app"), ident(&"x".repeat(63))), 15);
    for name in &long {
        facts = facts.column(ColumnFacts::new(name.clone(), "text"));
    }
    let from = long.map(|name| (name, expression("whole")));
    let merge = MergeColumns::new(from, NewColumn::new(ident("whole"), sql_type("text")), expression("'x'"));
    for file in merge.recipe(&facts).unwrap().numbered("20261121090000".parse().unwrap()).unwrap() {
        assert!(file.path.len() < 120, "{}", file.path);
    }
}

/// Names that need every care there is: the files are understood, statement by statement.
#[test]
fn hard_names_make_files_that_are_understood() {
    let long = "x".repeat(63);
    for (schema, table, column, to) in [
        ("app", "users", "name", "full_name"),
        ("My App", "Order \"Items\"", "Na\"me", "select"),
        (&long, &long, &long, "ÄÖÜ -- upshift: down"),
        ("s", "t", "key", "$upshift$"),
    ] {
        let facts = TableFacts::new(Table::new(ident(schema), ident(table)), 15)
            .column(ColumnFacts::new(ident("Key \"1\""), "bigint").not_null())
            .column(ColumnFacts::new(ident(column), "text").not_null().default_is("'it''s'"))
            .primary_key([ident("Key \"1\"")]);
        let (column, to) = (ident(column), ident(to));
        let new = || NewColumn::new(to.clone(), sql_type("text")).default_is(expression("null")).not_null();
        let same = |name: &Ident| expression(&name.to_string());
        let recipes = [
            RenameColumn::new(column.clone(), to.clone(), RenameMethod::SyncTrigger).recipe(&facts),
            RenameColumn::new(column.clone(), to.clone(), RenameMethod::AliasView).recipe(&facts),
            ChangeType::new(column.clone(), new(), same(&column), same(&to)).recipe(&facts),
            StringToLookup::new(column.clone(), to.clone(), facts.table.beside(ident("a b")))
                .unknown(Unknown::IsRefused)
                .values(["it's", "a\\b"])
                .default_value("a\\b")
                .unwrap()
                .recipe(&facts),
            ReplaceEnum::new(column.clone(), to.clone(), facts.table.beside(ident("m")), ["it's"])
                .up("a'", "it's")
                .default_is(expression("null"))
                .recipe(&facts),
            RenameTable::new(to.clone()).recipe(&facts),
            DropColumn::new(column.clone()).recipe(&facts),
            DropTable::new().recipe(&facts),
            AddCheck::new(to.clone(), expression("1 = 1"), OldWriters::Comply).recipe(&facts),
            AddUnique::new(to.clone(), [column.clone()], OldWriters::MayViolate).recipe(&facts),
        ];
        for recipe in recipes {
            let files = recipe.unwrap().numbered("1".parse().unwrap()).unwrap();
            let count = files.len();
            let set = MigrationSet::parse(files, Vec::new(), LayoutChoice::Detect)
                .unwrap_or_else(|error| panic!("{error}"));
            set.check(None::<&Vars>).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(set.len(), count);
        }
    }
}
