//! Names as the server understands them.

use crate::sql::{QualifiedName, StatementKind, split};

/// The schema and the name of the table in `create index concurrently on …`.
fn name_of(written: &str) -> Option<(Option<String>, String)> {
    let statements = split(&format!("create index concurrently on {written} (a)")).ok()?;
    match &statements.first()?.kind {
        StatementKind::CreateIndexConcurrently { table: QualifiedName { schema, name }, .. } => {
            Some((schema.clone(), name.clone()))
        }
        _ => None,
    }
}

#[test]
fn a_name_is_folded_as_the_server_folds_it() {
    let long = "é".repeat(40);
    let cases: &[(&str, Option<&str>, &str)] = &[
        ("Users", None, "users"),
        ("\"Users\"", None, "Users"),
        ("App.Users", Some("app"), "users"),
        ("\"App\".\"Users\"", Some("App"), "Users"),
        ("app . users", Some("app"), "users"),
        ("app/*.x*/.users", Some("app"), "users"),
        ("base.app.users", Some("app"), "users"),
        ("\"a.b\".c", Some("a.b"), "c"),
        ("\"say \"\"hi\"\"\"", None, "say \"hi\""),
        ("ÉTÉ", None, "ÉtÉ"),
        ("a$B", None, "a$b"),
        ("U&\"d\\0061t\\+000061\"", None, "data"),
        ("u&\"\\\\x\"", None, "\\x"),
        ("U&\"d!0061ta\" UESCAPE '!'", None, "data"),
        ("U&\"\\D83D\\DE00\"", None, "😀"),
        ("U&\"\\+01F600\"", None, "😀"),
        ("U&\"\\00zz\\+1\\\"", None, "\\00zz\\+1\\"),
        ("U&\"a\"\"b\"", None, "a\"b"),
        (&format!("a{}", "B".repeat(70)), None, &format!("a{}", "b".repeat(62))),
        (&long, None, &"é".repeat(31)),
    ];
    for (written, schema, name) in cases {
        assert_eq!(name_of(written), Some((schema.map(str::to_owned), (*name).to_owned())), "{written}");
    }
}

#[test]
fn what_is_no_name_gives_none() {
    for written in ["", "'a'", "1", "a.", "a.'b'", "(", "$1"] {
        assert_eq!(name_of(written), None, "{written}");
    }
}
