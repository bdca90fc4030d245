//! Which histories there are: every sample is told from the others, all in one database too.

use expect_test::expect;
use upshift_promises::{Database, files};

use crate::stage::{fixture, text};

#[tokio::test]
async fn every_sample_is_known_by_its_columns() {
    let mut samples: Vec<String> = std::fs::read_dir(fixture(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".real.sql") || name.ends_with(".from-source.sql"))
        .collect();
    samples.sort();
    let mut all = String::new();
    for sample in samples {
        let db = Database::new().await;
        db.run("create schema meta").await;
        db.run(&text(&sample)).await;
        let survey = upshift_adopt::survey(&db.migrator(files(&[("1_a.sql", "select 1")]))).await.unwrap();
        all.push_str(&format!("{sample}\n    {}", survey.to_string().replace('\n', "\n    ").trim_end()));
        all.push('\n');
    }
    expect![[r#"
        alembic-1.20.1.real.sql
            alembic: public.alembic_version, 2 rows
        dbmate-2.36.0.real.sql
            dbmate: public.schema_migrations, 2 rows
        diesel.from-source.sql
            diesel: public.__diesel_schema_migrations, 2 rows
        drizzle-kit-0.31.11.real.sql
            drizzle: drizzle.__drizzle_migrations, 2 rows
        drizzle-kit-1.0.0-rc.4.real.sql
            drizzle: drizzle.__drizzle_migrations, 1 row
        drizzle-upgraded-0.31-to-1.0rc.real.sql
            drizzle: drizzle.__drizzle_migrations, 2 rows
        flyway-13.0.0.from-source.sql
            flyway: public.flyway_schema_history, 3 rows
        golang-migrate.from-source.sql
            golang-migrate: public.schema_migrations, 1 row
        goose-v3.27.3.from-source.sql
            goose: public.goose_db_version, 3 rows
        graphile-migrate-1.4.1.real.sql
            graphile-migrate: graphile_migrate.migrations, 2 rows
        node-pg-migrate-9.0.0.real.sql
            node-pg-migrate: public.pgmigrations, 2 rows
        refinery.from-source.sql
            refinery: public.refinery_schema_history, 2 rows
        sequelize-cli-6.6.5-timestamps-schema.real.sql
            umzug: meta."SequelizeMeta", 2 rows
        sequelize-cli-6.6.5.real.sql
            umzug: public."SequelizeMeta", 2 rows
        sqitch-1.3.1.real.sql
            sqitch: sqitch.changes, 2 rows
        sqlx-0.9.from-source.sql
            sqlx: public._sqlx_migrations, 1 row
        tern-2.4.2.from-source.sql
            tern: public.schema_version, 1 row
        umzug-3.8.3.real.sql
            umzug: public."SequelizeMeta", 1 row
    "#]]
    .assert_eq(&all);
}

#[tokio::test]
async fn a_database_with_none_says_so() {
    let db = Database::new().await;
    db.run("create table countries (name varchar(255)); create table t (version int)").await;
    let survey = upshift_adopt::survey(&db.migrator(files(&[("1_a.sql", "select 1")]))).await.unwrap();
    assert_eq!(survey.to_string(), "no history of another tool\n");
}

#[tokio::test]
async fn several_tools_in_one_database_are_all_named() {
    let db = Database::new().await;
    for sample in ["goose-v3.27.3.from-source.sql", "tern-2.4.2.from-source.sql", "diesel.from-source.sql"] {
        db.run(&text(sample)).await;
    }
    let survey = upshift_adopt::survey(&db.migrator(files(&[("1_a.sql", "select 1")]))).await.unwrap();
    expect![[r#"
        diesel: public.__diesel_schema_migrations, 2 rows
        goose: public.goose_db_version, 3 rows
        tern: public.schema_version, 1 row
    "#]]
    .assert_eq(&survey.to_string());
}
