//! A day with the program, as a person sees it.

use expect_test::expect;
use upshift_promises::Database;

use crate::stage::Stage;

const USERS: &str =
    "create table users (id bigint primary key, name text);\n-- upshift: down\ndrop table users;\n";
const STATUS: &str =
    "alter table users add column status text;\n-- upshift: down\nalter table users drop column status;\n";

pub fn two(stage: &Stage) {
    stage.folder.write("migrations/1_users.sql", USERS);
    stage.folder.write("migrations/2_status.sql", STATUS);
}

#[tokio::test]
async fn from_an_empty_database_there_and_back() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    let lines = [
        "status",
        "plan",
        "up --dry-run",
        "up --count 1",
        "status --state pending",
        "up",
        "up",
        "status --check",
        "history",
        "audit verify",
        "down",
        "down --yes",
        "redo --yes",
        "up --to 2",
        "reset --yes --up",
        "down --all --yes --dry-run",
    ];
    let story: String = lines.iter().map(|line| stage.show(line)).collect();
    expect![[r#"
        $ upshift status
        upshift files
        1_users   pending
        2_status  pending
        (exit 0)
        $ upshift plan
        apply   1_users: pending
        apply   2_status: pending
        (exit 0)
        $ upshift up --dry-run
        apply   1_users: pending
        apply   2_status: pending
        (exit 0)
        $ upshift up --count 1
        applied  1_users TOOK
        1 migration in TOOK
        (stderr)
        applying  1_users
        (exit 0)
        $ upshift status --state pending
        upshift files
        2_status  pending
        (exit 0)
        $ upshift up
        applied  2_status TOOK
        1 migration in TOOK
        (stderr)
        applying  2_status
        (exit 0)
        $ upshift up
        nothing to do, in TOOK
        (exit 0)
        $ upshift status --check
        upshift files
        1_users   applied  DATE TIME UTC TOOK  postgres
        2_status  applied  DATE TIME UTC TOOK  postgres
        (exit 0)
        $ upshift history
           1  DATE TIME UTC  apply    done   1_users TOOK  postgres
           2  DATE TIME UTC  apply    done   2_status TOOK  postgres
        (exit 0)
        $ upshift audit verify
        whole: 2 rows, each as it was written
        (exit 0)
        $ upshift down
        (stderr)
        error: reverting 2_status may destroy data, and nobody has said that it may
          help: say --yes where nobody can be asked
        (exit 7)
        $ upshift down --yes
        reverted 2_status TOOK
        1 migration in TOOK
        (stderr)
        reverting 2_status
        (exit 0)
        $ upshift redo --yes
        reverted 1_users TOOK
        applied  1_users TOOK
        2 migrations in TOOK
        (stderr)
        reverting 1_users
        applying  1_users
        (exit 0)
        $ upshift up --to 2
        applied  2_status TOOK
        1 migration in TOOK
        (stderr)
        applying  2_status
        (exit 0)
        $ upshift reset --yes --up
        reverted 2_status TOOK
        reverted 1_users TOOK
        applied  1_users TOOK
        applied  2_status TOOK
        4 migrations in TOOK
        (stderr)
        reverting 2_status
        reverting 1_users
        applying  1_users
        applying  2_status
        (exit 0)
        $ upshift down --all --yes --dry-run
        revert  2_status: asked for
        revert  1_users: asked for
        (exit 0)
    "#]]
    .assert_eq(&story);
}

#[tokio::test]
async fn a_migration_that_fails_shows_its_line_and_what_is_done() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    stage.folder.write(
        "migrations/3_wrong.sql",
        "create table orders (id bigint);\nalter table user add column x int;\n",
    );
    let story: String = ["up", "status"].iter().map(|line| stage.show(line)).collect();
    expect![[r#"
        $ upshift up
        (stderr)
        applying  1_users
        applying  2_status
        applying  3_wrong
        applied  1_users TOOK
        applied  2_status TOOK
        2 migrations in TOOK
        error: migration 3_wrong failed at statement 2 of 2
          --> migrations/3_wrong.sql:2:13
           |
         2 | alter table user add column x int;
           |             ^^^^
          caused by: syntax error at or near "user" (42601)
          help: nothing of it was done; mend it and run again
        (exit 1)
        $ upshift status
        upshift files
        1_users   applied  DATE TIME UTC TOOK  postgres
        2_status  applied  DATE TIME UTC TOOK  postgres
        3_wrong   pending
        (exit 0)
    "#]]
    .assert_eq(&story);
}

#[tokio::test]
async fn an_edited_migration_is_refused_and_can_be_accepted() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    assert_eq!(stage.run("up").code, 0);
    stage.folder.write("migrations/2_status.sql", &STATUS.replace("status text", "status  text"));
    let lines = ["status", "up", "check", "repair accept-checksum 2", "up", "history 2"];
    let story: String = lines.iter().map(|line| stage.show(line)).collect();
    expect![[r#"
        $ upshift status
        upshift files
        1_users   applied  DATE TIME UTC TOOK  postgres
        2_status  changed  DATE TIME UTC TOOK  postgres
        refused: 2_status was edited after it was applied
        (exit 0)
        $ upshift up
        (stderr)
        error: no plan can be made: 2_status was edited after it was applied
            --- as applied
            +++ 2_status.sql
            @@ -1 +1 @@
            -alter table users add column status text;
            +alter table users add column status  text;
          help: put the change into a new migration; if the database already fits the new text, accept it with `upshift repair accept-checksum VERSION`
        (exit 3)
        $ upshift check
        files    2 migrations, upshift files
        lint     4 statements, 0 errors, 0 warnings
        history  no plan can be made: 2_status was edited after it was applied
                     --- as applied
                     +++ 2_status.sql
                     @@ -1 +1 @@
                     -alter table users add column status text;
                     +alter table users add column status  text;
                   help: put the change into a new migration; if the database already fits the new text, accept it with `upshift repair accept-checksum VERSION`
        (exit 3)
        $ upshift repair accept-checksum 2
        the text of 2 as it is now counts as the one that was applied
        (exit 0)
        $ upshift up
        nothing to do, in TOOK
        (exit 0)
        $ upshift history 2
           2  DATE TIME UTC  apply    done   2_status TOOK  postgres
           3  DATE TIME UTC  repair   done   2_status TOOK  postgres
              the edited text was accepted; the checksum was v1:df204ab64bca39a54185ad9613f4a7f2e70eaa837503801f1a1aa03c7a84f595
        (exit 0)
    "#]].assert_eq(&story);
}

#[tokio::test]
async fn a_database_that_was_there_before_is_accepted_as_it_is() {
    let db = Database::new().await;
    db.run("create table users (id bigint primary key, name text)").await;
    let stage = Stage::on(&db);
    two(&stage);
    let lines =
        ["baseline 1", "repair accept-applied 2 --because by-hand", "up", "status", "history", "baseline 1"];
    let story: String = lines.iter().map(|line| stage.show(line)).collect();
    expect![[r#"
        $ upshift baseline 1
        accepted 1_users
        (exit 0)
        $ upshift repair accept-applied 2 --because by-hand
        2 counts as applied, and was not run
        (exit 0)
        $ upshift up
        nothing to do, in TOOK
        (exit 0)
        $ upshift status
        upshift files
        1_users   baseline  DATE TIME UTC TOOK  postgres
        2_status  baseline  DATE TIME UTC TOOK  postgres
        (exit 0)
        $ upshift history
           1  DATE TIME UTC  baseline done   1_users TOOK  postgres
              accepted by a baseline, not run
           2  DATE TIME UTC  baseline done   2_status TOOK  postgres
              accepted as applied, not run: by-hand
        (exit 0)
        $ upshift baseline 1
        (stderr)
        error: the history is not empty, so there is nothing to accept as a baseline
          help: a baseline is for a database that was built without upshift
        (exit 3)
    "#]]
    .assert_eq(&story);
}

#[tokio::test]
async fn an_operator_holds_and_approves_and_lets_go() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    assert_eq!(stage.run("up").code, 0);
    stage.folder.write(
        "migrations/3_drop_status.sql",
        "-- upshift: phase contract\n-- upshift: switch users.status\nalter table users drop column status;\n-- upshift: down\nalter table users add column status text;\n",
    );
    let lines = [
        "rollout status",
        "up",
        "rollout hold --because incident",
        "rollout status",
        "rollout release",
        "rollout approve 3 --because seen",
        "rollout approve 2 --because seen",
        "rollout purge 3",
        "rollout purge 3 --yes",
        "rollout unhide 3",
        "rollout share users.stats 50",
        "rollout share users.status 50",
        "backfill status",
        "backfill pause 3 --because why",
    ];
    let story: String = lines.iter().map(|line| stage.show(line)).collect();
    expect![[r#"
        $ upshift rollout status
        contract  3_drop_status  its gate is open
        (exit 0)
        $ upshift up
        blocked  3_drop_status: a contract waits for its gate, which the running service looks after
        nothing to do, in TOOK
        (exit 0)
        $ upshift rollout hold --because incident
        contracts are held: incident
        (exit 0)
        $ upshift rollout status
        contract  3_drop_status  waits
                  - held by postgres: incident
        hold      all contracts: incident, said by postgres
        (exit 0)
        $ upshift rollout release
        contracts are held no more
        (exit 0)
        $ upshift rollout approve 3 --because seen
        version 3 is approved
        (exit 0)
        $ upshift rollout approve 2 --because seen
        (stderr)
        error: 2_status is no contract
          help: `upshift rollout status` lists the contracts of this set
        (exit 3)
        $ upshift rollout purge 3
        (stderr)
        error: 3_drop_status runs now, whatever its gate says, and what it drops is gone, and nobody has said that it may
          help: say --yes where nobody can be asked
        (exit 7)
        $ upshift rollout purge 3 --yes
        applied  3_drop_status TOOK
        1 migration in TOOK
        (stderr)
        applying  3_drop_status
        (exit 0)
        $ upshift rollout unhide 3
        reverted 3_drop_status TOOK
        1 migration in TOOK
        (stderr)
        reverting 3_drop_status
        (exit 0)
        $ upshift rollout share users.stats 50
        (stderr)
        error: no migration of this set has the switch `users.stats`
          help: did you mean `users.status`?
        (exit 3)
        $ upshift rollout share users.status 50
        users.status for 50 %
        (exit 0)
        $ upshift backfill status
        no backfill is under way
        (exit 0)
        $ upshift backfill pause 3 --because why
        (stderr)
        error: backfill 3: it has not begun, or is applied already
          help: see `upshift backfill status` for what has
        (exit 3)
    "#]].assert_eq(&story);
}

#[tokio::test]
async fn drift_is_watched_where_the_file_says_so() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    stage.folder.write("upshift.toml", "[policy]\ndrift = 'watch'\n");
    let mut story = stage.show("drift");
    assert_eq!(stage.run("up").code, 0);
    story.push_str(&stage.show("drift"));
    db.run("alter table users add column by_hand int").await;
    let lines = ["drift", "repair accept-drift --because meant", "drift"];
    story.extend(lines.iter().map(|line| stage.show(line)));
    expect![[r#"
        $ upshift drift
        whether the schema has drifted is not known: no run has kept a snapshot of it
        help: the next run that does something keeps one where it is told `[policy] drift = "watch"` in upshift.toml; `upshift repair accept-drift --because WHY` does now
        (exit 4)
        $ upshift drift
        no drift: the schema is as the run of DATE TIME UTC left it
        (exit 0)
        $ upshift drift
        the schema has drifted since the run of DATE TIME UTC left it: 1 change, in public.users
        added column public.users.by_hand: integer
        (exit 4)
        $ upshift repair accept-drift --because meant
        accepted: the schema has drifted since the run of DATE TIME UTC left it: 1 change, in public.users
        added column public.users.by_hand: integer
        (exit 0)
        $ upshift drift
        no drift: the schema is as the run of DATE TIME UTC left it
        (exit 0)
    "#]].assert_eq(&story);
}
