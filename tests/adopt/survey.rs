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
    expect![[""]].assert_eq(&all);
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
    expect![[""]].assert_eq(&survey.to_string());
}
