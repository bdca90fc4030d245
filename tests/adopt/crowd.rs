//! Several at once: boots, adoptions, and the old tool itself at work.

use expect_test::expect;
use futures_util::future::join_all;
use upshift::Migrator;
use upshift_adopt::{Request, Tool};
use upshift_promises::dropped::drop_at;
use upshift_promises::pgbouncer::PgBouncer;
use upshift_promises::{Database, files};

use crate::stage::database;

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

#[tokio::test]
async fn the_old_tools_advisory_lock_refuses_with_its_holder() {
    for (sample, tool, key, source) in [
        ("goose-v3.27.3.from-source.sql", Tool::Goose, "4097083626".to_owned(), files(FILES)),
        (
            "sqlx-0.9.from-source.sql",
            Tool::Sqlx,
            // As sqlx computes it, with the server's own arithmetic over a crc32 of ours.
            String::new(),
            files(&[("20240101120000_create_t.sql", "create table t(id int);")]),
        ),
        (
            "flyway-13.0.0.from-source.sql",
            Tool::Flyway,
            "77433833903597".to_owned(),
            files(&[("V1_1__create_t.sql", "create table t(id int);"), ("R__my_view.sql", "select 1;\n")]),
        ),
    ] {
        let db = database(sample).await;
        let key = if key.is_empty() {
            let crc = db.name().bytes().fold(!0_u32, |crc, byte| {
                (0..8).fold(crc ^ u32::from(byte), |crc, _| {
                    if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
                })
            });
            (0x3d32_ad9e_i64 * i64::from(!crc)).to_string()
        } else {
            key
        };
        let other = db.client().await;
        other
            .batch_execute(&format!("set application_name = 'the old tool'; select pg_advisory_lock({key})"))
            .await
            .unwrap();
        let migrator = db.migrator(source);
        let said = held(&migrator, tool).await;
        assert!(said.contains("is at work, and nothing was adopted: pid N `the old tool`,"), "{said}");
        other.batch_execute("select pg_advisory_unlock_all()").await.unwrap();
        is_untouched(&db).await;
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
