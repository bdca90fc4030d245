//! `new` and `renumber`: files, written the way the folder is written.

use expect_test::expect;
use upshift_promises::Database;

use crate::stage::Stage;

/// The files of the folder, with the time in their names masked, and what stands in them.
fn files(stage: &Stage) -> String {
    let masked = |path: &str| {
        let digits: String = path.chars().filter(char::is_ascii_digit).collect();
        if digits.len() == 14 { path.replace(&digits, "TIME") } else { path.to_owned() }
    };
    let paths = stage.folder.files();
    let shown = paths.iter().map(|path| {
        let text = stage.folder.read(path);
        let text: String =
            text.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n").collect();
        format!("{}\n{text}", masked(path))
    });
    shown.collect()
}

#[test]
fn every_kind_has_its_files() {
    let stage = Stage::without_database();
    for line in [
        "new first",
        "new second --kind pair",
        "new third --kind rust",
        "new view --kind repeatable",
        "new fourth --phase backfill --version 99990101000000",
    ] {
        let said = stage.run(line);
        assert_eq!(said.code, 0, "{line}: {}", said.text());
    }
    let said = stage.run("new late --version 5");
    expect![[r#"
        migrations/TIME_first.sql
    
            -- upshift: down
    
        migrations/TIME_second.down.sql
        migrations/TIME_second.up.sql
        migrations/TIME_third.rs
            use upshift::{BoxError, StepContext};
    
            pub async fn up(step: &mut StepContext<'_>) -> Result<(), BoxError> {
                step.batch_execute("").await?;
                Ok(())
            }
        migrations/TIME_fourth.sql
            -- upshift: phase backfill
            -- upshift: backfill table=
    
            -- upshift: down
    
        migrations/R__view.sql
        (stderr)
        error: version 5 would stand before 99990101000000, which is there
          help: leave --version out, or say a greater one
        (exit 3)
    "#]]
    .assert_eq(&(files(&stage) + &said.text()));
}

/// The last one says how the folder is written, unless an argument does.
#[test]
fn a_folder_of_pairs_gets_pairs() {
    let stage = Stage::without_database();
    for path in ["1_a.sql", "2_b.up.sql", "2_b.down.sql"] {
        stage.folder.write(&format!("migrations/{path}"), "select 1;\n");
    }
    expect![[r#"
        $ upshift new c
        migrations/3_c.up.sql
        migrations/3_c.down.sql
        (exit 0)
        $ upshift new d --kind file
        migrations/4_d.sql
        (exit 0)
        $ upshift new e
        migrations/5_e.sql
        (exit 0)
        $ upshift new été --kind pair
        migrations/6_été.up.sql
        migrations/6_été.down.sql
        (exit 0)
        $ upshift new 日本
        migrations/7_日本.up.sql
        migrations/7_日本.down.sql
        (exit 0)
    "#]]
    .assert_eq(
        &["new c", "new d --kind file", "new e", "new été --kind pair", "new 日本"]
            .map(|line| stage.show(line))
            .concat(),
    );
}

#[test]
fn a_folder_that_counts_is_counted_on() {
    let stage = Stage::without_database();
    stage.folder.write("migrations/0007_users.sql", "create table users ();");
    expect![[r#"
        $ upshift new more
        migrations/0008_more.sql
        (exit 0)
        $ upshift new still_more --sequence
        migrations/0009_still_more.sql
        (exit 0)
        migrations/0007_users.sql
            create table users ();
        migrations/0008_more.sql

            -- upshift: down

        migrations/0009_still_more.sql

            -- upshift: down

    "#]]
    .assert_eq(&(stage.show("new more") + &stage.show("new still_more --sequence") + &files(&stage)));
}

#[test]
fn versions_are_spelt_as_the_folder_spells_them() {
    let mut story = String::new();
    for (paths, lines) in [
        (
            vec!["V1.9__users.sql", "V1.10__more.sql"],
            vec!["new x", "new y --kind pair", "new z --version 1.11"],
        ),
        (vec!["V2_09__users.sql"], vec!["new x", "new y --version 3"]),
        (vec!["sub/V1.2.3__users.sql"], vec!["new x --json"]),
        (vec!["V007__users.sql"], vec!["new x"]),
        (vec!["000009_users.up.sql", "000009_users.down.sql"], vec!["new x"]),
        (vec!["1_users.sql"], vec!["new x --version 1.2", "new x --version one"]),
    ] {
        let stage = Stage::without_database();
        for path in paths {
            stage.folder.write(&format!("migrations/{path}"), "create table users ();");
        }
        for line in lines {
            story.push_str(&stage.show(line));
        }
    }
    expect![[r#"
        $ upshift new x
        migrations/V1.11__x.sql
        (exit 0)
        $ upshift new y --kind pair
        migrations/V1.12__y.sql
        migrations/U1.12__y.sql
        (exit 0)
        $ upshift new z --version 1.11
        (stderr)
        error: version 1.11 would stand before 1.12, which is there
          help: leave --version out, or say a greater one
        (exit 3)
        $ upshift new x
        migrations/V2_10__x.sql
        (exit 0)
        $ upshift new y --version 3
        migrations/V3__y.sql
        (exit 0)
        $ upshift new x --json
        {
          "command": "new",
          "data": {
            "files": [
              "migrations/V1.2.4__x.sql"
            ],
            "version": 1000200040000
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
        $ upshift new x
        migrations/V008__x.sql
        (exit 0)
        $ upshift new x
        migrations/000010_x.up.sql
        migrations/000010_x.down.sql
        (exit 0)
        $ upshift new x --version 1.2
        (stderr)
        error: version 1.2 is several numbers, and the versions of this folder are one: 1
        (exit 2)
        $ upshift new x --version one
        (stderr)
        error: invalid value 'one' for '--version <VERSION>': `one` is no version: expected digits, or several numbers as in `1.2` for Flyway

        For more information, try '--help'.
        (exit 2)
    "#]].assert_eq(&story);
}

/// Eight people in one second.
#[test]
fn whoever_is_at_it_at_the_same_time_gets_another_version() {
    let stage = Stage::without_database();
    let at_once = (0..8).map(|number| {
        let mut command = stage.command(&["new", &format!("of_{number}"), "-q"]);
        command.stdout(std::process::Stdio::null()).spawn().unwrap()
    });
    for mut one in at_once.collect::<Vec<_>>() {
        assert!(one.wait().unwrap().success());
    }
    let files = stage.folder.files();
    let mut versions: Vec<&str> = files.iter().filter_map(|path| path.split('_').next()).collect();
    versions.dedup();
    assert_eq!((files.len(), versions.len()), (8, 8), "{files:?}");
}

#[test]
fn the_folder_of_another_tool_is_written_as_it_is() {
    let stage = Stage::without_database();
    stage.folder.write(
        "migrations/20260101000000_users.sql",
        "-- +goose Up\ncreate table users ();\n-- +goose Down\ndrop table users;\n",
    );
    let mut story = stage.show("new more --version 20260101000001");
    story.push_str(&stage.show("new more --phase contract"));
    story.push_str(&stage.folder.read("migrations/20260101000001_more.sql"));
    expect![[r#"
        $ upshift new more --version 20260101000001
        migrations/20260101000001_more.sql
        (exit 0)
        $ upshift new more --phase contract
        (stderr)
        error: files of goose have no phases and no Rust code
          help: one folder speaks one language; a folder of upshift's own has both
        (exit 3)
        -- +goose Up

        -- +goose Down
    "#]]
    .assert_eq(&story);
}

#[test]
fn a_crate_that_would_not_notice_is_told() {
    let stage = Stage::without_database();
    stage.folder.write("Cargo.toml", "");
    let said = stage.run("new users --version 1");
    expect![[r#"
        migrations/1_users.sql
        (stderr)
        note: cargo does not notice a new file by itself. FOLDER/build.rs wants:
            fn main() {
                println!("cargo::rerun-if-changed=migrations");
            }
        (exit 0)
    "#]]
    .assert_eq(&said.text());
    stage.folder.write("build.rs", "fn main() { println!(\"cargo::rerun-if-changed=migrations\"); }");
    assert_eq!(stage.run("new orders --version 2").err, "");
}

#[tokio::test]
async fn what_is_late_gets_a_version_behind_all_others() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    stage.folder.write("migrations/1_a.sql", "create table a ();");
    stage.folder.write("migrations/5_e.sql", "create table e ();");
    assert_eq!(stage.run("up").code, 0);
    stage.folder.write("migrations/3_c.up.sql", "create table c ();");
    stage.folder.write("migrations/3_c.down.sql", "drop table c;");
    let lines = ["up", "renumber 1", "renumber --dry-run", "renumber", "up", "renumber"];
    let story: String = lines.iter().map(|line| stage.show(line)).collect();
    expect![[r#"
        $ upshift up
        (stderr)
        error: no plan can be made: 3_c is older than 5, which is already applied
          help: give it a newer version, or apply it all the same with `--allow-out-of-order`
        (exit 3)
        $ upshift renumber 1
        (stderr)
        error: 1_a is applied: its version stays
        (exit 3)
        $ upshift renumber --dry-run
        migrations/3_c.down.sql -> migrations/6_c.down.sql
        migrations/3_c.up.sql -> migrations/6_c.up.sql
        (exit 0)
        $ upshift renumber
        migrations/3_c.down.sql -> migrations/6_c.down.sql
        migrations/3_c.up.sql -> migrations/6_c.up.sql
        (exit 0)
        $ upshift up
        applied  6_c TOOK
        1 migration in TOOK
        (stderr)
        applying  6_c
        (exit 0)
        $ upshift renumber
        nothing to renumber
        (exit 0)
    "#]]
    .assert_eq(&story);
}

#[tokio::test]
async fn two_branches_with_the_same_number_are_put_right() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    stage.folder.write("migrations/1_a.sql", "create table a ();");
    stage.folder.write("migrations/2_mine.sql", "create table mine ();");
    assert_eq!(stage.run("up").code, 0);
    // Theirs is merged first, and mine is given another number; this database has it under the old one.
    stage.folder.remove("migrations/2_mine.sql");
    stage.folder.write("migrations/2_theirs.sql", "create table theirs ();");
    stage.folder.write("migrations/3_mine.sql", "create table mine ();");
    let lines = [
        "up",
        "repair accept-renumbered --because merged --dry-run",
        "repair accept-renumbered --because merged",
        "status",
        "up --allow-out-of-order",
    ];
    let mut story: String = lines.iter().map(|line| stage.show(line)).collect();
    // And one that is not renumbered: their number is taken here.
    stage.folder.write("migrations/5_fourth.sql", "create table fourth ();");
    assert_eq!(stage.run("up").code, 0);
    stage.folder.remove("migrations/5_fourth.sql");
    stage.folder.write("migrations/5_other.sql", "create table other ();");
    story.extend(["up", "renumber", "up"].iter().map(|line| stage.show(line)));
    expect![[r#"
        $ upshift up
        (stderr)
        error: no plan can be made: 2_mine is in the history under this number, and has the number 3 in this binary
          help: accept the new numbers with `upshift repair accept-renumbered --because WHY` once no older release runs here; or give the migrations the numbers back that they were applied under; one that is meant to run again wants another name
        (exit 3)
        $ upshift repair accept-renumbered --because merged --dry-run
        2_mine is 3_mine now
        (exit 0)
        $ upshift repair accept-renumbered --because merged
        2_mine is 3_mine now
        (exit 0)
        $ upshift status
        upshift files
        1_a       applied       DATE TIME UTC TOOK  postgres
        2_theirs  out of order
        3_mine    applied       DATE TIME UTC TOOK  postgres
        refused: 2_theirs is older than 3, which is already applied
        (exit 0)
        $ upshift up --allow-out-of-order
        applied  2_theirs TOOK
        1 migration in TOOK
        (stderr)
        applying  2_theirs
        (exit 0)
        $ upshift up
        (stderr)
        error: no plan can be made: 5_other has the number of 5_fourth, which is applied
          help: give it a number of its own with `upshift renumber`, where two branches took the same one; where it is that migration with another name and another text, accept it with `upshift repair accept-checksum VERSION`
        (exit 3)
        $ upshift renumber
        migrations/5_other.sql -> migrations/6_other.sql
        (exit 0)
        $ upshift up
        (stderr)
        error: no plan can be made: 5_fourth is applied, but missing in this binary
          help: deploy the release that has it, accept it with `[policy] missing = "accept"` in upshift.toml, or take its row out of the history with `upshift repair forget VERSION`
        (exit 3)
    "#]].assert_eq(&story);
}
