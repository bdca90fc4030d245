//! Several at once: boots, adoptions, and the old tool itself at work.

use expect_test::expect;
use futures_util::future::join_all;
use upshift::Migrator;
use upshift_adopt::{Request, Tool};
use upshift_promises::dropped::drop_at;
use upshift_promises::pgbouncer::PgBouncer;
use upshift_promises::{Database, files};

use crate::stage::{database, project, text};

const FILES: &[(&str, &str)] = &[
    ("20240101120000_a.sql", "-- +goose Up\ncreate table a ();\n"),
    ("20240102120000_b.sql", "-- +goose Up\ncreate table b ();\n"),
];

#[tokio::test]
async fn of_many_adoptions_at_once_one_is_done() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let one = || async {
        let migrator = db.migrator(files(FILES));
        upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose)).await
    };
    let all = join_all((0..6).map(|_| one())).await;
    assert_eq!(all.iter().filter(|it| it.is_ok()).count(), 1, "{all:?}");
    expect![[r#"
        20240101120000 | a | baseline
        20240102120000 | b | baseline"#]]
    .assert_eq(&db.history().await);
    assert_eq!(db.rows("select count(*) from upshift.audit").await, "3");
    db.settle().await;
}

#[tokio::test]
async fn a_second_adoption_is_refused() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let migrator = db.migrator(files(FILES));
    upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose)).await.unwrap();
    let error = upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose)).await.unwrap_err();
    expect![[r#"
        the history of goose is not adopted: upshift has a history here, of 2 migrations

        goose: public.goose_db_version, 3 rows; goose files; its times say no zone and are taken as UTC
        migration         goose           applied (UTC)        standing
        20240101120000_a  20240101120000  2026-11-20 10:33:00  unverifiable: it keeps no checksum
        20240102120000_b  20240102120000  2026-11-20 10:33:00  unverifiable: it keeps no checksum
        to adopt: 2 migrations, 0 verified
        refused: upshift has a history here, of 2 migrations
          help: a history is adopted once, before upshift applies anything; `unadopt` takes an adoption back, while nothing was applied since"#]].assert_eq(&error.render());
    assert_eq!(db.rows("select count(*) from upshift.audit").await, "3");
}

#[tokio::test]
async fn boots_beside_an_adoption_find_it_done_or_not_begun() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    // The schema is there, so a boot that comes first fails at its first statement, and leaves nothing.
    db.run("create table a (); create table b ()").await;
    let adoption = async {
        let migrator = db.migrator(files(FILES));
        upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose)).await.map(drop).map_err(|it| it.render())
    };
    let boot = || async { db.migrator(files(FILES)).run().await.map_err(|it| it.render()) };
    let (adopted, boots) = futures_util::future::join(adoption, join_all((0..4).map(|_| boot()))).await;
    adopted.unwrap();
    for boot in boots {
        match boot {
            Ok(report) => assert!(report.is_empty()),
            Err(error) => assert!(error.contains("already exists"), "{error}"),
        }
    }
    assert!(db.migrator(files(FILES)).run().await.unwrap().is_empty());
}

/// The error of an adoption with what differs from run to run taken out.
async fn held(migrator: &Migrator, tool: Tool) -> String {
    let error = upshift_adopt::adopt(migrator, &Request::new(tool)).await.unwrap_err();
    assert!(error.is_locked());
    let text = error.render();
    let words =
        text.split(' ').map(|word| if word.contains(|c: char| c.is_ascii_digit()) { "N" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

async fn is_untouched(db: &Database) {
    assert_eq!(db.rows("select count(*) from upshift.history").await, "0");
    assert_eq!(db.rows("select count(*) from upshift.audit").await, "0");
    db.settle().await;
}

/// CRC-32 as the tools compute it for their keys, bit by bit.
fn crc(text: &str) -> u32 {
    let step = |crc: u32, byte: u8| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 },
        )
    };
    !text.bytes().fold(!0, step)
}

/// Every key a tool migrates under, in this database; those of the vectors are what the tools' own sources compute.
fn keys(tool: Tool, database: &str) -> Vec<i64> {
    let vectors: serde_json::Value = serde_json::from_str(&text("checksum-vectors.json")).unwrap();
    let known = |name: &str| vec![vectors["locks"][name].as_i64().unwrap()];
    let golang = |name: &str| {
        i64::from(crc(&format!("public\0schema_migrations\0{name}")).wrapping_mul(1_486_364_155))
    };
    assert_eq!(known("golang_migrate_instance_app"), [golang("app")]);
    assert_eq!(known("golang_migrate_url_app"), [golang("/app")]);
    assert_eq!(known("sqlx_db_app"), [0x3d32_ad9e * i64::from(crc("app"))]);
    match tool {
        Tool::Goose => known("goose"),
        Tool::Flyway => known("flyway_default"),
        Tool::Tern => known("tern"),
        Tool::NodePgMigrate => known("node_pg_migrate"),
        Tool::Graphile => known("graphile"),
        Tool::Sqitch => known("sqitch"),
        Tool::Sqlx => vec![0x3d32_ad9e * i64::from(crc(database))],
        Tool::GolangMigrate => vec![golang(database), golang(&format!("/{database}"))],
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn each_tools_advisory_lock_refuses_with_its_holder() {
    let one = |name: &str, text: &str| files(&[(name, text)]);
    for (sample, tool, source) in [
        ("goose-v3.27.3.from-source.sql", Tool::Goose, files(FILES)),
        (
            "sqlx-0.9.from-source.sql",
            Tool::Sqlx,
            one("20240101120000_create_t.sql", "create table t(id int);"),
        ),
        (
            "flyway-13.0.0.from-source.sql",
            Tool::Flyway,
            files(&[("V1_1__create_t.sql", "create table t(id int);"), ("R__my_view.sql", "select 1;\n")]),
        ),
        ("golang-migrate.from-source.sql", Tool::GolangMigrate, one("20240102120000_b.up.sql", "select 1;")),
        (
            "tern-2.4.2.from-source.sql",
            Tool::Tern,
            files(&[("001_a.sql", "select 1;"), ("002_b.sql", "select 2;")]),
        ),
        (
            "node-pg-migrate-9.0.0.real.sql",
            Tool::NodePgMigrate,
            files(&[("1700000000000_a.sql", "select 1;"), ("1700000000001_b.sql", "select 2;")]),
        ),
        ("graphile-migrate-1.4.1.real.sql", Tool::Graphile, project("gm/migrations")),
        ("sqitch-1.3.1.real.sql", Tool::Sqitch, project("sqi")),
    ] {
        let db = database(sample).await;
        let migrator = db.migrator(source);
        let keys = keys(tool, db.name());
        assert!(!keys.is_empty());
        for key in keys {
            let other = db.client().await;
            let hold = format!("set application_name = 'the old tool'; select pg_advisory_lock({key})");
            other.batch_execute(&hold).await.unwrap();
            let said = held(&migrator, tool).await;
            assert!(said.contains("is at work, and nothing was adopted: pid N `the old tool`,"), "{said}");
            other.batch_execute("select pg_advisory_unlock_all()").await.unwrap();
            is_untouched(&db).await;
        }
        upshift_adopt::adopt(&migrator, &Request::new(tool)).await.unwrap();
    }
}

#[tokio::test]
async fn an_open_write_to_the_old_table_refuses_with_its_writer() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let other = db.client().await;
    other
        .batch_execute(
            "set application_name = 'goose by hand'; begin;
            insert into goose_db_version (version_id, is_applied) values (20240103120000, true)",
        )
        .await
        .unwrap();
    let timeouts =
        upshift::Timeouts { lock: std::time::Duration::from_millis(200), ..upshift::Timeouts::default() };
    let migrator = db.migrator(files(FILES)).timeouts(timeouts);
    expect![[r#"
        goose is at work, and nothing was adopted: pid N `goose by hand`, role postgres, from N connected for N ms
          help: let it finish and stop it for good, or end it with `select N"#]].assert_eq(&held(&migrator, Tool::Goose).await);
    other.batch_execute("commit").await.unwrap();
    is_untouched(&db).await;
    // And now the row counts: its file is not there.
    let error = upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose)).await.unwrap_err();
    expect!["the history of goose is not adopted: applied, and newer than all files: 20240103120000"]
        .assert_eq(&error.to_string());
}

/// What was decided at the first look is not what counts: the old tool may end a migration while its lock is waited for.
#[tokio::test]
async fn what_the_old_tool_writes_until_its_table_is_locked_counts() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let other = db.client().await;
    let insert = "begin; insert into goose_db_version (version_id, is_applied) values (20240103120000, true)";
    other.batch_execute(insert).await.unwrap();
    let timeouts =
        upshift::Timeouts { lock: std::time::Duration::from_secs(60), ..upshift::Timeouts::default() };
    let mut more = FILES.to_vec();
    more.push(("20240103120000_c.sql", "-- +goose Up\ncreate table c ();\n"));
    let migrator = db.migrator(files(&more)).timeouts(timeouts);
    let first = upshift_adopt::decide(&migrator, &Request::new(Tool::Goose)).await.unwrap();
    assert_eq!(first.lines[2].standing, upshift_adopt::Standing::Pending);
    let adopting = tokio::spawn(async move {
        upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose)).await.map_err(|error| error.render())
    });
    let waits = "select count(*) from pg_locks where not granted and relation = 'goose_db_version'::regclass";
    while db.rows(waits).await == "0" {
        tokio::task::yield_now().await;
    }
    other.batch_execute("commit").await.unwrap();
    let adopted = adopting.await.unwrap().unwrap();
    assert!(adopted.lines[2].standing.is_applied());
    assert_eq!(db.rows("select count(*) from upshift.history").await, "3");
}

#[tokio::test]
async fn an_adoption_dropped_at_any_await_point_is_whole_or_not_there() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let (mut dropped, mut whole) = (0, 0);
    for nth in 1.. {
        db.run("drop schema if exists upshift cascade").await;
        let migrator = db.migrator(files(FILES));
        let outcome = drop_at(nth, upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose))).await;
        db.settle().await;
        let status = migrator.status().await.unwrap();
        let adopted = status.migrations.iter().filter(|it| it.applied.is_some()).count();
        assert!(adopted == 0 || adopted == 2, "dropped at {nth}: {adopted} of 2");
        whole += usize::from(adopted == 2);
        if adopted == 0 {
            upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose)).await.unwrap();
        }
        assert_eq!(db.rows("select count(*) from upshift.audit").await, "3", "dropped at {nth}");
        if outcome.is_some() {
            break;
        }
        dropped += 1;
    }
    assert!(dropped > 10 && whole < dropped, "dropped {dropped} times, and {whole} times whole");
}

#[tokio::test]
async fn a_history_is_adopted_through_a_transaction_pooler() {
    let Some(pooler) = PgBouncer::start() else { return };
    let db = database("goose-v3.27.3.from-source.sql").await;
    let pool = upshift_promises::database::pool(&pooler.url(db.name()), 4);
    let migrator = Migrator::new(pool, files(FILES));
    let other = db.client().await;
    other.batch_execute("select pg_advisory_lock(4097083626)").await.unwrap();
    let error = upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose)).await.unwrap_err();
    assert!(error.is_locked(), "{error:?}");
    other.batch_execute("select pg_advisory_unlock_all()").await.unwrap();
    upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose)).await.unwrap();
    assert_eq!(db.history().await, "20240101120000 | a | baseline\n20240102120000 | b | baseline");
    assert_eq!(db.rows("select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())").await, "0");
    assert_eq!(migrator.unadopt().await.unwrap().len(), 2);
}
