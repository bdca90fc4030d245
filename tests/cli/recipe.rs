//! `recipe`: the files of every phase, written from what the database knows of the table.

use expect_test::expect;
use upshift_promises::Database;

use crate::stage::{Stage, said};

const SETUP: &str = "
    create type mood as enum ('sad', 'ok');
    create table users (id bigint primary key, name text, status text, feels mood, first text, last text);
    create table teams (id bigint primary key);
    alter table users add column team bigint";

#[tokio::test]
async fn every_change_has_its_files_and_they_apply() {
    let db = Database::new().await;
    db.run(SETUP).await;
    let cases: &[(&str, &[&str])] = &[
        ("add-column", &["users", "email", "text", "--default", "'none'"]),
        ("set-not-null", &["users", "name", "--fill", "''"]),
        ("rename-column", &["public.users", "name", "full_name"]),
        ("rename-column", &["users", "name", "full_name", "--by-view"]),
        ("change-type", &["users", "id", "id_text", "text", "--up", "id::text", "--down", "id_text::bigint"]),
        (
            "split-column",
            &[
                "users",
                "name",
                "--into",
                "given:text=split_part(name, ' ', 1)",
                "--into",
                "family:text=split_part(name, ' ', 2)",
                "--down",
                "given || ' ' || family",
            ],
        ),
        (
            "merge-columns",
            &[
                "users",
                "--from",
                "first=split_part(whole, ' ', 1)",
                "--from",
                "last=split_part(whole, ' ', 2)",
                "--to",
                "whole",
                "--type",
                "text",
                "--up",
                "first || ' ' || last",
            ],
        ),
        ("string-to-lookup", &["users", "status", "status_id", "statuses", "--value", "new"]),
        (
            "replace-enum",
            &[
                "users", "feels", "feeling", "feelings", "--value", "bad", "--value", "ok", "--up",
                "sad=bad", "--down", "bad=sad",
            ],
        ),
        ("add-check", &["users", "named", "name <> ''"]),
        ("add-foreign-key", &["users", "in_team", "team", "teams", "id"]),
        ("add-unique", &["users", "one_name", "name"]),
        ("index", &["users", "users_status", "status", "--where", "status is not null"]),
        ("rename-table", &["teams", "groups"]),
        ("drop-column", &["users", "last"]),
        ("drop-table", &["teams"]),
    ];
    let mut story = String::new();
    for (change, arguments) in cases {
        let copy = db.copy().await;
        let stage = Stage::on(&copy);
        let line = [&["recipe", change], *arguments].concat();
        let written = said(stage.command(&line));
        assert_eq!(written.code, 0, "{line:?}: {}", written.text());
        let files = stage.folder.files();
        // Their versions are the time.
        let names = files.iter().map(|path| path.split_once('_').unwrap().1);
        story.push_str(&format!("{change}: {}\n", names.collect::<Vec<_>>().join(", ")));
        let applied = stage.run("up");
        assert_eq!(applied.code, 0, "{line:?}: {}", applied.text());
    }
    expect![[r#""#]].assert_eq(&story);
}

#[tokio::test]
async fn what_cannot_be_done_is_told() {
    let db = Database::new().await;
    db.run(SETUP).await;
    let stage = Stage::on(&db);
    let lines = [
        "recipe set-not-null nobody name",
        "recipe rename-column users nam full_name",
        "recipe add-column users name text",
        "recipe index users i status --purge-after soon",
        "recipe set-not-null users status --dry-run --version 5",
    ];
    let story: String = lines.iter().map(|line| stage.show(line)).collect();
    expect![[r#""#]].assert_eq(&story);
}
