//! Whatever a folder holds, it is understood or refused: never a panic, and never a position outside of its file.

use proptest::prelude::*;

use super::*;

fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{0,3}_[a-c]{0,3}(\\.(up|down|verify|guard))?\\.sql",
        "[0-9]{1,3}_[a-c]{1,3}/(up|down|verify|migration)\\.sql",
        "[VURB][0-9]{0,2}([._][0-9]{1,5})?__[a-c]{0,2}\\.sql(\\.conf)?",
        "[0-9]{1,2}_[a-c]\\.rs",
        Just("meta/_journal.json".to_owned()),
        Just("1_a/metadata.toml".to_owned()),
        "\\PC{0,12}",
        "[0-9._T-]{10,25}[a-c]\\.sql",
    ]
}

fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("-- upshift: ".to_owned()),
        proptest::sample::select(directive::WORDS.to_vec()).prop_map(str::to_owned),
        Just("-- +goose ".to_owned()),
        Just("Up\n".to_owned()),
        Just("-- migrate:up\n".to_owned()),
        Just("-- no-transaction\n".to_owned()),
        Just("-- Up Migration\n".to_owned()),
        Just("ENVSUB ON\n".to_owned()),
        Just("---- create above / drop below ----".to_owned()),
        Just("{\"entries\":[{\"when\":1,\"tag\":\"1_a\"}]}".to_owned()),
        Just("${a}".to_owned()),
        Just("${a:ident}".to_owned()),
        Just("$$".to_owned()),
        Just("'".to_owned()),
        Just("/*".to_owned()),
        Just("\n".to_owned()),
        Just(" because of it".to_owned()),
        Just("select 1;".to_owned()),
        "\\PC{0,6}",
        any::<String>(),
    ];
    proptest::collection::vec(word, 0..12).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn any_folder_is_understood_or_refused(
        files in proptest::collection::vec((path(), text()), 0..5),
        layout in proptest::option::of(proptest::sample::select(Layout::all().collect::<Vec<_>>())),
    ) {
        let files = files.into_iter().map(|(path, text)| SourceFile::new(path, text)).collect();
        let choice = layout.map_or(LayoutChoice::Detect, LayoutChoice::Is);
        let vars = Vars::new().with("a", "it's \"$x\"");
        match MigrationSet::parse(files, Vec::new(), choice) {
            Err(problems) => prop_assert!(!problems.to_string().is_empty()),
            Ok(set) => {
                let _ = set.check(None);
                let _ = set.check(Some(&vars)).map_err(|problems| problems.to_string());
                for section in set.iter().flat_map(Migration::sections) {
                    let file = &section.file().text;
                    prop_assert!(section.position(0) <= Position::of(file, file.len()));
                    let Ok(bound) = section.bind(&vars) else { continue };
                    prop_assert!(bound.position(bound.text().len()) <= Position::of(file, file.len()));
                }
            }
        }
    }

    #[test]
    fn what_is_put_in_a_text_stays_one_word(value in "\\PC{0,12}") {
        let vars = Vars::new().with("a", value.clone());
        for form in ["select ${a:literal};", "select 1 as ${a:ident};"] {
            let text = format!("-- upshift: vars on\n{form}");
            let files = vec![SourceFile::new("1_a.sql", text)];
            let set = MigrationSet::parse(files, Vec::new(), LayoutChoice::Detect).unwrap();
            let Some(up) = set.iter().next().and_then(|migration| migration.sections().next()) else { continue };
            if let Ok(bound) = up.bind(&vars) {
                prop_assert_eq!(bound.statements().map(|statements| statements.len()), Ok(1), "{}", bound.text());
            }
        }
    }
}
