//! The rules in a test: what the test says when a migration is dangerous.

use expect_test::expect;
use upshift::Version;
use upshift_promises::files;
use upshift_test::lint;
use upshift_test::upshift_lint::Level;

const SHOP: &[(&str, &str)] = &[
    (
        "1_orders.sql",
        "create table orders (id bigint primary key, status text);\n-- upshift: down\ndrop table orders;\n",
    ),
    (
        "2_index.sql",
        "create index orders_status on orders (status);\n-- upshift: down\ndrop index orders_status;\n",
    ),
];

#[test]
fn a_dangerous_migration_fails_its_test_with_the_line_the_effect_and_what_to_write() {
    let error = lint(files(SHOP)).check().unwrap_err();
    expect![[r#"
        these migrations are refused

        error: this index is built while nobody can write to orders
          --> 2_index.sql:1:1
           |
         1 | create index orders_status on orders (status);
           | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
           = effect: SHARE on orders while the whole table is read: INSERT, UPDATE and DELETE wait
           = write instead:
               create index concurrently orders_status on orders (status);
           = rule: create-index-not-concurrently, https://github.com/upshift-rs/upshift/blob/main/docs/lints.md#create-index-not-concurrently

        lint: 4 statements, 1 errors, 0 warnings"#]].assert_eq(&error.to_string());
    assert_eq!(format!("{error:?}"), error.to_string(), "a test that returns it prints it with its breaks");
    assert!(error.report().is_some());
}

#[test]
fn a_set_without_danger_passes_and_its_report_says_what_was_looked_at() {
    let report = lint(files(&SHOP[..1])).check().unwrap();
    expect!["lint: 2 statements, 0 errors, 0 warnings"].assert_eq(&report.to_string());
}

#[test]
fn an_old_project_begins_at_a_version() {
    lint(files(SHOP)).since(Version::new(3).unwrap()).check().unwrap();
    lint(files(SHOP)).since(Version::new(2).unwrap()).check().unwrap_err();
}

#[test]
fn a_rule_counts_as_much_as_the_test_says() {
    let report = lint(files(SHOP)).at_most(Level::Warning).check().unwrap();
    assert!(report.warnings().any(|finding| finding.rule == "create-index-not-concurrently"));
    let off = |rules: &[&str]| {
        rules.iter().fold(lint(files(SHOP)), |lint, rule| lint.rule(rule, Level::Off)).check()
    };
    let left =
        off(&["create-index-not-concurrently", "drop-index-not-concurrently"]).map_err(|e| e.to_string());
    assert!(left.is_ok(), "{}", left.unwrap_err());
}

#[test]
fn a_rule_that_does_not_exist_is_refused_with_the_nearest() {
    let error = lint(files(SHOP)).rule("create-index-not-concurrent", Level::Off).check().unwrap_err();
    expect!["lint was asked for what it does not know: there is no rule `create-index-not-concurrent`: did you mean `create-index-not-concurrently`?"].assert_eq(&error.to_string());
}

#[test]
fn mistakes_in_the_files_are_shown_as_everywhere() {
    let error = lint(files(&[("1_a.sql", "-- upshift: nonsense\nselect 1;\n")])).check().unwrap_err();
    expect![[r#"
        a mistake in the migration files

        unknown directive `nonsense`
          --> 1_a.sql:1:13
           |
         1 | -- upshift: nonsense
           |             ^^^^^^^^
           = help: valid here: `up`, `down`, `verify`, `guard`, `phase`, `backfill`, `transaction`, `lock-timeout`, `statement-timeout`, `requires`, `after`, `switch`, `irreversible`, `allow` or `vars`"#]].assert_eq(&error.to_string());
    assert!(error.report().is_none());
}
