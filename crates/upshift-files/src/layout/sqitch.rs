//! sqitch: `sqitch.plan` says the order; a change is `deploy/name.sql` with `revert/name.sql`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::lines::lines;
use super::{Dialect, Files, Layout, Piece, flat, stranger};
use crate::cut::Role;
use crate::file_name::Named;
use crate::{Diagnostic, MigrationId, SectionKind, SourceFile, Version};

pub(super) const PLAN: &str = "sqitch.plan";

/// One change of the plan.
struct Change<'p> {
    name: &'p str,
    version: Version,
    /// The tags that may stand behind the name of its scripts, because the change was reworked later.
    tags: Vec<&'p str>,
    place: Range<usize>,
}

/// The changes of the plan, in its order.
///
/// A change's version is when it was planned; one that was not planned later than the change before it gets the next free
/// number. Verify scripts are passed over: they tell by an error, and a `verify` section by what its queries return.
pub(super) fn pieces(files: &Files<'_>) -> Vec<Result<Option<Piece>, Diagnostic>> {
    let Some(plan) = files.get(PLAN) else {
        let problem = Diagnostic::of_file(PLAN, "a sqitch project has a plan, and this folder has none");
        return vec![Err(problem.help("embed or read the folder that holds `sqitch.plan`"))];
    };
    let changes = match read(plan) {
        Ok(changes) => changes,
        Err(problem) => return vec![Err(problem)],
    };
    let mut known: BTreeMap<&str, (&Change<'_>, SectionKind)> = BTreeMap::new();
    let mut pieces = Vec::new();
    for change in &changes {
        let Some(deploy) = script(change, "deploy", files) else {
            let message = format!("the plan names `{}`, and its deploy script is not there", change.name);
            let problem = Diagnostic::at(&*plan.path, &plan.text, change.place.clone(), message);
            pieces.push(Err(problem.help("restore the script, or delete the change from the plan")));
            continue;
        };
        known.insert(&deploy.path, (change, SectionKind::Up));
        if let Some(revert) = script(change, "revert", files) {
            known.insert(&revert.path, (change, SectionKind::Down));
        }
    }
    pieces.extend(files.0.iter().map(|file| piece(file, &known)));
    pieces
}

fn piece(
    file: &Arc<SourceFile>,
    known: &BTreeMap<&str, (&Change<'_>, SectionKind)>,
) -> Result<Option<Piece>, Diagnostic> {
    let path = &*file.path;
    if let Some((change, kind)) = known.get(path) {
        let (id, name) = (MigrationId::Version(change.version), change.name.to_owned());
        let named = Named { id, name, role: Role::Only(*kind) };
        return Ok(Some(Piece::sql(named, file, Dialect::Upshift)));
    }
    match path.split_once('/') {
        Some(("verify", _)) => Ok(None),
        Some(("deploy" | "revert", _)) => {
            let problem = Diagnostic::of_file(path, "no change of `sqitch.plan` has this script");
            Err(problem.help("add the change to the plan, or move the script out of the folder"))
        }
        Some(_) => Err(stranger(file, Layout::Sqitch)),
        None if path == PLAN => Ok(None),
        // New migrations may have upshift's own names.
        None => flat::piece(Layout::Native, file, Dialect::Upshift).map(Some),
    }
}

/// A change's script: with the first of its tags that has one, where it was reworked (App::Sqitch::Plan::Change).
fn script<'f>(change: &Change<'_>, folder: &str, files: &'f Files<'f>) -> Option<&'f Arc<SourceFile>> {
    match change.tags.as_slice() {
        [] => files.get(&format!("{folder}/{}.sql", change.name)),
        tags => tags.iter().find_map(|tag| files.get(&format!("{folder}/{}{tag}.sql", change.name))),
    }
}

/// The plan: pragmas, comments, changes and tags, a line each.
fn read(plan: &SourceFile) -> Result<Vec<Change<'_>>, Diagnostic> {
    let mut changes: Vec<Change<'_>> = Vec::new();
    // For each change, the tags right behind it.
    let mut tagged: Vec<Vec<&str>> = Vec::new();
    let mut least = 0;
    for line in lines(&plan.text) {
        let text = line.text.trim();
        if text.is_empty() || text.starts_with(['%', '#']) {
            continue;
        }
        let wrong = |message: String| Diagnostic::at(&*plan.path, &plan.text, line.range.clone(), message);
        let name = text.split(|c: char| c.is_whitespace() || c == '[').next().unwrap_or(text);
        if name.starts_with('@') {
            if let Some(tags) = tagged.last_mut() {
                tags.push(name);
            }
            continue;
        }
        if text.starts_with('-') {
            return Err(wrong(
                "a plan that takes a change back again, which upshift does not read".to_owned(),
            )
            .help("delete the line, and the change it takes back"));
        }
        let planned = text.split_whitespace().find_map(time).ok_or_else(|| {
            wrong("a change without the time it was planned".to_owned())
                .help("write it as sqitch does: `name 2026-05-14T09:30:00Z planner <mail> # note`")
        })?;
        let version = Version::new(planned.max(least)).ok_or_else(|| stranger(plan, Layout::Sqitch))?;
        least = version.number() + 1;
        let name = name.trim_start_matches('+');
        if let Some(at) = changes.iter().rposition(|change| change.name == name) {
            changes[at].tags = tagged[at..].iter().rev().flat_map(|tags| tags.iter().copied()).collect();
        }
        changes.push(Change { name, version, tags: Vec::new(), place: line.range });
        tagged.push(Vec::new());
    }
    Ok(changes)
}

/// `2026-05-14T09:30:00Z` as 20260514093000.
fn time(word: &str) -> Option<u64> {
    let form = |(byte, form): (u8, u8)| if form == b'd' { byte.is_ascii_digit() } else { byte == form };
    let fits = word.len() == 20 && word.bytes().zip(*b"dddd-dd-ddTdd:dd:ddZ").all(form);
    let digits: String = word.chars().filter(char::is_ascii_digit).collect();
    fits.then(|| digits.parse().ok())?
}
