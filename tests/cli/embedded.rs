//! The commands inside of a program that embeds its migrations, Rust code among them.

use expect_test::expect;
use upshift_promises::Database;

use crate::stage::{Stage, said};

#[tokio::test]
async fn a_program_has_the_commands_with_its_own_migrations() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    let program = env!("CARGO_BIN_EXE_embedding");
    let run = |line: &str| {
        let arguments: Vec<&str> = line.split(' ').collect();
        format!("$ users {line}\n{}", said(stage.program(program, &arguments)).text())
    };
    let lines = ["migrate status", "migrate up", "migrate plan --down", "migrate history"];
    let story: String = lines.iter().map(|line| run(line)).collect();
    expect![[r#"
        $ users migrate status
        upshift files
        1_users       pending
        2_first_user  pending
        (exit 0)
        $ users migrate up
        applied  1_users TOOK
        applied  2_first_user TOOK
        2 migrations in TOOK
        (stderr)
        applying  1_users
        applying  2_first_user
        (exit 0)
        $ users migrate plan --down
        (stderr)
        error: no plan can be made: 2_first_user has no down, neither in this binary nor in the history
          help: write a new migration that leads to the schema you want
        (exit 3)
        $ users migrate history
           1  DATE TIME UTC  apply    done   1_users TOOK  postgres  users 1.0.0
           2  DATE TIME UTC  apply    done   2_first_user TOOK  postgres  users 1.0.0
        (exit 0)
    "#]]
    .assert_eq(&story);
    assert_eq!(db.rows("select * from users").await, "1 | first");
    // Advice names commands as they are called here.
    db.run("update upshift.history set up_checksum = 'v1:' || repeat('0', 64) where version = 1").await;
    let story = run("migrate up") + &run("migrate --json up");
    expect![[r#"
        $ users migrate up
        (stderr)
        error: no plan can be made: 1_users was edited after it was applied
          help: put the change into a new migration; if the database already fits the new text, accept it with `embedding migrate repair accept-checksum VERSION`
        (exit 3)
        $ users migrate --json up
        {
          "command": "up",
          "error": {
            "help": "put the change into a new migration; if the database already fits the new text, accept it with `embedding migrate repair accept-checksum VERSION`",
            "message": "no plan can be made: 1_users was edited after it was applied",
            "refused": [
              "1_users was edited after it was applied:\n"
            ],
            "report": null,
            "sqlstate": null,
            "text": "no plan can be made: 1_users was edited after it was applied\n  help: put the change into a new migration; if the database already fits the new text, accept it with `embedding migrate repair accept-checksum VERSION`"
          },
          "exit": {
            "code": 3,
            "is": "refused"
          },
          "upshift": {
            "json": 1,
            "version": "0.1.0"
          }
        }
        (exit 3)
    "#]].assert_eq(&story);
    let help = said(stage.program(program, &["migrate", "up", "-h"])).out;
    assert!(help.contains("Usage: embedding migrate up"), "{help}");
    let completions = said(stage.program(program, &["migrate", "completions", "bash"])).out;
    assert!(
        completions.contains("complete -F _embedding")
            && completions.contains("embedding__subcmd__migrate__subcmd__up")
    );
    let page = said(stage.program(program, &["migrate", "man", "up"])).out;
    assert!(page.contains("embedding\\-migrate\\-up \\- Apply what is pending"), "{page}");
}
