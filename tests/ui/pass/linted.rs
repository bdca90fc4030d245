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
