//! `renumber` after a merge: two files with one version, and what requires those that move.

use expect_test::expect;
use upshift_promises::Database;

use crate::stage::Stage;

/// The files of the migrations folder and what stands in them.
fn files(stage: &Stage) -> String {
    let paths = stage.folder.files();
    paths.iter().map(|path| format!("{path}: {:?}\n", stage.folder.read(path))).collect()
}

fn table(stage: &Stage, path: &str, name: &str) {
    stage.folder.write(&format!("migrations/{path}"), &format!("create table {name} ();\n"));
}

/// The database has theirs, and mine comes in with the merge.
async fn merged(db: &Database) -> Stage {
    let stage = Stage::on(db);
    table(&stage, "1_o.sql", "o");
    table(&stage, "2_x.sql", "x");
    assert_eq!(stage.run("up").code, 0);
    table(&stage, "2_mine.up.sql", "mine");
    stage.folder.write("migrations/2_mine.down.sql", "drop table mine;\n");
    stage
}

#[tokio::test]
async fn of_two_files_with_one_version_the_one_that_the_database_has_keeps_it() {
    let db = Database::new().await;
    let stage = merged(&db).await;
    let lines = [
        "up",
        "renumber --offline 2",
        "renumber 2_x.sql",
        "renumber 2 --dry-run",
        "renumber",
        "up",
        "renumber",
        "status",
    ];
    let story: String = lines.iter().map(|line| stage.show(line)).collect();
    expect![[r#"
        $ upshift up
        (stderr)
        error: a mistake in the migration files

        version 2 stands twice: in `2_mine.down.sql` and in `2_x.sql`
          --> migrations/2_x.sql
           = help: give the one that is not applied anywhere a version of its own with `upshift renumber FILE`
        (exit 3)
        $ upshift renumber --offline 2
        (stderr)
        error: version 2 stands twice, and the database was not asked which of them it has: 2_mine, 2_x
          help: name the file that gets a new version: `upshift renumber 2_mine.up.sql` or `upshift renumber 2_x.sql`
        (exit 3)
        $ upshift renumber 2_x.sql
        (stderr)
        error: 2_x is applied: its version stays
        (exit 3)
        $ upshift renumber 2 --dry-run
        migrations/2_mine.down.sql -> migrations/3_mine.down.sql
        migrations/2_mine.up.sql -> migrations/3_mine.up.sql
        (exit 0)
        $ upshift renumber
        migrations/2_mine.down.sql -> migrations/3_mine.down.sql
        migrations/2_mine.up.sql -> migrations/3_mine.up.sql
        (exit 0)
        $ upshift up
        applied  3_mine TOOK
        1 migration in TOOK
        (stderr)
        applying  3_mine
        (exit 0)
        $ upshift renumber
        nothing to renumber
        (exit 0)
        $ upshift status
        upshift files
        1_o     applied  DATE TIME UTC TOOK  postgres
        2_x     applied  DATE TIME UTC TOOK  postgres
        3_mine  applied  DATE TIME UTC TOOK  postgres
        (exit 0)
    "#]].assert_eq(&story);
}

#[tokio::test]
async fn where_the_database_has_neither_the_file_is_named() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    table(&stage, "1_o.sql", "o");
    assert_eq!(stage.run("up").code, 0);
    table(&stage, "0002_x.sql", "x");
    table(&stage, "0002_mine.sql", "mine");
    table(&stage, "0003_more.sql", "more");
    let mut lines = vec![
        "renumber".to_owned(),
        "renumber 2".to_owned(),
        "renumber 2_other.sql".to_owned(),
        "renumber migrations/0002_mine.sql --dry-run".to_owned(),
        "renumber ./migrations/0002_mine.sql --offline --dry-run".to_owned(),
        "renumber 2_mine --offline --dry-run".to_owned(),
    ];
    lines.push("renumber 0002_mine.sql --json".to_owned());
    lines.push("up".to_owned());
    let story: String = lines.iter().map(|line| stage.show(line)).collect();
    expect![[r#"
        $ upshift renumber
        (stderr)
        error: version 2 stands twice, and none of them is applied: 2_mine, 2_x
          help: name the file that gets a new version: `upshift renumber 0002_mine.sql` or `upshift renumber 0002_x.sql`
        (exit 3)
        $ upshift renumber 2
        (stderr)
        error: version 2 stands twice, and none of them is applied: 2_mine, 2_x
          help: name the file that gets a new version: `upshift renumber 0002_mine.sql` or `upshift renumber 0002_x.sql`
        (exit 3)
        $ upshift renumber 2_other.sql
        (stderr)
        error: 2_other.sql is no migration of migrations
          help: name a version, or a file of the folder
        (exit 3)
        $ upshift renumber migrations/0002_mine.sql --dry-run
        migrations/0002_mine.sql -> migrations/0004_mine.sql
        (exit 0)
        $ upshift renumber ./migrations/0002_mine.sql --offline --dry-run
        migrations/0002_mine.sql -> migrations/0004_mine.sql
        (exit 0)
        $ upshift renumber 2_mine --offline --dry-run
        migrations/0002_mine.sql -> migrations/0004_mine.sql
        (exit 0)
        $ upshift renumber 0002_mine.sql --json
        {
          "command": "renumber",
          "data": {
            "notes": [],
            "renamed": [
              {
                "from": "migrations/0002_mine.sql",
                "to": "migrations/0004_mine.sql"
              }
            ],
            "required": []
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
        $ upshift up
        applied  2_x TOOK
        applied  3_more TOOK
        applied  4_mine TOOK
        3 migrations in TOOK
        (stderr)
        applying  2_x
        applying  3_more
        applying  4_mine
        (exit 0)
    "#]].assert_eq(&story);
}

/// Three branches, and one of the twins is half a migration in folders.
#[tokio::test]
async fn several_versions_and_several_files_are_put_right_at_once() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    table(&stage, "1_o.sql", "o");
    table(&stage, "2_x.sql", "x");
    table(&stage, "3_y.sql", "y");
    assert_eq!(stage.run("up").code, 0);
    table(&stage, "sub/2_mine/up.sql", "mine");
    stage.folder.write("migrations/sub/2_mine/down.sql", "drop table mine;\n");
    table(&stage, "2_third.sql", "third");
    table(&stage, "3_mine.sql", "more");
    let mut story: String = ["renumber", "up"].iter().map(|line| stage.show(line)).collect();
    story.push_str(&files(&stage));
    expect![[r#"
        $ upshift renumber
        migrations/sub/2_mine/down.sql -> migrations/sub/4_mine/down.sql
        migrations/sub/2_mine/up.sql -> migrations/sub/4_mine/up.sql
        migrations/2_third.sql -> migrations/5_third.sql
        migrations/3_mine.sql -> migrations/6_mine.sql
        (exit 0)
        $ upshift up
        applied  4_mine TOOK
        applied  5_third TOOK
        applied  6_mine TOOK
        3 migrations in TOOK
        (stderr)
        applying  4_mine
        applying  5_third
        applying  6_mine
        (exit 0)
        migrations/1_o.sql: "create table o ();\n"
        migrations/2_x.sql: "create table x ();\n"
        migrations/3_y.sql: "create table y ();\n"
        migrations/5_third.sql: "create table third ();\n"
        migrations/6_mine.sql: "create table more ();\n"
        migrations/sub/4_mine/down.sql: "drop table mine;\n"
        migrations/sub/4_mine/up.sql: "create table mine ();\n"
    "#]]
    .assert_eq(&story);
}

#[tokio::test]
async fn mistakes_besides_are_told_and_the_numbers_wait() {
    let db = Database::new().await;
    let stage = merged(&db).await;
    stage.folder.write("migrations/3_wrong.sql", "-- upshift: pase contract\nselect 1;\n");
    let story: String = ["renumber", "renumber 2_mine"].iter().map(|line| stage.show(line)).collect();
    expect![[r#"
        $ upshift renumber
        (stderr)
        error: the files have mistakes besides versions that stand twice

        unknown directive `pase`
          --> migrations/3_wrong.sql:1:13
           |
         1 | -- upshift: pase contract
           |             ^^^^
           = help: did you mean `phase`?
        (exit 3)
        $ upshift renumber 2_mine
        (stderr)
        error: the files have mistakes besides versions that stand twice

        unknown directive `pase`
          --> migrations/3_wrong.sql:1:13
           |
         1 | -- upshift: pase contract
           |             ^^^^
           = help: did you mean `phase`?
        (exit 3)
    "#]]
    .assert_eq(&story);
}

const MUST: &str = "-- upshift: phase contract\r\n-- upshift: requires 1, 2\r\n-- requires 2\r\nalter table o add m int;\r\n\r\n-- upshift: down\nalter table o drop m;\n\n";

#[tokio::test]
async fn what_requires_a_renumbered_migration_goes_behind_it() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    table(&stage, "1_o.sql", "o");
    table(&stage, "9_late.sql", "late");
    assert_eq!(stage.run("up").code, 0);
    stage.folder.write("migrations/2_fill.sql", "-- upshift: phase backfill\nselect 1;\n");
    stage.folder.write("migrations/3_must.sql", MUST);
    stage.folder.write("migrations/4_own.sql", "-- upshift: phase contract\nselect 1;\n");
    stage.folder.write("migrations/11_last.sql", "-- upshift: requires 3\nselect 1;\n");
    stage.folder.write("migrations/R__r.sql", "-- upshift: requires 2\nselect 1;\n");
    let before = files(&stage);
    let mut story = stage.show("renumber 2 --dry-run");
    assert_eq!(files(&stage), before);
    story.push_str(&stage.show("renumber 2 --json"));
    story.push_str(&files(&stage));
    story.push_str(&stage.show("check --offline"));
    expect![[r#"
        $ upshift renumber 2 --dry-run
        migrations/2_fill.sql -> migrations/12_fill.sql
        migrations/3_must.sql -> migrations/13_must.sql
        migrations/11_last.sql -> migrations/14_last.sql
        migrations/13_must.sql requires 12 instead of 2
        migrations/14_last.sql requires 13 instead of 3
        migrations/R__r.sql requires 12 instead of 2
        (exit 0)
        $ upshift renumber 2 --json
        {
          "command": "renumber",
          "data": {
            "notes": [],
            "renamed": [
              {
                "from": "migrations/2_fill.sql",
                "to": "migrations/12_fill.sql"
              },
              {
                "from": "migrations/3_must.sql",
                "to": "migrations/13_must.sql"
              },
              {
                "from": "migrations/11_last.sql",
                "to": "migrations/14_last.sql"
              }
            ],
            "required": [
              {
                "file": "migrations/13_must.sql",
                "from": 2,
                "to": 12
              },
              {
                "file": "migrations/14_last.sql",
                "from": 3,
                "to": 13
              },
              {
                "file": "migrations/R__r.sql",
                "from": 2,
                "to": 12
              }
            ]
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
        migrations/12_fill.sql: "-- upshift: phase backfill\nselect 1;\n"
        migrations/13_must.sql: "-- upshift: phase contract\r\n-- upshift: requires 1, 12\r\n-- requires 2\r\nalter table o add m int;\r\n\r\n-- upshift: down\nalter table o drop m;\n\n"
        migrations/14_last.sql: "-- upshift: requires 13\nselect 1;\n"
        migrations/1_o.sql: "create table o ();\n"
        migrations/4_own.sql: "-- upshift: phase contract\nselect 1;\n"
        migrations/9_late.sql: "create table late ();\n"
        migrations/R__r.sql: "-- upshift: requires 12\nselect 1;\n"
        $ upshift check --offline
        files    7 migrations, upshift files
        lint     warning: o has no key: its rows cannot be told apart
                   --> migrations/1_o.sql:1:1
                    |
                  1 | create table o ();
                    | ^^^^^^^^^^^^^^^^^
                    = help: add one: `id bigint generated always as identity primary key`
                    = rule: table-without-primary-key, https://github.com/upshift-rs/upshift/blob/main/docs/lints.md#table-without-primary-key

                 warning: late has no key: its rows cannot be told apart
                   --> migrations/9_late.sql:1:1
                    |
                  1 | create table late ();
                    | ^^^^^^^^^^^^^^^^^^^^
                    = help: add one: `id bigint generated always as identity primary key`
                    = rule: table-without-primary-key, https://github.com/upshift-rs/upshift/blob/main/docs/lints.md#table-without-primary-key

                 warning: o.m is not there before the contract is applied
                   --> migrations/13_must.sql:4:19
                    |
                  4 | alter table o add m int;
                    |                   ^^^^^
                    = help: make it in an expand of its own, which is applied at boot
                    = rule: contract-adds, https://github.com/upshift-rs/upshift/blob/main/docs/lints.md#contract-adds

                 8 statements, 0 errors, 3 warnings
        history  not asked: --offline
        (exit 0)
    "#]].assert_eq(&story);
}

#[tokio::test]
async fn a_file_that_is_applied_is_not_rewritten() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    table(&stage, "1_o.sql", "o");
    table(&stage, "2_fill.sql", "fill");
    stage.folder.write("migrations/3_must.sql", MUST);
    assert_eq!(stage.run("up").code, 0);
    db.run("delete from upshift.history where version = 2").await;
    let before = files(&stage);
    let story = stage.show("renumber 2") + &stage.show("renumber 2 --offline --dry-run");
    assert_eq!(files(&stage), before);
    expect![[r#"
        $ upshift renumber 2
        (stderr)
        error: 3_must is applied, and requires 2: that number stays
          help: a file that is applied is not rewritten: mend the history first, `upshift status` shows it
        (exit 3)
        $ upshift renumber 2 --offline --dry-run
        migrations/2_fill.sql -> migrations/4_fill.sql
        migrations/3_must.sql -> migrations/5_must.sql
        migrations/5_must.sql requires 4 instead of 2
        (exit 0)
    "#]]
    .assert_eq(&story);
}

#[tokio::test]
async fn whose_a_requirement_is_that_both_branches_may_mean_is_asked() {
    let db = Database::new().await;
    let stage = merged(&db).await;
    stage.folder.write("migrations/3_must.sql", MUST);
    let lines =
        ["renumber", "renumber 2_mine.up.sql --dry-run", "renumber 2_mine.up.sql 3_must.sql --dry-run"];
    let story: String = lines.iter().map(|line| stage.show(line)).collect();
    expect![[r#"
        $ upshift renumber
        (stderr)
        error: 3_must requires 2: 2_mine, which gets a new version, or 2_x, which stays?
          help: name what goes: `upshift renumber 2_mine.up.sql 3_must.sql` where it means 2_mine, `upshift renumber 2_mine.up.sql` where it means 2_x
        (exit 3)
        $ upshift renumber 2_mine.up.sql --dry-run
        migrations/2_mine.down.sql -> migrations/4_mine.down.sql
        migrations/2_mine.up.sql -> migrations/4_mine.up.sql
        3_must requires 2, which is 2_x from now on
        (exit 0)
        $ upshift renumber 2_mine.up.sql 3_must.sql --dry-run
        migrations/2_mine.down.sql -> migrations/4_mine.down.sql
        migrations/2_mine.up.sql -> migrations/4_mine.up.sql
        migrations/3_must.sql -> migrations/5_must.sql
        migrations/5_must.sql requires 4 instead of 2
        (exit 0)
    "#]].assert_eq(&story);
}

#[test]
fn what_another_tool_keeps_beside_a_file_goes_with_it() {
    let stage = Stage::without_database();
    for folder in ["2026-05-14-093000_a", "2026-05-14-093000_b"] {
        table(&stage, &format!("{folder}/up.sql"), folder.rsplit('_').next().unwrap());
        stage.folder.write(&format!("migrations/{folder}/metadata.toml"), "run_in_transaction = true\n");
    }
    let mut story = stage.show("renumber 2026-05-14-093000_b/up.sql --offline");
    let twice = stage.show("renumber migrations/2026-05-14-093000_b/up.sql --offline");
    story.push_str(&twice);
    story.push_str(&files(&stage));
    let stage = Stage::without_database();
    for path in ["V1__a.sql", "V2__b.sql", "V2__c.sql"] {
        table(&stage, path, &path[4..5]);
    }
    stage.folder.write("migrations/V2__c.sql.conf", "executeInTransaction=true\n");
    story.push_str(&stage.show("renumber V2__c.sql --offline"));
    story.push_str(&files(&stage));
    expect![[r#"
        $ upshift renumber 2026-05-14-093000_b/up.sql --offline
        migrations/2026-05-14-093000_b/metadata.toml -> migrations/20260514093001_b/metadata.toml
        migrations/2026-05-14-093000_b/up.sql -> migrations/20260514093001_b/up.sql
        (exit 0)
        $ upshift renumber migrations/2026-05-14-093000_b/up.sql --offline
        (stderr)
        error: migrations/2026-05-14-093000_b/up.sql is no migration of migrations
          help: name a version, or a file of the folder
        (exit 3)
        migrations/2026-05-14-093000_a/metadata.toml: "run_in_transaction = true\n"
        migrations/2026-05-14-093000_a/up.sql: "create table a ();\n"
        migrations/20260514093001_b/metadata.toml: "run_in_transaction = true\n"
        migrations/20260514093001_b/up.sql: "create table b ();\n"
        $ upshift renumber V2__c.sql --offline
        migrations/V2__c.sql -> migrations/V3__c.sql
        migrations/V2__c.sql.conf -> migrations/V3__c.sql.conf
        (exit 0)
        migrations/V1__a.sql: "create table a ();\n"
        migrations/V2__b.sql: "create table b ();\n"
        migrations/V3__c.sql: "create table c ();\n"
        migrations/V3__c.sql.conf: "executeInTransaction=true\n"
    "#]]
    .assert_eq(&story);
}
