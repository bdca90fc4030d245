//! The program as a person runs it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use crate::Database;

fn program(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_migrations-example"));
    command.args(words).env_remove("DATABASE_URL").env_remove("PORT");
    command
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_demo_tells_its_story_to_the_end() {
    let output = program(&["demo"]).output().unwrap();
    let (stdout, stderr) = said(&output);
    assert!(output.status.success(), "{stdout}{stderr}");
    assert_eq!(stderr, "");
    for line in [
        "1  The first boot finds an empty database",
        "✓ 20260302093000_split_names",
        "✓ R__order_summary",
        "16 migrations applied in",
        "POST /orders    201  Ada Lovelace placed 3 articles for 42.30 EUR",
        "2  The second boot finds nothing to do",
        "nothing to do, in",
        "↩ 20260302091500_add_customer_names",
        "GET  /upshift/readyz 503  the schema is behind: 3 migrations are pending",
        "the chain of their hashes is whole",
        "20260309100000_add_refunds.sql:8:22",
        "    8 | select order_id, sum(amount) as amount_minor",
        "      |                      ^^^^^^",
        "help: nothing of it was done",
        "Done in",
    ] {
        assert!(stdout.contains(line), "`{line}` is missing in\n{stdout}");
    }
    assert!(!stdout.contains('\x1b'), "no colour where nobody watches");
    for line in stdout.lines() {
        assert!(line.chars().count() <= 80, "wider than a terminal: {line}");
    }
}

#[test]
fn the_rollout_tells_its_story_to_the_end_without_a_failed_request() {
    let output = program(&["rollout", "3000"]).output().unwrap();
    let (stdout, stderr) = said(&output);
    assert!(output.status.success(), "{stdout}{stderr}");
    assert_eq!(stderr, "");
    for line in [
        "1  Release 1.0.0 serves",
        "✓ 20260601090000_expand_orders_status",
        "✓ 20260601090001_backfill_orders_status",
        "contract 20260601090005_hide_orders_status waits:",
        "orders 1.0.0 on a (",
        "instance b has left: it was the last that needed orders.status",
        "✓ 20260601090005_hide_orders_status",
        "no downtime; p99 ",
        "is a contract this",
        "↩ 20260601090005_hide_orders_status",
        "instance f of release 1.0.0 serves, with all that 2.0.0 wrote meanwhile",
        "Done in",
    ] {
        assert!(stdout.contains(line), "`{line}` is missing in\n{stdout}");
    }
    for line in stdout.lines() {
        assert!(line.chars().count() <= 80, "wider than a terminal: {line}");
    }
}

#[test]
fn mistakes_of_the_caller_are_told_apart_and_have_a_reason() {
    for (words, url, code, reason) in [
        (&["surf"][..], None, 2, "error: unrecognized subcommand 'surf'"),
        (&[], None, 2, "An order service that migrates itself at boot"),
        (&["demo", "now"], None, 2, "error: unexpected argument 'now' found"),
        (&["rollout", "many"], None, 2, "error: invalid value 'many'"),
        (&["serve"], None, 1, "error: DATABASE_URL is not set"),
        (&["serve"], Some("nonsense"), 1, "error: DATABASE_URL is no address of a PostgreSQL database"),
        (&["serve"], Some("postgres://orders@127.0.0.1:1/orders"), 1, "error: no connection to the database"),
        (&["migrate", "up"], Some("postgres://orders@127.0.0.1:1/orders"), 6, "error: no connection"),
    ] {
        let mut command = program(words);
        command.envs(url.map(|url| ("DATABASE_URL", url)));
        let output = command.output().unwrap();
        let (_, stderr) = said(&output);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {stderr}");
        assert!(stderr.starts_with(reason), "{words:?}: {stderr}");
    }
}

/// The commands of upshift in the service's own program, with the migrations that are in it.
#[tokio::test]
async fn the_service_looks_after_its_own_database() {
    let database = Database::create("looked_after").await;
    let migrate = |words: &[&str]| {
        let words: Vec<&str> = ["migrate"].iter().chain(words).copied().collect();
        let output = program(&words).env("DATABASE_URL", &database.url).output().unwrap();
        let (stdout, stderr) = said(&output);
        (output.status.code(), format!("{stdout}{stderr}"))
    };
    let (pending, text) = migrate(&["status", "--check"]);
    assert!(pending == Some(4) && text.contains("  pending"), "{text}");
    let (applied, text) = migrate(&["up", "-q"]);
    assert!(applied == Some(0) && text.contains("applied  "), "{text}");
    let (fits, text) = migrate(&["status", "--check"]);
    assert_eq!(fits, Some(0), "{text}");
    let (_, text) = migrate(&["history", "-n", "1"]);
    assert!(text.contains(&format!("orders {}", migrations_example::boot::RELEASE)), "{text}");
    let (_, completions) = migrate(&["completions", "bash"]);
    assert!(completions.contains("complete -F _migrations__example"), "{completions}");
}

#[tokio::test]
async fn serve_migrates_serves_and_stops_on_sigterm() {
    let database = Database::create("served").await;
    let mut service = program(&["serve"])
        .envs([("DATABASE_URL", database.url.as_str()), ("PORT", "0")])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(service.stdout.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.find_map(|line| Some(line.strip_prefix("serving on http://")?.parse().unwrap()));
    let caller = migrations_example::caller::Caller { address: address.unwrap(), shop: "tea" };
    assert_eq!(caller.status("/upshift/readyz").await.unwrap(), 200);

    let pid = service.id().to_string();
    // The shell's own `kill`: not every machine has the program.
    let mut shell = Command::new("sh");
    assert!(shell.args(["-c", "kill -s TERM -- \"$1\"", "sh", &pid]).status().unwrap().success());
    assert_eq!(lines.last().unwrap(), "stopped: every request was answered");
    assert!(service.wait().unwrap().success());
}
