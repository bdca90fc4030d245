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
        (
            "change-type",
            &["users", "status", "state", "int", "--up", "length(status)", "--down", "state::text"],
        ),
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
    expect![[r#"
        add-column: add_users_email.sql
        set-not-null: expand_users_name_not_null.sql, backfill_users_name_not_null.sql, check_users_name_not_null.sql, users_name_not_null.sql, finish_users_name_not_null.sql
        rename-column: expand_users_name.sql, backfill_users_name.sql, hide_users_name.sql, purge_users_name.sql
        rename-column: alias_users_name.sql, hide_users_name.sql
        change-type: expand_users_status.sql, backfill_users_status.sql, hide_users_status.sql, purge_users_status.sql
        split-column: expand_users_name.sql, backfill_users_name.sql, hide_users_name.sql, purge_users_name.sql
        merge-columns: expand_users_first_last.sql, backfill_users_first_last.sql, hide_users_first_last.sql, purge_users_first_last.sql
        string-to-lookup: expand_users_status.sql, backfill_users_status.sql, check_users_status.sql, hide_users_status.sql, purge_users_status.sql
        replace-enum: expand_users_feels.sql, backfill_users_feels.sql, hide_users_feels.sql, purge_users_feels.sql
        add-check: add_users_named.sql, check_users_named.sql
        add-foreign-key: add_users_in_team.sql, check_users_in_team.sql
        add-unique: index_users_one_name.sql, unique_users_one_name.sql
        index: index_users_users_status.sql
        rename-table: rename_teams.sql, hide_teams.sql
        drop-column: hide_users_last.sql, purge_users_last.sql
        drop-table: hide_teams.sql, purge_teams.sql
    "#]].assert_eq(&story);
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
    expect![[r#"
        $ upshift recipe set-not-null nobody name
        (stderr)
        error: table public.nobody: there is no such table
        (exit 3)
        $ upshift recipe rename-column users nam full_name
        (stderr)
        error: column nam of public.users: there is no such column
        (exit 3)
        $ upshift recipe add-column users name text
        (stderr)
        error: column name of public.users: there is one already
        (exit 3)
        $ upshift recipe index users i status --purge-after soon
        (stderr)
        error: purging after `soon`: `soon` is no duration: expected a whole number and a unit, as in `500ms`, `2s`, `5m`, `24h`, `7d`
        (exit 3)
        $ upshift recipe set-not-null users status --dry-run --version 5
        Makes status of public.users NOT NULL.
        -- migrations/5_hold_users_status_not_null.sql
        -- upshift: phase contract
        -- Holds every row that is written from now on: status of public.users is not NULL.
        -- Locks: ACCESS EXCLUSIVE on public.users, a moment, after every row was read under ACCESS SHARE.

        -- upshift: guard
        select not exists (
            select from public.users
            where status is null
        );

        -- upshift: up
        alter table public.users
            add constraint upshift_not_null_status check (status is not null) not valid;

        -- upshift: down
        alter table public.users drop constraint upshift_not_null_status;

        -- migrations/6_check_users_status_not_null.sql
        -- upshift: phase contract
        -- upshift: requires 5
        -- Looks at every row: status of public.users holds no NULL.
        -- Locks: SHARE UPDATE EXCLUSIVE on public.users while every row is read; reads and writes go on.
        alter table public.users validate constraint upshift_not_null_status;

        -- upshift: down
        -- That every row was looked at need not be taken back.

        -- migrations/7_users_status_not_null.sql
        -- upshift: phase contract
        -- upshift: requires 6
        -- Makes status of public.users NOT NULL; the valid CHECK spares the scan, and has served.
        -- Locks: ACCESS EXCLUSIVE on public.users, a moment.
        alter table public.users alter column status set not null;
        alter table public.users drop constraint upshift_not_null_status;

        -- upshift: down
        alter table public.users
            add constraint upshift_not_null_status check (status is not null) not valid;
        alter table public.users alter column status drop not null;

        old code: writes NULL into status until the contract; then it gets an error (23502).
        new code: writes no NULL into status. Fill the rows there are before the contract.
        (exit 0)
    "#]].assert_eq(&story);
}

/// A recipe that speaks of another one names the command that writes it.
#[tokio::test]
async fn a_recipe_names_others_as_commands() {
    let db = Database::new().await;
    db.run("create table users (id bigint primary key); create table orders (user_id bigint)").await;
    let stage = Stage::on(&db);
    let said = stage.run("recipe add-foreign-key orders orders_user user_id users id");
    assert_eq!(said.code, 0, "{}", said.text());
    assert!(said.out.ends_with("Make one with `upshift recipe index` before.\n"), "{}", said.text());
}
