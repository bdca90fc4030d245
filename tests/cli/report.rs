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
