//! The life of a test's database: made ahead, given away, dropped, or kept when the test fails; and of its server.

use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use upshift::Source;
use upshift::tokio_postgres::Client;
use upshift_promises::database::connect;
use upshift_promises::files;
use upshift_test::{Isolation, Server, TestDatabase};

fn one() -> Source {
    files(&[("1_orders.sql", "create table orders (id bigint generated always as identity primary key)")])
}

/// A migration that waits as long as somebody says so.
fn slow() -> Source {
    let wait = "
        do $$ begin
            while exists (select from pg_stat_activity where application_name = 'hold it') loop
                perform pg_sleep(0.01);
                perform pg_stat_clear_snapshot();
            end loop;
        end $$;
        create table orders ();";
    files(&[("1_orders.sql", wait)])
}

/// What a child of these tests shall do: tests of this file are run again in a program of their own.
fn told() -> String {
    std::env::var("UPSHIFT_TEST_TOLD").unwrap_or_default()
}

/// Runs tests of this file in another program.
fn program(test: &str, told: &str, url: Option<&str>) -> Command {
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", &format!("test_databases_life::{test}"), "--nocapture"]);
    program.env("UPSHIFT_TEST_TOLD", told).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    match url {
        Some(url) => program.env("DATABASE_URL", url),
        None => program.env_remove("DATABASE_URL"),
    };
    program
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Waits for something that happens in the background.
async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < Duration::from_secs(30), "not so after 30 s: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

struct Place {
    server: Server,
}

impl Place {
    fn new() -> Place {
        Place { server: Server::start().unwrap() }
    }

    fn url(&self) -> String {
        self.server.url("postgres")
    }

    async fn create(&self, test: &str) -> TestDatabase {
        TestDatabase::builder(one()).server(self.url()).test(test).create().await.unwrap()
    }

    async fn books(&self, sql: &str) -> String {
        let client = connect(&self.server.url("upshift_test_postgres")).await;
        column(&client, sql).await
    }

    async fn has(&self, name: &str) -> bool {
        let client = connect(&self.url()).await;
        column(&client, &format!("select datname::text from pg_database where datname = '{name}'")).await
            == name
    }
}

async fn column(client: &Client, sql: &str) -> String {
    let rows = client.query_typed(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join(" ")
}

/// The part of a text between two others.
fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let (_, rest) = text.split_once(from).unwrap_or_else(|| panic!("no `{from}` in {text}"));
    rest.split(to).next().unwrap().trim()
}

#[upshift_test::test(one())]
async fn a_test_that_does_as_it_is_told(db: TestDatabase) -> Result<(), Box<dyn std::error::Error>> {
    let client = db.client().await?;
    let rows = column(&client, "select count(*)::text from orders").await;
    assert_eq!(rows, "0", "the test begins with nothing");
    client.batch_execute("insert into orders default values").await?;
    match told().as_str() {
        "panic" => panic!("as I was told"),
        "fail" => Err("as I was told".into()),
        "wait" => {
            println!("waiting in {}", db.url());
            std::future::pending().await
        }
        _ => Ok(()),
    }
}

#[upshift_test::test(one(), isolation = "rollback")]
async fn a_test_that_commits_when_it_is_told_to(client: Client) {
    assert_eq!(column(&client, "select count(*)::text from orders").await, "0", "nobody committed anything");
    client.batch_execute("insert into orders default values").await.unwrap();
    if told() == "commit" {
        client.batch_execute("commit").await.unwrap();
        let error = client.batch_execute("insert into orders default values").await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "25006", "and afterwards nothing can be written");
    }
}

#[tokio::test]
async fn clones_are_made_ahead_and_given_away() {
    let place = Place::new();
    drop(place.create("a").await);
    let ready = "select coalesce(string_agg(name, ' '), '') from office.database where state = 'ready' and kind = 'clone'";
    eventually("two clones are ready", async || place.books(ready).await.split(' ').count() >= 2).await;
    let ahead = place.books(ready).await;
    let db = place.create("b").await;
    assert!(ahead.contains(db.name()), "{} of {ahead}", db.name());
}

#[tokio::test]
async fn the_database_of_a_test_that_passed_goes() {
    let place = Place::new();
    let db = place.create("a").await;
    let name = db.name().to_owned();
    assert!(place.has(&name).await);
    drop(db);
    eventually("it has gone", async || !place.has(&name).await).await;
}

#[tokio::test]
async fn databases_do_not_pile_up_while_tests_never_rest() {
    let place = Place::new();
    for _ in 0..100 {
        drop(place.create("a").await);
    }
    let all = "select count(*)::text from pg_database where datname like 'upshift\\_test\\_%'";
    let left: usize = place.books(all).await.parse().unwrap();
    assert!(left < 70, "{left} databases are left of 100");
}

#[tokio::test]
async fn a_failing_test_keeps_its_database_and_says_how_to_connect_until_it_runs_again() {
    let place = Place::new();
    for told in ["panic", "fail"] {
        let failing = program("a_test_that_does_as_it_is_told", told, Some(&place.url())).output().unwrap();
        assert!(!failing.status.success());
        let said = text(&failing);
        let command = between(&said, "stays for a day, or until the test runs again:\n", "\n");
        assert!(
            said.contains("the database of promises::test_databases_life::a_test_that_does_as_it_is_told"),
            "{said}"
        );
        let name = between(command, " -d ", " ").to_owned();
        let expected = format!("psql -h 127.0.0.1 -p {} -U postgres -d {name}", place.server.port());
        assert_eq!(command, expected);
        let kept = connect(&place.server.url(&name)).await;
        assert_eq!(column(&kept, "select count(*)::text from orders").await, "1", "with what the test wrote");
        drop(kept);

        // Another test leaves it alone, the same one takes it away.
        let other = place.create("another").await;
        assert!(place.has(&name).await);
        drop(other);
        let passing = program("a_test_that_does_as_it_is_told", "", Some(&place.url())).output().unwrap();
        assert!(passing.status.success(), "{}", text(&passing));
        drop(place.create("another").await);
        eventually("it has gone", async || !place.has(&name).await).await;
    }
}

#[tokio::test]
async fn a_kept_database_goes_after_a_day() {
    let place = Place::new();
    let db = place.create("a").await;
    let name = db.name().to_owned();
    db.keep();
    drop(db);
    drop(place.create("b").await);
    assert!(place.has(&name).await);
    let age = "with aged as (update office.database set used_at = now() - interval '25 hours' where state = 'kept' returning name)
        select name from aged";
    assert_eq!(place.books(age).await, name);
    drop(place.create("b").await);
    eventually("somebody keeps house again and it has gone", async || {
        drop(place.create("b").await);
        !place.has(&name).await
    })
    .await;
}

#[tokio::test]
async fn what_a_killed_program_leaves_goes() {
    let place = Place::new();
    let mut killed = program("a_test_that_does_as_it_is_told", "wait", Some(&place.url())).spawn().unwrap();
    let url = waiting_in(&mut killed);
    let name = url.rsplit('/').next().unwrap().to_owned();
    assert!(place.has(&name).await);
    killed.kill().unwrap();
    killed.wait().unwrap();
    drop(place.create("a").await);
    eventually("it has gone", async || !place.has(&name).await).await;
}

/// The address that a waiting child prints.
fn waiting_in(child: &mut Child) -> String {
    use std::io::{BufRead, BufReader};
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.map(Result::unwrap).find(|line| line.contains("waiting in ")).unwrap();
    line.split("waiting in ").nth(1).unwrap().to_owned()
}

#[upshift_test::test(slow())]
async fn a_test_with_a_slow_migration(client: Client) {
    assert_eq!(column(&client, "select count(*)::text from orders").await, "0");
}

#[tokio::test]
async fn a_template_half_made_by_a_killed_program_is_made_anew() {
    let place = Place::new();
    // The office is there, and does not say `hold it` itself.
    drop(place.create("a").await);
    let hold = connect(&format!("{}?application_name=hold%20it", place.url())).await;
    let mut killed = program("a_test_with_a_slow_migration", "", Some(&place.url())).spawn().unwrap();
    let making = "select coalesce(string_agg(name, ' '), '') from office.database where kind = 'template' and state = 'making'";
    eventually("it migrates", async || {
        let name = place.books(making).await;
        !name.is_empty() && place.has(&name).await
    })
    .await;
    let half = place.books(making).await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    drop(hold);
    let held = "select count(*)::text from pg_stat_activity where application_name = 'hold it'";
    eventually("nobody holds it", async || place.books(held).await == "0").await;
    let passing = program("a_test_with_a_slow_migration", "", Some(&place.url())).output().unwrap();
    assert!(passing.status.success(), "{}", text(&passing));
    drop(place.create("a").await);
    eventually("the half one has gone", async || !place.has(&half).await).await;
}

#[tokio::test]
async fn programs_at_the_same_time_make_one_template() {
    let place = Place::new();
    let programs: Vec<Child> = (0..4)
        .map(|_| program("a_test_that_does_as_it_is_told", "", Some(&place.url())).spawn().unwrap())
        .collect();
    for program in programs {
        let output = program.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
    }
    let made = "select count(*)::text from office.database where kind = 'template'";
    assert_eq!(place.books(made).await, "1");
}

#[tokio::test]
async fn templates_nobody_used_for_a_while_go_when_there_are_many() {
    let place = Place::new();
    for n in 0..11 {
        let table = format!("create table t{n} ()");
        let set = files(&[("1_t.sql", &table)]);
        drop(TestDatabase::builder(set).server(place.url()).create().await.unwrap());
    }
    place.books("with aged as (update office.database set used_at = used_at - interval '1 hour' returning name) select ''").await;
    let count =
        "select count(*)::text from pg_database where datistemplate and datname like 'upshift\\_test\\_%'";
    eventually("eight are left, and the one in use", async || {
        drop(place.create("a").await);
        matches!(place.books(count).await.as_str(), "8" | "9")
    })
    .await;
}

#[tokio::test]
async fn a_test_that_commits_what_is_rolled_back_fails_and_the_next_finds_nothing_of_it() {
    let place = Place::new();
    let test = "a_test_that_commits_when_it_is_told_to";
    let committing = program(test, "commit", Some(&place.url())).output().unwrap();
    assert!(!committing.status.success());
    let said = text(&committing);
    assert!(said.contains("the test committed its transaction, and others see what it wrote"), "{said}");
    let next = program(test, "", Some(&place.url())).output().unwrap();
    assert!(next.status.success(), "{}", text(&next));
}

#[tokio::test]
async fn tests_that_roll_back_share_a_database_and_see_nothing_of_each_other() {
    let place = Place::new();
    let create = || async {
        let builder = TestDatabase::builder(one()).server(place.url()).isolation(Isolation::Rollback);
        builder
            .fixture("two.sql", "insert into orders default values; insert into orders default values")
            .create()
            .await
    };
    let (a, b) = (create().await.unwrap(), create().await.unwrap());
    assert_eq!(a.name(), b.name());
    for db in [&a, &b, &a] {
        let client = db.client().await.unwrap();
        assert_eq!(column(&client, "select count(*)::text from orders").await, "2");
        client.batch_execute("insert into orders default values").await.unwrap();
        assert_eq!(column(&client, "select count(*)::text from orders").await, "3");
    }
    let error = a.pool().unwrap_err();
    assert_eq!(error.to_string(), "a test whose transaction is rolled back cannot be given a pool");
    assert!(error.help().unwrap().starts_with("take a `Client`"));
}

#[tokio::test]
async fn a_role_that_may_not_create_databases_is_told_so_and_can_have_schemas() {
    let place = Place::new();
    let admin = connect(&place.url()).await;
    for sql in ["create role app login", "create database orders owner app"] {
        admin.batch_execute(sql).await.unwrap();
    }
    let url = place.server.url("orders").replace("//postgres@", "//app:secret@");
    let error = TestDatabase::builder(one()).server(&url).create().await.unwrap_err();
    assert!(error.is_no_createdb());
    assert_eq!(
        format!("{error:?}"),
        "role `app` may not create databases on this server\n  \
         help: `alter role app createdb`; or `isolation = \"schema\"`, which needs no database of its own; or unset \
         DATABASE_URL: then a throw-away server is started"
    );
    let schema = || TestDatabase::builder(one()).server(&url).isolation(Isolation::Schema).create();
    let (a, b) = (schema().await.unwrap(), schema().await.unwrap());
    for db in [&a, &b] {
        let client = db.client().await.unwrap();
        assert_eq!(column(&client, "select count(*)::text from orders").await, "0");
        client.batch_execute("insert into orders default values").await.unwrap();
        assert!(db.migrator().unwrap().run().await.unwrap().is_empty(), "everything is applied");
        assert!(!format!("{db:?} {}", db.psql()).contains("secret"));
    }
    drop((a, b));
    let left = "select count(*)::text from pg_namespace where nspname like 'upshift%'";
    let orders = connect(&place.server.url("orders")).await;
    eventually("the schemas have gone", async || column(&orders, left).await == "0").await;
}

#[tokio::test]
async fn schemas_of_killed_programs_go_and_kept_ones_stay() {
    let place = Place::new();
    let schema = |test: &str| {
        TestDatabase::builder(one()).server(place.url()).isolation(Isolation::Schema).test(test).create()
    };
    let kept = schema("kept").await.unwrap();
    let name = kept.name().to_owned();
    kept.keep();
    drop(kept);
    let admin = connect(&place.url()).await;
    admin
        .batch_execute(
            "create schema upshift_test_1_a; comment on schema upshift_test_1_a is 'upshift-test: for 1/2.3'",
        )
        .await
        .unwrap();
    let schemas = "select coalesce(string_agg(nspname::text, ' ' order by nspname), '') from pg_namespace
        where nspname like 'upshift%' and nspname not like '%upshift'";
    drop(schema("other").await.unwrap());
    eventually("only the kept one is left", async || column(&admin, schemas).await == name).await;
    drop(schema("kept").await.unwrap());
    eventually("and goes when its test runs again", async || column(&admin, schemas).await.is_empty()).await;
}

#[tokio::test]
async fn the_address_is_checked_and_never_shown() {
    for url in ["postgres://app:secret@[", "mysql://app:secret@h/d"] {
        let error = TestDatabase::builder(one()).server(url).create().await.unwrap_err();
        assert_eq!(error.to_string(), "the address given to `server` is no address of a PostgreSQL server");
        assert!(!format!("{error:?}").contains("secret"));
    }
    let nobody = TestDatabase::builder(one())
        .server("postgres://app:secret@127.0.0.1:1/d")
        .create()
        .await
        .unwrap_err();
    let said = format!("{nobody:?}");
    assert!(
        said.contains("the server could not be reached") && said.contains("help: start the server"),
        "{said}"
    );
    assert!(!said.contains("secret"));
}

#[tokio::test]
async fn a_fixture_that_fails_points_at_its_line() {
    let place = Place::new();
    let builder = TestDatabase::builder(one()).server(place.url());
    let error =
        builder.fixture("fixtures/bad.sql", "-- Größe\ninsert into orderz default values;").create().await;
    expect_test::expect![[r#"
        the fixture fixtures/bad.sql failed: relation "orderz" does not exist

        relation "orderz" does not exist (42P01)
          --> fixtures/bad.sql:2:13
           |
         2 | insert into orderz default values;
           |             ^^^^^^"#]]
    .assert_eq(&format!("{:?}", error.unwrap_err()));
}

/// A folder for temporary files of its own: whoever uses it shares no server with others.
struct Apart(std::path::PathBuf);

impl Apart {
    fn new() -> Apart {
        let folder = std::env::temp_dir().join(format!("upshift-apart-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        // The server's user is another when this program runs as root.
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
        Apart(folder)
    }

    fn program(&self, told: &str) -> Command {
        let mut program = program("a_test_that_does_as_it_is_told", told, None);
        program.env("TMPDIR", &self.0);
        program
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn programs_at_the_same_moment_share_one_server_which_ends_when_all_are_killed() {
    let apart = Apart::new();
    let mut programs: Vec<Child> = (0..3).map(|_| apart.program("wait").spawn().unwrap()).collect();
    let urls: Vec<String> = programs.iter_mut().map(waiting_in).collect();
    let ports: Vec<&str> = urls.iter().map(|url| between(url, "127.0.0.1:", "/")).collect();
    let [port, others @ ..] = ports.as_slice() else { panic!("{ports:?}") };
    assert!(others.iter().all(|other| other == port), "{ports:?}");
    for program in &mut programs {
        program.kill().unwrap();
        program.wait().unwrap();
    }
    let answers = || std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_ok();
    assert!(answers(), "it waits for the next program");
    let next = apart.program("").output().unwrap();
    assert!(next.status.success(), "{}", text(&next));
    eventually("it has ended", async || !answers()).await;
}
