//! A migration that the server refuses: what, where, why, what now, as a person reads it.

use expect_test::{Expect, expect};
use upshift::Timeouts;
use upshift_promises::{Database, files};

/// What is said about migrations in an empty database.
async fn check(set: &[(&str, &str)], expected: Expect) {
    let db = Database::new().await;
    let error = db.migrator(files(set)).run().await.unwrap_err();
    expected.assert_eq(&error.render());
    let failed =
        "select count(*) from upshift.history where version = (select max(version) from upshift.audit)";
    assert_eq!(db.rows(failed).await, "0", "nothing half done");
}

#[tokio::test]
async fn a_syntax_error_in_the_middle_of_a_file() {
    let text = "create table users (\n    id bigint primary key\n);\n\n-- the second one\nalter table users\n    add colum name text;\n\ncreate table orders ();\n";
    check(
        &[("20260514093000_users.sql", text)],
        expect![[r#"
        migration 20260514093000_users failed at statement 2 of 3
          --> 20260514093000_users.sql:7:20
           |
         7 |     add colum name text;
           |                    ^^^^
          caused by: syntax error at or near "text" (42601)
          help: nothing of it was done; mend it and run again"#]],
    )
    .await;
}

#[tokio::test]
async fn a_name_that_is_not_there_with_the_servers_hint() {
    let text = "create table users (id bigint, email text);\nselect e_mail from users;\n";
    check(
        &[("1_users.sql", text)],
        expect![[r#"
        migration 1_users failed at statement 2 of 2
          --> 1_users.sql:2:8
           |
         2 | select e_mail from users;
           |        ^^^^^^
          caused by: column "e_mail" does not exist (42703)
            hint: Perhaps you meant to reference the column "users.email".
          help: nothing of it was done; mend it and run again"#]],
    )
    .await;
}

#[tokio::test]
async fn an_error_inside_of_a_function_that_a_migration_calls() {
    let text = "create function halve(n int) returns int language plpgsql as $$\nbegin\n    return n / 0;\nend $$;\n\
                create function quarter(n int) returns int language plpgsql as $$\nbegin\n    return halve(halve(n));\nend $$;\n\
                select quarter(8);\n";
    check(
        &[("1_functions.sql", text)],
        expect![[r#"
        migration 1_functions failed at statement 3 of 3
          --> 1_functions.sql:9:1
           |
         9 | select quarter(8);
           | ^^^^^^^^^^^^^^^^^
          caused by: division by zero (22012)
            context: PL/pgSQL function halve(integer) line 3 at RETURN
              PL/pgSQL function quarter(integer) line 3 at RETURN
          help: nothing of it was done; mend it and run again"#]],
    )
    .await;
}

#[tokio::test]
async fn an_error_in_a_query_inside_of_a_do_block() {
    let text = "do $$\nbegin\n    perform count(*) from nowhere;\nend $$;\n";
    check(
        &[("1_block.sql", text)],
        expect![[r#"
        migration 1_block failed at statement 1 of 1
          --> 1_block.sql:1:1
           |
         1 | do $$
           | ^^^^^
          caused by: relation "nowhere" does not exist (42P01)
            context: PL/pgSQL function inline_code_block line 3 at PERFORM
            inside: SELECT count(*) from nowhere
          help: nothing of it was done; mend it and run again"#]],
    )
    .await;
}

#[tokio::test]
async fn a_deferred_constraint_that_fails_at_commit() {
    let text = "create table users (id int primary key);\n\
                create table orders (user_id int references users deferrable initially deferred);\n\
                insert into orders values (7);\n";
    check(&[("1_deferred.sql", text)], expect![[r#"
        migration 1_deferred failed at COMMIT
          caused by: insert or update on table "orders" violates foreign key constraint "orders_user_id_fkey" (23503)
            detail: Key (user_id)=(7) is not present in table "users".
          help: nothing of it was done; mend it and run again"#]]).await;
}

#[tokio::test]
async fn a_statement_that_takes_too_long() {
    let text = "-- upshift: statement-timeout 50ms\nselect pg_sleep(60);\n";
    check(&[("1_slow.sql", text)], expect![[r#"
        migration 1_slow failed at statement 1 of 1
          --> 1_slow.sql:2:1
           |
         2 | select pg_sleep(60);
           | ^^^^^^^^^^^^^^^^^^^
          caused by: canceling statement due to statement timeout (57014)
          help: nothing of it was done; somebody canceled it, or it took longer than it may: run again, or raise `-- upshift: statement-timeout`"#]]).await;
    let db = Database::new().await;
    let timeouts = Timeouts { statement: Some(std::time::Duration::from_millis(50)), ..Timeouts::default() };
    let slow = files(&[("1_slow.sql", "select pg_sleep(60)")]);
    let error = db.migrator(slow).timeouts(timeouts).run().await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("57014"));
}

#[tokio::test]
async fn positions_are_right_behind_letters_of_many_bytes_and_in_files_from_windows() {
    let text = "\u{feff}-- größe\r\ncreate table größe (id int);\r\n\tinsert into größe (id, näme) values (1, 'ß');\r\n";
    check(
        &[("1_größe.sql", text)],
        expect![[r#"
        migration 1_größe failed at statement 2 of 2
          --> 1_größe.sql:3:25
           |
         3 |  insert into größe (id, näme) values (1, 'ß');
           |                         ^^^^
          caused by: column "näme" of relation "größe" does not exist (42703)
          help: nothing of it was done; mend it and run again"#]],
    )
    .await;
}

#[tokio::test]
async fn a_table_of_copy_data_that_does_not_fit() {
    let text =
        "create table users (id int);\ncopy users from stdin;\n1\n2\nthree\n\\.\ncreate table orders ();\n";
    check(
        &[("1_copy.sql", text)],
        expect![[r#"
        migration 1_copy failed at statement 2 of 3
          --> 1_copy.sql:2:1
           |
         2 | copy users from stdin;
           | ^^^^^^^^^^^^^^^^^^^^^
          caused by: invalid input syntax for type integer: "three" (22P02)
            context: COPY users, line 3, column id: "three"
          help: nothing of it was done; mend it and run again"#]],
    )
    .await;
}

#[tokio::test]
async fn copy_data_for_a_table_that_is_not_there() {
    let text = "create table users (id int);\ncopy user from stdin;\n1\n\\.\ncreate table orders ();\n";
    check(
        &[("1_copy.sql", text)],
        expect![[r#"
        migration 1_copy failed at statement 2 of 3
          --> 1_copy.sql:2:6
           |
         2 | copy user from stdin;
           |      ^^^^
          caused by: syntax error at or near "user" (42601)
          help: nothing of it was done; mend it and run again"#]],
    )
    .await;
}

#[tokio::test]
async fn a_statement_that_ends_too_early() {
    check(
        &[("1_end.sql", "create table users ();\nselect 1 +\n    2 *;\n")],
        expect![[r#"
        migration 1_end failed at statement 2 of 2
          --> 1_end.sql:3:8
           |
         3 |     2 *;
           |        ^
          caused by: syntax error at end of input (42601)
          help: nothing of it was done; mend it and run again"#]],
    )
    .await;
}

/// The driver's connection does not outlive a COPY that the server refuses; the rest must not suffer for it.
#[tokio::test]
async fn a_refused_copy_is_in_the_audit_and_the_lock_is_free() {
    for text in [
        "copy nowhere from stdin;\n1\n\\.\n",
        "-- upshift: transaction off\nselect 1;\ncopy nowhere from stdin;\n1\n\\.\n",
    ] {
        let db = Database::new().await;
        let set = files(&[
            ("1_users.sql", "create table users (id int)"),
            ("2_copy.sql", text),
            ("3_orders.sql", "create table orders ()"),
        ]);
        let error = db.migrator(set).run().await.unwrap_err();
        assert_eq!(error.sqlstate(), Some("42P01"), "{error:?}");
        assert_eq!(error.report().unwrap().steps.len(), 1);
        assert_eq!(
            db.rows("select name, outcome from upshift.audit order by id").await,
            "users | done\ncopy | failed"
        );
        assert_eq!(db.tables().await, "users");
        db.settle().await;
        let mended = text.replace("nowhere", "users");
        let set = files(&[
            ("1_users.sql", "create table users (id int)"),
            ("2_copy.sql", &mended),
            ("3_orders.sql", "create table orders ()"),
        ]);
        assert_eq!(db.migrator(set).run().await.unwrap().steps.len(), 2);
        assert_eq!(db.rows("select id from users").await, "1");
    }
}
