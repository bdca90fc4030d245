//! Which paths of a folder belong to its migrations.

/// Endings of programs that other tools take for migrations: refused by name rather than passed over.
const PROGRAMS: [&str; 12] = ["js", "cjs", "mjs", "ts", "cts", "mts", "py", "go", "rb", "java", "kt", "php"];

/// Endings that are a slip for `sql`.
const SLIPS: [&str; 6] = ["sq", "sqll", "psql", "pgsql", "ddl", "slq"];

/// Whether the path (inside the folder, with `/`) belongs to a set of migrations: it must be understood, or refused.
///
/// The macro, [`folder`](crate::folder) and [`MigrationSet::parse`](crate::MigrationSet::parse) all ask this, so they
/// agree. It is true for
/// - every name that ends in `.sql`, in any case;
/// - the companions `metadata.toml`, `*.sql.conf`, `meta/_journal.json` and `sqitch.plan`;
/// - names that begin with a version, as in `20260514093000_x`, and end in `.rs`, in nothing, in a slip for `.sql`, or
///   as programs do that other tools take for migrations (`.js`, `.ts`, `.go`, `.py`, …).
///
/// It is false for everything else: documents, names that begin with a dot (as swap files do) or lie in a folder that
/// does, the copies editors and merges leave (`x.sql~`, `x.sql.orig`, `#x.sql#`), helper code without a version, and the
/// snapshots of drizzle.
///
/// ```
/// use upshift_files::is_migration_file;
/// assert!(is_migration_file("20260514093000_add_status.sql"));
/// assert!(is_migration_file("misnamed.SQL"));
/// assert!(!is_migration_file("README.md"));
/// ```
pub fn is_migration_file(path: &str) -> bool {
    if path.split('/').any(|part| part.starts_with(['.', '#'])) {
        return false;
    }
    let base = path.rsplit('/').next().unwrap_or(path);
    let companion = matches!(base, "metadata.toml" | "sqitch.plan") || base.ends_with(".sql.conf");
    if companion || path == "meta/_journal.json" {
        return true;
    }
    let (stem, ending) = base.rsplit_once('.').unwrap_or((base, ""));
    let ending = ending.to_ascii_lowercase();
    match ending.as_str() {
        "sql" => true,
        "ts" | "go" if stem.ends_with(".d") || stem.ends_with("_test") => false,
        "" | "rs" => begins_with_version(base),
        ending => begins_with_version(base) && (PROGRAMS.contains(&ending) || SLIPS.contains(&ending)),
    }
}

/// `1_x`, `2026-05-14-093000_x`, `V1__x`: digits after at most one letter, and somewhere behind them a `_` or `-`.
fn begins_with_version(base: &str) -> bool {
    let rest = base.strip_prefix(['V', 'U', 'B', 'v', 'm']).unwrap_or(base);
    rest.starts_with(|c: char| c.is_ascii_digit()) && rest.contains(['_', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_migration_belongs_and_what_does_not_is_passed_over() {
        for belongs in [
            "1_x.sql",
            "x.sql",
            "x.SQL",
            "1_x/up.sql",
            "1_x/metadata.toml",
            "V1__x.sql.conf",
            "meta/_journal.json",
            "1_x.rs",
            "1_x",
            "1_x.js",
            "V1__x.java",
            "1_x.psql",
        ] {
            assert!(is_migration_file(belongs), "{belongs}");
        }
        for passed_over in [
            "README.md",
            "LICENSE",
            ".1_x.sql.swp",
            ".git/1_x.sql",
            "1_x.sql~",
            "1_x.sql.orig",
            "1_x.sql.bak",
            "#1_x.sql#",
            "mod.rs",
            "helpers.rs",
            "1_notes.md",
            "1_x_test.go",
            "meta/0000_snapshot.json",
            "1_x/snapshot.json",
            "schema.ts",
        ] {
            assert!(!is_migration_file(passed_over), "{passed_over}");
        }
    }
}
