//! `renumber`: new versions for what no database has yet.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use upshift::files::folder;
use upshift::{State, Version};

use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Give migrations that no database has yet new versions, behind all others: after a merge, before a release.
///
/// The files are renamed, nothing else. Which ones: those that are named, or without a name those that are out of order in
/// the database of --url.
#[derive(Debug, Clone, Args)]
pub struct Renumber {
    /// Which migrations.
    versions: Vec<Version>,
    /// Without asking the database whether they are applied.
    #[arg(long, requires = "versions")]
    offline: bool,
    /// Show the new names, and rename nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Renumber {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let set = context.set()?;
        let chosen = self.chosen(context).await?;
        for version in &chosen {
            if set.get(*version).is_none() {
                return Err(Failure::refused(format!("there is no version {version}")));
            }
        }
        let (Some(head), false) = (set.head(), chosen.is_empty()) else {
            return Ok(Answer::done("nothing to renumber", json!({ "renamed": [] })));
        };
        let folder = context.folder();
        let files = folder::list(&folder).map_err(|cause| Failure::file("read", &folder, &cause))?;
        let mut renames = Vec::new();
        for (version, number) in chosen.iter().zip(head.number() + 1..) {
            let paths: Vec<&String> =
                files.iter().filter(|path| version_of(path) == Some(*version)).collect();
            if paths.is_empty() {
                return Err(Failure::refused(format!(
                    "version {version} is no file of {}",
                    folder.display()
                ))
                .help("Rust functions say their version in their attribute"));
            }
            renames.extend(paths.into_iter().map(|path| (folder.join(path), renamed(&folder, path, number))));
        }
        let mut text = String::new();
        for (from, to) in &renames {
            text.push_str(&format!("{} -> {}\n", from.display(), to.display()));
            if self.dry_run {
                continue;
            }
            if let Some(parent) = to.parent() {
                std::fs::create_dir_all(parent).map_err(|cause| Failure::file("make", parent, &cause))?;
            }
            std::fs::rename(from, to).map_err(|cause| Failure::file("rename", from, &cause))?;
            // diesel's folders: the old one is empty now.
            if let Some(parent) = from.parent().filter(|parent| *parent != folder) {
                let _ = std::fs::remove_dir(parent);
            }
        }
        let data: Vec<_> = renames
            .iter()
            .map(|(from, to)| json!({ "from": from.display().to_string(), "to": to.display().to_string() }))
            .collect();
        Ok(Answer::done(text, json!({ "renamed": data })))
    }

    /// What is to be renumbered; none of it applied, as far as was asked.
    async fn chosen(&self, context: &Context) -> Result<Vec<Version>, Failure> {
        let mut chosen = self.versions.clone();
        chosen.sort_unstable();
        chosen.dedup();
        if self.offline {
            return Ok(chosen);
        }
        let status = context.migrator()?.status().await?;
        let version = |id: &upshift::MigrationId| match id {
            upshift::MigrationId::Version(version) => Some(*version),
            upshift::MigrationId::Repeatable(_) => None,
        };
        for migration in &status.migrations {
            let Some(version) = version(&migration.id) else { continue };
            if migration.state == State::OutOfOrder && self.versions.is_empty() {
                chosen.push(version);
            } else if chosen.contains(&version) && migration.applied.is_some() {
                return Err(Failure::refused(format!("{} is applied: its version stays", migration.label)));
            }
        }
        Ok(chosen)
    }
}

/// The version in front of a file's or a folder's name.
pub(super) fn version_of(path: &str) -> Option<Version> {
    let first = path.split('/').next()?;
    let digits: String = first
        .trim_start_matches(['V', 'U'])
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '-')
        .collect();
    digits.parse().ok()
}

/// The path with another version in front.
fn renamed(folder: &Path, path: &str, number: u64) -> PathBuf {
    let letter: String = path.chars().take_while(|c| matches!(c, 'V' | 'U')).collect();
    let rest = path.get(letter.len()..).unwrap_or_default();
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
    folder.join(format!("{letter}{number}{rest}"))
}
