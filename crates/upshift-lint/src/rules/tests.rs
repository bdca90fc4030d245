//! Every rule: its bad example trips it and no other, its good one trips none, and what it proposes is clean.

mod downs;
mod everyday;
mod nothing_lost;
mod told;
mod variables;

use upshift_files::{LayoutChoice, MigrationSet, SourceFile};

use super::{RULES, Rule};
use crate::{Finding, Level, Options, lint};

/// The files of an example: path and text.
fn files(example: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in example.trim().lines() {
        match (line.strip_prefix("--- "), files.last_mut()) {
            (Some(path), _) => files.push((path.to_owned(), String::new())),
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => panic!("an example begins with `--- 1_name.sql`: {example}"),
        }
    }
    files
}

fn found(rule: &Rule, files: &[(String, String)]) -> Vec<Finding> {
    let options = Options::default();
    let options = match rule.level {
        Level::Off => options.rule(&rule.name(), Level::Error).expect("it is a rule"),
        _ => options,
    };
    let sources = files.iter().map(|(path, text)| SourceFile::new(path.clone(), text.clone())).collect();
    let set = MigrationSet::parse(sources, Vec::new(), LayoutChoice::Detect)
        .and_then(|set| set.check(None).map(|()| set))
        .unwrap_or_else(|wrong| panic!("the example of {} is wrong:\n{wrong}\n{files:?}", rule.name()));
    let report = lint(&set, &options);
    let unknown = &report.not_understood;
    assert!(unknown.is_empty() || rule.is_called("not-understood"), "{}: {report}\n{unknown:?}", rule.name());
    report.findings
}

/// The files with what a finding proposes, if it does.
fn mended(files: &[(String, String)], finding: &Finding) -> Option<Vec<(String, String)>> {
    let (rewrite, range) = (finding.rewrite.as_ref()?, finding.statement.clone()?);
    let here = files.iter().map(|(path, text)| match *path == finding.diagnostic.path {
        true => (path.clone(), rewrite.applied(text, range.clone())),
        false => (path.clone(), text.clone()),
    });
    let next = files.len() + 100;
    let later = rewrite.later().iter().enumerate();
    let later = later.map(|(n, (name, text))| (format!("{}_{name}.sql", next + n), text.clone()));
    Some(here.chain(later).collect())
}

fn names(findings: &[Finding]) -> Vec<&str> {
    let mut names: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
    names.dedup();
    names
}

#[test]
fn the_bad_example_trips_its_rule_and_no_other() {
    let wrong = RULES.iter().filter_map(|rule| {
        let findings = found(rule, &files(rule.bad));
        (names(&findings) != [rule.name()]).then(|| format!("{} trips {:?}", rule.name(), names(&findings)))
    });
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn the_good_example_trips_no_rule() {
    let wrong = RULES.iter().filter_map(|rule| {
        let findings = found(rule, &files(rule.good));
        (!findings.is_empty()).then(|| format!("{}: {:?}", rule.name(), names(&findings)))
    });
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn what_a_rule_proposes_parses_and_is_clean() {
    let mut wrong = Vec::new();
    for rule in RULES {
        for finding in found(rule, &files(rule.bad)) {
            let Some(mended) = mended(&files(rule.bad), &finding) else { continue };
            let left = found(rule, &mended);
            if !left.is_empty() {
                wrong.push(format!("{}: {:?} in {mended:#?}", rule.name(), names(&left)));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_rule_says_why_and_where_its_facts_are_from() {
    for rule in RULES {
        let name = rule.name();
        assert!(!rule.explanation.is_empty() && !rule.source.is_empty(), "{name} explains nothing");
        assert!(rule.explanation.ends_with('.') && !rule.summary.ends_with('.'), "{name}: full stops");
        assert!(rule.summary.starts_with(|c: char| c.is_lowercase() || c.is_uppercase()), "{name}");
    }
    let mut names: Vec<String> = RULES.iter().map(Rule::name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), RULES.len());
}

/// The text with other names for some tables and columns: names that need quotes.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_ascii_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        out.push_str(match word.as_str() {
            "orders" => "\"Order Items\"",
            "customers" => "\"user\"",
            "total" => "\"Total \"\"sum\"\"\"",
            "status" => "\"select\"",
            other => other,
        });
        word.clear();
        out.push(c);
    }
    out
}

#[test]
fn names_that_need_quotes_are_quoted_in_what_a_rule_proposes() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for rule in RULES {
        let bad: Vec<_> = files(rule.bad).into_iter().map(|(path, text)| (path, quoted(&text))).collect();
        for finding in found(rule, &bad).iter().filter(|finding| finding.rule == rule.name()) {
            let Some(mended) = mended(&bad, finding) else { continue };
            tried += 1;
            let left = found(rule, &mended);
            if !left.is_empty() {
                wrong.push(format!("{}: {:?} in {mended:#?}", rule.name(), names(&left)));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(tried > 40, "{tried} proposals");
}
