//! The files: versions, delays, switches, and names that need every care.

use upshift_files::{LayoutChoice, MigrationSet, Vars};

use super::{expression, ident, rename, sql_type, text, users};
use crate::*;

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
