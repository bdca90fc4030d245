//! The files of a new migration, as each tool writes them: a pure function.

use clap::ValueEnum;
use upshift::SourceFile;
use upshift::files::Layout;

use super::new::PhaseWord;
use crate::failure::Failure;

/// What a migration is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// One file with up and down.
    File,
    /// A file for up and one for down.
    Pair,
    /// Rust code, which is compiled in.
    Rust,
    /// Applied again whenever it changes: views, functions.
    Repeatable,
}

/// What is wanted.
pub(super) struct Wanted<'w> {
    pub(super) layout: Layout,
    /// As the name spells it.
    pub(super) version: &'w str,
    pub(super) name: &'w str,
    pub(super) kind: Kind,
    pub(super) phase: Option<PhaseWord>,
}

/// The files.
pub(super) fn files(wanted: &Wanted<'_>) -> Result<Vec<SourceFile>, Failure> {
    if wanted.layout == Layout::Native {
        return Ok(native(wanted));
    }
    if wanted.phase.is_some() || matches!(wanted.kind, Kind::Rust) {
        return Err(Failure::refused(format!("files of {} have no phases and no Rust code", wanted.layout))
            .help("one folder speaks one language; a folder of upshift's own has both"));
    }
    let (version, name) = (wanted.version, wanted.name);
    let one = |path: String, text: &str| vec![SourceFile::new(path, text.to_owned())];
    let pair = || {
        vec![
            SourceFile::new(format!("{version}_{name}.up.sql"), String::new()),
            SourceFile::new(format!("{version}_{name}.down.sql"), String::new()),
        ]
    };
    Ok(match (wanted.layout, wanted.kind) {
        (Layout::Flyway, Kind::Repeatable) => one(format!("R__{name}.sql"), ""),
        (Layout::Refinery, Kind::Pair) => {
            return Err(Failure::refused("refinery has no way back: its `U` is another kind of migration"));
        }
        (_, Kind::Repeatable) => {
            return Err(Failure::refused(format!(
                "files of {} have no repeatable migrations",
                wanted.layout
            )));
        }
        (Layout::Goose, _) => one(format!("{version}_{name}.sql"), "-- +goose Up\n\n-- +goose Down\n"),
        (Layout::Dbmate, _) => one(format!("{version}_{name}.sql"), "-- migrate:up\n\n-- migrate:down\n"),
        (Layout::Flyway, Kind::Pair) => vec![
            SourceFile::new(format!("V{version}__{name}.sql"), String::new()),
            SourceFile::new(format!("U{version}__{name}.sql"), String::new()),
        ],
        (Layout::Flyway | Layout::Refinery, _) => one(format!("V{version}__{name}.sql"), ""),
        (Layout::Sqlx, Kind::File) => one(format!("{version}_{name}.sql"), ""),
        (Layout::Sqlx | Layout::GolangMigrate, _) => pair(),
        (Layout::Diesel, _) => vec![
            SourceFile::new(format!("{version}_{name}/up.sql"), String::new()),
            SourceFile::new(format!("{version}_{name}/down.sql"), String::new()),
        ],
        (Layout::NodePgMigrate, Kind::Pair) => pair(),
        (Layout::NodePgMigrate, _) => {
            one(format!("{version}_{name}.sql"), "-- Up Migration\n\n-- Down Migration\n")
        }
        (Layout::Umzug, _) => vec![
            SourceFile::new(format!("{version}_{name}.sql"), String::new()),
            SourceFile::new(format!("down/{version}_{name}.sql"), String::new()),
        ],
        (Layout::Tern, _) => {
            one(format!("{version:0>3}_{name}.sql"), "\n---- create above / drop below ----\n\n")
        }
        (other, _) => {
            return Err(Failure::refused(format!(
                "{other} writes its files itself: a journal or a hash is in them"
            ))
            .help("let the tool make it; upshift runs it as it is"));
        }
    })
}

fn native(wanted: &Wanted<'_>) -> Vec<SourceFile> {
    let Wanted { version, name, kind, phase, .. } = wanted;
    let header = phase.map_or_else(String::new, |phase| match phase {
        PhaseWord::Backfill => "-- upshift: phase backfill\n-- upshift: backfill table=\n".to_owned(),
        other => format!("-- upshift: phase {}\n", other.word()),
    });
    match kind {
        Kind::File => {
            vec![SourceFile::new(format!("{version}_{name}.sql"), format!("{header}\n-- upshift: down\n\n"))]
        }
        Kind::Pair => vec![
            SourceFile::new(format!("{version}_{name}.up.sql"), header),
            SourceFile::new(format!("{version}_{name}.down.sql"), String::new()),
        ],
        Kind::Repeatable => vec![SourceFile::new(format!("R__{name}.sql"), String::new())],
        Kind::Rust => vec![SourceFile::new(format!("{version}_{name}.rs"), rust(wanted))],
    }
}

fn rust(wanted: &Wanted<'_>) -> String {
    let header =
        wanted.phase.map_or_else(String::new, |phase| format!("// upshift: phase {}\n", phase.word()));
    format!(
        "{header}use upshift::{{BoxError, StepContext}};\n\n\
         pub async fn up(step: &mut StepContext<'_>) -> Result<(), BoxError> {{\n    \
             step.batch_execute(\"\").await?;\n    Ok(())\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use upshift::files::LayoutChoice;
    use upshift::{MigrationSet, Version};

    use super::*;

    /// The text with a statement wherever a person is to write one.
    fn filled(text: &str) -> String {
        let head = if text.is_empty() || text.starts_with('\n') { "select 1;" } else { "" };
        format!("{head}{}\nselect 1;\n", text.replace("\n\n", "\nselect 1;\n"))
    }

    /// Every layout that `new` writes for reads back as one migration of this version.
    #[test]
    fn what_is_written_is_read_back() {
        let layouts = [
            Layout::Native,
            Layout::Goose,
            Layout::Dbmate,
            Layout::Flyway,
            Layout::Refinery,
            Layout::Sqlx,
            Layout::GolangMigrate,
            Layout::Diesel,
            Layout::NodePgMigrate,
            Layout::Umzug,
            Layout::Tern,
        ];
        for layout in layouts {
            for kind in [Kind::File, Kind::Pair] {
                if (layout, kind) == (Layout::Refinery, Kind::Pair) {
                    continue;
                }
                let version = Version::new(1).unwrap_or_else(|| unreachable!());
                let wanted = Wanted { layout, version: "1", name: "add_status", kind, phase: None };
                let written = files(&wanted).unwrap_or_default();
                let written: Vec<SourceFile> =
                    written.into_iter().map(|file| SourceFile::new(file.path, filled(&file.text))).collect();
                assert!(!written.is_empty(), "{layout} {kind:?}");
                let set = MigrationSet::parse(written, Vec::new(), LayoutChoice::Is(layout));
                let found = set.map(|set| {
                    set.versioned().iter().map(|it| (it.version(), it.name().to_owned())).collect::<Vec<_>>()
                });
                assert_eq!(found, Ok(vec![(Some(version), "add_status".to_owned())]), "{layout} {kind:?}");
            }
        }
    }
}
