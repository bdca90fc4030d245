//! Real folders, as their tools wrote them. They lie beside the repository; without them the tests say so and pass.

use super::*;

/// A folder of the shared data; `None`, with a message, when it is not on this machine.
#[allow(clippy::print_stderr, reason = "a test that finds no data must say so")]
fn data(inside: &str) -> Option<PathBuf> {
    let found = crate_folder()
        .ancestors()
        .skip(3)
        .map(|up| up.join("shared/data").join(inside))
        .find(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: ../shared/data/{inside} is not on this machine");
    }
    found
}

fn set(path: &Path) -> Result<MigrationSet, Diagnostics> {
    let set = MigrationSet::parse(folder::read(path)?, Vec::new(), LayoutChoice::Detect)?;
    set.check(None)?;
    Ok(set)
}

#[test]
fn the_migrations_of_crates_io_parse_as_they_are() {
    let Some(path) = data("real/crates-io/migrations") else { return };
    let set = set(&path).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(set.layout(), Layout::Diesel);
    let folders =
        std::fs::read_dir(&path).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
    assert_eq!(set.len(), folders);
    let off = set.iter().filter(|migration| migration.header().transaction == Transaction::Off);
    assert_eq!(off.count(), 7, "folders with a metadata.toml");
    assert_eq!(set.iter().filter(|migration| *migration.down() == Down::Absent).count(), 0);
    assert_eq!(set.get(Version::new(0).unwrap()).map(Migration::name), Some("diesel_initial_setup"));
}

#[test]
fn the_projects_of_other_tools_parse_as_they_are() {
    for (project, expected) in [
        ("dz/drizzle", "drizzle 1795170508333_init 1795170508894_seed"),
        ("dz1/drizzle", "drizzle-folders 20261120102906_init"),
        ("dzup/drizzle", "drizzle-folders 20261120102828_init 20261120102829_seed"),
        ("dbm/db/migrations", "dbmate 20240101120000_create_users 20240102120000_idx"),
        ("gm/migrations", "graphile-migrate 1_first-one 2"),
        ("umz/migrations", "umzug 20261120102917_users"),
        ("npgm/migrations", "a migration in `.cjs` cannot run here"),
        ("seq/migrations", "a migration in `.js` cannot run here"),
        ("sqi", "sqitch 20261120103020_users 20261120103021_mail"),
        ("alem/mig/versions", "a migration in Python cannot run here"),
    ] {
        let Some(path) = data(&format!("histories/projects/{project}")) else { return };
        let found = match set(&path) {
            Ok(set) => {
                let labels: Vec<String> = set.iter().map(Migration::label).collect();
                format!("{} {}", set.layout(), labels.join(" "))
            }
            Err(problems) => problems.iter().next().unwrap().message.clone(),
        };
        assert_eq!(found, expected, "{project}");
    }
}
