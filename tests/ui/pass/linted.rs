//! What lint finds does not stop who says so.

use upshift::Source;

/// Looked at from the next version on.
const SINCE: Source = upshift::embed_migrations!("ui/folders/dangerous", lint_since = "20260514093001");
const OFF: Source = upshift::embed_migrations!("ui/folders/dangerous_history", lint = "off");
const RULE_OFF: Source = upshift::embed_migrations!(
    "ui/folders/dangerous",
    lint_rules = "add-foreign-key-scans = off",
    postgres = "14-17"
);
/// A warning is the use of something deprecated.
#[allow(deprecated)]
const WARNED: Source = upshift::embed_migrations!("ui/folders/dangerous_history", lint = "warn");

#[test]
fn what_lint_finds_does_not_stop_who_says_so() {
    for (source, expected) in [(SINCE, 2), (OFF, 4), (RULE_OFF, 2), (WARNED, 4)] {
        assert_eq!(source.set().map(|set| set.len()).ok(), Some(expected));
    }
}

/// What is there before the first migration tells that this type change writes nothing anew; going down does.
const AFTER_SCHEMA: Source = upshift::embed_migrations!(
    "ui/folders/after_schema",
    lint_schema = "ui/folders/schema/before.sql",
    lint_rules = "alter-column-type-rewrites = off"
);

#[test]
fn lint_begins_with_the_schema_that_was_there() {
    assert_eq!(AFTER_SCHEMA.set().map(|set| set.len()).ok(), Some(1));
}
