//! `upshift.toml`: what a project says once for everybody.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use upshift::files::{mask_secrets, nearest};
use upshift_lint::Level;
use upshift_lint::effect::Major;

use super::{BackupSettings, LintSettings};
use crate::failure::Failure;

/// The whole file. An unknown word in it is an error with its line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct File {
    pub(crate) url: Option<String>,
    pub(crate) migrations: Option<String>,
    pub(crate) layout: Option<String>,
    pub(crate) schema: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) policy: PolicyTable,
    pub(crate) timeouts: TimeoutTable,
    pub(crate) vars: BTreeMap<String, String>,
    pub(crate) lint: LintTable,
    pub(crate) backup: BackupTable,
    pub(crate) objects: ObjectTable,
    pub(crate) environments: BTreeMap<String, Named>,
}

/// One environment: what is other than for the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Named {
    pub(crate) url: Option<String>,
    pub(crate) migrations: Option<String>,
    pub(crate) schema: Option<String>,
    pub(crate) vars: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PolicyTable {
    pub(crate) out_of_order: OnLate,
    pub(crate) missing: OnMissing,
    pub(crate) drift: OnDrift,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OnLate {
    #[default]
    Refuse,
    Apply,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OnMissing {
    #[default]
    Refuse,
    Accept,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OnDrift {
    #[default]
    Ignore,
    Watch,
    Refuse,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TimeoutTable {
    pub(crate) lock: Option<String>,
    pub(crate) statement: Option<String>,
    pub(crate) retry: Option<String>,
    /// How long to wait for another migrator.
    pub(crate) migrator: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct LintTable {
    pub(crate) since: Option<u64>,
    pub(crate) postgres: Option<(u16, u16)>,
    pub(crate) rules: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct BackupTable {
    pub(crate) folder: Option<PathBuf>,
    pub(crate) command: Option<String>,
    pub(crate) keep: Option<usize>,
}

/// Which objects count for diff, generate, pull, push and drift.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ObjectTable {
    pub(crate) include_schemas: Vec<String>,
    pub(crate) exclude_schemas: Vec<String>,
    pub(crate) exclude_objects: Vec<String>,
    pub(crate) exclude_kinds: Vec<String>,
}

impl LintTable {
    /// The versions of PostgreSQL, oldest and newest.
    fn majors(&self) -> Result<Option<RangeInclusive<u16>>, String> {
        let Some((oldest, newest)) = self.postgres else { return Ok(None) };
        let known = Major::SUPPORTED;
        match oldest <= newest && known.contains(&oldest) && known.contains(&newest) {
            true => Ok(Some(oldest..=newest)),
            false => Err(format!(
                "postgres: the oldest and the newest version, of {} to {}, found [{oldest}, {newest}]",
                known.start(),
                known.end()
            )),
        }
    }
}

impl File {
    /// The name of the file in a project's folder.
    pub(crate) const NAME: &'static str = "upshift.toml";

    /// The file at this path; nothing said where there is none.
    pub(crate) fn read(path: &Path) -> Result<File, Failure> {
        match std::fs::read_to_string(path) {
            Err(cause) if cause.kind() == std::io::ErrorKind::InvalidData => {
                Err(Failure::usage(format!("{} is no UTF-8", path.display())))
            }
            Ok(text) => File::parse(&text)
                .map_err(|why| Failure::usage(format!("{}: {}", path.display(), why.trim_end()))),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(File::default()),
            Err(cause) => Err(Failure::file("read", path, &cause)),
        }
    }

    /// Reads its text. An error shows the line with a caret.
    pub(crate) fn parse(text: &str) -> Result<File, String> {
        // The line it shows may be an address with a password.
        toml::from_str(text).map_err(|why| match why.to_string().contains("://") {
            false => why.to_string(),
            true => {
                let line =
                    why.span().map_or(0, |span| text.get(..span.start).unwrap_or_default().lines().count());
                mask_secrets(&format!("line {}: {}", line.max(1), why.message())).into_owned()
            }
        })
    }

    /// The environment of this name; nothing said where none is asked for.
    pub(crate) fn environment(&self, name: Option<&str>) -> Result<Named, Failure> {
        let Some(name) = name else { return Ok(Named::default()) };
        let known: Vec<&str> = self.environments.keys().map(String::as_str).collect();
        self.environments.get(name).cloned().ok_or_else(|| {
            let failure = Failure::usage(format!("{} has no environment `{name}`", File::NAME));
            match nearest(name, &known) {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None if known.is_empty() => failure.help(format!("write [environments.{name}] with its url")),
                None => failure.help(format!("it has {}", known.join(", "))),
            }
        })
    }

    pub(crate) fn lint_settings(&self) -> Result<LintSettings, Failure> {
        let wrong = |why: String| Failure::usage(format!("{}: [lint]: {why}", File::NAME));
        let since = self.lint.since.map(|number| {
            upshift::Version::new(number).ok_or_else(|| wrong(format!("since: {number} is no version")))
        });
        let level = |(rule, text): (&String, &String)| match text.parse::<Level>() {
            Ok(level) => Ok((rule.clone(), level)),
            Err(why) => Err(wrong(format!("{rule}: {why}"))),
        };
        Ok(LintSettings {
            since: since.transpose()?,
            majors: self.lint.majors().map_err(wrong)?,
            rules: self.lint.rules.iter().map(level).collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn backup_settings(&self) -> Result<BackupSettings, Failure> {
        let wrong = |why: &str| Err(Failure::usage(format!("{}: [backup]: {why}", File::NAME)));
        let table = self.backup.clone();
        match (&table.folder, &table.command, table.keep) {
            (Some(_), Some(_), _) => wrong("folder and command: one of them makes the backup"),
            (_, _, Some(0)) => wrong("keep = 0: the backup that was just made would go"),
            _ => Ok(BackupSettings { folder: table.folder, command: table.command, keep: table.keep }),
        }
    }
}
