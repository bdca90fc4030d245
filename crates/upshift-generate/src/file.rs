//! Steps in files: which stand in one migration, and its text.

use std::fmt::Write as _;

use upshift::Phase;

use crate::plan::{Stage, Step};
use crate::text;

/// The steps of one migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) stage: Stage,
    pub(crate) phase: Phase,
    pub(crate) steps: Vec<Step>,
}

/// Steps of one stage stand in one migration; what runs outside of transactions stands alone. Behind the first contract all
/// are contracts: they need what it does.
pub(crate) fn group(steps: Vec<Step>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut phase = Phase::Expand;
    for step in steps {
        let alone = matches!(step.stage, Stage::Concurrent | Stage::ContractConcurrent);
        if matches!(step.stage, Stage::Contract | Stage::ContractConcurrent) {
            phase = Phase::Contract;
        }
        match groups.last_mut() {
            Some(last) if last.stage == step.stage && last.phase == phase && !alone => last.steps.push(step),
            _ => groups.push(Group { stage: step.stage, phase, steps: vec![step] }),
        }
    }
    groups
}

/// A statement with its `;`: behind a comment at the end it would be a part of it.
pub(crate) fn statement(sql: &str) -> String {
    let last = sql.lines().last().unwrap_or_default();
    let separator = if last.contains("--") { "\n" } else { "" };
    format!("{sql}{separator};\n")
}

/// Whether the server would read a body that speaks of what is not there yet.
fn has_body(steps: &[Step]) -> bool {
    steps.iter().any(|step| step.sql.starts_with("CREATE OR REPLACE") && step.sql.contains("\n LANGUAGE sql"))
}

fn section(text: &mut String, steps: &[Step]) {
    if has_body(steps) {
        text.push_str("SET LOCAL check_function_bodies = off;\n");
    }
    for step in steps {
        text.push_str(&statement(&step.sql));
    }
}

/// The text of a migration.
pub(crate) fn text(group: &Group, down: &[Step], allows: &[String]) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "-- upshift: phase {}", group.phase);
    for allow in allows {
        let _ = writeln!(text, "-- upshift: allow {allow}");
    }
    let mut hazards: Vec<&String> = group.steps.iter().flat_map(|step| &step.hazards).collect();
    hazards.dedup();
    for hazard in hazards {
        let _ = writeln!(text, "-- Hazard: {}", one_line(hazard));
    }
    section(&mut text, &group.steps);
    text.push_str("\n-- upshift: down\n");
    if down.is_empty() {
        text.push_str("-- Nothing to take back.\n");
    }
    let mut hazards: Vec<&String> = down.iter().flat_map(|step| &step.hazards).collect();
    hazards.dedup();
    for hazard in hazards {
        let _ = writeln!(text, "-- Hazard: {}", one_line(hazard));
    }
    section(&mut text, down);
    text
}

/// A comment ends with its line.
pub(crate) fn one_line(words: &str) -> String {
    words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The name of a migration, from what its first step is about.
pub(crate) fn name(group: &Group) -> String {
    let word = match group.stage {
        Stage::Expand => "change",
        Stage::Enum => "values_of",
        Stage::Concurrent => "index",
        Stage::Attach => "key_of",
        Stage::Validate => "validate",
        Stage::NotNull => "not_null",
        Stage::Contract => "drop",
        Stage::ContractConcurrent => "drop_index",
    };
    let id = group.steps.first().map_or("", |step| step.about.1.as_str());
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    // `users_email_key` says whose it is already.
    let table = text::last(text::container(id));
    let id = if !table.is_empty() && text::last(id).starts_with(table) { text::last(id) } else { id };
    let id: String = id.trim_start_matches("public.").chars().map(plain).take(40).collect();
    let mut name = format!("{word}_{id}");
    while name.contains("__") {
        name = name.replace("__", "_");
    }
    name.trim_end_matches('_').to_owned()
}
