//! Each exit code, brought about once: a pipeline relies on them.

use upshift_cli::Exit;
use upshift_promises::Database;

use crate::stage::Stage;
use crate::story::two;

#[tokio::test]
async fn every_exit_code_means_what_it_says() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    let nowhere = "--url postgres://me@127.0.0.1:1/x";
    // In this order: each finds what the one before left.
    let cases: &[(&str, Exit)] = &[
        ("status", Exit::Done),
        ("status --check", Exit::No),
        ("wait --for 200ms", Exit::No),
        ("up", Exit::Done),
        ("status --check", Exit::Done),
        ("wait", Exit::Done),
        ("drift", Exit::No),
        ("up --to 7", Exit::Refused),
        ("down --to 7", Exit::Refused),
        ("baseline 2", Exit::Refused),
        ("repair forget 2 --yes", Exit::Refused),
        ("down", Exit::NotConfirmed),
        ("reset", Exit::NotConfirmed),
        ("redo", Exit::NotConfirmed),
        ("nonsense", Exit::Usage),
        ("up --to x", Exit::Usage),
        ("up --to 1 --count 1", Exit::Usage),
        ("status --environment nowhere", Exit::Usage),
        ("status --url mysql://x", Exit::Usage),
        ("wait --for 5", Exit::Usage),
    ];
    for (line, exit) in cases {
        let said = stage.run(line);
        assert_eq!(said.code, i32::from(exit.code()), "{line}\n{}", said.text());
    }
    for line in ["status", "up", "down", "doctor", "history", "pull", "diff database empty"] {
        let said = stage.run(&format!("{line} {nowhere}"));
        assert_eq!(said.code, i32::from(Exit::Unreachable.code()), "{line}\n{}", said.text());
        assert!(said.err.contains("onnection refused"), "{line}\n{}", said.text());
    }
    stage.folder.write("migrations/3_wrong.sql", "create table users ();");
    assert_eq!(stage.run("up").code, i32::from(Exit::Failed.code()));
    stage.folder.write("migrations/3_wrong.sql", "create tabl users ();");
    assert_eq!(stage.run("up").code, i32::from(Exit::Failed.code()));
    stage.folder.write("migrations/3_wrong.sql", "create table 'users ();");
    assert_eq!(stage.run("check").code, i32::from(Exit::Refused.code()));
    assert_eq!(stage.run("check --offline").code, i32::from(Exit::Refused.code()));
}

#[tokio::test]
async fn a_lock_that_somebody_holds_is_told_apart_from_a_failure() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    assert_eq!(stage.run("up --count 1").code, 0);
    let holder = db.client().await;
    holder.batch_execute("begin; lock table users in access share mode").await.unwrap();
    stage.folder.write("upshift.toml", "[timeouts]\nlock = '400ms'\nretry = '500ms'\n");
    let said = stage.run("up");
    assert_eq!(said.code, i32::from(Exit::Busy.code()), "{}", said.text());
    assert!(said.err.contains("in the way: pid "), "{}", said.text());
    holder.batch_execute("commit").await.unwrap();
    assert_eq!(stage.run("up").code, 0);
}

/// What a disk does not take is no answer; what a reader does not want is.
#[test]
fn half_an_answer_is_a_failure() {
    let stage = Stage::without_database();
    two(&stage);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = stage.command(&["plan", "--sql", "--offline"]).stdout(full).status().unwrap();
    assert_eq!(status.code(), Some(i32::from(Exit::Failed.code())));
}

#[test]
fn a_wrong_word_is_json_too_where_json_is_asked_for() {
    let stage = Stage::without_database();
    for line in ["--json nonsense", "up --json --to x", "rollout share x 300 --json"] {
        let said = stage.run(line);
        let answer: serde_json::Value =
            serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.text()));
        let code = &answer["exit"]["code"];
        assert_eq!((said.code, code, said.err.as_str()), (2, &serde_json::json!(2), ""), "{line}");
    }
}
