//! What programs are given.

use expect_test::expect;
use upshift_files::{LayoutChoice, MigrationSet, SourceFile};

use super::{json, sarif};
use crate::{Options, Report, lint};

fn report() -> Report {
    let files = vec![
        SourceFile::new("1_orders.sql", "create table orders (id bigint primary key, status text);"),
        SourceFile::new("2_index.sql", "-- 🐘\n/* é */ create index orders_status on orders (status);"),
        SourceFile::new("3_odd.sql", "frobnicate all tables;"),
    ];
    let set = MigrationSet::parse(files, Vec::new(), LayoutChoice::Detect).expect("the files are right");
    lint(&set, &Options::default())
}

#[test]
fn json_has_the_place_the_effect_and_what_to_write_instead() {
    let shown = serde_json::to_string_pretty(&json(&report())).expect("it is JSON");
    expect![[r#"
        {
          "errors": 1,
          "findings": [
            {
              "column": 9,
              "effect": "SHARE on orders while the whole table is read: INSERT, UPDATE and DELETE wait",
              "end_column": 54,
              "file": "2_index.sql",
              "help": null,
              "level": "error",
              "line": 2,
              "link": "https://github.com/upshift-rs/upshift/blob/main/docs/lints.md#create-index-not-concurrently",
              "message": "this index is built while nobody can write to orders",
              "migration": "2_index",
              "rewrite": {
                "here": "create index concurrently orders_status on orders (status);",
                "later": []
              },
              "rule": "create-index-not-concurrently"
            },
            {
              "column": 1,
              "effect": null,
              "end_column": 22,
              "file": "3_odd.sql",
              "help": "look at what it locks, and allow this; or say it in words that lint knows",
              "level": "warn",
              "line": 1,
              "link": "https://github.com/upshift-rs/upshift/blob/main/docs/lints.md#not-understood",
              "message": "lint does not know this statement (frobnicate all tables …): nothing was checked",
              "migration": "3_odd",
              "rewrite": null,
              "rule": "not-understood"
            }
          ],
          "format": 1,
          "not_understood": [
            {
              "column": 1,
              "file": "3_odd.sql",
              "line": 1,
              "message": "lint does not know this statement (frobnicate all tables …): nothing was checked"
            }
          ],
          "statements": 3,
          "warnings": 1
        }"#]].assert_eq(&shown);
}

#[test]
fn sarif_has_every_rule_and_the_place_of_each_finding() {
    let shown = sarif(&report(), "my migrations/");
    let rules = shown["runs"][0]["tool"]["driver"]["rules"].as_array().map_or(0, Vec::len);
    assert_eq!(rules, crate::rules::RULES.len());
    let index = shown["runs"][0]["results"][0]["ruleIndex"].as_u64().expect("a number");
    let named = &shown["runs"][0]["tool"]["driver"]["rules"][index as usize]["id"];
    assert_eq!(named, "create-index-not-concurrently");
    let location =
        serde_json::to_string_pretty(&shown["runs"][0]["results"][0]["locations"]).expect("it is JSON");
    expect![[r#"
        [
          {
            "physicalLocation": {
              "artifactLocation": {
                "uri": "my%20migrations/2_index.sql"
              },
              "region": {
                "endColumn": 54,
                "startColumn": 9,
                "startLine": 2
              }
            }
          }
        ]"#]]
    .assert_eq(&location);
}
