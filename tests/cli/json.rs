//! The shapes of `--json`: a pipeline relies on them, and `docs/commands.md` shows them.

use expect_test::expect;
use serde_json::Value;
use upshift_promises::Database;

use crate::stage::{Stage, masked};
use crate::story::two;

/// The shape of a value: the names of its fields, and the kinds of what they hold. Of a list its first element.
fn shape(value: &Value, indent: usize) -> String {
    let blank = "  ".repeat(indent);
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(_) => "text".to_owned(),
        Value::Array(all) => match all.first() {
            None => "[]".to_owned(),
            Some(first) => format!("[{}]", shape(first, indent)),
        },
        Value::Object(all) => {
            let lines =
                all.iter().map(|(name, value)| format!("\n{blank}  {name}: {}", shape(value, indent + 1)));
            lines.collect::<String>()
        }
    }
}

/// How a command answers in JSON, and the shape of that.
fn answered(stage: &Stage, line: &str, place: &str) -> String {
    let said = stage.run(&format!("{line} --json {place}"));
    assert_eq!(said.err, "", "{line}");
    let answer: Value =
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{line}: {error}\n{}", said.out));
    assert_eq!(answer["exit"]["code"], said.code, "{line}");
    assert_eq!(answer["upshift"]["json"], upshift_cli::JSON_VERSION, "{line}");
    let part = if answer["error"].is_null() { "data" } else { "error" };
    format!("== {line} ({})\n{part}: {}\n", answer["exit"]["is"], shape(&answer[part], 0))
}

#[tokio::test]
async fn every_answer_has_its_shape() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    stage.folder.write(
        "migrations/3_drop.sql",
        "-- upshift: phase contract\nalter table users drop column status;\n",
    );
    let lines = [
        "plan",
        "plan --sql --offline",
        "up --count 2",
        "status",
        "down --yes",
        "up",
        "history",
        "audit verify",
        "rollout status",
        "backfill status",
        "check",
        "lint",
        "drift",
        "doctor",
        "wait",
        "diff database database",
        "new more",
        "renumber 3 --offline --dry-run",
        "rollout hold --because why",
        "up --to 9",
        "down",
    ];
    let shapes: String = lines.iter().map(|line| answered(&stage, line, "")).collect();
    expect![[r#"
        == plan ("done")
        data: 
          direction: text
          empty: bool
          entries: [
            direction: text
            do: text
            file: text
            label: text
            phase: text
            text: text
            version: number]
          notes: []
        == plan --sql --offline ("done")
        data: 
          direction: text
          empty: bool
          entries: [
            direction: text
            do: text
            file: text
            label: text
            phase: text
            text: text
            version: number]
          notes: []
          sql: text
        == up --count 2 ("done")
        data: 
          began_at: text
          blocked: []
          failed: null
          notes: []
          steps: [
            after_ms: number
            direction: text
            label: text
            phase: text
            retries: number
            took_ms: number
            version: number]
          took_ms: number
          waited_ms: number
        == status ("done")
        data: 
          layout: text
          migrations: [
            applied: 
              at: text
              error: null
              host: text
              release: null
              role: text
              service: null
              took_ms: number
            backfill: null
            blocked_by: null
            id: text
            label: text
            phase: text
            state: text
            text: text
            version: number]
          refused: []
        == down --yes ("done")
        data: 
          began_at: text
          blocked: []
          failed: null
          notes: []
          steps: [
            after_ms: number
            direction: text
            label: text
            phase: text
            retries: number
            took_ms: number
            version: number]
          took_ms: number
          waited_ms: number
        == up ("done")
        data: 
          began_at: text
          blocked: [
            by: text
            label: text
            version: number]
          failed: null
          notes: []
          steps: [
            after_ms: number
            direction: text
            label: text
            phase: text
            retries: number
            took_ms: number
            version: number]
          took_ms: number
          waited_ms: number
        == history ("done")
        data: [
          action: text
          at: text
          checksum: text
          detail: null
          host: text
          id: number
          name: text
          outcome: text
          release: null
          role: text
          service: null
          took_ms: number
          version: number]
        == audit verify ("done")
        data: 
          rows: number
          whole: bool
        == rollout status ("done")
        data: 
          at: text
          instances: []
          migrations: [
            approval_wanted: bool
            id: text
            label: text
            more: null
            phase: text
            state: text
            version: number]
          words: []
        == backfill status ("done")
        data: []
        == check ("done")
        data: 
          files: 
            layout: text
            migrations: number
          history: 
            asked: bool
            blocked: [text]
            fits: bool
            pending: []
          lint: 
            errors: number
            findings: []
            format: number
            not_understood: []
            statements: number
            warnings: number
        == lint ("done")
        data: 
          errors: number
          findings: []
          format: number
          not_understood: []
          statements: number
          warnings: number
        == drift ("no")
        data: 
          diff: null
          drifted: bool
          known: bool
          relations: []
          text: text
        == doctor ("done")
        data: 
          findings: [
            about: text
            grade: text
            help: null
            what: text]
          worst: text
        == wait ("done")
        data: 
          fits: bool
          text: text
        == diff database database ("done")
        data: 
          diff: 
            changes: []
          equal: bool
        == new more ("done")
        data: 
          files: [text]
          version: number
        == renumber 3 --offline --dry-run ("refused")
        error: 
          help: text
          message: text
          refused: []
          report: null
          sqlstate: null
          text: text
        == rollout hold --because why ("refused")
        error: 
          help: text
          message: text
          refused: []
          report: null
          sqlstate: null
          text: text
        == up --to 9 ("refused")
        error: 
          help: text
          message: text
          refused: []
          report: null
          sqlstate: null
          text: text
        == down ("refused")
        error: 
          help: text
          message: text
          refused: []
          report: null
          sqlstate: null
          text: text
    "#]]
    .assert_eq(&shapes);
}

#[tokio::test]
async fn so_have_those_that_want_a_scratch_server() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    stage.folder.write("wish.sql", "create table users (id bigint primary key, name text not null);");
    assert_eq!(stage.run("up").code, 0);
    stage.folder.write("migrations/3_x.sql", "-- upshift: switch x\nselect 1;\n-- upshift: down\nselect 1;");
    let server = format!("--server {}", upshift_promises::database::SERVER.url("postgres"));
    let lines = [
        "verify",
        "diff database wish.sql",
        "generate wish.sql --dry-run",
        "pull",
        "push wish.sql",
        "adopt",
        "adopt goose --dry-run",
        "recipe add-column users email text --dry-run",
        "repair accept-applied 2 --because no",
        "repair accept-renumbered --because no",
        "rollout share x 50",
        "completions bash",
        "man",
    ];
    let place = |line: &str| {
        let wants = ["verify", "diff", "generate", "pull", "push"].iter().any(|it| line.starts_with(it));
        if wants { server.as_str() } else { "" }
    };
    let shapes: String = lines.iter().map(|line| answered(&stage, line, place(line))).collect();
    expect![[r#"
        == verify ("done")
        data: 
          migrations: [
            broken: bool
            label: text
            proven: bool
            text: text]
        == diff database wish.sql ("no")
        data: 
          diff: 
            changes: [
              changed: 
                after: text
                before: text
                id: text
                kind: text]
          equal: bool
        == generate wish.sql --dry-run ("done")
        data: 
          drops: [text]
          files: [
            path: text
            text: text]
          hazards: [text]
          suggestions: []
          written: bool
        == pull ("done")
        data: 
          files: [
            path: text
            text: text]
        == push wish.sql ("refused")
        error: 
          help: null
          message: text
          text: text
        == adopt ("done")
        data: 
          tables: []
        == adopt goose --dry-run ("refused")
        data: 
          adopted: bool
          layout: text
          migrations: []
          proof: null
          refused: [text]
          table: null
          tool: text
        == recipe add-column users email text --dry-run ("done")
        data: 
          files: [
            path: text
            text: text]
          notes: [text]
          title: text
          written: bool
        == repair accept-applied 2 --because no ("refused")
        error: 
          help: text
          message: text
          refused: [text]
          report: null
          sqlstate: null
          text: text
        == repair accept-renumbered --because no ("done")
        data: 
          renumbered: []
        == rollout share x 50 ("done")
        data: 
          percentage: number
          switch: text
        == completions bash ("done")
        data: 
          script: text
          shell: text
        == man ("done")
        data: 
          page: text
    "#]]
    .assert_eq(&shapes);
}

#[test]
fn new_numbers_have_their_shape() {
    let stage = Stage::without_database();
    for (path, text) in [
        ("1_o.sql", "create table o ();\n"),
        ("2_mine.sql", "create table mine ();\n"),
        ("2_theirs.sql", "create table theirs ();\n"),
        ("3_more.sql", "-- upshift: requires 2\nselect 1;\n"),
        ("4_more.sql", "-- upshift: requires 3\nselect 1;\n"),
    ] {
        stage.folder.write(&format!("migrations/{path}"), text);
    }
    let lines = ["renumber 2_mine.sql --offline --dry-run", "renumber 2_mine.sql 3 --offline"];
    let shapes: String = lines.iter().map(|line| answered(&stage, line, "")).collect();
    expect![[r#"
        == renumber 2_mine.sql --offline --dry-run ("done")
        data: 
          notes: [text]
          renamed: [
            from: text
            to: text]
          required: []
        == renumber 2_mine.sql 3 --offline ("done")
        data: 
          notes: []
          renamed: [
            from: text
            to: text]
          required: [
            file: text
            from: number
            to: number]
    "#]]
    .assert_eq(&shapes);
}

#[tokio::test]
async fn an_error_is_json_as_well() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    stage
        .folder
        .write("migrations/1_wrong.sql", "create table a (id bigint);\ncreate table a (id bigint);\n");
    expect![[r#"
        {
          "command": "up",
          "error": {
            "help": "nothing of it was done; mend it and run again",
            "message": "migration 1_wrong failed at statement 2 of 2 (migrations/1_wrong.sql:2:1)",
            "refused": [],
            "report": {
              "began_at": "MOMENT",
              "blocked": [],
              "failed": {
                "after_ms": N,
                "direction": "up",
                "label": "1_wrong",
                "phase": "expand",
                "took_ms": N,
                "version": 1
              },
              "notes": [],
              "steps": [],
              "took_ms": N,
              "waited_ms": N
            },
            "sqlstate": "42P07",
            "text": "migration 1_wrong failed at statement 2 of 2\n  --> migrations/1_wrong.sql:2:1\n   |\n 2 | create table a (id bigint);\n   | ^^^^^^^^^^^^^^^^^^^^^^^^^^\n  caused by: relation \"a\" already exists (42P07)\n  help: nothing of it was done; mend it and run again"
          },
          "exit": {
            "code": 1,
            "is": "failed"
          },
          "upshift": {
            "json": 1,
            "version": "0.1.0"
          }
        }
    "#]].assert_eq(&masked(&stage.run("up --json").out));
}
