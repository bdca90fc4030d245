//! generate, pull, push, diff, verify: what needs a scratch server.

use expect_test::expect;
use upshift_promises::Database;
use upshift_promises::database::SERVER;

use crate::stage::Stage;
use crate::story::two;

const WISH: &str = "create table users (id bigint primary key, name text, status text, email text);\ncreate index users_email on users (email);\n";

fn shown(stage: &Stage, line: &str) -> String {
    let server = SERVER.url("postgres");
    let said = stage.run(&format!("{line} --server {server}"));
    format!("$ upshift {line}\n{}", said.text())
}

#[tokio::test]
async fn a_wish_becomes_migrations_that_apply_and_go_back() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    stage.folder.write("wish.sql", WISH);
    assert_eq!(stage.run("up").code, 0);
    let mut story = shown(&stage, "diff migrations wish.sql");
    story.push_str(&shown(&stage, "generate wish.sql"));
    for path in stage
        .folder
        .files()
        .iter()
        .filter(|path| path.starts_with("migrations/3") || path.starts_with("migrations/4"))
    {
        story.push_str(&format!("-- {path}\n{}", stage.folder.read(path)));
    }
    assert_eq!(stage.run("up").code, 0);
    story.push_str(&shown(&stage, "diff database wish.sql"));
    story.push_str(&shown(&stage, "generate wish.sql"));
    story.push_str(&shown(&stage, "verify"));
    expect![[r#"
        $ upshift diff migrations wish.sql
        added column public.users.email: text
        added index public.users.users_email: CREATE INDEX users_email ON public.users USING btree (email)
        (exit 4)
        $ upshift generate wish.sql
        migrations/3_change_users_email.sql
        migrations/4_index_users_email.sql
        (exit 0)
        -- migrations/3_change_users_email.sql
        -- upshift: phase expand
        ALTER TABLE public.users ADD COLUMN email text;

        -- upshift: down
        -- Hazard: drops the column public.users.email: what stands in it is gone
        ALTER TABLE public.users DROP COLUMN email;
        -- migrations/4_index_users_email.sql
        -- upshift: phase expand
        CREATE INDEX CONCURRENTLY users_email ON public.users USING btree (email);

        -- upshift: down
        -- Hazard: drops the index public.users_email: what was quick by it is slow
        DROP INDEX CONCURRENTLY public.users_email;
        $ upshift diff database wish.sql
        no difference
        (exit 0)
        $ upshift generate wish.sql
        no difference: nothing to write
        (exit 0)
        $ upshift verify
        4 migrations: 4 proven
        (exit 0)
    "#]]
    .assert_eq(&story);
}

#[tokio::test]
async fn a_schema_is_pulled_and_pushed_to_a_development_database() {
    let db = Database::new().await;
    db.run(WISH).await;
    let stage = Stage::on(&db);
    let mut story = shown(&stage, "pull");
    assert_eq!(
        stage.run(&format!("pull -o schema --file-per-object --server {}", SERVER.url("postgres"))).code,
        0
    );
    let development = Database::new().await;
    let there = Stage { folder: crate::stage::Folder::new(), url: Some(development.url()) };
    for path in stage.folder.files() {
        there.folder.write(&path, &stage.folder.read(&path));
    }
    story.push_str(&format!("{:?}\n", there.folder.files()));
    story.push_str(&shown(&there, "push schema"));
    story.push_str(&shown(&there, "push schema"));
    development.run("create table mine (id int)").await;
    story.push_str(&shown(&there, "push schema"));
    story.push_str(&shown(&there, "push schema --drops --yes"));
    let diff = stage.run(&format!("diff database {}", development.url()));
    story.push_str(&diff.text());
    expect![[r#"
        $ upshift pull
        SET check_function_bodies = off;

        CREATE TABLE public.users (
            id bigint NOT NULL,
            name text,
            status text,
            email text
        );

        ALTER TABLE public.users ADD CONSTRAINT users_pkey PRIMARY KEY (id);

        CREATE INDEX users_email ON public.users USING btree (email);

        (exit 0)
        ["schema/0001_table_public.users.sql"]
        $ upshift push schema
        CREATE TABLE public.users (
            id bigint NOT NULL,
            name text,
            status text,
            email text
        );
        ALTER TABLE public.users ADD CONSTRAINT users_pkey PRIMARY KEY (id);
        CREATE INDEX users_email ON public.users USING btree (email);
        (exit 0)
        $ upshift push schema
        the database is as wished already
        (exit 0)
        $ upshift push schema
        (stderr)
        error: this would drop table public.mine: say so to push it all the same
          help: say --drops to push it all the same
        (exit 7)
        $ upshift push schema --drops --yes
        DROP TABLE public.mine;
        dropped table public.mine
        (exit 0)
        no difference
        (exit 0)
    "#]]
    .assert_eq(&story);
}

#[tokio::test]
async fn what_is_left_out_is_not_compared_written_or_dropped() {
    let db = Database::new().await;
    db.run(WISH).await;
    db.run("create table tmp_load (id int); create sequence tmp_ids; create schema audit; create table audit.log (at timestamptz)").await;
    db.run("comment on table users is 'people'").await;
    let stage = Stage::on(&db);
    stage.folder.write("wish.sql", WISH);
    stage.folder.write("migrations/1_own.sql", "create table own ();\n-- upshift: down\ndrop table own;\n");
    let without = "--exclude-object tmp_* --exclude-schema audit --exclude-kind comment";
    let mut story = shown(&stage, "diff wish.sql database");
    for line in [
        format!("diff wish.sql database {without}"),
        "diff wish.sql database --include-schema audit".to_owned(),
        format!("generate wish.sql --from database {without}"),
        format!("push wish.sql --drops --yes {without}"),
        "pull --include-schema audit".to_owned(),
        "diff wish.sql database --exclude-kind nonsense".to_owned(),
        "diff wish.sql database --exclude-object a.b.c".to_owned(),
    ] {
        story.push_str(&shown(&stage, &line));
    }
    let kept =
        db.rows("select to_regclass('audit.log'), to_regclass('tmp_load'), to_regclass('tmp_ids')").await;
    assert_eq!(kept, "audit.log | tmp_load | tmp_ids");
    stage.folder.write(
        "upshift.toml",
        "[policy]\ndrift = 'watch'\n[objects]\nexclude-objects = ['tmp_*']\nexclude-schemas = ['audit']\n",
    );
    story.push_str(&shown(&stage, "diff wish.sql database"));
    assert_eq!(stage.run("--schema public up").code, 0);
    db.run("create table tmp_other (); create table audit.other ()").await;
    story.push_str(&stage.show("--schema public drift"));
    // Beside the tables of a history that stands among the others, which are nobody's wish.
    story.push_str(&shown(&stage, "--schema public diff wish.sql database"));
    expect![[r#"
        $ upshift diff wish.sql database
        added schema audit
        added sequence public.tmp_ids: bigint
        added table audit.log (1 column)
        added table public.tmp_load (1 column)
        added comment on table public.users: people
        (exit 4)
        $ upshift diff wish.sql database --exclude-object tmp_* --exclude-schema audit --exclude-kind comment
        no difference
        (exit 0)
        $ upshift diff wish.sql database --include-schema audit
        added schema audit
        added table audit.log (1 column)
        (exit 4)
        $ upshift generate wish.sql --from database --exclude-object tmp_* --exclude-schema audit --exclude-kind comment
        no difference: nothing to write
        (exit 0)
        $ upshift push wish.sql --drops --yes --exclude-object tmp_* --exclude-schema audit --exclude-kind comment
        the database is as wished already
        (exit 0)
        $ upshift pull --include-schema audit
        SET check_function_bodies = off;

        CREATE SCHEMA audit;

        CREATE TABLE audit.log (
            at timestamp with time zone
        );

        (exit 0)
        $ upshift diff wish.sql database --exclude-kind nonsense
        (stderr)
        error: invalid value 'nonsense' for '--exclude-kind <KIND>': `nonsense` is no kind of object that this version of upshift knows

        For more information, try '--help'.
        (exit 2)
        $ upshift diff wish.sql database --exclude-object a.b.c
        (stderr)
        error: invalid value 'a.b.c' for '--exclude-object <PATTERN>': `a.b.c` is no pattern of objects: expected `name`, `schema.name`, or either with `*` and `?` in it

        For more information, try '--help'.
        (exit 2)
        $ upshift diff wish.sql database
        added comment on table public.users: people
        (exit 4)
        $ upshift --schema public drift
        no drift: the schema is as the run of DATE TIME UTC left it
        (exit 0)
        $ upshift --schema public diff wish.sql database
        added table public.own
        added comment on table public.users: people
        (exit 4)
    "#]].assert_eq(&story);
}

#[tokio::test]
async fn new_takes_the_difference_to_a_schema_as_well_as_a_name() {
    let db = Database::new().await;
    let stage = Stage::on(&db);
    two(&stage);
    stage.folder.write("wish.sql", WISH);
    expect![[r#"
        $ upshift new --from-diff wish.sql
        migrations/3_change_users_email.sql
        migrations/4_index_users_email.sql
        (exit 0)
    "#]]
    .assert_eq(&shown(&stage, "new --from-diff wish.sql"));
    assert_eq!(stage.run("up").code, 0);
    // A name, or a difference: not both, and not neither.
    assert_eq!(stage.run("new add_it --from-diff wish.sql").code, 2);
    assert_eq!(stage.run("new").code, 2);
}

#[tokio::test]
async fn without_a_migration_yet_the_wish_becomes_the_first() {
    let stage = Stage::without_database();
    stage.folder.write("wish.sql", "create table users (id bigint primary key);\n");
    let mut story = shown(&stage, "generate wish.sql --version 1 --dry-run");
    assert!(!stage.folder.path().join("migrations").exists());
    stage.folder.write("migrations/README.md", "Nothing yet.\n");
    story.push_str(&shown(&stage, "generate wish.sql --version 1"));
    story.push_str(&shown(&stage, "generate wish.sql --version 2"));
    expect![[r#"
        $ upshift generate wish.sql --version 1 --dry-run
        -- migrations/1_change_users.sql
        -- upshift: phase expand
        CREATE TABLE public.users (
            id bigint NOT NULL
        );
        ALTER TABLE public.users ADD CONSTRAINT users_pkey PRIMARY KEY (id);

        -- upshift: down
        -- Hazard: drops the table public.users: its rows are gone
        DROP TABLE public.users;

        (exit 0)
        $ upshift generate wish.sql --version 1
        migrations/1_change_users.sql
        (exit 0)
        $ upshift generate wish.sql --version 2
        no difference: nothing to write
        (exit 0)
    "#]]
    .assert_eq(&story);
}

#[tokio::test]
async fn a_mistake_in_the_files_is_shown_where_it_is() {
    let stage = Stage::without_database();
    two(&stage);
    stage.folder.write("wish.sql", WISH);
    stage.folder.write("migrations/3_wrong.sql", "-- upshift: pase contract\nselect 1;\n");
    let mut story: String = ["generate wish.sql", "diff migrations empty", "pull migrations"]
        .iter()
        .map(|line| shown(&stage, line))
        .collect();
    stage.folder.write("migrations/3_wrong.sql", "alter table users add column name text;\n");
    story.push_str(&shown(&stage, "generate wish.sql"));
    expect![[r#"
        $ upshift generate wish.sql
        (stderr)
        error: a mistake in the migration files

        unknown directive `pase`
          --> migrations/3_wrong.sql:1:13
           |
         1 | -- upshift: pase contract
           |             ^^^^
           = help: did you mean `phase`?
        (exit 3)
        $ upshift diff migrations empty
        (stderr)
        error: a mistake in the migration files

        unknown directive `pase`
          --> migrations/3_wrong.sql:1:13
           |
         1 | -- upshift: pase contract
           |             ^^^^
           = help: did you mean `phase`?
        (exit 3)
        $ upshift pull migrations
        (stderr)
        error: a mistake in the migration files

        unknown directive `pase`
          --> migrations/3_wrong.sql:1:13
           |
         1 | -- upshift: pase contract
           |             ^^^^
           = help: did you mean `phase`?
        (exit 3)
        $ upshift generate wish.sql
        (stderr)
        error: the migrations cannot be applied to a shadow database: migration 3_wrong failed at statement 1 of 1
          --> migrations/3_wrong.sql:1:1
           |
         1 | alter table users add column name text;
           | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          caused by: column "name" of relation "users" already exists (42701)
          help: nothing of it was done; mend it and run again
        (exit 1)
    "#]].assert_eq(&story);
}
