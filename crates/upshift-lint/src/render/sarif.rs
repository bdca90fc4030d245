//! SARIF 2.1.0 (OASIS), as GitHub, GitLab and editors read it.

use serde_json::{Value, json};

use crate::rules::{RULES, Rule};
use crate::{Finding, Level, Report};

/// The report as SARIF 2.1.0: every rule with its explanation, every finding with its place.
///
/// `root` is put before the files' paths: the folder of migrations as the repository knows it, such as `migrations/`.
pub fn sarif(report: &Report, root: &str) -> Value {
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "upshift-lint",
                    "version": env!("CARGO_PKG_VERSION"),
                    "informationUri": "https://github.com/upshift-rs/upshift",
                    "rules": RULES.iter().map(rule).collect::<Vec<_>>(),
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": report.findings.iter().map(|finding| result(finding, root)).collect::<Vec<_>>(),
        }],
    })
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.name(),
        "shortDescription": { "text": rule.summary },
        "fullDescription": { "text": rule.explanation },
        "helpUri": rule.link(),
        "defaultConfiguration": { "enabled": rule.level > Level::Off, "level": word(rule.level) },
        "properties": { "category": rule.group.title() },
    })
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Off => "note",
    }
}

fn result(finding: &Finding, root: &str) -> Value {
    let region = finding.diagnostic.place.as_ref().map(|place| {
        json!({
            "startLine": place.position.line,
            "startColumn": place.position.column,
            "endColumn": place.position.column + place.width,
        })
    });
    let mut location =
        json!({ "artifactLocation": { "uri": uri(&format!("{root}{}", finding.diagnostic.path)) } });
    if let (Some(region), Value::Object(fields)) = (region, &mut location) {
        fields.insert("region".to_owned(), region);
    }
    let said = [Some(finding.diagnostic.message.clone()), finding.effect.clone(), finding.advice.clone()];
    let mut text: Vec<String> = said.into_iter().flatten().collect();
    if let Some(rewrite) = &finding.rewrite {
        text.push(format!("write instead:\n{}", rewrite.text()));
    }
    json!({
        "ruleId": finding.rule,
        "ruleIndex": RULES.iter().position(|rule| rule.name() == finding.rule),
        "level": word(finding.level),
        "message": { "text": text.join("\n") },
        "locations": [{ "physicalLocation": location }],
    })
}

/// A path as the reference of a URI (RFC 3986): what is no letter, digit or one of `-._~/` is written in hexadecimal.
fn uri(path: &str) -> String {
    let mut all = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                all.push(char::from(byte))
            }
            other => all.push_str(&format!("%{other:02X}")),
        }
    }
    all
}
