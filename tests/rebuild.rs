//! What makes cargo compile migrations anew, proven with cargo: each test writes a small service into a folder of its own,
//! builds it and runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const MAIN: &str = r#"
use upshift::files::Body;

const MIGRATIONS: upshift::Source = upshift::embed_migrations!();

fn main() {
    match MIGRATIONS.set() {
        Ok(set) => set.iter().for_each(|migration| {
            let text = match migration.up() {
                Body::Sql(section) => section.text(),
                Body::Code(code) => code.text(),
            };
            println!("{}: {}", migration.label(), text.lines().next().unwrap_or(""));
        }),
        Err(error) => println!("stale: {}, {error}, help: {}", error.is_stale(), error.help().unwrap_or_default()),
    }
}
"#;

const BUILD_SCRIPT: &str = r#"fn main() { println!("cargo::rerun-if-changed=migrations"); }"#;

const RUST: &str = "// The first text.
use upshift::{BoxError, StepContext};

pub async fn up(_step: &mut StepContext<'_>) -> Result<(), BoxError> {
    Ok(())
}
";

struct Service {
    name: &'static str,
    folder: PathBuf,
}

impl Service {
    /// A crate with one migration in SQL and one in Rust.
    fn new(name: &'static str) -> Service {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rebuild").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let upshift = workspace.join("crates/upshift");
        let service = Service { name, folder };
        // The profile of the workspace, so that the dependencies that are built already need not be built again.
        service.write(
            "Cargo.toml",
            &format!(
                "[package]\nname = '{name}'\nversion = '0.0.0'\nedition = '2024'\n\n[workspace]\n\n\
                 [dependencies]\nupshift = {{ path = '{}' }}\n\n[profile.dev]\ndebug = 'line-tables-only'\n",
                upshift.display()
            ),
        );
        fs::copy(workspace.join("Cargo.lock"), service.folder.join("Cargo.lock")).unwrap();
        service.write("src/main.rs", MAIN);
        service.write("migrations/1_create_orders.sql", "create table orders (id bigint primary key);");
        service.write("migrations/2_number_orders.rs", RUST);
        service
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Builds, and gives what the compiler said when it refused.
    fn build(&self) -> Result<(), String> {
        let output = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--offline", "--color=never"])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", target())
            .output()
            .unwrap();
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// Builds, runs, and gives the lines printed.
    fn run(&self) -> Vec<String> {
        self.build().unwrap();
        let program = target().join("debug").join(format!("{}{}", self.name, std::env::consts::EXE_SUFFIX));
        let output = Command::new(program).output().unwrap();
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    }
}

/// The folder that this test was built in.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned()
}

const ORDERS: &str = "1_create_orders: create table orders (id bigint primary key);";
const NUMBERS: &str = "2_number_orders: // The first text.";

#[test]
fn an_edited_file_is_compiled_in_and_so_are_a_renamed_and_a_deleted_one() {
    let service = Service::new("rebuild-edited");
    assert_eq!(service.run(), [ORDERS, NUMBERS]);

    service.write("migrations/1_create_orders.sql", "create table orders (id uuid primary key);");
    assert_eq!(service.run(), ["1_create_orders: create table orders (id uuid primary key);", NUMBERS]);

    service.write("migrations/2_number_orders.rs", &RUST.replace("first", "second"));
    let edited = "2_number_orders: // The second text.";
    assert_eq!(service.run(), ["1_create_orders: create table orders (id uuid primary key);", edited]);

    let migrations = service.folder.join("migrations");
    fs::rename(migrations.join("1_create_orders.sql"), migrations.join("1_orders.sql")).unwrap();
    assert_eq!(service.run(), ["1_orders: create table orders (id uuid primary key);", edited]);

    fs::remove_file(migrations.join("2_number_orders.rs")).unwrap();
    assert_eq!(service.run(), ["1_orders: create table orders (id uuid primary key);"]);
}

#[test]
fn a_mended_mistake_builds() {
    let service = Service::new("rebuild-mended");
    service.write("migrations/1_create_orders.sql", "create table orders (name text default 'new);");
    let told = service.build().unwrap_err();
    for part in ["the string that begins here is never closed", "--> migrations/1_create_orders.sql:1:40"] {
        assert!(told.contains(part), "{part} is missing in: {told}");
    }

    service.write("migrations/1_create_orders.sql", "create table orders (id bigint primary key);");
    assert_eq!(service.run(), [ORDERS, NUMBERS]);

    service.write("migrations/1_create_orders.sql", "\\i orders.sql");
    let told = service.build().unwrap_err();
    assert!(told.contains("`\\i` is a command of psql"), "{told}");

    service.write("migrations/1_create_orders.sql", "create table orders (id bigint primary key);");
    assert_eq!(service.run(), [ORDERS, NUMBERS]);
}

#[test]
fn a_new_file_is_compiled_in_when_the_build_script_names_the_folder() {
    let service = Service::new("rebuild-new");
    service.write("build.rs", BUILD_SCRIPT);
    assert_eq!(service.run(), [ORDERS, NUMBERS]);

    service.write("migrations/3_add_status.sql", "alter table orders add status text;");
    assert_eq!(service.run(), [ORDERS, NUMBERS, "3_add_status: alter table orders add status text;"]);
}

#[test]
fn without_the_build_script_a_new_file_stops_a_debug_build_and_is_named() {
    let service = Service::new("rebuild-stale");
    assert_eq!(service.run(), [ORDERS, NUMBERS]);

    service.write("migrations/3_add_status.sql", "alter table orders add status text;");
    let told = service.run().join("\n");
    for part in ["stale: true", "3_add_status.sql", "cargo::rerun-if-changed=migrations"] {
        assert!(told.contains(part), "{part} is missing in: {told}");
    }
}

#[test]
fn what_is_wrong_with_a_rust_file_is_told_with_its_place() {
    let service = Service::new("rebuild-rust");
    for (case, text, expected) in [
        ("a slip inside", RUST.replace("Ok(())", "Okay(())"), "2_number_orders.rs:5:5"),
        ("another argument", RUST.replace("&mut StepContext<'_>", "&str"), "2_number_orders.rs:4:14"),
        ("another error", RUST.replace("BoxError>", "String>"), "found `Result<(), String>`"),
        ("a wrong down", format!("{RUST}\npub async fn down() {{}}\n"), "2_number_orders.rs:8:14"),
    ] {
        service.write("migrations/2_number_orders.rs", &text);
        let told = service.build().unwrap_err();
        assert!(told.contains(expected), "{case}: {expected} is missing in: {told}");
    }
}
