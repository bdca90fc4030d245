//! docs/lints.md, made of the rules. A test compares it; `UPDATE_EXPECT=1 cargo test -p upshift-lint` writes it.

use super::{Group, RULES, Rule};
use crate::Level;

/// What stands before the rules.
const HEAD: &str = "\
# What lint finds

This file is made of the rules in `crates/upshift-lint/src/rules`; a test fails when it is stale.

A rule looks at a migration as the database will: it knows every table that the earlier migrations of the set made, and
what PostgreSQL 13 to 18 were measured to lock, rewrite and read for each statement. What this migration makes itself
nobody has seen yet, so nothing is said about it; by the time of its down it is in use. What breaks the release before this one is fine in a contract
([rollouts.md](rollouts.md)).

| level | in `embed_migrations!` | |
|---|---|---|
| error | a compile error | it blocks the service, breaks the release that runs, or loses data |
| warn | a warning | it deserves a look |
| off | nothing | house style: ask for it |

## Where it is asked
- **While compiling**, by `embed_migrations!` (feature `lint` of `upshift`, on by default):
  `embed_migrations!(\"migrations\", lint = \"warn\", lint_since = \"20260514093000\", lint_rules = \"drop-column = off\", postgres = \"14-17\")`.
  `lint_since` is the first version that is looked at: an old project begins clean.
  `lint_schema = \"schema.sql\"` is what was there before the first migration, as `pg_dump --schema-only` writes it.
- **In a test**, by `upshift_test::lint`, for services that leave the feature out.
- **As a library**, by `upshift_lint::lint`, which also gives JSON and SARIF (feature `json`).

## Accepting a finding
`-- upshift: allow RULE because …` before the statement, or in the header for the whole file.
The reason is required, and the audit keeps it. An `allow` that nothing needed any more is found, too.

## What it does not see
- Statements it does not understand, though it says that it does not ([not-understood](#not-understood)).
- What a variable stands for (`vars on`): `${table:ident}` is read as a name that nobody else has, `${text:literal}` as a
  text. A number or a word of SQL in a variable may make a statement one that lint does not understand; so does every
  variable of Flyway and goose, which stands for any text.
- What a DO block, a procedure, a trigger or Rust code does.
- In a down: what is locked in the same manner as its up locked it; that is told of the up alone.
- An ALTER with several dangers gets a proposal for each; each mends its own alone, and says so. Write one, and lint again.
- That a view of a repeatable migration came after a versioned one that changes what it uses: its file has no version.
- Columns are known by their name: a view is taken to use a column where the name is all that tells.
";

fn document() -> String {
    let mut text = HEAD.to_owned();
    text.push_str(&format!("\n## The {} rules\n", RULES.len()));
    for group in Group::ALL {
        let of_group: Vec<&Rule> = RULES.iter().filter(|rule| rule.group == *group).collect();
        if of_group.is_empty() {
            continue;
        }
        text.push_str(&format!("\n### {}\n| rule | level | finds |\n|---|---|---|\n", group.title()));
        for rule in &of_group {
            let name = rule.name();
            text.push_str(&format!("| [{name}](#{name}) | {} | {} |\n", rule.level.word(), rule.summary));
        }
    }
    for rule in RULES {
        text.push_str(&section(rule));
    }
    text
}

fn section(rule: &Rule) -> String {
    let level = match rule.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Off => "off unless asked for",
    };
    format!(
        "\n## {}\n{}: {}.\n\n{}\n\nBad:\n```sql\n{}\n```\nGood:\n```sql\n{}\n```\nFrom: {}.\n",
        rule.name(),
        level,
        rule.summary,
        rule.explanation,
        example(rule.bad),
        example(rule.good),
        rule.source,
    )
}

/// The files of an example, each under its name as a comment.
fn example(files: &str) -> String {
    let lines = files.trim().lines().map(|line| match line.strip_prefix("--- ") {
        Some(name) => format!("-- {name}"),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_documentation_has_every_rule() {
    expect_test::expect_file!["../../../../docs/lints.md"].assert_eq(&document());
}
