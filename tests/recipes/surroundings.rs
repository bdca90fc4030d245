//! What stands around the columns: names, keys, partitions, other triggers, foreign keys, and others who write at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use expect_test::expect;
use upshift_promises::database::{connect, server_is_at_least};
use upshift_recipes::{
    DropColumn, Ident, Phase, Recipe, RecipeError, RenameColumn, RenameMethod, Table, TableFacts,
};

use crate::stage::Stage;
use crate::subject::{self, Release, Shape, Subject, TABLE};

type Making = fn(&TableFacts) -> Result<Recipe, RecipeError>;

/// Whether both sides of every row hold the same, and how many rows there are.
async fn agreeing(stage: &Stage, subject: &Subject) -> String {
    let (old, new) = (subject.columns(Release::One), subject.columns(Release::Two));
    stage
        .rows(&format!("select count(*), count(*) filter (where {old} is distinct from {new}) from {TABLE}"))
        .await
}

#[tokio::test]
async fn names_that_need_every_care_go_all_the_way() {
    let long = "x".repeat(63);
    for (schema, table, column, to) in [
        ("My App", "Order \"Items\"", "Na\"me", "select"),
        ("app", &long, &long, "é"),
        ("upshift_", "table", "old", "new"),
    ] {
        let ident = |name: &str| name.parse::<Ident>().unwrap();
        let table = Table::new(ident(schema), ident(table));
        let (from, into) = (ident(column), ident(to));
        let setup = format!(
            "create schema {}; create table {table} (\"Key \"\"1\"\"\" bigint primary key, {from} text not null default 'it''s');
            insert into {table} select n, 'Ann' || n from generate_series(1, 20) n;",
            table.schema
        );
        let name = table.to_string();
        for method in [RenameMethod::SyncTrigger, RenameMethod::AliasView] {
            let mut stage = Stage::new(&setup, &name, |facts| {
                RenameColumn::new(from.clone(), into.clone(), method).recipe(facts)
            })
            .await;
            stage.through(Phase::Expand).await;
            stage.run(&format!("insert into {table} (\"Key \"\"1\"\"\", {into}) values (77, 'Bob')")).await;
            stage.up_to("hide").await;
            stage.back().await;
            assert_eq!(stage.rows(&format!("select {from} from {table} where {into} = 'Bob'")).await, "Bob");
            stage.next().await;
            while stage.is_unfinished() {
                stage.next().await;
            }
            let left = format!("select count(*) from {table} where {into} is not null");
            assert_eq!(stage.rows(&left).await, "21");
        }
    }
}

/// More rows than a batch has, by each sort of key.
#[tokio::test]
async fn the_backfill_fills_every_row_whatever_the_key_is() {
    let text = "create table app.orders (id text collate \"C\" primary key, name text);";
    let composite = "create table app.orders (a int, id bigint, name text, primary key (a, id));";
    let none = "create table app.orders (id bigint, name text);";
    let partitioned =
        "create table app.orders (a int, id bigint, name text, primary key (a, id)) partition by list (a);
        create table app.even partition of app.orders for values in (0);
        create table app.odd partition of app.orders for values in (1);";
    for (table, columns, values) in [
        (text, "id, name", "n::text, 'Ann' || n"),
        (composite, "a, id, name", "n % 2, n, 'Ann' || n"),
        (none, "id, name", "n, 'Ann' || n"),
        (partitioned, "a, id, name", "n % 2, n, 'Ann' || n"),
    ] {
        let setup = format!(
            "create schema app; {table}
            insert into app.orders ({columns}) select {values} from generate_series(1, 4000) n;"
        );
        let mut stage = Stage::new(&setup, TABLE, subject::RENAME.recipe).await;
        stage.through(Phase::Backfill).await;
        assert_eq!(agreeing(&stage, &subject::RENAME).await, "4000 | 0", "{table}");
    }
}

#[tokio::test]
async fn partitions_that_come_later_are_kept_in_step_always() {
    let mut stage =
        Stage::new(&subject::RENAME.setup(Shape::Partitioned), TABLE, subject::RENAME.recipe).await;
    stage.run("drop table app.orders_high").await;
    stage.through(Phase::Expand).await;
    stage
        .run(
            "create table app.orders_made partition of app.orders for values from (500) to (600);
            create table app.orders_attached (id bigint primary key, name text, note text, full_name text);
            alter table app.orders attach partition app.orders_attached for values from (600) to (700);
            set session_replication_role = replica;
            insert into app.orders (id, name) values (1, 'Ann'), (501, 'Bob'), (601, 'Cy');
            update app.orders set full_name = full_name || '!';
            insert into app.orders_made (id, full_name) values (502, 'Dan');
            reset session_replication_role",
        )
        .await;
    let rows = stage.rows("select id, name, full_name from app.orders order by id").await;
    expect![[r#"
        1 | Ann! | Ann!
        501 | Bob! | Bob!
        502 | Dan | Dan
        601 | Cy! | Cy!"#]]
    .assert_eq(&rows);
}

#[tokio::test]
async fn what_other_triggers_change_is_followed() {
    let mut stage = Stage::new(&subject::RENAME.setup(Shape::Plain), TABLE, subject::RENAME.recipe).await;
    stage
        .run(
            "create function app.shout() returns trigger language plpgsql as $$
            begin new.name := upper(new.name); return new; end $$;
            create trigger shout before insert or update on app.orders for each row execute function app.shout();",
        )
        .await;
    stage.through(Phase::Expand).await;
    stage.run("insert into app.orders (id, name) values (1, 'Ann'), (2, 'Bob')").await;
    stage.run("update app.orders set name = 'Cy' where id = 2").await;
    stage.run("update app.orders set note = 'x'").await;
    assert_eq!(stage.rows("select name, full_name from app.orders order by id").await, "ANN | ANN\nCY | CY");
}

/// A function that names the column fails from the hide on: the notes say so, by every method.
#[tokio::test]
async fn trigger_functions_that_name_the_column_are_told() {
    let setup = "create schema app; create table app.orders (id bigint primary key, name text, note text);
        create function app.shout() returns trigger language plpgsql as $$
        begin new.name := upper(new.name); return new; end $$;
        create function app.quiet() returns trigger language plpgsql as $$ begin return new; end $$;
        create trigger shout before insert or update on app.orders for each row execute function app.shout();
        create trigger quiet after insert on app.orders for each row execute function app.quiet();";
    let drop: Making = |facts| DropColumn::new("name".parse().unwrap()).recipe(facts);
    for making in [subject::RENAME.recipe, subject::ALIAS.recipe, drop] {
        let mut stage = Stage::new(setup, TABLE, making).await;
        let told = stage.recipe.notes.iter().filter(|note| note.text.contains("app.shout()"));
        assert_eq!(told.count(), 1, "{:#?}", stage.recipe.notes);
        assert!(stage.recipe.notes.iter().all(|note| !note.text.contains("app.quiet()")));
        stage.up_to("hide").await;
        let failed = stage.run_or_state("insert into app.orders (id) values (1)").await;
        assert_eq!(failed.as_deref(), Some("42703"));
        stage.back().await;
        stage.run("insert into app.orders (id, name) values (1, 'Ann')").await;
    }
}

/// `pg_restore --disable-triggers` and its like: what the verify of the backfill is for.
#[tokio::test]
async fn rows_written_past_the_triggers_are_found() {
    for subject in [subject::RENAME, subject::CHANGE_TYPE] {
        let mut stage = Stage::new(&subject.setup(Shape::Plain), TABLE, subject.recipe).await;
        let columns = subject.columns(Release::One);
        let values = subject.literals(Release::One, Some(0)).join(", ");
        stage.run(&format!("insert into {TABLE} (id, {columns}) values (1, {values})")).await;
        stage.through(Phase::Backfill).await;
        assert_eq!(verified(&stage).await, "t\nt");
        let set = subject.assignments(Release::One, Some(1));
        stage
            .run(&format!(
                "alter table {TABLE} disable trigger all; update {TABLE} set {set}; alter table {TABLE} enable trigger all"
            ))
            .await;
        assert_eq!(verified(&stage).await, "t\nf", "{}", subject.name);
    }
}

/// The answers of the backfill's verify.
async fn verified(stage: &Stage) -> String {
    let file = stage.files.iter().find(|file| file.text.contains("-- upshift: verify")).unwrap();
    let queries = file.text.split("-- upshift: verify\n").nth(1).unwrap().split("-- upshift: down").next();
    stage.rows(queries.unwrap()).await
}

/// A view in the table's place: with the table's grants, and no more rights than whoever asks has.
#[tokio::test]
async fn a_role_goes_on_with_the_view_in_the_tables_place() {
    let role = format!("recipes_reader_{}", std::process::id());
    let setup = format!(
        "create role {role}; create schema app; grant usage on schema app to {role};
        create table app.orders (id bigint primary key, name text not null default 'Bob');
        insert into app.orders values (1, 'Ann'), (2, 'Cy');
        grant select, insert, update on app.orders to {role}; grant select on app.orders to public;"
    );
    let mut stage = Stage::new(&setup, TABLE, subject::ALIAS.recipe).await;
    stage.through(Phase::Expand).await;
    stage.run(&format!("set role {role}")).await;
    stage.run("insert into app.orders (id, full_name) values (3, 'Dan'); update app.orders set name = 'Eve' where id = 1").await;
    assert_eq!(
        stage.rows("select id, name, full_name from app.orders order by id").await,
        "1 | Eve | Eve\n2 | Cy | Cy\n3 | Dan | Dan"
    );
    assert_eq!(stage.run_or_state("delete from app.orders").await.as_deref(), Some("42501"));
    stage.run("reset role").await;
    if server_is_at_least(15) {
        let rows = format!(
            "alter table app.orders__base enable row level security;
            create policy own on app.orders__base to {role} using (id > 1); set role {role}"
        );
        stage.run(&rows).await;
        assert_eq!(stage.rows("select id from app.orders order by id").await, "2\n3");
        stage.run("reset role").await;
    }
    stage.run(&format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test]
async fn a_foreign_key_that_cascades_goes_through_the_trigger() {
    let setup = "create schema app; create table app.people (name text primary key);
        insert into app.people values ('Ann'), ('Bob');
        create table app.orders (id bigint primary key,
            name text references app.people on update cascade on delete set null);
        insert into app.orders values (1, 'Ann'), (2, 'Bob');";
    let mut stage = Stage::new(setup, TABLE, subject::RENAME.recipe).await;
    stage.through(Phase::Backfill).await;
    stage
        .run(
            "update app.people set name = 'Cy' where name = 'Ann'; delete from app.people where name = 'Bob'",
        )
        .await;
    assert_eq!(stage.rows("select name, full_name from app.orders order by id").await, "Cy | Cy\n- | -");
}

/// Everybody adds the same new strings at the same time: nobody fails, and no string is there twice.
#[tokio::test]
async fn strings_that_many_add_at_once_are_added_once() {
    let mut stage = Stage::new(&subject::LOOKUP.setup(Shape::Plain), TABLE, subject::LOOKUP.recipe).await;
    stage.through(Phase::Expand).await;
    let url = stage.db.url();
    let writers = (0..6).map(|writer: i64| {
        let url = url.clone();
        tokio::spawn(async move {
            let client = connect(&url).await;
            for n in 0..60_i64 {
                let (id, status) = (writer * 1000 + n, format!("s{}", n / 2));
                client
                    .execute("insert into app.orders (id, status) values ($1, $2)", &[&id, &status])
                    .await
                    .unwrap_or_else(|error| panic!("{error:?}"));
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(stage.rows("select count(*) from app.order_statuses").await, "33");
    let wrong = "select count(*) from app.orders o left join app.order_statuses s on s.id = o.status_id
        where s.name is distinct from o.status";
    assert_eq!(stage.rows(wrong).await, "0");
}

/// Old code writes from before the expand to the hide, new code from the expand on: no statement of either fails.
#[tokio::test]
async fn both_releases_write_through_every_file_and_nobody_fails() {
    for subject in [subject::RENAME_NOT_NULL, subject::CHANGE_TYPE, subject::LOOKUP] {
        let mut stage = Stage::new(&subject.setup(Shape::Plain), TABLE, subject.recipe).await;
        let old = subject.columns(Release::One);
        let values = subject.literals(Release::One, Some(0)).join(", ");
        stage
            .run(&format!(
                "insert into {TABLE} (id, {old}) select n, {values} from generate_series(1, 2000) n"
            ))
            .await;
        let mut old = Crowd::begin(&stage, subject, Release::One);
        stage.through(Phase::Expand).await;
        let mut new = Crowd::begin(&stage, subject, Release::Two);
        stage.through(Phase::Backfill).await;
        old.wait_for_more(100).await;
        new.wait_for_more(100).await;
        assert_eq!((old.end().await, new.failed()), (0, 0), "{}", subject.name);
        stage.up_to("hide").await;
        new.wait_for_more(50).await;
        stage.back().await;
        new.wait_for_more(50).await;
        assert_eq!(new.end().await, 0, "{}", subject.name);
        let verify = stage.files.iter().find(|file| file.text.contains("-- upshift: verify")).unwrap();
        let queries =
            verify.text.split("-- upshift: verify\n").nth(1).unwrap().split("-- upshift: down").next();
        assert_eq!(stage.rows(queries.unwrap()).await, "t\nt", "{}", subject.name);
    }
}

/// Three connections that write as one release does, until they are told to end.
struct Crowd {
    state: Arc<State>,
    writers: Vec<tokio::task::JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    done: AtomicU32,
    failed: AtomicU32,
    ends: AtomicBool,
}

impl Crowd {
    fn begin(stage: &Stage, subject: Subject, release: Release) -> Crowd {
        let state = Arc::new(State::default());
        let writers = (0..3).map(|writer| {
            let (state, url) = (state.clone(), stage.db.url());
            tokio::spawn(async move { write(&url, subject, release, writer, &state).await })
        });
        Crowd { writers: writers.collect(), state }
    }

    /// Waits until so many statements more are done, or one failed.
    async fn wait_for_more(&mut self, statements: u32) {
        let until = self.state.done.load(Ordering::SeqCst) + statements;
        while self.state.done.load(Ordering::SeqCst) < until && self.failed() == 0 {
            tokio::task::yield_now().await;
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    fn failed(&self) -> u32 {
        self.state.failed.load(Ordering::SeqCst)
    }

    /// Ends it, and says how many statements failed.
    async fn end(&mut self) -> u32 {
        self.state.ends.store(true, Ordering::SeqCst);
        for writer in self.writers.drain(..) {
            writer.await.unwrap();
        }
        self.failed()
    }
}

async fn write(url: &str, subject: Subject, release: Release, writer: usize, state: &State) {
    let client = connect(url).await;
    let columns = subject.columns(release);
    let id = 10_000 * (writer + 1) + if release == Release::One { 0 } else { 5000 };
    for n in 0.. {
        if state.ends.load(Ordering::SeqCst) {
            return;
        }
        let value = Some(n % subject.values.len());
        let (literals, set) =
            (subject.literals(release, value).join(", "), subject.assignments(release, value));
        let sql = match n % 4 {
            0 => format!("insert into {TABLE} (id, {columns}) values ({id} + {n}, {literals})"),
            1 => format!("update {TABLE} set {set} where id = {} % 2000 + 1", n * 7),
            2 => format!(
                "insert into {TABLE} (id, {columns}) values ({id}, {literals})
                on conflict (id) do update set {set}"
            ),
            _ => format!("select {columns} from {TABLE} where id = {} % 2000 + 1", n * 3),
        };
        match client.batch_execute(&sql).await {
            Ok(()) => state.done.fetch_add(1, Ordering::SeqCst),
            Err(error) => {
                eprintln!("{}: {sql}: {error:?}", subject.name);
                state.failed.fetch_add(1, Ordering::SeqCst)
            }
        };
    }
}
