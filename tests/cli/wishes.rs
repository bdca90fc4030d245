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
