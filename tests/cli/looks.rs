//! Commands that only look: check, lint, doctor, wait.

use expect_test::expect;
use upshift_promises::Database;
use upshift_promises::database::SERVER;

use crate::stage::Stage;
use crate::story::two;

#[tokio::test]
async fn check_tells_of_files_rules_and_history_in_one_go() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    assert_eq!(stage.run("up").code, 0);
    stage.folder.write(
        "migrations/3_index.sql",
        "create index users_name on users (name);\n-- upshift: down\ndrop index users_name;\n",
    );
    let mut story = stage.show("check");
    stage.folder.write("upshift.toml", "[lint]\nsince = 4\n");
    story.push_str(&stage.show("check --applied"));
    stage
        .folder
        .write("migrations/2_status.sql", "alter table users add column status int;\n-- upshift: dwn\n");
    story.push_str(&stage.show("check"));
    expect![[r#"
        $ upshift check
        files    3 migrations, upshift files
        lint     error: this index is built while nobody can write to users
                   --> migrations/3_index.sql:1:1
                    |
                  1 | create index users_name on users (name);
                    | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                    = effect: SHARE on users while the whole table is read: INSERT, UPDATE and DELETE wait
                    = write instead:
                        create index concurrently users_name on users (name);
                    = rule: create-index-not-concurrently, https://github.com/upshift-rs/upshift/blob/main/docs/lints.md#create-index-not-concurrently

                 6 statements, 1 errors, 0 warnings
        history  fits; 1 pending: 3_index
        (exit 3)
        $ upshift check --applied
        files    3 migrations, upshift files
        lint     0 statements, 0 errors, 0 warnings
        history  fits; 1 pending: 3_index
        (exit 4)
        $ upshift check
        files    a mistake in the migration files

                 unknown directive `dwn`
                   --> migrations/2_status.sql:2:13
                    |
                  2 | -- upshift: dwn
                    |             ^^^
                    = help: did you mean `down`?
        lint     not asked: the files have mistakes
        history  not asked: the files have mistakes
        (exit 3)
    "#]].assert_eq(&story);
}

#[test]
fn the_versions_of_postgresql_that_lint_is_told_have_to_be_some() {
    let stage = Stage::without_database();
    two(&stage);
    for wrong in ["[17, 14]", "[0, 0]", "[1, 99]"] {
        stage.folder.write("upshift.toml", &format!("[lint]\npostgres = {wrong}\n"));
        assert_eq!(stage.run("lint").code, 2, "{wrong}");
    }
}

/// What a user's SQL says is no advice of ours.
#[test]
fn a_script_is_the_users_word_for_word() {
    let stage = Stage::without_database();
    let text = "select '`Target::Only` … `migrator.run()`';";
    stage.folder.write("migrations/1_t.sql", text);
    assert!(stage.run("plan --sql --offline").out.contains(text));
}

#[test]
fn lint_needs_no_database_and_writes_for_code_hosts() {
    let stage = Stage::without_database();
    two(&stage);
    stage.folder.write("migrations/3_rename.sql", "alter table users rename column name to full_name;\n-- upshift: down\nalter table users rename column full_name to name;\n");
    let lines = [
        "lint",
        "lint --rule rename-column=warn",
        "lint --rule rename-column=warn --strict -q",
        "lint --rule nothing=off",
        "lint --since 4",
    ];
    let story: String = lines.iter().map(|line| stage.show(line)).collect();
    expect![[r#"
        $ upshift lint
        error: the release before this one still uses users.name
          --> migrations/3_rename.sql:1:19
           |
         1 | alter table users rename column name to full_name;
           |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
           = help: add full_name beside name, keep both in step by a trigger, fill it by a backfill, and drop name in a contract: upshift-recipes writes these migrations (RenameColumn)
           = rule: rename-column, https://github.com/upshift-rs/upshift/blob/main/docs/lints.md#rename-column

        lint: 6 statements, 1 errors, 0 warnings
        (exit 3)
        $ upshift lint --rule rename-column=warn
        warning: the release before this one still uses users.name
          --> migrations/3_rename.sql:1:19
           |
         1 | alter table users rename column name to full_name;
           |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
           = help: add full_name beside name, keep both in step by a trigger, fill it by a backfill, and drop name in a contract: upshift-recipes writes these migrations (RenameColumn)
           = rule: rename-column, https://github.com/upshift-rs/upshift/blob/main/docs/lints.md#rename-column

        lint: 6 statements, 0 errors, 1 warnings
        (exit 0)
        $ upshift lint --rule rename-column=warn --strict -q
        warning: the release before this one still uses users.name
          --> migrations/3_rename.sql:1:19
           |
         1 | alter table users rename column name to full_name;
           |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
           = help: add full_name beside name, keep both in step by a trigger, fill it by a backfill, and drop name in a contract: upshift-recipes writes these migrations (RenameColumn)
           = rule: rename-column, https://github.com/upshift-rs/upshift/blob/main/docs/lints.md#rename-column

        lint: 6 statements, 0 errors, 1 warnings
        (exit 3)
        $ upshift lint --rule nothing=off
        (stderr)
        error: there is no rule `nothing`: docs/lints.md has them all
        (exit 2)
        $ upshift lint --since 4
        lint: 0 statements, 0 errors, 0 warnings
        (exit 0)
    "#]].assert_eq(&story);
    let sarif: serde_json::Value = serde_json::from_str(&stage.run("lint --format sarif").out).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "rename-column");
}

#[tokio::test]
async fn the_doctor_sees_what_would_be_in_the_way() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    assert_eq!(stage.run("up").code, 0);
    db.run(
        "insert into users select n from generate_series(1, 2000) n;
         alter table users add constraint named check (name is not null) not valid;
         alter table users enable row level security;
         create policy all_rows on users using (true);
         analyze users",
    )
    .await;
    // An index that a failed CONCURRENTLY left behind.
    let duplicate =
        db.client().await.batch_execute("create unique index concurrently half on users (name)").await;
    drop(duplicate);
    db.run("update pg_index set indisvalid = false where indexrelid = 'half'::regclass").await;
    stage.folder.write("migrations/3_type.sql", "alter table users alter column id type numeric;\n-- upshift: down\nalter table users alter column id type bigint;\n");
    let said = stage.run("doctor");
    assert_eq!(said.code, 0, "{}", said.text());
    for line in [
        "warning  index        invalid index half on users: written by every change, used by no query",
        "note     constraint   constraint named on users is not validated: rows of before may break it",
        "ACCESS EXCLUSIVE by 3_type, reads and writes wait, and it is written anew; 1 policies of row level security are on it",
        "good     migrations   3_type is pending, and fits",
    ] {
        assert!(said.out.contains(line), "{line}\n{}", said.out);
    }
    assert!(said.out.contains(&format!("PostgreSQL {}", SERVER.version().major)), "{}", said.out);
    stage.folder.write("migrations/2_status.sql", "select 'edited';\n-- upshift: down\nselect 1;\n");
    let said = stage.run("doctor");
    assert!(said.code == 4 && said.out.starts_with("problem  migrations"), "{}", said.text());
}

#[tokio::test]
async fn the_doctor_knows_tables_that_no_migration_made() {
    let db = Database::new().await;
    db.run(
        "create table orders (id bigint primary key, note text); create index orders_note on orders (note)",
    )
    .await;
    let stage = Stage::on(&db);
    stage.folder.write("migrations/1_type.sql", "alter table orders alter column id type numeric;\n-- upshift: down\nalter table orders alter column id type bigint;\n");
    let said = stage.run("doctor");
    let line = "ACCESS EXCLUSIVE by 1_type, reads and writes wait, and it is written anew";
    assert!(said.code == 0 && said.out.contains(line), "{}", said.text());
}

/// A backfill of five batches, each of which takes 60 ms at least, and a migration behind it that staging does not have.
#[tokio::test]
async fn the_doctor_knows_how_long_it_took_elsewhere() {
    let (staging, production) = (Database::new().await, Database::new().await);
    for db in [&staging, &production] {
        db.run("create table t (id bigint primary key, n int); insert into t select generate_series(1, 5)")
            .await;
    }
    let mut stage = Stage::on(&staging);
    stage.folder.write(
        "migrations/1_fill.sql",
        "-- upshift: backfill table=t batch=1 max-batch=1\nupdate t set n = length(pg_sleep(0.06)::text);\n",
    );
    let said = stage.run("up --yes");
    assert_eq!(said.code, 0, "{}", said.text());
    stage.folder.write("migrations/2_more.sql", "select 1;\n-- upshift: down\nselect 1;\n");
    stage.url = Some(production.url());
    let said = stage.run(&format!("doctor --json --like {}", staging.url()));
    let answer: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let finding = answer["data"]["findings"].as_array().unwrap().iter().find(|it| it["about"] == "time");
    let finding = finding.unwrap_or_else(|| panic!("{}", said.text()));
    let words = finding["what"].as_str().unwrap();
    let took = words.strip_prefix("the pending migrations took ").unwrap();
    let took = took
        .strip_suffix(" there; not applied there as they are here: 2_more")
        .unwrap_or_else(|| panic!("{words}"));
    let ms = match took.split_once(' ').unwrap() {
        (ms, "ms") => ms.parse::<f64>().unwrap(),
        (seconds, "s") => seconds.parse::<f64>().unwrap() * 1_000.0,
        other => panic!("{other:?}"),
    };
    assert!((300.0..60_000.0).contains(&ms), "{words}");
}

/// Another migration under the same number says nothing of this one, nor does a database without a history.
#[tokio::test]
async fn the_doctor_counts_only_the_same_migrations() {
    let (staging, production) = (Database::new().await, Database::new().await);
    let mut stage = Stage::on(&staging);
    let like = format!("doctor --like {}", staging.url());
    let time = |stage: &Stage| {
        let said = stage.run(&like);
        let at = said.out.lines().position(|line| line.contains(" time ")).unwrap_or(usize::MAX);
        said.out.lines().skip(at).take(2).map(|line| format!("{line}\n")).collect::<String>()
    };
    stage.folder.write("migrations/1_other.sql", "select pg_sleep(0.3);\n-- upshift: down\nselect 1;\n");
    stage.url = Some(production.url());
    let mut story = time(&stage);
    stage.url = Some(staging.url());
    assert_eq!(stage.run("up").code, 0);
    stage.folder.remove("migrations/1_other.sql");
    stage.folder.write("migrations/1_mine.sql", "select 1;\n-- upshift: down\nselect 1;\n");
    stage.url = Some(production.url());
    story.push_str(&time(&stage));
    expect![[r#"
        warning  time         how long the pending migrations take is not known: upshift has no history there
                              help: name a database with --like in which `upshift up` has run them
        warning  time         how long the pending migrations take is not known: none of them has run there as it is here
                              help: name a database with --like in which `upshift up` has run them
    "#]].assert_eq(&story);
}

#[tokio::test]
async fn an_extension_that_cannot_be_had_is_told_before_the_run() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    stage.folder.write(
        "migrations/1_e.sql",
        "create extension if not exists plpgsql;\n-- upshift: down\nselect 1;\n",
    );
    assert_eq!(stage.run("doctor").code, 0);
    stage.folder.write(
        "migrations/2_f.sql",
        "create extension no_such_thing;\n-- upshift: down\ndrop extension no_such_thing;\n",
    );
    let said = stage.run("doctor");
    assert!(
        said.code == 4
            && said.out.starts_with(
                "problem  extension    2_f makes no_such_thing, which this server does not have\n"
            ),
        "{}",
        said.text()
    );
}

#[tokio::test]
async fn a_role_that_may_nothing_is_told_what_it_lacks() {
    let db = Database::new().await;
    let role = format!("nobody_of_{}", db.name());
    db.run(&format!("create role {role} login")).await;
    let mut stage = Stage::on(&db);
    stage.url = Some(db.url().replace("postgres@", &format!("{role}@")));
    two(&stage);
    let said = stage.run("doctor");
    for part in [
        "problem  role         role",
        "may make no schema in this database",
        "does not see what other roles' sessions do",
    ] {
        assert!(said.out.contains(part), "{part}\n{}", said.text());
    }
}

/// Each with the statement that mends it; when all of them were run, nothing is left and the run goes through.
#[tokio::test]
async fn the_doctor_tells_which_privileges_the_pending_migrations_want() {
    let db = Database::new().await;
    let role = format!("poor_in_{}", db.name());
    db.run(&format!(
        "create schema shop; create schema vault;
         create table shop.orders (id bigint primary key, state text); create index orders_state on shop.orders (state);
         create table shop.customers (id bigint primary key); create table vault.secrets (id int);
         create view shop.open as select id from shop.orders; create role owner_of_{role}; alter view shop.open owner to owner_of_{role};
         create table mine (id int); create role {role} login; alter table mine owner to {role};
         grant usage on schema shop to {role}; revoke create on schema public from public;
         grant create on database {0} to {role}",
        db.name()
    ))
    .await;
    let mut stage = Stage::on(&db);
    stage.folder.write("migrations/1_own.sql", "alter table mine add column more text;");
    stage.folder.write(
        "migrations/2_foreign.sql",
        "alter table shop.orders add column customer bigint references shop.customers;
         drop view shop.open;
         update vault.secrets set id = 1;
         create trigger t before insert on shop.customers for each row execute function suppress_redundant_updates_trigger();",
    );
    stage.folder.write("migrations/3_new.sql", "create table shop.items (id int);\ncreate table loose ();");
    stage.folder.write("migrations/4_index.sql", "drop index concurrently shop.orders_state;");
    stage.url = Some(db.url().replace("postgres@", &format!("{role}@")));
    let privileges = |stage: &Stage| {
        let said = stage.run("doctor --json");
        let answer: serde_json::Value =
            serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.text()));
        let findings = answer["data"]["findings"].as_array().unwrap().clone();
        findings.into_iter().filter(|it| it["about"] == "privilege").collect::<Vec<_>>()
    };
    let found = privileges(&stage);
    let text: String = found
        .iter()
        .map(|it| format!("{}: {}\n  {}\n", it["grade"], it["what"], it["help"]).replace('"', ""))
        .collect();
    expect![[r#"
        problem: 2_foreign changes table shop.orders of postgres, for which role ROLE lacks the privilege
          alter table shop.orders owner to ROLE
        problem: 2_foreign drops view shop.open of owner_of_ROLE, for which role ROLE lacks the privilege
          alter view shop.open owner to ROLE; or grant owner_of_ROLE to ROLE
        problem: 4_index drops index shop.orders_state of postgres, for which role ROLE lacks the privilege
          alter table shop.orders owner to ROLE
        problem: 2_foreign needs references on table shop.customers, for which role ROLE lacks the privilege
          grant references on table shop.customers to ROLE
        problem: 2_foreign needs trigger on table shop.customers, for which role ROLE lacks the privilege
          grant trigger on table shop.customers to ROLE
        problem: 2_foreign needs update on table vault.secrets, for which role ROLE lacks the privilege
          grant update on table vault.secrets to ROLE
        problem: 2_foreign speaks of what is in schema vault, for which role ROLE lacks the privilege
          grant usage on schema vault to ROLE
        problem: 3_new makes something in schema public, for which role ROLE lacks the privilege
          grant create on schema public to ROLE
        problem: 3_new makes something in schema shop, for which role ROLE lacks the privilege
          grant create on schema shop to ROLE
    "#]]
    .assert_eq(&text.replace(&role, "ROLE"));
    assert_eq!(stage.run("doctor").code, 4);
    for finding in &found {
        let help = finding["help"].as_str().unwrap();
        db.run(help.split("; or ").next().unwrap()).await;
    }
    assert_eq!(privileges(&stage), Vec::<serde_json::Value>::new());
    let up = stage.run("up -q");
    assert_eq!(up.code, 0, "{}", up.text());
}

#[tokio::test]
async fn wait_ends_when_somebody_else_has_migrated() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    let waiting = stage.command(&["wait", "--for", "60s"]).spawn().unwrap();
    assert_eq!(stage.run("up").code, 0);
    assert!(waiting.wait_with_output().unwrap().status.success());
    expect![[r#"
        $ upshift wait
        the schema fits
        (exit 0)
        $ upshift wait --reachable
        the database answers
        (exit 0)
    "#]]
    .assert_eq(&(stage.show("wait") + &stage.show("wait --reachable")));
}

#[tokio::test]
async fn a_wait_that_ends_says_what_was_seen_last() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    expect![[r#"
        $ upshift wait --for 500ms
        still not after 500ms: pending: 1_users, 2_status
        (stderr)
        waiting: pending: 1_users, 2_status
        (exit 4)
    "#]]
    .assert_eq(&stage.show("wait --for 500ms"));
}

#[tokio::test]
async fn a_wait_for_a_server_that_is_not_there_says_why_and_ends_as_one_that_cannot_be_reached() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    let done = stage.run("wait --for 300ms --url postgres://nobody@127.0.0.1:1/nowhere");
    assert_eq!(done.code, 6, "{}", done.text());
    assert!(done.text().contains("Connection refused"), "{}", done.text());
    assert!(!done.text().contains("creating a new object"), "{}", done.text());
}

#[tokio::test]
async fn check_says_a_mistake_of_the_files_once() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    stage.folder.write("migrations/3_wrong.sql", "-- upshift: pase contract\nselect 1;\n");
    let mut story = stage.show("check");
    // A mistake inside of a statement, which the set does not see.
    stage.folder.write("migrations/3_wrong.sql", "select 'not closed;\n");
    story.push_str(&stage.show("check"));
    expect![[r#"
        $ upshift check
        files    a mistake in the migration files

                 unknown directive `pase`
                   --> migrations/3_wrong.sql:1:13
                    |
                  1 | -- upshift: pase contract
                    |             ^^^^
                    = help: did you mean `phase`?
        lint     not asked: the files have mistakes
        history  not asked: the files have mistakes
        (exit 3)
        $ upshift check
        files    a mistake in the migration files

                 the string that begins here is never closed
                   --> migrations/3_wrong.sql:1:8
                    |
                  1 | select 'not closed;
                    |        ^
                    = help: add the closing `'`; a quote inside the string is written `''`
        lint     4 statements, 0 errors, 0 warnings
        history  not asked: the files have mistakes
        (exit 3)
    "#]]
    .assert_eq(&story);
}
