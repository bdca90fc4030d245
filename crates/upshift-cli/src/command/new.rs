//! `new`: the files of a migration, written the way the folder is written.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;
use upshift::files::{Layout, LayoutChoice};
use upshift::{SourceFile, Version};

use super::generate::GenerateArguments;
use super::new_files::{Kind, Wanted, files};
use super::origin::Scratch;
use super::renumber_change::version_of;
use super::spelling::Spelling;
use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Write a new migration: its files, named and numbered, the way the folder is written.
#[derive(Debug, Clone, Args)]
pub struct New {
    /// What it does, in words: add_status, "add status".
    #[arg(required_unless_present = "from_diff")]
    name: Option<String>,
    /// What it is written as [default: as the last one of the folder; a file, where there is none].
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Its place in a rollout.
    #[arg(long, value_enum)]
    phase: Option<PhaseWord>,
    /// The number behind the last one, instead of the time. A folder that counts is counted on without it.
    #[arg(long)]
    sequence: bool,
    /// This version, spelt so.
    #[arg(long, value_name = "VERSION", conflicts_with = "sequence", value_parser = spelling)]
    version: Option<Spelling>,
    /// Write what leads from the migrations to this schema, as `upshift generate` does; its files name themselves.
    #[arg(long, value_name = "SCHEMA", conflicts_with_all = ["name", "kind", "phase", "sequence", "version"])]
    from_diff: Option<String>,
    #[command(flatten)]
    scratch: Scratch,
}

/// A migration's place in a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PhaseWord {
    Expand,
    Backfill,
    Contract,
}

impl PhaseWord {
    pub(crate) fn word(self) -> &'static str {
        match self {
            PhaseWord::Expand => "expand",
            PhaseWord::Backfill => "backfill",
            PhaseWord::Contract => "contract",
        }
    }
}

/// More digits than anybody counts to: the year is the first four of a timestamp.
const TIMESTAMP: u64 = 1_000_000_000_000;

impl New {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match (&self.from_diff, &self.name) {
            (Some(wish), _) => GenerateArguments::of(wish, &self.scratch).run(context).await,
            (None, name) => self.files(name.as_deref().unwrap_or_default(), context),
        }
    }

    fn files(&self, name: &str, context: &Context) -> Result<Answer, Failure> {
        let folder = context.folder();
        std::fs::create_dir_all(&folder).map_err(|cause| Failure::file("make", &folder, &cause))?;
        // From the look at what is there until ours is there, too: two at once get two versions.
        let _held = hold(&folder);
        let known = known(context, &folder)?;
        let kind = self.kind.unwrap_or(known.kind);
        let version = self.next(&known)?;
        if let Some(head) = known.not_before(&version).filter(|_| kind != Kind::Repeatable) {
            let version = version.as_str();
            return Err(Failure::refused(format!(
                "version {version} would stand before {head}, which is there"
            ))
            .help("leave --version out, or say a greater one"));
        }
        let name = slug(name)?;
        let wanted =
            Wanted { layout: known.layout, version: version.as_str(), name: &name, kind, phase: self.phase };
        let written = files(&wanted)?;
        let mut text = String::new();
        for file in &written {
            let path = folder.join(&*file.path);
            write_new(&path, &file.text)?;
            text.push_str(&format!("{}\n", path.display()));
        }
        if let Some(reminder) = reminder(&folder) {
            context.terminal.tell(&reminder);
        }
        let paths: Vec<String> =
            written.iter().map(|file| folder.join(&*file.path).display().to_string()).collect();
        let version = read_back(written, known.layout).map(Version::number);
        Ok(Answer::done(text, json!({ "version": version, "files": paths })))
    }

    fn next(&self, known: &Known) -> Result<Spelling, Failure> {
        let number = match (&self.version, &known.highest, known.head) {
            (Some(version), highest, _) if version.has_parts() && !known.takes_parts() => {
                let there = highest.as_ref().map_or("none", Spelling::as_str);
                return Err(Failure::usage(format!(
                    "version {} is several numbers, and the versions of this folder are one: {there}",
                    version.as_str()
                )));
            }
            (Some(version), _, _) => return Ok(version.clone()),
            (None, Some(highest), _) if known.has_parts => return Ok(highest.next()),
            (None, _, None) if self.sequence => behind(1)?,
            (None, _, Some(head)) if self.sequence => behind(head.number() + 1)?,
            (None, _, head) => usual(head)?,
        };
        let number = number.number();
        let text = known.highest.as_ref().map_or_else(|| number.to_string(), |it| it.like(number));
        spelling(&text).map_err(Failure::usage)
    }
}

/// What the folder has already.
struct Known {
    layout: Layout,
    /// The last version as a number.
    head: Option<Version>,
    /// The highest one as a name spells it.
    highest: Option<Spelling>,
    /// Whether versions are several numbers there: Flyway's.
    has_parts: bool,
    /// What the last one is written as.
    kind: Kind,
}

impl Known {
    fn nothing(layout: Layout) -> Known {
        Known { layout, head: None, highest: None, has_parts: false, kind: Kind::File }
    }

    fn of(layout: Layout, head: Option<Version>, files: &[String]) -> Known {
        let spelt: Vec<Spelling> = files.iter().filter_map(|path| Spelling::of(path, layout)).collect();
        let has_parts = layout == Layout::Flyway && spelt.iter().any(Spelling::has_parts);
        Known { layout, head, highest: spelt.into_iter().max(), has_parts, kind: kind_of_the_last(files) }
    }

    /// Whether a version of several numbers is one like those that are there: in a folder of whole numbers it would change
    /// what the others mean.
    fn takes_parts(&self) -> bool {
        self.has_parts || self.layout == Layout::Flyway && self.highest.is_none()
    }

    /// The last one that is there, where this one would not stand behind it.
    fn not_before(&self, version: &Spelling) -> Option<String> {
        if self.has_parts {
            let highest = self.highest.as_ref().filter(|highest| version <= *highest);
            return highest.map(|highest| highest.as_str().to_owned());
        }
        let number: Option<Version> = version.as_str().parse().ok();
        self.head.filter(|head| number.is_none_or(|number| number <= *head)).map(|head| head.to_string())
    }
}

/// A pair, where the last version has files of its own for up or down; else a file.
fn kind_of_the_last(files: &[String]) -> Kind {
    let is_half = |path: &str| path.ends_with(".up.sql") || path.ends_with(".down.sql");
    let last = files.iter().filter_map(|path| Some((version_of(path)?, is_half(path)))).max();
    if last.is_some_and(|(_, is_half)| is_half) { Kind::Pair } else { Kind::File }
}

/// A version, as clap reads it.
fn spelling(text: &str) -> Result<Spelling, String> {
    let wrong =
        || format!("`{text}` is no version: expected digits, or several numbers as in `1.2` for Flyway");
    Spelling::read(text).ok_or_else(wrong)
}

/// The version that a file has to whoever reads it; none of a repeatable one.
fn read_back(mut written: Vec<SourceFile>, layout: Layout) -> Option<Version> {
    written.truncate(1);
    let named = written.into_iter().map(|file| SourceFile::new(file.path, "select 1;")).collect();
    upshift::MigrationSet::parse(named, Vec::new(), LayoutChoice::Is(layout)).ok()?.head()
}

/// Holds the folder against another `new`, until this is dropped. Where the file system has no locks, nobody is held up.
#[cfg(unix)]
fn hold(folder: &Path) -> Option<std::fs::File> {
    let opened = std::fs::File::open(folder).ok()?;
    rustix::fs::flock(&opened, rustix::fs::FlockOperation::LockExclusive).ok()?;
    Some(opened)
}

#[cfg(not(unix))]
fn hold(_: &Path) -> Option<std::fs::File> {
    None
}

/// The version that a new migration gets when nobody says one.
pub(super) fn next_version(context: &Context) -> Result<Version, Failure> {
    usual(known(context, &context.folder())?.head)
}

/// The time; in a folder that counts, the next number.
fn usual(head: Option<Version>) -> Result<Version, Failure> {
    match head.map(Version::number) {
        Some(head) if head < TIMESTAMP => behind(head + 1),
        // Two in one second: the second one is a second later.
        head => behind(now().max(head.map_or(0, |head| head + 1))),
    }
}

fn behind(number: u64) -> Result<Version, Failure> {
    Version::new(number).ok_or_else(|| Failure::refused("there is no version behind the last one"))
}

/// How the folder is written, and its last version; ours, where there is nothing yet.
fn known(context: &Context, folder: &Path) -> Result<Known, Failure> {
    if matches!(folder.read_dir().map(|mut all| all.next().is_none()), Ok(true) | Err(_)) {
        return Ok(match context.settings.layout {
            LayoutChoice::Is(layout) => Known::nothing(layout),
            LayoutChoice::Detect => Known::nothing(Layout::Native),
        });
    }
    // The folder on disk, also for embedded migrations: what was added since the build counts.
    let files =
        upshift::files::folder::list(folder).map_err(|cause| Failure::file("read", folder, &cause))?;
    if files.is_empty() {
        return Ok(Known::nothing(Layout::Native));
    }
    let by_name = files.iter().filter_map(|path| version_of(path)).max();
    let read = upshift::files::folder::read(folder).map_err(|found| Failure::refused(found.to_string()))?;
    match upshift::MigrationSet::parse(read, Vec::new(), context.settings.layout) {
        Ok(set) => Ok(Known::of(set.layout(), set.head().max(by_name), &files)),
        // The file that `new` has just written has nothing in it yet: names say enough.
        Err(_) => match context.settings.layout {
            LayoutChoice::Is(layout) => Ok(Known::of(layout, by_name, &files)),
            LayoutChoice::Detect => Ok(Known::of(detected(&files), by_name, &files)),
        },
    }
}

/// How these files are written, by their names alone: ours, where they say nothing else.
fn detected(paths: &[String]) -> Layout {
    let named = paths.iter().map(|path| SourceFile::new(path.clone(), "select 1;")).collect();
    let set = upshift::MigrationSet::parse(named, Vec::new(), LayoutChoice::Detect);
    set.map_or(Layout::Native, |set| set.layout())
}

/// The time, as a version: 20260514093000.
fn now() -> u64 {
    let now = time::OffsetDateTime::now_utc();
    let (date, clock) = (now.date(), now.time());
    let parts = [u8::from(date.month()), date.day(), clock.hour(), clock.minute(), clock.second()];
    parts
        .iter()
        .fold(u64::try_from(date.year()).unwrap_or_default(), |all, part| all * 100 + u64::from(*part))
}

/// Words as a part of a file's name.
fn slug(words: &str) -> Result<String, Failure> {
    // The letters that the names of migrations may have; what case makes of one may be more than letters.
    let letters = words.trim().chars().flat_map(char::to_lowercase);
    let joined: String = letters.map(|letter| if letter.is_alphanumeric() { letter } else { '_' }).collect();
    let parts: Vec<&str> = joined.split('_').filter(|part| !part.is_empty()).collect();
    match parts.is_empty() {
        false => Ok(parts.join("_")),
        true => Err(Failure::usage(format!("`{words}` has no letter to make a file's name of"))),
    }
}

/// Writes a file that is not there yet, and the folders above it.
pub(super) fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|cause| Failure::file("make", parent, &cause))?;
    }
    // Never over a file that is there.
    let opened = OpenOptions::new().write(true).create_new(true).open(path);
    opened
        .and_then(|mut opened| opened.write_all(text.as_bytes()))
        .map_err(|cause| Failure::file("write", path, &cause))
}

/// What a crate that embeds the folder needs, so that cargo notices the new file.
fn reminder(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let krate: PathBuf = folder.ancestors().skip(1).find(|it| it.join("Cargo.toml").exists())?.to_owned();
    let script = std::fs::read_to_string(krate.join("build.rs")).unwrap_or_default();
    if script.contains("rerun-if-changed") {
        return None;
    }
    let inner = folder.strip_prefix(&krate).unwrap_or(&folder).display();
    Some(format!(
        "note: cargo does not notice a new file by itself. {} wants:\n\
         \x20   fn main() {{\n\
         \x20       println!(\"cargo::rerun-if-changed={inner}\");\n\
         \x20   }}",
        krate.join("build.rs").display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_its_words() {
        for (words, expected) in [
            ("add_status", "add_status"),
            ("Add status!", "add_status"),
            ("  a--b ", "a_b"),
            ("ADD2", "add2"),
            ("Été à la plage", "été_à_la_plage"),
            ("日本", "日本"),
        ] {
            assert_eq!(slug(words).ok().as_deref(), Some(expected), "{words}");
        }
        assert!(slug("---").is_err());
    }
}
