//! What people know from other tools: databases made and dropped, a limit for a whole run, a status of a span of time.

use expect_test::expect;
use upshift_promises::Database;
use upshift_promises::database::SERVER;

use crate::stage::Stage;
use crate::story::two;

#[tokio::test]
async fn a_database_is_made_and_goes_again() {
    let here = Database::new().await;
    let name = format!("{}_made \"here\"", here.name());
    let mut stage = Stage::on(&here);
    stage.url = Some(SERVER.url(&name));
    two(&stage);
    let mut story = String::new();
    for line in ["database drop", "database create", "database create --json", "up -q", "database drop"] {
        story.push_str(&stage.show(line));
    }
    let inside = upshift_promises::database::connect(&SERVER.url(&name)).await;
    story.push_str(&stage.show("database drop --yes"));
    story.push_str(&stage.show("database drop --yes --force"));
    assert!(inside.simple_query("select 1").await.is_err());
    let role = format!("poor_in_{}", here.name());
    here.run(&format!("create role {role} login")).await;
    stage.url = Some(SERVER.url(&name).replace("postgres@", &format!("{role}@")));
    story.push_str(&stage.show("database create"));
    expect![[r#"
        $ upshift database drop
        database DATABASE "here" is not there
        (exit 0)
        $ upshift database create
        database DATABASE "here" is made
        (exit 0)
        $ upshift database create --json
        {
          "command": "database",
          "data": {
            "changed": false,
            "database": "DATABASE \"here\"",
            "is": "is there already"
          },
          "exit": {
            "code": 0,
            "is": "done"
          },
          "upshift": {
            "json": 1,
            "version": "0.1.0"
          }
        }
        (exit 0)
        $ upshift up -q
        applied  1_users TOOK
        applied  2_status TOOK
        2 migrations in TOOK
        (exit 0)
        $ upshift database drop
        (stderr)
        error: database DATABASE "here" goes, with all that is in it, and nobody has said that it may
          help: say --yes where nobody can be asked
        (exit 7)
        $ upshift database drop --yes
        (stderr)
        error: cannot drop database DATABASE "here"
          caused by: database "DATABASE "here"" is being accessed by other users (There is 1 other session using the database.)
          help: wait until they are gone; --force disconnects them
        (exit 5)
        $ upshift database drop --yes --force
        database DATABASE "here" is dropped
        (exit 0)
        $ upshift database create
        (stderr)
        error: cannot make database DATABASE "here"
          caused by: permission denied to create database
          help: whoever makes one needs `alter role … createdb`; its owner drops it
        (exit 3)
    "#]].assert_eq(&story);
}

#[tokio::test]
async fn a_run_ends_when_its_time_is_up_and_says_what_is_left() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    stage
        .folder
        .write("migrations/2_status.sql", "alter table users add column status text; select pg_sleep(20);");
    stage.folder.write("migrations/3_more.sql", "alter table users add column more text;");
    assert_eq!(stage.run("up --count 1").code, 0);
    let mut story = stage.show("up --time-limit 1s -q");
    stage.folder.write("migrations/2_status.sql", "alter table users add column status text;");
    // It may have to wait for the server to see that the one before is gone, which PostgreSQL 13 does when the statement
    // is over.
    let again = stage.run("up --time-limit 10m -q");
    assert!(again.code == 0 && again.out.contains("applied  2_status"), "{}", again.text());
    story.push_str(&stage.show("up --time-limit soon"));
    let holder = db.client().await;
    holder.batch_execute("begin; lock table upshift.audit").await.unwrap();
    story.push_str(&stage.show("history --time-limit 500ms"));
    expect![[r#"
        $ upshift up --time-limit 1s -q
        (stderr)
        error: the time limit of 1s is up: a running transaction is rolled back; what runs outside of one may be half done
          1 of 3 are in the history; pending: 2_status, 3_more
          help: the same command goes on where this one was ended
        (exit 1)
        $ upshift up --time-limit soon
        (stderr)
        error: --time-limit: `soon` is no duration: expected a whole number and a unit, as in `500ms`, `2s`, `5m`, `24h`, `7d`
        (exit 2)
        $ upshift history --time-limit 500ms
        (stderr)
        error: the time limit of 500ms is up: a running transaction is rolled back; what runs outside of one may be half done
          help: the same command goes on where this one was ended
        (exit 1)
    "#]].assert_eq(&story);
}

#[tokio::test]
async fn status_shows_a_span_of_time_or_the_newest_version() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    stage.folder.write("migrations/3_more.sql", "alter table users add column more text;");
    stage.folder.write("migrations/R__names.sql", "create or replace view names as select name from users;");
    let mut story = stage.show("status --newest");
    assert_eq!(stage.run("up --count 2").code, 0);
    db.run("update upshift.history set applied_at = '2026-05-14 23:30:00Z' where version = 1").await;
    for line in [
        "status --since 2026-05-14 --until 2026-05-14",
        "status --since 2026-05-15",
        "status --until 2026-05-14T23:29:59Z",
        "status --since 2026-05-14T23:30:00Z --state applied",
        "status --since yesterday",
        "status --newest",
        "status --newest --json",
        "status --newest --check",
    ] {
        story.push_str(&stage.show(line));
    }
    expect![[r#"
        $ upshift status --newest
        (exit 0)
        $ upshift status --since 2026-05-14 --until 2026-05-14
        upshift files
        1_users  applied  DATE TIME UTC TOOK  postgres
        (exit 0)
        $ upshift status --since 2026-05-15
        upshift files
        2_status  applied  DATE TIME UTC TOOK  postgres
        (exit 0)
        $ upshift status --until 2026-05-14T23:29:59Z
        upshift files
        (exit 0)
        $ upshift status --since 2026-05-14T23:30:00Z --state applied
        upshift files
        1_users   applied  DATE TIME UTC TOOK  postgres
        2_status  applied  DATE TIME UTC TOOK  postgres
        (exit 0)
        $ upshift status --since yesterday
        (stderr)
        error: invalid value 'yesterday' for '--since <WHEN>': expected a day, DATE, or a moment, MOMENT

        For more information, try '--help'.
        (exit 2)
        $ upshift status --newest
        2
        (exit 0)
        $ upshift status --newest --json
        {
          "command": "status",
          "data": {
            "label": "2_status",
            "version": 2
          },
          "exit": {
            "code": 0,
            "is": "done"
          },
          "upshift": {
            "json": 1,
            "version": "0.1.0"
          }
        }
        (exit 0)
        $ upshift status --newest --check
        (stderr)
        error: the argument '--newest' cannot be used with '--check'

        Usage: upshift status --newest

        For more information, try '--help'.
        (exit 2)
    "#]]
    .assert_eq(&story);
}
