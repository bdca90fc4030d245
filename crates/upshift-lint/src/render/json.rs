//! JSON of our own.

use serde_json::{Value, json};

use crate::{Finding, Report};

/// The report as JSON, in format 1:
///
/// ```json
/// {
///   "format": 1,
///   "statements": 2, "errors": 1, "warnings": 0,
///   "findings": [{
///     "rule": "create-index-not-concurrently", "level": "error", "migration": "2_index",
///     "file": "2_index.sql", "line": 1, "column": 1, "end_column": 10,
///     "message": "…", "effect": "…", "help": null,
///     "rewrite": { "here": "…", "later": [{ "name": "…", "text": "…" }] },
///     "link": "https://…"
///   }],
///   "not_understood": [{ "file": "…", "line": 1, "column": 1, "message": "…" }]
/// }
/// ```
///
/// Columns count characters, from 1. A format of a higher number may take away or change what is here; fields may be
/// added within one.
pub fn json(report: &Report) -> Value {
    let unknown = report.not_understood.iter().map(|one| {
        let position = one.place.as_ref().map(|place| place.position);
        json!({
            "file": one.path,
            "line": position.map(|p| p.line),
            "column": position.map(|p| p.column),
            "message": one.message,
        })
    });
    json!({
        "format": 1,
        "statements": report.statements,
        "errors": report.errors().count(),
        "warnings": report.warnings().count(),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "not_understood": unknown.collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    let place = finding.diagnostic.place.as_ref();
    let rewrite = finding.rewrite.as_ref().map(|rewrite| {
        let later = rewrite.later().iter().map(|(name, text)| json!({ "name": name, "text": text }));
        json!({ "here": rewrite.here(), "later": later.collect::<Vec<_>>() })
    });
    json!({
        "rule": finding.rule,
        "level": finding.level.word(),
        "migration": finding.migration,
        "file": finding.diagnostic.path,
        "line": place.map(|place| place.position.line),
        "column": place.map(|place| place.position.column),
        "end_column": place.map(|place| place.position.column + place.width),
        "message": finding.diagnostic.message,
        "effect": finding.effect,
        "help": finding.advice,
        "rewrite": rewrite,
        "link": finding.link,
    })
}
