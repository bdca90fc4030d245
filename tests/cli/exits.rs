//! Each exit code, brought about once: a pipeline relies on them.

use expect_test::expect;
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
    let nobody = "--server postgres://me@127.0.0.1:1/x";
    for line in ["status", "up", "down", "doctor", "history", "pull", "diff database empty"]
        .map(|line| format!("{line} {nowhere}"))
        .into_iter()
        .chain(["verify", "diff migrations empty", "pull migrations"].map(|line| format!("{line} {nobody}")))
    {
        let said = stage.run(&line);
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

/// Questions about a database that upshift never touched have an answer; words about what is not there are refused.
#[tokio::test]
async fn a_database_without_a_history_has_an_empty_one() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    let lines = [
        "history",
        "audit verify",
        "backfill status",
        "backfill pause 2 --because why",
        "backfill restart 2",
        "backfill work 2",
        "rollout share users.stats 50",
    ];
    let story: String = lines.iter().map(|line| stage.show(line)).collect();
    expect![[r#"
        $ upshift history
        (exit 0)
        $ upshift audit verify
        whole: 0 rows, each as it was written
        (exit 0)
        $ upshift backfill status
        no backfill is under way
        (exit 0)
        $ upshift backfill pause 2 --because why
        (stderr)
        error: backfill 2: it has not begun, or is applied already
          help: see `upshift backfill status` for what has
        (exit 3)
        $ upshift backfill restart 2
        (stderr)
        error: backfill 2: it has not begun, or is applied already
          help: see `upshift backfill status` for what has
        (exit 3)
        $ upshift backfill work 2
        (stderr)
        error: backfill 2_status: it is no pending backfill that runs batch by batch
          help: name a pending migration whose header says `-- upshift: backfill table=…`
        (exit 3)
        $ upshift rollout share users.stats 50
        (stderr)
        error: no migration of this set has the switch `users.stats`
          help: none has a header `-- upshift: switch NAME`
        (exit 3)
    "#]]
    .assert_eq(&story);
    assert_eq!(db.tables().await, "-");
}

#[tokio::test]
async fn a_role_that_may_not_read_the_history_is_told_which_grants_it_lacks_whatever_it_asks() {
    let db = Database::new().await;
    let role = format!("reader_of_{}", db.name());
    db.run(&format!("create role {role} login")).await;
    let mut stage = Stage::on(&db);
    two(&stage);
    assert_eq!(stage.run("up").code, 0);
    stage.url = Some(db.url().replace("postgres@", &format!("{role}@")));
    // What is told is enough: once it is granted, the question is answered.
    for question in ["status", "plan", "history", "audit verify", "rollout status", "backfill status", "up"] {
        let refused = stage.run(question);
        assert!(
            refused.code == 3 && refused.err.contains("have an administrator run"),
            "{question}: {}",
            refused.text()
        );
        let grants = refused.err.lines().filter(|line| line.trim_start().starts_with("grant "));
        let grants: String = grants.collect();
        db.run(&grants).await;
        let answered = stage.run(question);
        assert_eq!(answered.code, 0, "{question}, with {grants}: {}", answered.text());
        db.run(&format!("revoke all on all tables in schema upshift from {role}")).await;
        db.run(&format!("revoke all on schema upshift from {role}")).await;
    }
}

/// Whoever is on call may not have the files of the release.
#[tokio::test]
async fn how_far_backfills_are_is_told_without_the_files() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    assert_eq!(stage.run("up").code, 0);
    for folder in ["nowhere", "wrong"] {
        stage.folder.write("wrong/1_a.sql", "-- upshift: nonsense\nselect 1;\n");
        let said = stage.run(&format!("-m {folder} backfill status"));
        assert_eq!((said.code, said.out.trim()), (0, "no backfill is under way"), "{}", said.text());
    }
}

#[tokio::test]
async fn waiting_for_who_will_not_come_ends_at_once() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    let nobody = db.url().replace("postgres@", "nobody_at_all@");
    let nowhere = format!("{}_is_not_there", db.url());
    for (arguments, exit, words) in [
        (format!("wait --url {nobody}"), Exit::Unreachable, "role \"nobody_at_all\" does not exist"),
        (
            format!("wait --reachable --url {nobody}"),
            Exit::Unreachable,
            "role \"nobody_at_all\" does not exist",
        ),
        (format!("wait --url {nowhere}"), Exit::Unreachable, "_is_not_there\" does not exist"),
        (format!("wait --until-created --for 200ms --url {nobody}"), Exit::Unreachable, "does not exist"),
        (format!("wait --until-created --for 200ms --url {nowhere}"), Exit::Unreachable, "does not exist"),
        (format!("wait --reachable --for 200ms --url {nowhere}"), Exit::Unreachable, "does not exist"),
    ] {
        let said = stage.run(&arguments);
        let told = said.code == i32::from(exit.code()) && said.err.contains(words);
        assert!(told, "{arguments}: {}", said.text());
    }
}

#[tokio::test]
async fn a_reset_that_fails_on_its_way_up_tells_of_both_ways() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    assert_eq!(stage.run("up").code, 0);
    db.run("create function no() returns event_trigger language plpgsql as $$ begin if current_query() like 'alter table users add%' then raise 'no more columns'; end if; end $$; create event trigger no on ddl_command_start execute function no()").await;
    let said = stage.run("reset --up --yes --json");
    let answer: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let steps = answer["error"]["report"]["steps"].as_array().unwrap().iter();
    let steps: Vec<String> =
        steps.map(|step| format!("{} {}", step["direction"], step["label"]).replace('"', "")).collect();
    assert_eq!((said.code, steps.join(", ").as_str()), (1, "down 2_status, down 1_users, up 1_users"));
}

#[test]
fn a_file_of_settings_that_is_no_text_is_a_mistake_in_the_settings() {
    let stage = Stage::without_database();
    two(&stage);
    std::fs::write(stage.folder.path().join("upshift.toml"), b"url = '\xff'").unwrap();
    let said = stage.run("status");
    assert_eq!((said.code, said.err.contains("upshift.toml is no UTF-8")), (2, true), "{}", said.text());
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

/// Somebody reads it later: words are wanted.
#[test]
fn a_reason_that_says_nothing_is_a_wrong_word_of_the_command_line() {
    let stage = Stage::without_database();
    let given: [&[&str]; 8] = [
        &["repair", "accept-applied", "1"],
        &["repair", "accept-renumbered"],
        &["repair", "accept-drift"],
        &["backfill", "pause", "1"],
        &["backfill", "resume", "1"],
        &["backfill", "cancel", "1"],
        &["rollout", "hold"],
        &["rollout", "approve", "1"],
    ];
    for words in given {
        for reason in ["", " \t"] {
            let said = crate::stage::said(stage.command(&[words, &["--because", reason]].concat()));
            let told = said.err.contains("a reason is words: somebody reads them later");
            assert!(said.code == i32::from(Exit::Usage.code()) && told, "{words:?}: {}", said.text());
        }
    }
}

/// Somebody was asked and said no: that is no lack of a word.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn whoever_says_no_is_told_that_they_did() {
    use std::io::Write as _;
    use std::process::Stdio;
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    assert_eq!(stage.run("up").code, 0);
    // A terminal, from util-linux; where it is missing there is nobody to ask.
    let program = stage.command(&[]).get_program().to_owned();
    let mut script = stage.program("script", &["-qec"]);
    script.arg(format!("{} down", program.to_string_lossy())).arg("/dev/null");
    script.stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut asked) = script.spawn() else { return };
    asked.stdin.take().unwrap().write_all(b"n\n").unwrap();
    let ended = asked.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&ended.stdout).replace('\r', "");
    let told = "error: reverting 2_status may destroy data: you said no; nothing was done\n";
    assert!(words.replace("\u{1b}[1m\u{1b}[31m", "").replace("\u{1b}[0m", "").ends_with(told), "{words:?}");
    assert_eq!(ended.status.code(), Some(7), "{words}");
    assert_eq!(db.tables().await, "users");
}

#[tokio::test]
async fn a_version_that_is_not_there_is_no_target_either_way() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    assert_eq!(stage.run("up --count 1").code, 0);
    for line in ["up --only 9", "up --to 9", "down --only 9 --yes", "down --to 9 --yes"] {
        let said = stage.run(line);
        assert_eq!(said.code, 3, "{line}: {}", said.text());
        assert!(said.err.contains("the nearest version there is: 2"), "{line}: {}", said.text());
    }
    // Pending is nothing to revert, as applied is nothing to apply.
    for line in ["up --only 1", "down --only 2"] {
        let said = stage.run(line);
        assert!(said.code == 0 && said.out.starts_with("nothing to do"), "{line}: {}", said.text());
    }
}

#[tokio::test]
async fn a_count_has_repeatables_behind_the_versions() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    stage.folder.write("migrations/R__v.sql", "create or replace view v as select 1 as one;\n");
    assert!(!stage.run("up --count 2").out.contains("R__v"));
    let planned = ["plan --count 9", "plan"].map(|line| stage.run(line).out);
    assert!(planned[0].contains("R__v") && planned[0] == planned[1], "{planned:?}");
    assert!(stage.run("up --count 1").out.contains("R__v"));
    stage.folder.write("migrations/R__v.sql", "create or replace view v as select 2 as one;\n");
    let said = stage.run("up --count 9");
    assert!(said.out.contains("R__v"), "{}", said.text());
    assert_eq!(db.rows("select one from v").await, "2");
    assert!(stage.run("up --count 9").out.starts_with("nothing to do"));
}
