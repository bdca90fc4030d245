//! Flyway: `V` versioned, `U` undo, `R` repeatable, with a `.conf` beside a script.

use std::sync::Arc;

use super::lines::lines;
use super::{Content, Dialect, Files, Layout, Piece, flat, stranger};
use crate::cut::Role;
use crate::file_name::{self, Named};
use crate::header::Transaction;
use crate::section::Replace;
use crate::{Diagnostic, MigrationId, SectionKind, SourceFile, Version, word};

/// What every file of the folder is. Subfolders count, their names do not.
///
/// Baseline scripts (`B`) and callbacks are refused by name: a baseline is one migration at its version here, and
/// callbacks are hooks of the migrator.
pub(super) fn pieces(files: &Files<'_>) -> Vec<Result<Option<Piece>, Diagnostic>> {
    let several =
        files.0.iter().filter_map(|file| Script::of(&file.path)).any(|script| script.parts.len() > 1);
    let scale = if several { Scale::FourParts } else { Scale::WholeNumbers };
    files.0.iter().map(|file| piece(file, files, scale)).collect()
}

/// How the versions of a folder become numbers.
#[derive(Clone, Copy)]
enum Scale {
    WholeNumbers,
    FourParts,
}

/// A script's name, taken apart.
pub(super) struct Script<'p> {
    pub kind: Kind,
    pub parts: Vec<&'p str>,
    pub description: &'p str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Versioned,
    Undo,
    Baseline,
    Repeatable,
}

impl<'p> Script<'p> {
    /// `None` for a name that is no script's.
    pub(super) fn of(path: &'p str) -> Option<Script<'p>> {
        let base = path.rsplit('/').next().unwrap_or(path);
        let stem =
            base.len().checked_sub(4).filter(|at| base.is_char_boundary(*at)).map(|at| base.split_at(at));
        let stem = stem.filter(|(_, ending)| ending.eq_ignore_ascii_case(".sql"))?.0;
        let (kind, rest) = match stem.chars().next()? {
            'V' => (Kind::Versioned, &stem[1..]),
            'U' => (Kind::Undo, &stem[1..]),
            'B' => (Kind::Baseline, &stem[1..]),
            'R' => {
                let description = stem.strip_prefix("R__")?;
                return Some(Script { kind: Kind::Repeatable, parts: Vec::new(), description });
            }
            _ => return None,
        };
        let (version, description) = rest.split_once("__").unwrap_or((rest, ""));
        let parts: Vec<&str> = version.split(['.', '_']).collect();
        let whole = parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
        whole.then_some(Script { kind, parts, description })
    }
}

/// The names of Flyway's callbacks begin with one of these.
const CALLBACKS: [&str; 6] = ["before", "after", "createSchema", "undo", "drift", "deploy"];

fn piece(file: &Arc<SourceFile>, files: &Files<'_>, scale: Scale) -> Result<Option<Piece>, Diagnostic> {
    let path = &*file.path;
    let base = path.rsplit('/').next().unwrap_or(path);
    if let Some(script) = path.strip_suffix(".conf") {
        return match files.get(script) {
            Some(_) => Ok(None),
            None => Err(Diagnostic::of_file(path, "settings of a script that is not there")
                .help(format!("restore `{script}`, or delete this file"))),
        };
    }
    if path.ends_with(".rs") {
        return flat::piece(Layout::Flyway, file, Dialect::Upshift).map(Some);
    }
    let Some(script) = Script::of(path) else {
        let stem = base.split('.').next().unwrap_or(base);
        let camel = |rest: &str| {
            rest.starts_with(|c: char| c.is_ascii_uppercase()) || rest.is_empty() || rest.starts_with("__")
        };
        if CALLBACKS.iter().any(|callback| stem.strip_prefix(callback).is_some_and(camel)) {
            let problem = Diagnostic::of_file(
                path,
                format!("`{base}` is a Flyway callback, which upshift does not run"),
            );
            return Err(problem.help("make it a hook of the migrator, and move the file out of the folder"));
        }
        if !base.to_ascii_lowercase().ends_with(".sql") {
            return Err(stranger(file, Layout::Flyway));
        }
        // New migrations may have upshift's own names; scaled versions and timestamps would not sort together.
        return match scale {
            Scale::WholeNumbers => flat::piece(Layout::Native, file, Dialect::Upshift).map(Some),
            Scale::FourParts => {
                let problem =
                    Diagnostic::of_file(path, "the name does not begin with `V`, a version and `__`");
                Err(problem.help("write it as in `V1.2__add_status.sql`"))
            }
        };
    };
    let role = match script.kind {
        Kind::Versioned | Kind::Repeatable => Role::Whole,
        Kind::Undo => Role::Only(SectionKind::Down),
        Kind::Baseline => {
            let problem = Diagnostic::of_file(path, "a Flyway baseline script, which upshift does not run");
            return Err(problem.help("replace the versions up to it by one `V` script with this text"));
        }
    };
    let name = script.description.to_owned();
    let id = match script.kind {
        Kind::Repeatable => MigrationId::Repeatable(name.clone()),
        _ => MigrationId::Version(version(&script, scale).map_err(|message| {
            Diagnostic::of_file(path, message)
                .help("a version has four parts at most, each below 10000, the first below 1000000")
        })?),
    };
    let mut piece = Piece::sql(Named { id, name, role }, file, Dialect::Upshift);
    let settings = match files.get(&format!("{path}.conf")) {
        Some(conf) => settings(conf)?,
        None => Settings { transaction: Transaction::On, placeholders: Replace::Flyway },
    };
    if let Content::Sql(manner) = &mut piece.content {
        // An undo script is a down section by its prefix; a versioned one may have upshift's own sections.
        manner.transaction = settings.transaction;
        manner.replace = if file.text.contains("${") { settings.placeholders } else { Replace::Nothing };
    }
    Ok(Some(piece))
}

/// The version as a number; 1.0 and 1 are the same.
fn version(script: &Script<'_>, scale: Scale) -> Result<Version, String> {
    let said = script.parts.join(".");
    match scale {
        Scale::WholeNumbers => {
            file_name::version(&said).map_err(|error| format!("`{said}` is no version: {error}"))
        }
        Scale::FourParts => {
            let too_long = || format!("version `{said}` does not fit into 18 digits");
            let end = script
                .parts
                .iter()
                .rposition(|part| part.bytes().any(|b| b != b'0'))
                .map_or(1, |last| last + 1);
            let parts = &script.parts[..end];
            if parts.len() > 4 {
                return Err(too_long());
            }
            let mut number = 0_u64;
            for n in 0..4 {
                let part: u64 = parts.get(n).map_or(Ok(0), |part| part.parse()).map_err(|_| too_long())?;
                let limit = if n == 0 { 1_000_000 } else { 10_000 };
                if part >= limit {
                    return Err(too_long());
                }
                number = number * 10_000 + part;
            }
            Version::new(number).ok_or_else(too_long)
        }
    }
}

struct Settings {
    transaction: Transaction,
    placeholders: Replace,
}

/// A script's own settings, `key=value` a line.
fn settings(conf: &SourceFile) -> Result<Settings, Diagnostic> {
    const KEYS: [&str; 3] = ["executeInTransaction", "placeholderReplacement", "encoding"];
    let mut settings = Settings { transaction: Transaction::On, placeholders: Replace::Flyway };
    for line in lines(&conf.text) {
        let said = line.text.trim();
        if said.is_empty() || said.starts_with('#') {
            continue;
        }
        let wrong = |message: String| Diagnostic::at(&*conf.path, &conf.text, line.range.clone(), message);
        let (key, value) = said.split_once('=').map_or((said, ""), |(key, value)| (key.trim(), value.trim()));
        match (key, value) {
            ("executeInTransaction", "false") => settings.transaction = Transaction::Off,
            ("placeholderReplacement", "false") => settings.placeholders = Replace::Nothing,
            ("executeInTransaction" | "placeholderReplacement", "true") => {}
            ("encoding", encoding) if encoding.eq_ignore_ascii_case("utf-8") => {}
            (key, _) if KEYS.contains(&key) => {
                return Err(wrong(format!("`{key}` cannot be `{value}` here"))
                    .help("`true` or `false`; texts are UTF-8"));
            }
            _ => {
                return Err(
                    wrong(format!("unknown script setting `{key}`")).help(word::did_you_mean(key, &KEYS))
                );
            }
        }
    }
    Ok(settings)
}
