//! The README's quick start is these very files, and the program prints what the README says it prints.

use std::path::Path;
use std::process::Command;

use upshift_test::Server;

const README: &str = include_str!("../../../README.md");

#[test]
fn every_file_of_the_quick_start_is_what_the_readme_shows() {
    for file in [
        "migrations/20261121090000_create_orders.sql",
        "migrations/20261121091500_index_orders.sql",
        "build.rs",
        "src/main.rs",
    ] {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        assert!(README.contains(&format!("\n{text}```")), "{file} is not in the README as it is:\n{text}");
    }
}

#[tokio::test]
async fn the_program_prints_what_the_readme_shows() {
    let server = Server::start().unwrap();
    let first = boot(&server);
    assert_eq!(
        without_times(&first),
        "applied 20261121090000_create_orders\napplied 20261121091500_index_orders\n2 migrations in"
    );
    let shown = README.split("```text\napplied").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert_eq!(without_times(&format!("applied{shown}")), without_times(&first));
    assert_eq!(without_times(&boot(&server)), "nothing to do, in");
}

#[tokio::test]
async fn the_error_of_the_server_is_shown_as_the_readme_shows_it() {
    let server = Server::start().unwrap();
    let mut config = deadpool_postgres::Config::new();
    config.url = Some(server.url("postgres"));
    let pool =
        config.create_pool(Some(deadpool_postgres::Runtime::Tokio1), upshift::tokio_postgres::NoTls).unwrap();
    let folder =
        std::env::temp_dir().join(format!("upshift-readme-{}", std::process::id())).join("migrations");
    std::fs::create_dir_all(&folder).unwrap();
    let orders = "create table orders (id bigint primary key, price numeric);";
    std::fs::write(folder.join("20261121090000_create_orders.sql"), orders).unwrap();
    let total =
        "alter table orders add column total numeric;\n\nupdate orders set total = quantity * price;\n";
    std::fs::write(folder.join("20261121093000_add_total.sql"), total).unwrap();
    let error = upshift::Migrator::new(pool, upshift::Source::folder(&folder)).run().await.unwrap_err();
    let shown = error
        .render()
        .replace(folder.parent().unwrap().to_str().unwrap(), "")
        .replace("/migrations/", "migrations/");
    assert!(README.contains(&format!("```text\n{shown}\n```")), "the README has not:\n{shown}");
    std::fs::remove_dir_all(folder.parent().unwrap()).unwrap();
}

#[test]
fn without_a_server_it_says_what_is_wrong() {
    let output = Command::new(env!("CARGO_BIN_EXE_quick-start"))
        .env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("no connection to the database"), "{said}");
    assert!(said.contains("help: check the address"), "{said}");
}

fn boot(server: &Server) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_quick-start"))
        .env("DATABASE_URL", server.url("postgres"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The words without durations, which differ every time.
fn without_times(text: &str) -> String {
    let words = |line: &str| {
        let words = line.split_whitespace();
        let timeless = words.filter(|word| !word.parse::<f64>().is_ok_and(|_| !line.starts_with(word)));
        let kept: Vec<&str> = timeless.filter(|word| !matches!(*word, "ms" | "s" | "under")).collect();
        kept.join(" ")
    };
    text.trim().lines().map(words).collect::<Vec<_>>().join("\n")
}
