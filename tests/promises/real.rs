//! Folders of real projects, as they are.

use std::path::{Path, PathBuf};
use std::process::Command;

use expect_test::expect;
use upshift::{DownTarget, Source};
use upshift_promises::Database;
use upshift_promises::database::client_program;

/// The shared data beside the repository; `None`, and a line that says so, where there is none.
fn data(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(folder);
    if !path.is_dir() {
        eprintln!("skipped: there is no {}", path.display());
        return None;
    }
    Some(path)
}

/// The schema as pg_dump shows it, without upshift's own.
fn dump(db: &Database) -> String {
    let program = client_program("pg_dump").expect("asked for at the beginning");
    let arguments = ["--schema-only", "--exclude-schema", "upshift"];
    let output = Command::new(program).args(arguments).arg(db.url()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // Newer servers wrap the dump in a key made up for each.
    text.lines().filter(|line| !line.contains("restrict ")).collect::<Vec<_>>().join("\n")
}

/// Applies files one by one, as a person with psql would.
fn psql_each(db: &Database, files: &[PathBuf]) {
    let program = client_program("psql").expect("asked for at the beginning");
    let mut command = Command::new(program);
    command.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"]);
    for file in files {
        command.arg("--file").arg(file);
    }
    let output = command.arg(db.url()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// `up.sql` (or `down.sql`) of every folder of diesel's, in the order of their versions, dashes or not.
fn diesel(folder: &Path, file: &str) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = folders.map(|it| it.join(file)).filter(|it| it.is_file()).collect();
    let version = |path: &PathBuf| {
        let name = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        name.split('_').next().unwrap().replace('-', "")
    };
    found.sort_by_key(version);
    found
}

#[tokio::test]
async fn the_285_migrations_of_crates_io_leave_what_psql_leaves() {
    if client_program("psql").is_none() {
        return;
    }
    let Some(folder) = data("real/crates-io/migrations") else { return };
    let (ours, theirs) = (Database::new().await, Database::new().await);
    let report = ours.migrator(Source::folder(&folder)).run().await.unwrap();
    assert_eq!(report.steps.len(), diesel(&folder, "up.sql").len());
    assert!(report.steps.len() >= 285);
    psql_each(&theirs, &diesel(&folder, "up.sql"));
    assert_eq!(dump(&ours), dump(&theirs));
    assert!(ours.migrator(Source::folder(&folder)).run().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_way_back_of_crates_io_goes_as_far_as_psql_goes() {
    if client_program("psql").is_none() {
        return;
    }
    let Some(folder) = data("real/crates-io/migrations") else { return };
    let (ours, theirs) = (Database::new().await, Database::new().await);
    let migrator = ours.migrator(Source::folder(&folder));
    migrator.run().await.unwrap();
    let error = migrator.down(DownTarget::All).await.unwrap_err();
    let back = error.report().unwrap().steps.len();
    // Its downs were never run one after the other: this one drops a constraint that is an index.
    assert_eq!(error.failure().unwrap().label, "20241025112826_make-unique-version-unique");
    assert_eq!(error.sqlstate(), Some("42704"));
    let downs: Vec<PathBuf> = diesel(&folder, "down.sql").into_iter().rev().collect();
    psql_each(&theirs, &diesel(&folder, "up.sql"));
    psql_each(&theirs, &downs[..back]);
    assert_eq!(dump(&ours), dump(&theirs));
}

/// Applies a project's folder, shows what it made, and goes all the way back.
async fn project(folder: &str) -> Option<String> {
    let folder = data("histories/projects")?.join(folder);
    let db = Database::new().await;
    let migrator = db.migrator(Source::folder(&folder));
    let status = migrator.status().await.unwrap_or_else(|error| panic!("{error:?}"));
    migrator.run().await.unwrap_or_else(|error| panic!("{error:?}"));
    assert!(migrator.run().await.unwrap().is_empty());
    let mut text = format!("{}: {}; ", status.layout, db.history().await.replace('\n', ", "));
    text.push_str(&format!("tables {}", db.tables().await));
    match migrator.down(DownTarget::All).await {
        Ok(report) => text.push_str(&format!("; {} back, tables {}", report.steps.len(), db.tables().await)),
        Err(error) => text.push_str(&format!("; {error}")),
    }
    Some(text)
}

#[tokio::test]
async fn folders_of_other_tools_run_as_they_are() {
    if client_program("psql").is_none() {
        return;
    }
    let mut found = String::new();
    for folder in [
        "dbm/db/migrations",
        "dz/drizzle",
        "dz1/drizzle",
        "dzup/drizzle",
        "gm/migrations",
        "sqi",
        "umz/migrations",
    ] {
        let Some(line) = project(folder).await else { return };
        found.push_str(&format!("{folder}: {line}\n"));
    }
    expect![[r#"
        dbm/db/migrations: dbmate: 20240101120000 | create_users | applied, 20240102120000 | idx | applied; tables users; 2 back, tables -
        dz/drizzle: drizzle: 1795170508333 | init | applied, 1795170508894 | seed | applied; tables users; no plan can be made, for 2 reasons
        dz1/drizzle: drizzle-folders: 20261120102906 | init | applied; tables users; no plan can be made: 20261120102906_init has no down, neither in this binary nor in the history
        dzup/drizzle: drizzle-folders: 20261120102828 | init | applied, 20261120102829 | seed | applied; tables users; no plan can be made, for 2 reasons
        gm/migrations: graphile-migrate: 1 | first-one | applied, 2 |  | applied; tables t; no plan can be made, for 2 reasons
        sqi: sqitch: 20261120103020 | users | applied, 20261120103021 | mail | applied; tables users; 2 back, tables -
        umz/migrations: umzug: 20261120102917 | users | applied; tables u; 1 back, tables u
    "#]].assert_eq(&found);
}

#[tokio::test]
async fn folders_with_migrations_that_are_no_sql_are_refused_by_name() {
    if client_program("psql").is_none() {
        return;
    }
    let Some(projects) = data("histories/projects") else { return };
    let mut found = String::new();
    for folder in ["npgm/migrations", "seq/migrations", "alem/mig/versions"] {
        let error = match Source::folder(projects.join(folder)).check() {
            Ok(set) => format!("{} migrations\n", set.len()),
            Err(error) => error.render().replace(&format!("{}/", projects.display()), ""),
        };
        found.push_str(&format!("== {folder}\n{error}\n"));
    }
    expect![[r#"
        == npgm/migrations
        a mistake in the migration files

        a migration in `.cjs` cannot run here
          --> npgm/migrations/1700000000001_b.cjs
           = help: write it in SQL, or as a Rust migration; where it is applied already, `baseline` after it
        == seq/migrations
        2 mistakes in the migration files

        a migration in `.js` cannot run here
          --> seq/migrations/20240101000000-create-users.js
           = help: write it in SQL, or as a Rust migration; where it is applied already, `baseline` after it

        a migration in `.js` cannot run here
          --> seq/migrations/20261120102913-create-users.js
           = help: write it in SQL, or as a Rust migration; where it is applied already, `baseline` after it
        == alem/mig/versions
        2 mistakes in the migration files

        a migration in Python cannot run here
          --> alem/mig/versions/46d2658177af_create_users.py
           = help: for Alembic, write down the SQL of `alembic upgrade head --sql`, and `baseline` at it

        a migration in Python cannot run here
          --> alem/mig/versions/76008376680a_mrg.py
           = help: for Alembic, write down the SQL of `alembic upgrade head --sql`, and `baseline` at it
    "#]]
    .assert_eq(&found);
}
