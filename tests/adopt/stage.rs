//! A database with a tool's history, and the way from there.

use std::path::{Path, PathBuf};

use expect_test::Expect;
use upshift::{Migrator, Source, SourceFile};
use upshift_adopt::{LookBack, Request};
use upshift_promises::{Database, steps};

/// A file of the samples.
pub(crate) fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/histories").join(path)
}

/// The text of one.
pub(crate) fn text(path: &str) -> String {
    std::fs::read_to_string(fixture(path)).unwrap()
}

/// A folder of migrations behind a sample.
pub(crate) fn project(path: &str) -> Source {
    Source::folder(fixture("projects").join(path))
}

/// A database that holds a sample.
pub(crate) async fn database(sample: &str) -> Database {
    let db = Database::new().await;
    // Half of the tools write times without a zone.
    db.run(&format!("alter database {} set timezone to 'UTC'", db.name())).await;
    db.run(&text(sample)).await;
    db
}

/// Everything in the tables that look like a history, whatever their columns.
pub(crate) async fn old_tables(db: &Database, migrator: &Migrator) -> String {
    let survey = upshift_adopt::survey(migrator).await.unwrap();
    let mut all = String::new();
    for found in &survey.tables {
        let table = &found.shape.table;
        let rows = db.rows(&format!("select to_json(t)::text from {table} t order by 1")).await;
        all.push_str(&format!("{table}\n{rows}\n"));
    }
    assert!(!all.is_empty(), "no old table");
    all
}

/// Where each migration stands for upshift.
pub(crate) async fn states(migrator: &Migrator) -> String {
    let status = migrator.status().await.unwrap();
    assert_eq!(status.refused, Vec::<String>::new());
    let state = |it: &upshift::MigrationStatus| format!("{} {}\n", it.label, it.state);
    status.migrations.iter().map(state).collect()
}

/// The way: look, adopt, status, go on with one more file, look back; the old table stays as it is.
pub(crate) struct Way<'w> {
    pub(crate) db: &'w Database,
    pub(crate) source: Source,
    pub(crate) request: Request,
    /// A file behind those of the source.
    pub(crate) next: (&'w str, &'w str),
}

impl Way<'_> {
    /// `table` is what a person sees first, `after` what the status says then, `done` what the next run does.
    pub(crate) async fn walk(self, table: Expect, after: Expect, done: &str) {
        let Way { db, source, request, next } = self;
        let migrator = db.migrator(&source);
        let before = old_tables(db, &migrator).await;
        let decided = upshift_adopt::decide(&migrator, &request).await.unwrap();
        table.assert_eq(&decided.to_string());
        assert_eq!(db.rows("select to_regnamespace('upshift')").await, "-", "a look writes nothing");
        let adopted = upshift_adopt::adopt(&migrator, &request).await.unwrap();
        assert_eq!(adopted, decided);
        after.assert_eq(&states(&migrator).await);
        let next = SourceFile::new(next.0.to_owned(), next.1.to_owned());
        let more = db.migrator(source.with_files([next]));
        assert_eq!(steps(&more.run().await.unwrap()), done);
        assert!(more.run().await.unwrap().is_empty());
        assert_eq!(old_tables(db, &migrator).await, before, "the old table is as it was");
        let back = upshift_adopt::look_back(&migrator).await.unwrap();
        assert!(matches!(back, LookBack::AsAdopted { .. }), "{back}");
        let verdict = migrator.audit().verify().await.unwrap();
        assert!(matches!(verdict, upshift::AuditVerdict::Whole { .. }), "{verdict:?}");
    }
}
