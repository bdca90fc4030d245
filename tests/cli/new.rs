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

#[test]
fn a_folder_that_counts_is_counted_on() {
    let stage = Stage::without_database();
    stage.folder.write("migrations/0007_users.sql", "create table users ();");
    expect![[r#"
        $ upshift new more
        migrations/8_more.sql
        (exit 0)
        $ upshift new still_more --sequence
        migrations/9_still_more.sql
        (exit 0)
        migrations/0007_users.sql
            create table users ();
        migrations/8_more.sql
    
            -- upshift: down
    
        migrations/9_still_more.sql
    
            -- upshift: down
    
    "#]]
    .assert_eq(&(stage.show("new more") + &stage.show("new still_more --sequence") + &files(&stage)));
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
