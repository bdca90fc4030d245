//! `--report`: a run as a file, also one that fails.

use serde_json::Value;
use upshift_promises::Database;

use crate::stage::Stage;
use crate::story::two;

#[tokio::test]
async fn a_run_is_kept_in_the_form_that_the_file_is_named_after() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    let said = stage.run("up --report up.html --service orders --release 1.4.2");
    assert_eq!((said.code, said.err.contains("report: up.html")), (0, true), "{}", said.text());
    let page = stage.folder.read("up.html");
    for word in
        ["2 migrations applied", "orders 1.4.2", "<code>1_users</code>", "<code>2_status</code>", "UTC</dd>"]
    {
        assert!(page.contains(word), "{word}: {page}");
    }
    let said = stage.run("redo --yes --json --report redo.json");
    assert_eq!(stage.folder.read("redo.json"), said.out);
    let said = stage.run("down --yes --report down.txt");
    assert_eq!(stage.folder.read("down.txt"), said.out);
}

/// The second half of a redo began when the first was over.
#[tokio::test]
async fn the_steps_of_a_redo_are_one_behind_the_other() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    stage.run("up");
    let answer: Value = serde_json::from_str(&stage.run("redo --yes --json").out).unwrap();
    let number = |value: &Value| value.as_u64().unwrap();
    let steps = answer["data"]["steps"].as_array().unwrap();
    let [down, up] = steps.as_slice() else { panic!("{answer}") };
    let [began, ended] = [number(&up["after_ms"]), number(&down["after_ms"]) + number(&down["took_ms"])];
    assert!(ended <= began && began <= number(&answer["data"]["took_ms"]), "{answer}");
}

#[tokio::test]
async fn a_run_that_fails_is_kept_with_what_went_wrong_and_what_was_done_before() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    stage
        .folder
        .write("migrations/3_bad.sql", "do $$ begin raise exception '<script>alert(1)</script>'; end $$;\n");
    let said = stage.run("up --report up.html");
    assert_eq!(said.code, 1, "{}", said.text());
    let page = stage.folder.read("up.html");
    assert!(page.contains("2 migrations applied, then it failed"), "{page}");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !page.contains("<script"), "{page}");
    let said = stage.run("up --quiet --report up.txt");
    assert_eq!(stage.folder.read("up.txt"), said.err);
}

/// Whoever ends a run from outside finds that in its report: Ctrl-C, an orchestrator's SIGTERM, the time limit.
#[tokio::test]
async fn a_run_that_is_ended_from_outside_is_kept_too() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    stage.folder.write("migrations/1_slow.sql", "select pg_sleep(60);\n-- upshift: down\nselect 1;\n");
    for (signal, file) in [("-INT", "up.txt"), ("-TERM", "up.json"), ("-INT", "up.html")] {
        the_server_is_done(&db).await;
        let mut up = stage.command(&["up", "-q", "--report", file]);
        let up = up.stderr(std::process::Stdio::piped()).spawn().unwrap();
        until_at_work(&db, 1).await;
        let arguments = [signal, &up.id().to_string()];
        assert!(std::process::Command::new("kill").args(arguments).status().unwrap().success());
        let ended = up.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(1), "{words}");
        let kept = stage.folder.read(file);
        match file {
            "up.txt" => assert_eq!(kept, words),
            "up.json" => {
                let kept: Value = serde_json::from_str(&kept).unwrap();
                let message = kept["error"]["message"].as_str().unwrap();
                assert!(kept["command"] == "up" && message.starts_with("interrupted: "), "{kept}");
            }
            _ => assert!(kept.contains("interrupted: a running transaction is rolled back"), "{kept}"),
        }
    }
    the_server_is_done(&db).await;
    let said = stage.run("up -q --time-limit 1s --report late.txt");
    assert!(said.code == 1 && said.err.contains("time limit of 1s is up"), "{}", said.text());
    assert_eq!(stage.folder.read("late.txt"), said.err);
}

/// Before 14 a server does not see that nobody waits for a statement any more, and goes on with it.
async fn the_server_is_done(db: &Database) {
    db.run(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and wait_event = 'PgSleep'",
    )
    .await;
    until_at_work(db, 0).await;
}

async fn until_at_work(db: &Database, sessions: usize) {
    let asked =
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";
    for _ in 0..600 {
        if db.rows(asked).await == sessions.to_string() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("not {sessions} sessions are at work on the migration");
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_said_before_anything_is_done() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    assert_eq!(stage.run("up --report nowhere/up.html").code, 1);
    assert_eq!(stage.run("up --report up.pdf").code, 2);
    assert_eq!(stage.run("up --dry-run --report up.html").code, 2);
    assert!(stage.run("status").out.contains("1_users   pending"), "{}", stage.run("status").out);
}
