//! The backup before a run.

use expect_test::expect;
use upshift_promises::Database;

use crate::stage::{Stage, said};
use crate::story::two;

#[tokio::test]
async fn the_backup_before_a_run_is_checked_kept_and_audited() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    if upshift_promises::database::client_program("pg_dump").is_none() {
        return;
    }
    stage.folder.write("upshift.toml", "[backup]\nkeep = 1\n");
    assert_eq!(stage.run("up --count 1 --backup kept").code, 0);
    // The names have a second in them, and the older one goes.
    let first = stage.folder.files().into_iter().find(|path| path.ends_with(".dump")).unwrap();
    let older = first.replacen("-20", "-19", 1);
    std::fs::rename(stage.folder.path().join(&first), stage.folder.path().join(&older)).unwrap();
    let second = stage.run("up --backup kept");
    assert_eq!(second.code, 0, "{}", second.text());
    let dumps: Vec<String> =
        stage.folder.files().into_iter().filter(|path| path.ends_with(".dump")).collect();
    assert!(dumps.len() == 1 && dumps[0] != older, "{dumps:?}");
    let rows = db.rows("select action, name, split_part(detail, ' ', 1), detail ~ 'SHA-256 [0-9a-f]{64}$' from upshift.audit order by id").await;
    expect![[r#"
        remark | backup | backup | t
        apply | users | - | -
        remark | backup | backup | t
        apply | status | - | -"#]]
    .assert_eq(&rows);
    assert_eq!(stage.run("audit verify").code, 0);
    // Nothing pending, nothing to back up for; and one that fails ends the run.
    assert_eq!(stage.run("up --backup kept").err, "no backup: nothing is pending\n");
    stage.folder.write("migrations/3_x.sql", "create table x ();");
    let failing = stage.command(&["up", "-q", "--backup-command", "echo no disk >&2; exit 3"]);
    expect![[r#"
        (stderr)
        error: the backup's command failed (exit status: 3), so nothing was migrated
          no disk
        (exit 1)
    "#]]
    .assert_eq(&said(failing).text());
    assert_eq!(db.tables().await, "users");
}

/// The state before a migration is not lost to the backup after it, however soon that comes, nor to one of another process.
#[tokio::test]
async fn backups_of_one_second_do_not_overwrite_each_other() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    if upshift_promises::database::client_program("pg_dump").is_none() {
        return;
    }
    stage.folder.write("upshift.toml", "[backup]\nkeep = 100\n");
    assert_eq!(stage.run("up").code, 0);
    let quiet = || {
        let mut command = stage.command(&["backup", "kept"]);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command.spawn().unwrap()
    };
    let at_once: Vec<_> = (0..8).map(|_| quiet()).collect();
    for mut backup in at_once {
        assert!(backup.wait().unwrap().success());
    }
    let dumps: Vec<String> =
        stage.folder.files().into_iter().filter(|path| path.starts_with("kept/")).collect();
    assert!(dumps.len() == 8 && dumps.iter().all(|path| path.ends_with(".dump")), "{dumps:?}");
    let names = db
        .rows("select count(distinct split_part(detail, ':', 1)), count(*) from upshift.audit where action = 'remark'")
        .await;
    assert_eq!(names, "8 | 8");
    // Of those that went, none gives its name to a later one: the last of this second is the last of its order.
    stage.folder.write("upshift.toml", "[backup]\nkeep = 1\n");
    for _ in 0..4 {
        let made = stage.run("backup kept");
        let left: Vec<String> =
            stage.folder.files().into_iter().filter(|path| path.starts_with("kept/")).collect();
        let [one] = left.as_slice() else { panic!("{left:?}") };
        assert!(made.out.contains(&format!("backup {one}: ")), "{one}: {}", made.out);
    }
}

#[tokio::test]
async fn a_backup_can_be_made_at_any_time() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    if upshift_promises::database::client_program("pg_dump").is_none() {
        return;
    }
    expect![[r#"
        (stderr)
        error: where to? No folder was said, and upshift.toml has no [backup]
          help: say `upshift backup FOLDER`
        (exit 2)
    "#]]
    .assert_eq(&stage.run("backup").text());
    // A database that was never migrated has no audit, and gets none for a backup.
    let early = stage.run("backup kept");
    assert_eq!((early.code, early.err.as_str()), (0, "not in the audit: this database was never migrated\n"));
    assert_eq!(db.rows("select to_regnamespace('upshift')").await, "-");
    assert_eq!(stage.run("up").code, 0);
    let made = stage.run("backup kept --json");
    let answer: serde_json::Value = serde_json::from_str(&made.out).unwrap();
    assert_eq!(answer["data"]["audited"], true);
    let detail = db.rows("select detail from upshift.audit where action = 'remark'").await;
    assert_eq!(answer["data"]["backup"], detail.as_str());
    // As upshift.toml says; and what cannot be made fails.
    stage.folder.write("upshift.toml", "[backup]\ncommand = \"echo copied to tape 7\"\n");
    assert_eq!(stage.run("backup").out, "backup by `echo copied to tape 7`: copied to tape 7\n");
    let failing =
        stage.command(&["backup", "--backup-command", "echo tape 7; echo; echo is full >&2; exit 3"]);
    expect![[r#"
        (stderr)
        error: the backup's command failed (exit status: 3), so there is no backup
          tape 7
          is full
        (exit 1)
    "#]]
    .assert_eq(&said(failing).text());
    expect![[r#"
        (stderr)
        error: the backup's command failed (exit status: 3), so there is no backup
        (exit 1)
    "#]]
    .assert_eq(&said(stage.command(&["backup", "--backup-command", "exit 3"])).text());
    assert_eq!(stage.run("audit verify").code, 0);
}

/// An orchestrator's SIGTERM reaches what the shell of the backup has started, too.
#[tokio::test]
async fn an_interrupt_ends_the_backup_too() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    let until = async |name: &str| {
        for _ in 0..600 {
            if stage.folder.path().join(name).exists() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("there is no {name}");
    };
    let inner = "trap 'touch interrupted; exit' TERM; touch begun; while :; do sleep 0.05; done";
    stage.folder.write("slow.sh", inner);
    let mut up = stage.command(&["up", "--backup-command", "sh slow.sh; touch ended"]);
    let up = up.stderr(std::process::Stdio::piped()).spawn().unwrap();
    until("begun").await;
    let terminate = ["-TERM", &up.id().to_string()];
    assert!(std::process::Command::new("kill").args(terminate).status().unwrap().success());
    let ended = up.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.code() == Some(1) && words.contains("interrupted"), "{words}");
    until("interrupted").await;
    assert!(!stage.folder.path().join("ended").exists());
    assert_eq!(db.tables().await, "-");
}
