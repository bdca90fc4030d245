//! Versions that stand twice, as after a merge: whose files they are.

use std::collections::BTreeMap;

use crate::assemble;
use crate::cut::Role;
use crate::layout::{self, Content, Files, Layout, LayoutChoice, Piece};
use crate::set::prepare;
use crate::{SectionKind, SourceFile, Version};

/// A version that several migrations of a folder have: two branches took the same number.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Twins {
    /// The version.
    pub version: Version,
    /// The layout the files were read by.
    pub layout: Layout,
    /// The migrations that have it, by name; at least two.
    pub migrations: Vec<Twin>,
}

/// One of several migrations with the same version.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Twin {
    /// Its name.
    pub name: String,
    /// The paths of its files.
    pub paths: Vec<String>,
}

/// The versions that stand twice, ascending; [`MigrationSet::parse`](crate::MigrationSet::parse) refuses such files.
///
/// Files of one version and one name are one migration, or are meant to be: they are no twins.
///
/// ```
/// use upshift_files::{LayoutChoice, SourceFile, twins};
/// let files = ["1_a.sql", "2_mine.sql", "2_theirs.sql"].map(|path| SourceFile::embedded(path, "select 1;"));
/// let found = twins(files.to_vec(), LayoutChoice::Detect);
/// let names: Vec<&str> = found[0].migrations.iter().map(|it| it.name.as_str()).collect();
/// assert_eq!((found.len(), names), (1, vec!["mine", "theirs"]));
/// ```
pub fn twins(files: Vec<SourceFile>, layout: LayoutChoice) -> Vec<Twins> {
    let (files, _) = prepare(files);
    let files = Files(&files);
    let Ok(layout) = layout::choose(layout, &files) else { return Vec::new() };
    let mut groups: BTreeMap<Version, Vec<Piece>> = BTreeMap::new();
    for piece in layout::pieces(layout, &files).0 {
        if let Some(version) = piece.version() {
            groups.entry(version).or_default().push(piece);
        }
    }
    groups.retain(|_, group| assemble::twins(layout, group).is_some());
    let found = groups.into_iter().map(|(version, group)| Twins {
        version,
        layout,
        migrations: by_name(group, &files),
    });
    found.filter(|twins| twins.migrations.len() > 1).collect()
}

/// The migrations of one version. Files without an up are nobody's: which of them they revert is not known.
fn by_name(group: Vec<Piece>, files: &Files<'_>) -> Vec<Twin> {
    let mut named: BTreeMap<String, Vec<Piece>> = BTreeMap::new();
    for piece in group {
        named.entry(piece.name.clone()).or_default().push(piece);
    }
    named.retain(|_, pieces| pieces.iter().any(has_up));
    let paths = |pieces: Vec<Piece>| {
        let mut paths: Vec<String> = pieces.iter().map(|piece| piece.file.path.to_string()).collect();
        let companions: Vec<String> = paths.iter().flat_map(|path| companions(path)).collect();
        paths.extend(companions.into_iter().filter(|path| files.get(path).is_some()));
        paths.sort();
        paths.dedup();
        paths
    };
    named.into_iter().map(|(name, pieces)| Twin { name, paths: paths(pieces) }).collect()
}

/// What a tool keeps beside a file of a migration: Flyway's settings, and diesel's.
fn companions(path: &str) -> Vec<String> {
    let diesel = path.rsplit_once('/').map(|(folder, _)| format!("{folder}/metadata.toml"));
    std::iter::once(format!("{path}.conf")).chain(diesel).collect()
}

fn has_up(piece: &Piece) -> bool {
    match piece.content {
        Content::Rust => true,
        Content::Sql(manner) => matches!(manner.role, Role::Whole | Role::Only(SectionKind::Up)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(paths: &[&'static str], expected: &[&str]) {
        let files = paths.iter().map(|path| match path.ends_with(".toml") {
            true => SourceFile::embedded(path, "run_in_transaction = true"),
            false => SourceFile::embedded(path, "select 1;"),
        });
        let files = files.collect();
        let shown = |twins: &Twins| {
            let each = twins.migrations.iter().map(|it| format!("{} ({})", it.name, it.paths.join(" ")));
            format!("{}: {}", twins.version, each.collect::<Vec<_>>().join(", "))
        };
        let found: Vec<String> = twins(files, LayoutChoice::Detect).iter().map(shown).collect();
        assert_eq!(found, expected, "{paths:?}");
    }

    #[test]
    fn migrations_with_one_version_are_told_apart_by_their_names() {
        check(&["1_a.sql", "2_b.sql"], &[]);
        check(&["1_a.sql", "2_b.sql", "2_c.rs"], &["2: b (2_b.sql), c (2_c.rs)"]);
        check(
            &["02_b.down.sql", "02_b.up.sql", "2_c.down.sql", "2_c.up.sql", "3_d.sql", "3_e.sql", "3_f.sql"],
            &[
                "2: b (02_b.down.sql 02_b.up.sql), c (2_c.down.sql 2_c.up.sql)",
                "3: d (3_d.sql), e (3_e.sql), f (3_f.sql)",
            ],
        );
        check(
            &["2_b/down.sql", "2_b/up.sql", "sub/2_c.sql"],
            &["2: b (2_b/down.sql 2_b/up.sql), c (sub/2_c.sql)"],
        );
        check(
            &["2_b/metadata.toml", "2_b/up.sql", "2_c/metadata.toml", "2_c/up.sql"],
            &["2: b (2_b/metadata.toml 2_b/up.sql), c (2_c/metadata.toml 2_c/up.sql)"],
        );
        // Mistakes of another kind: one migration twice, and a down of nobody.
        check(&["3_a.sql", "3_a.down.sql"], &[]);
        check(&["3_a.up.sql", "3_b.down.sql"], &[]);
    }
}
