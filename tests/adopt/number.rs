//! Tools that know a migration by its number: goose, sqlx, refinery, diesel, dbmate, Flyway.

use expect_test::expect;
use upshift::{Layout, Vars};
use upshift_adopt::{Request, Standing, Tool};
use upshift_promises::files;

use crate::stage::{Way, database, project};

#[tokio::test]
async fn goose_moves_in() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let source = files(&[
        (
            "20240101120000_users.sql",
            "-- +goose Up\ncreate table users ();\n-- +goose Down\ndrop table users;\n",
        ),
        (
            "20240102120000_orders.sql",
            "-- +goose Up\ncreate table orders ();\n-- +goose Down\ndrop table orders;\n",
        ),
    ]);
    Way {
        db: &db,
        source,
        request: Request::new(Tool::Goose),
        next: ("20240103120000_next.sql", "-- +goose Up\ncreate table next ();\n"),
    }
    .walk(
        expect![[r#"
        goose: public.goose_db_version, 3 rows; goose files; its times say no zone and are taken as UTC
        migration              goose           applied (UTC)        standing
        20240101120000_users   20240101120000  2026-11-20 10:33:00  unverifiable: it keeps no checksum
        20240102120000_orders  20240102120000  2026-11-20 10:33:00  unverifiable: it keeps no checksum
        to adopt: 2 migrations, 0 verified
    "#]],
        expect![[r#"
        20240101120000_users baseline
        20240102120000_orders baseline
    "#]],
        "up 20240103120000_next",
    )
    .await;
    // What was adopted can be reverted: its down is known.
    let sql = "select version, state, applied_at at time zone 'UTC', down is not null from upshift.history order by ordinal limit 2";
    expect![[r#"
        20240101120000 | baseline | 2026-11-20 10:33:00.334661 | t
        20240102120000 | baseline | 2026-11-20 10:33:00.334661 | t"#]]
    .assert_eq(&db.rows(sql).await);
    let sql = "select action, version, name, detail from upshift.audit order by id limit 2";
    expect![[r#"
        adopt | - | goose | from public.goose_db_version: rows 3, fingerprint 8c5b96f2203db5a01474c3d0c269d20469bf5a277094009bc326bc46c6e05dcc
        adopt | 20240101120000 | users | goose 20240101120000; applied 2026-11-20 10:33:00 UTC (it says no zone, taken as UTC); checksum none; unverifiable: it keeps no checksum"#]].assert_eq(&db.rows(sql).await);
}

#[tokio::test]
async fn a_time_without_a_zone_is_taken_for_the_databases() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    db.run(&format!("alter database {} set timezone to 'Asia/Tokyo'", db.name())).await;
    let source =
        files(&[("20240101120000_a.sql", "-- +goose Up\n"), ("20240102120000_b.sql", "-- +goose Up\n")]);
    upshift_adopt::adopt(&db.migrator(source), &Request::new(Tool::Goose)).await.unwrap();
    let sql = "select applied_at at time zone 'UTC' from upshift.history limit 1";
    assert_eq!(db.rows(sql).await, "2026-11-20 01:33:00.334661");
    let sql = "select split_part(detail, '; ', 2) from upshift.audit where id = 2";
    expect!["applied 2026-11-20 01:33:00 UTC (it says no zone, taken as Asia/Tokyo)"]
        .assert_eq(&db.rows(sql).await);
}

#[tokio::test]
async fn sqlx_moves_in() {
    let db = database("sqlx-0.9.from-source.sql").await;
    Way {
        db: &db,
        source: files(&[("20240101120000_create_t.sql", "create table t(id int);")]),
        request: Request::new(Tool::Sqlx),
        next: ("20240102120000_next.sql", "create table next ();"),
    }
    .walk(
        expect![[r#"
        sqlx: public._sqlx_migrations, 1 row; upshift files
        migration                sqlx            applied (UTC)        standing
        20240101120000_create_t  20240101120000  2026-11-20 10:33:00  verified
        to adopt: 1 migration, 1 verified
    "#]],
        expect![[r#"
        20240101120000_create_t applied
    "#]],
        "up 20240102120000_next",
    )
    .await;
    let sql = "select applied_at at time zone 'UTC', duration_ms from upshift.history where version = 20240101120000";
    expect!["2026-11-20 10:33:00.694167 | 4"].assert_eq(&db.rows(sql).await);
}

#[tokio::test]
async fn a_checkout_with_other_line_ends_is_still_verified() {
    let db = database("sqlx-0.9.from-source.sql").await;
    // SHA-384 of `create table t(id int);\n`, from the vectors.
    db.run("update _sqlx_migrations set checksum = decode('6fb50252050998ec5eba70d9d0c7d53ee8f84e7dcfc2e798d538b894829157524bd98bc0fb7b369c78fb03f7ce1028ca', 'hex')").await;
    let migrator = db.migrator(files(&[("20240101120000_create_t.sql", "create table t(id int);\r\n")]));
    let decided = upshift_adopt::decide(&migrator, &Request::new(Tool::Sqlx)).await.unwrap();
    expect![[r#"
        sqlx: public._sqlx_migrations, 1 row; upshift files
        migration                sqlx            applied (UTC)        standing
        20240101120000_create_t  20240101120000  2026-11-20 10:33:00  verified, but for the ends of its lines
        to adopt: 1 migration, 1 verified
    "#]]
    .assert_eq(&decided.to_string());
}

#[tokio::test]
async fn a_file_with_a_byte_order_mark_is_verified() {
    let db = database("sqlx-0.9.from-source.sql").await;
    // SHA-384 of the mark and `select 1;\n`, from the vectors.
    db.run("update _sqlx_migrations set checksum = decode('5bc6429a704fa46b21987a21edc66c6e8c3dd834e0cf03ea16727fd039d3b58949206447dd38efb411d98356e9eb9267', 'hex')").await;
    let migrator = db.migrator(files(&[("20240101120000_create_t.sql", "\u{feff}select 1;\n")]));
    let decided = upshift_adopt::decide(&migrator, &Request::new(Tool::Sqlx)).await.unwrap();
    assert_eq!(decided.lines[0].standing, Standing::Verified);
}

/// refinery's own examples, with the checksums its tests expect.
const REFINERY: &[(&str, &str)] = &[
    (
        "V1__initial.sql",
        "CREATE TABLE persons (\n    id int,\n    name varchar(255),\n    city varchar(255)\n);\n",
    ),
    ("V2__add_cars_table.sql", "CREATE TABLE cars (\n    id int,\n    name varchar(255)\n);\n"),
];

#[tokio::test]
async fn refinery_moves_in() {
    let db = database("refinery.from-source.sql").await;
    Way {
        db: &db,
        source: files(REFINERY),
        request: Request::new(Tool::Refinery),
        next: ("V3__next.sql", "create table next ();"),
    }
    .walk(
        expect![[r#"
        refinery: public.refinery_schema_history, 2 rows; refinery files
        migration         refinery  applied (UTC)        standing
        1_initial         1         2024-01-01 12:00:00  verified
        2_add_cars_table  2         2024-01-01 12:00:01  verified
        to adopt: 2 migrations, 2 verified
    "#]],
        expect![[r#"
        1_initial applied
        2_add_cars_table applied
    "#]],
        "up 3_next",
    )
    .await;
}

#[tokio::test]
async fn times_written_by_hand_are_no_reason_to_fall_over() {
    let db = database("refinery.from-source.sql").await;
    db.run("update refinery_schema_history set applied_on = '9999-12-31T23:59:59-23:00' where version = 1")
        .await;
    db.run("update refinery_schema_history set applied_on = 'yesterday' where version = 2").await;
    let adopted =
        upshift_adopt::adopt(&db.migrator(files(REFINERY)), &Request::new(Tool::Refinery)).await.unwrap();
    let shown: Vec<&str> =
        adopted.lines.iter().map(|line| if line.at.is_some() { "a time" } else { "none" }).collect();
    assert_eq!(shown, ["a time", "none"]);
}

#[tokio::test]
async fn refinery_with_wide_versions_moves_in() {
    let db = database("refinery.from-source.sql").await;
    db.run(
        "alter table refinery_schema_history alter version type bigint;
        update refinery_schema_history set checksum = '13938959368620441626' where version = 1;
        update refinery_schema_history set checksum = '5394706226941044339' where version = 2",
    )
    .await;
    let migrator = db.migrator(files(REFINERY));
    let decided = upshift_adopt::decide(&migrator, &Request::new(Tool::Refinery)).await.unwrap();
    expect![[r#"
        refinery: public.refinery_schema_history, 2 rows; refinery files
        migration         refinery  applied (UTC)        standing
        1_initial         1         2024-01-01 12:00:00  verified
        2_add_cars_table  2         2024-01-01 12:00:01  verified
        to adopt: 2 migrations, 2 verified
    "#]]
    .assert_eq(&decided.to_string());
}

#[tokio::test]
async fn diesel_moves_in() {
    let db = database("diesel.from-source.sql").await;
    let source = files(&[
        ("00000000000000_diesel_initial_setup/up.sql", "select 1;"),
        ("00000000000000_diesel_initial_setup/down.sql", "select 1;"),
        ("2024-01-01-120000_users/up.sql", "create table users ();"),
        ("2024-01-01-120000_users/down.sql", "drop table users;"),
    ]);
    Way {
        db: &db,
        source,
        request: Request::new(Tool::Diesel),
        next: ("2024-01-02-120000_next/up.sql", "create table next ();"),
    }
    .walk(expect![[r#"
        diesel: public.__diesel_schema_migrations, 2 rows; diesel files; its times say no zone and are taken as UTC
        migration               diesel          applied (UTC)        standing
        0_diesel_initial_setup  00000000000000  2026-11-20 10:33:00  unverifiable: it keeps no checksum
        20240101120000_users    20240101120000  2026-11-20 10:33:00  unverifiable: it keeps no checksum
        to adopt: 2 migrations, 0 verified
    "#]], expect![[r#"
        0_diesel_initial_setup baseline
        20240101120000_users baseline
    "#]], "up 20240102120000_next")
    .await;
}

#[tokio::test]
async fn dbmate_moves_in() {
    let db = database("dbmate-2.36.0.real.sql").await;
    Way {
        db: &db,
        source: project("dbm/db/migrations"),
        request: Request::new(Tool::Dbmate),
        next: ("20240103120000_next.sql", "-- migrate:up\ncreate table next ();\n-- migrate:down\n"),
    }
    .walk(
        expect![[r#"
        dbmate: public.schema_migrations, 2 rows; dbmate files
        migration                    dbmate          applied (UTC)  standing
        20240101120000_create_users  20240101120000  -              unverifiable: it keeps no checksum
        20240102120000_idx           20240102120000  -              unverifiable: it keeps no checksum
        to adopt: 2 migrations, 0 verified
    "#]],
        expect![[r#"
        20240101120000_create_users baseline
        20240102120000_idx baseline
    "#]],
        "up 20240103120000_next",
    )
    .await;
}

/// A version of two parts scales them all: 1.1 is 10001 with eight zeros.
const FLYWAY: &[(&str, &str)] = &[
    ("V1__before_flyway.sql", "create table before ();"),
    ("V1_1__create_t.sql", "create table t(id int);"),
    ("R__my_view.sql", "select 1;\n"),
];

#[tokio::test]
async fn flyway_moves_in() {
    let db = database("flyway-13.0.0.from-source.sql").await;
    Way {
        db: &db,
        source: files(FLYWAY).layout(Layout::Flyway),
        request: Request::new(Tool::Flyway),
        next: ("V1_10__next.sql", "create table next ();"),
    }
    .walk(
        expect![[r#"
        flyway: public.flyway_schema_history, 3 rows; flyway files; its times say no zone and are taken as UTC
        migration                    flyway      applied (UTC)        standing
        1000000000000_before_flyway  -           2026-11-20 10:33:00  unverifiable: below Flyway's baseline
        1000100000000_create_t       1.1         2026-11-20 10:33:00  verified
        R__my_view                   R__my view  2026-11-20 10:33:00  verified
        to adopt: 3 migrations, 2 verified
    "#]],
        expect![[r#"
        1000000000000_before_flyway baseline
        1000100000000_create_t applied
        R__my_view applied
    "#]],
        "up 1001000000000_next",
    )
    .await;
}

#[tokio::test]
async fn an_edited_repeatable_of_flyway_is_applied_again() {
    let db = database("flyway-13.0.0.from-source.sql").await;
    let edited = [FLYWAY[0], FLYWAY[1], ("R__my_view.sql", "create view v as select 1 as one;")];
    Way {
        db: &db,
        source: files(&edited).layout(Layout::Flyway),
        request: Request::new(Tool::Flyway),
        next: ("V1_10__next.sql", "create table next ();"),
    }
    .walk(
        expect![[r#"
        flyway: public.flyway_schema_history, 3 rows; flyway files; its times say no zone and are taken as UTC
        migration                    flyway      applied (UTC)        standing
        1000000000000_before_flyway  -           2026-11-20 10:33:00  unverifiable: below Flyway's baseline
        1000100000000_create_t       1.1         2026-11-20 10:33:00  verified
        R__my_view                   R__my view  2026-11-20 10:33:00  changed: applied again by the next run
        to adopt: 3 migrations, 1 verified
    "#]],
        expect![[r#"
        1000000000000_before_flyway baseline
        1000100000000_create_t applied
        R__my_view pending
    "#]],
        "up 1001000000000_next, up R__my_view",
    )
    .await;
}

#[tokio::test]
async fn a_repeatable_of_flyway_with_placeholders_is_not_called_edited() {
    let db = database("flyway-13.0.0.from-source.sql").await;
    let source = files(&[FLYWAY[0], FLYWAY[1], ("R__my_view.sql", "create view v as select ${one} as one;")]);
    let migrator = db.migrator(source.layout(Layout::Flyway)).vars(Vars::new().with("one", "1"));
    let decided = upshift_adopt::decide(&migrator, &Request::new(Tool::Flyway)).await.unwrap();
    assert_eq!(
        decided.lines[2].standing.to_string(),
        "unverifiable: its checksum is of the text with placeholders replaced"
    );
}

#[tokio::test]
async fn an_empty_table_beside_the_one_in_use_is_in_nobodys_way() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    db.run("create schema old; create table old.goose_db_version (like goose_db_version)").await;
    let source = files(&[
        ("20240101120000_a.sql", "-- +goose Up\ncreate table a ();\n"),
        ("20240102120000_b.sql", "-- +goose Up\ncreate table b ();\n"),
    ]);
    let adopted = upshift_adopt::adopt(&db.migrator(source), &Request::new(Tool::Goose)).await.unwrap();
    assert_eq!(adopted.old.unwrap().table.to_string(), "public.goose_db_version");
}
