//! Tools that know a migration by its name or its hash: drizzle, umzug and sequelize, node-pg-migrate, graphile-migrate.

use expect_test::expect;
use upshift::Version;
use upshift_adopt::{OnMissing, Request, Standing, Tool};
use upshift_promises::files;

use crate::stage::{Way, database, project, text};

#[tokio::test]
async fn drizzle_with_a_journal_moves_in() {
    let db = database("drizzle-kit-0.31.11.real.sql").await;
    let journal = text("projects/dz/drizzle/meta/_journal.json");
    let more = journal.replace(
        "\n  ]",
        ",\n    { \"idx\": 2, \"version\": \"7\", \"when\": 1795170600000, \"tag\": \"0002_next\", \"breakpoints\": true }\n  ]",
    );
    let folder = |journal: &str| {
        files(&[
            ("meta/_journal.json", journal),
            ("0000_init.sql", &text("projects/dz/drizzle/0000_init.sql")),
            ("0001_seed.sql", &text("projects/dz/drizzle/0001_seed.sql")),
        ])
    };
    let migrator = db.migrator(folder(&journal));
    let decided = upshift_adopt::adopt(&migrator, &Request::new(Tool::Drizzle)).await.unwrap();
    expect![[r#"
        drizzle: drizzle.__drizzle_migrations, 2 rows; drizzle files
        migration           drizzle        applied (UTC)  standing
        1795170508333_init  1795170508333  -              verified
        1795170508894_seed  1795170508894  -              verified
        to adopt: 2 migrations, 2 verified
    "#]]
    .assert_eq(&decided.to_string());
    let more = folder(&more).with_files([upshift::SourceFile::new("0002_next.sql", "create table next ();")]);
    let report = db.migrator(more).run().await.unwrap();
    assert_eq!(upshift_promises::steps(&report), "up 1795170600000_next");
}

#[tokio::test]
async fn what_drizzle_skipped_is_named() {
    let db = database("drizzle-kit-0.31.11.real.sql").await;
    // Merged from a branch after the newer one had been applied.
    let journal = text("projects/dz/drizzle/meta/_journal.json").replace(
        "    {\n      \"idx\": 1,",
        "    { \"idx\": 9, \"version\": \"7\", \"when\": 1795170508500, \"tag\": \"0009_late\", \"breakpoints\": true },\n    {\n      \"idx\": 1,",
    );
    let source = files(&[
        ("meta/_journal.json", &journal),
        ("0000_init.sql", &text("projects/dz/drizzle/0000_init.sql")),
        ("0001_seed.sql", &text("projects/dz/drizzle/0001_seed.sql")),
        ("0009_late.sql", "create table late ();"),
    ]);
    let decided = upshift_adopt::decide(&db.migrator(source), &Request::new(Tool::Drizzle)).await.unwrap();
    assert_eq!(decided.lines[1].standing, Standing::Skipped);
    expect![[r#"
        drizzle: drizzle.__drizzle_migrations, 2 rows; drizzle files
        migration           drizzle        applied (UTC)  standing
        1795170508333_init  1795170508333  -              verified
        1795170508500_late  -              -              skipped by the old tool: never applied
        1795170508894_seed  1795170508894  -              verified
        to adopt: 2 migrations, 2 verified; not applied: 1
    "#]]
    .assert_eq(&decided.to_string());
}

#[tokio::test]
async fn drizzle_with_folders_moves_in() {
    let db = database("drizzle-kit-1.0.0-rc.4.real.sql").await;
    Way {
        db: &db,
        source: project("dz1/drizzle"),
        request: Request::new(Tool::Drizzle),
        next: ("20261121102906_next/migration.sql", "create table next ();"),
    }
    .walk(
        expect![[r#"
        drizzle: drizzle.__drizzle_migrations, 1 row; drizzle-folders files
        migration            drizzle              applied (UTC)        standing
        20261120102906_init  20261120102906_init  2026-11-20 10:29:07  verified
        to adopt: 1 migration, 1 verified
    "#]],
        expect![[r#"
        20261120102906_init applied
    "#]],
        "up 20261121102906_next",
    )
    .await;
}

#[tokio::test]
async fn drizzle_that_was_upgraded_moves_in() {
    let db = database("drizzle-upgraded-0.31-to-1.0rc.real.sql").await;
    Way {
        db: &db,
        source: project("dzup/drizzle"),
        request: Request::new(Tool::Drizzle),
        next: ("20261121102906_next/migration.sql", "create table next ();"),
    }
    .walk(
        expect![[r#"
        drizzle: drizzle.__drizzle_migrations, 2 rows; drizzle-folders files
        migration            drizzle              applied (UTC)  standing
        20261120102828_init  20261120102828_init  -              verified
        20261120102829_seed  20261120102828_seed  -              verified
        to adopt: 2 migrations, 2 verified
    "#]],
        expect![[r#"
        20261120102828_init applied
        20261120102829_seed applied
    "#]],
        "up 20261121102906_next",
    )
    .await;
}

#[tokio::test]
async fn a_table_of_drizzle_that_was_not_upgraded_is_matched_by_its_hashes() {
    let db = database("drizzle-kit-0.31.11.real.sql").await;
    let decided = upshift_adopt::decide(&db.migrator(project("dzup/drizzle")), &Request::new(Tool::Drizzle))
        .await
        .unwrap();
    expect![[r#"
        drizzle: drizzle.__drizzle_migrations, 2 rows; drizzle-folders files
        migration            drizzle        applied (UTC)  standing
        20261120102828_init  1795170508333  -              verified
        20261120102829_seed  1795170508894  -              verified
        to adopt: 2 migrations, 2 verified
    "#]]
    .assert_eq(&decided.to_string());
}

#[tokio::test]
async fn umzug_moves_in() {
    let db = database("umzug-3.8.3.real.sql").await;
    Way {
        db: &db,
        source: project("umz/migrations"),
        request: Request::new(Tool::Umzug),
        next: ("2026.11.21T10.29.17.next.sql", "create table next ();"),
    }
    .walk(
        expect![[r#"
        umzug: public."SequelizeMeta", 1 row; umzug files
        migration             umzug                          applied (UTC)  standing
        20261120102917_users  2026.11.20T10.29.17.users.sql  -              unverifiable: it keeps no checksum
        to adopt: 1 migration, 0 verified
    "#]],
        expect![[r#"
        20261120102917_users baseline
    "#]],
        "up 20261121102917_next",
    )
    .await;
}

#[tokio::test]
async fn sequelize_moves_in_as_a_baseline() {
    let db = database("sequelize-cli-6.6.5.real.sql").await;
    let at = "20261120102913-create-users.js";
    Way {
        db: &db,
        source: files(&[("20261120102913_baseline.sql", "create table users (id int);")]),
        request: Request::new(Tool::Umzug).baseline(Version::new(20_261_120_102_913).unwrap(), [at]),
        next: ("20261121102917_next.sql", "create table next ();"),
    }
    .walk(
        expect![[r#"
        umzug: public."SequelizeMeta", 2 rows; upshift files
        migration                umzug                              applied (UTC)  standing
        20261120102913_baseline  at 20261120102913-create-users.js  -              in the baseline
        to adopt: 1 migration, 0 verified
    "#]],
        expect![[r#"
        20261120102913_baseline baseline
    "#]],
        "up 20261121102917_next",
    )
    .await;
}

#[tokio::test]
async fn javascript_without_a_baseline_is_refused_with_the_way_out() {
    let db = database("sequelize-cli-6.6.5.real.sql").await;
    let migrator = db.migrator(files(&[("20261120102913_baseline.sql", "create table users (id int);")]));
    let error = upshift_adopt::adopt(&migrator, &Request::new(Tool::Umzug)).await.unwrap_err();
    // Leaving them out would leave nothing, and the baseline to be applied.
    let request = Request::new(Tool::Umzug).missing(OnMissing::LeaveOut);
    assert!(upshift_adopt::adopt(&migrator, &request).await.unwrap_err().adoption().is_some());
    expect![[r#"
        the history of umzug is not adopted: not one applied migration has a file: 20240101000000-create-users.js, 20261120102913-create-users.js

        umzug: public."SequelizeMeta", 2 rows; upshift files
        migration                       umzug                           applied (UTC)  standing
        20261120102913_baseline         -                               -              pending
        20240101000000-create-users.js  20240101000000-create-users.js  -              file missing
        20261120102913-create-users.js  20261120102913-create-users.js  -              file missing
        to adopt: 0 migrations, 0 verified; not applied: 1
        refused: not one applied migration has a file: 20240101000000-create-users.js, 20261120102913-create-users.js
          help: adopt with the folder that umzug has applied; JavaScript cannot run here: write the schema down as one migration, and adopt with `--baseline`"#]].assert_eq(&error.render());
}

#[tokio::test]
async fn files_that_were_translated_from_javascript_are_known_by_their_names() {
    let db = upshift_promises::Database::new().await;
    db.run("create schema meta").await;
    db.run(&text("sequelize-cli-6.6.5-timestamps-schema.real.sql")).await;
    Way {
        db: &db,
        source: files(&[
            ("20240101000000-create-users.sql", "create table users ();"),
            ("20261120102913-create-users.sql", "create table more ();"),
        ])
        .layout(upshift::Layout::Umzug),
        request: Request::new(Tool::Umzug),
        next: ("20261121102917-next.sql", "create table next ();"),
    }
    .walk(expect![[r#"
        umzug: meta."SequelizeMeta", 2 rows; umzug files
        migration                    umzug                           applied (UTC)        standing
        20240101000000_create-users  20240101000000-create-users.js  2026-11-20 10:29:15  unverifiable: it keeps no checksum
        20261120102913_create-users  20261120102913-create-users.js  2026-11-20 10:29:15  unverifiable: it keeps no checksum
        to adopt: 2 migrations, 0 verified
    "#]], expect![[r#"
        20240101000000_create-users baseline
        20261120102913_create-users baseline
    "#]], "up 20261121102917_next")
    .await;
}

#[tokio::test]
async fn node_pg_migrate_moves_in() {
    let db = database("node-pg-migrate-9.0.0.real.sql").await;
    let source = files(&[
        ("1700000000000_a.sql", &text("projects/npgm/migrations/1700000000000_a.sql")),
        // It was a `.cjs`.
        (
            "1700000000001_b.sql",
            "-- Up Migration\ncreate table b (id serial primary key);\n-- Down Migration\ndrop table b;\n",
        ),
    ]);
    Way {
        db: &db,
        source,
        request: Request::new(Tool::NodePgMigrate),
        next: ("1700000000002_next.sql", "-- Up Migration\ncreate table next ();"),
    }
    .walk(expect![[r#"
        node-pg-migrate: public.pgmigrations, 2 rows; node-pg-migrate files; its times say no zone and are taken as UTC
        migration        node-pg-migrate  applied (UTC)        standing
        1700000000000_a  1700000000000_a  2026-11-20 10:30:13  unverifiable: it keeps no checksum
        1700000000001_b  1700000000001_b  2026-11-20 10:30:13  unverifiable: it keeps no checksum
        to adopt: 2 migrations, 0 verified
    "#]], expect![[r#"
        1700000000000_a baseline
        1700000000001_b baseline
    "#]], "up 1700000000002_next")
    .await;
}

#[tokio::test]
async fn graphile_migrate_moves_in() {
    let db = database("graphile-migrate-1.4.1.real.sql").await;
    Way {
        db: &db,
        source: project("gm/migrations"),
        request: Request::new(Tool::Graphile),
        next: ("committed/000003-next.sql", "create table next ();"),
    }
    .walk(
        expect![[r#"
        graphile-migrate: graphile_migrate.migrations, 2 rows; graphile-migrate files
        migration    graphile-migrate  applied (UTC)        standing
        1_first-one  000001.sql        2026-11-20 10:30:16  verified
        2            000002.sql        2026-11-20 10:30:17  verified
        to adopt: 2 migrations, 2 verified
    "#]],
        expect![[r#"
        1_first-one applied
        2 applied
    "#]],
        "up 3_next",
    )
    .await;
}

#[tokio::test]
async fn sqitch_moves_in() {
    let db = database("sqitch-1.3.1.real.sql").await;
    Way {
        db: &db,
        source: project("sqi"),
        request: Request::new(Tool::Sqitch),
        next: ("20261121102917_next.sql", "create table next ();"),
    }
    .walk(
        expect![[r#"
        sqitch: sqitch.changes, 2 rows; sqitch files
        migration             sqitch  applied (UTC)        standing
        20261120103020_users  users   2026-11-20 10:30:21  verified
        20261120103021_mail   mail    2026-11-20 10:30:21  verified
        to adopt: 2 migrations, 2 verified
    "#]],
        expect![[r#"
        20261120103020_users applied
        20261120103021_mail applied
    "#]],
        "up 20261121102917_next",
    )
    .await;
}

#[tokio::test]
async fn a_sqitch_project_runs_on_an_empty_database_and_back() {
    let db = upshift_promises::Database::new().await;
    let migrator = db.migrator(project("sqi"));
    let report = migrator.run().await.unwrap();
    assert_eq!(upshift_promises::steps(&report), "up 20261120103020_users, up 20261120103021_mail");
    assert_eq!(db.tables().await, "users");
    migrator.down(upshift::DownTarget::Steps(2)).await.unwrap();
    assert_eq!(db.tables().await, "-");
}

/// The two scripts of one change, which was reworked behind a tag.
#[tokio::test]
async fn a_reworked_change_of_sqitch_is_found_by_its_hash() {
    let db = database("sqitch-1.3.1.real.sql").await;
    let (old, new) = ("create table users(id int);\n", "create table users(id bigint);\n");
    let hash = upshift_adopt::checksum::sqitch;
    db.run(&format!(
        "update sqitch.changes set script_hash = '{}' where change = 'users';
        update sqitch.changes set change = 'users', script_hash = '{}' where change = 'mail'",
        hash(old),
        hash(new)
    ))
    .await;
    let plan = "%project=myproj\nusers 2026-11-20T10:30:20Z T U <t@x.y> # one\n@v1 2026-11-20T10:30:21Z T U <t@x.y> # tag\n\
        users 2026-11-20T10:30:22Z T U <t@x.y> # two\n";
    let source = files(&[("sqitch.plan", plan), ("deploy/users@v1.sql", old), ("deploy/users.sql", new)]);
    let decided = upshift_adopt::decide(&db.migrator(source), &Request::new(Tool::Sqitch)).await.unwrap();
    expect![[r#"
        sqitch: sqitch.changes, 2 rows; sqitch files
        migration             sqitch  applied (UTC)        standing
        20261120103020_users  users   2026-11-20 10:30:21  verified
        20261120103022_users  users   2026-11-20 10:30:21  verified
        to adopt: 2 migrations, 2 verified
    "#]]
    .assert_eq(&decided.to_string());
}
