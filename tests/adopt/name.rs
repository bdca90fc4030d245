//! Tools that know a migration by its name or its hash: drizzle, umzug and sequelize, node-pg-migrate, graphile-migrate.

use expect_test::expect;
use upshift::Version;
use upshift_adopt::{Request, Standing, Tool};
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
    expect![[""]].assert_eq(&decided.to_string());
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
    expect![[""]].assert_eq(&decided.to_string());
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
    .walk(expect![[""]], expect![[""]], "up 20261121102906_next")
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
    .walk(expect![[""]], expect![[""]], "up 20261121102906_next")
    .await;
}

#[tokio::test]
async fn a_table_of_drizzle_that_was_not_upgraded_is_matched_by_its_hashes() {
    let db = database("drizzle-kit-0.31.11.real.sql").await;
    let decided = upshift_adopt::decide(&db.migrator(project("dzup/drizzle")), &Request::new(Tool::Drizzle))
        .await
        .unwrap();
    expect![[""]].assert_eq(&decided.to_string());
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
    .walk(expect![[""]], expect![[""]], "up 20261121102917_next")
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
    .walk(expect![[""]], expect![[""]], "up 20261121102917_next")
    .await;
}

#[tokio::test]
async fn javascript_without_a_baseline_is_refused_with_the_way_out() {
    let db = database("sequelize-cli-6.6.5.real.sql").await;
    let migrator = db.migrator(files(&[("20261120102913_baseline.sql", "create table users (id int);")]));
    let error = upshift_adopt::adopt(&migrator, &Request::new(Tool::Umzug)).await.unwrap_err();
    expect![[""]].assert_eq(&error.render());
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
    .walk(expect![[""]], expect![[""]], "up 20261121102917_next")
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
    .walk(expect![[""]], expect![[""]], "up 1700000000002_next")
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
    .walk(expect![[""]], expect![[""]], "up 3_next")
    .await;
}
