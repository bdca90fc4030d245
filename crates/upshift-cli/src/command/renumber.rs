//! `renumber`: new versions for what no database has yet.

use std::collections::BTreeSet;
use std::path::Path;

use clap::Args;
use serde_json::json;
use upshift::{RefusalKind, Source, State, Target, Version};

use super::renumber_change::{Change, Hint, follow};
use super::renumber_folder::{Folder, Numbered, Standing};
use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Give migrations that no database has yet new versions, behind all others: after a merge, before a release.
///
/// Which ones: those that are named, or without a name those that are out of order in the database of --url, or whose number
/// another migration has there. Where two files of the folder have one version, the one that the database has keeps it.
/// What requires a migration goes behind it, and its `requires` says the new version; nothing else in a file is changed.
#[derive(Debug, Clone, Args)]
pub struct Renumber {
    /// Which migrations: their versions, or their files.
    which: Vec<String>,
    /// Without asking the database whether they are applied.
    #[arg(long, requires = "which")]
    offline: bool,
    /// Show the new names, and rename nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Renumber {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let root = context.folder();
        let mut folder = Folder::read(context)?;
        if !self.offline {
            match folder.has_twins() {
                true => ask_for_names(context, &mut folder).await?,
                false => ask(context, &mut folder).await?,
            }
        }
        let chosen = match self.which.is_empty() {
            true => chosen(&folder)?,
            false => self.named(&folder, &root)?,
        };
        let change = Change::of(&folder, &follow(&folder, chosen, self.hint())?, &root)?;
        if !self.dry_run {
            change.carry_out(&root)?;
        }
        let shown = |path: &str| root.join(path).display().to_string();
        let (mut text, mut renamed, mut required) = (String::new(), Vec::new(), Vec::new());
        for it in change.moves.iter().filter(|it| it.from != it.to) {
            text.push_str(&format!("{} -> {}\n", shown(&it.from), shown(&it.to)));
            renamed.push(json!({ "from": shown(&it.from), "to": shown(&it.to) }));
        }
        for it in &change.required {
            text.push_str(&format!("{} requires {} instead of {}\n", shown(&it.file), it.to, it.from));
            required.push(json!({ "file": shown(&it.file), "from": it.from.number(), "to": it.to.number() }));
        }
        change.notes.iter().for_each(|note| text.push_str(&format!("{note}\n")));
        let text = if text.is_empty() { "nothing to renumber".to_owned() } else { text };
        Ok(Answer::done(text, json!({ "renamed": renamed, "required": required, "notes": change.notes })))
    }

    /// Those that are named; none of them applied, as far as was asked.
    fn named(&self, folder: &Folder, root: &Path) -> Result<BTreeSet<usize>, Failure> {
        let mut chosen = BTreeSet::new();
        for said in &self.which {
            let found: Vec<(usize, &Numbered)> = match said.parse::<Version>() {
                Ok(version) => folder.of(version).collect(),
                Err(_) => folder.named(said, root).collect(),
            };
            match found.as_slice() {
                [] if said.parse::<Version>().is_ok() => {
                    return Err(Failure::refused(format!("there is no version {said}")));
                }
                [] => {
                    let why = format!("{said} is no migration of {}", root.display());
                    return Err(Failure::refused(why).help("name a version, or a file of the folder"));
                }
                [(_, one)] if one.standing == Standing::Applied => {
                    return Err(Failure::refused(format!("{} is applied: its version stays", one.label)));
                }
                [(at, _)] => drop(chosen.insert(*at)),
                several => chosen.extend(unapplied(several)?),
            }
        }
        Ok(chosen)
    }

    fn hint(&self) -> Hint {
        match self.which.iter().any(|said| said.parse::<Version>().is_err()) {
            true => Hint::Named,
            false => Hint::Found,
        }
    }
}

/// Without a name: of each version that stands twice what the database does not have; where none does, what comes late.
fn chosen(folder: &Folder) -> Result<BTreeSet<usize>, Failure> {
    let mut chosen: BTreeSet<usize> =
        folder.iter().filter(|(_, it)| it.standing == Standing::Late).map(|(at, _)| at).collect();
    for version in folder.twins() {
        let several: Vec<(usize, &Numbered)> = folder.of(*version).collect();
        chosen.extend(unapplied(&several)?);
    }
    Ok(chosen)
}

/// Of migrations with one version those that the database does not have, where it has one of them.
fn unapplied(several: &[(usize, &Numbered)]) -> Result<Vec<usize>, Failure> {
    let (applied, others): (Vec<_>, Vec<_>) =
        several.iter().partition(|(_, it)| it.standing == Standing::Applied);
    if applied.len() == 1 {
        return Ok(others.into_iter().map(|(at, _)| at).collect());
    }
    let labels: Vec<&str> = several.iter().map(|(_, it)| it.label.as_str()).collect();
    let commands = several.iter().map(|(_, it)| format!("`upshift renumber {}`", it.file));
    let version = several.iter().find_map(|(_, it)| it.version()).map_or(0, Version::number);
    let why = match several.iter().any(|(_, it)| it.standing == Standing::NotAsked) {
        true => "and the database was not asked which of them it has",
        false => "and none of them is applied",
    };
    Err(Failure::refused(format!("version {version} stands twice, {why}: {}", labels.join(", "))).help(
        format!("name the file that gets a new version: {}", commands.collect::<Vec<_>>().join(" or ")),
    ))
}

/// What the database says of each migration.
async fn ask(context: &Context, folder: &mut Folder) -> Result<(), Failure> {
    let migrator = context.migrator()?;
    // Two branches took the same number, and the other one's is applied.
    let refused = migrator.plan(Target::Head).await.err();
    let refusals = refused.as_ref().map_or(&[][..], |error| error.refusals());
    let taken: BTreeSet<&str> = refusals
        .iter()
        .filter(|it| matches!(it.kind, RefusalKind::Taken { .. }))
        .map(|it| it.label.as_str())
        .collect();
    for status in migrator.status().await?.migrations {
        let is_late = status.state == State::OutOfOrder || taken.contains(status.label.as_str());
        let standing = match (is_late, status.applied) {
            (true, _) => Standing::Late,
            (false, Some(_)) => Standing::Applied,
            (false, None) => Standing::Pending,
        };
        folder.stands(|it| it.id == status.id, standing);
    }
    Ok(())
}

/// The same where the files make no set, since versions stand twice: what the history calls its migrations.
async fn ask_for_names(context: &Context, folder: &mut Folder) -> Result<(), Failure> {
    let history = context.migrator_of(Source::files([]))?.status().await?;
    folder.stands(|_| true, Standing::Pending);
    let twins = folder.twins().to_vec();
    for row in history.migrations {
        // Of one version no two are applied: the name says which of them it is.
        let is_it = |it: &Numbered| {
            let is_twin = it.version().is_some_and(|version| twins.contains(&version));
            it.id == row.id && (!is_twin || it.label == row.label)
        };
        folder.stands(is_it, Standing::Applied);
    }
    Ok(())
}
