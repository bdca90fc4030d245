//! `sql::split` on any text: ranges ascend, and each statement alone is that statement again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use upshift_files::sql::{StatementKind, split};

fuzz_target!(|text: &str| {
    // A byte order mark is part of a name, except at the start of a text: there a statement alone may differ.
    if text.contains('\u{feff}') {
        return;
    }
    let statements = match split(text) {
        Ok(statements) => statements,
        Err(error) => {
            assert!(text.get(error.range).is_some());
            return;
        }
    };
    let mut end = 0;
    for statement in &statements {
        assert!(end <= statement.range.start && statement.range.start < statement.range.end);
        end = statement.range.end;
        let own = statement.text(text);
        let alone = split(own).expect("a statement can be cut again");
        assert_eq!(alone.len(), 1, "{own:?}");
        assert_eq!(alone[0].text(own), own);
        assert_eq!(alone[0].transaction_block, statement.transaction_block);
        match (&statement.kind, &alone[0].kind) {
            (StatementKind::CopyFromStdin { data }, StatementKind::CopyFromStdin { .. }) => {
                assert!(text.get(data.clone()).is_some() && data.start >= end);
                end = data.end;
            }
            (before, after) => assert_eq!(before, after),
        }
    }
});
