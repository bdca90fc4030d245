//! Statements that cannot be part of a migration are told before anything runs.

use upshift_promises::{Database, files};

#[tokio::test]
async fn what_cannot_be_part_of_a_migration_is_told_before_anything_runs() {
    let db = Database::new().await;
    for (text, message) in [
        ("copy (select 1) to stdout;", "COPY TO STDOUT sends rows to a client, and a migration has none"),
        (
            "COPY t (a) TO STDOUT (format csv);",
            "COPY TO STDOUT sends rows to a client, and a migration has none",
        ),
        ("discard all;", "DISCARD ALL would give away the lock that keeps other migrators out"),
        ("begin; select 1;", "this transaction is never ended"),
        ("begin; select 1; commit and chain; commit;", "AND CHAIN cannot be part of a migration"),
        ("\\i other.sql", "a psql command, which PostgreSQL does not know"),
    ] {
        for header in ["", "-- upshift: transaction off\n"] {
            let error =
                db.migrator(files(&[("1_a.sql", &format!("{header}{text}"))])).run().await.unwrap_err();
            let rendered = error.render();
            assert!(error.diagnostics().is_some(), "{rendered}");
            assert!(rendered.contains(message) || text.starts_with('\\'), "{rendered}");
        }
    }
    assert_eq!(db.rows("select to_regnamespace('upshift')").await, "-");
}

#[tokio::test]
async fn what_only_looks_like_it_runs() {
    let db = Database::new().await;
    let text = "create table t (a text);\ncopy (select 'stdout' as \"stdout\") to '/dev/null';\n\
                copy t from stdin;\nto stdout\n\\.\ndiscard temp;\n";
    db.migrator(files(&[("1_a.sql", text)])).run().await.unwrap();
    assert_eq!(db.rows("select a from t").await, "to stdout");
}
