//! The engine's part, for whatever tool there is: what it is given is written whole or not at all.

use expect_test::expect;
use upshift::tokio_postgres::Client;
use upshift::{
    Adopted, AdoptedMigration, AdoptedText, Ident, MigrationId, MigrationSet, Predecessor, Version,
    async_trait,
};
use upshift_promises::{Database, files};

const FILES: &[(&str, &str)] = &[("1_a.sql", "create table a ();"), ("2_b.sql", "create table b ();")];

/// A tool of one's own.
struct Homemade {
    /// Versions it has applied; `None`: there is a reason against it.
    applied: Option<Vec<u64>>,
}

#[async_trait]
impl Predecessor for Homemade {
    fn name(&self) -> &str {
        "homemade"
    }

    fn advisory_locks(&self) -> Vec<i64> {
        vec![42]
    }

    fn tables(&self) -> Vec<(Ident, Ident)> {
        vec![(Ident::new("public").unwrap(), Ident::new("done").unwrap())]
    }

    async fn adopted(&mut self, client: &Client, set: &MigrationSet) -> Option<Adopted> {
        assert_eq!(set.len(), 2);
        let row = client.query_one(
            "select count(*) from pg_locks where pid = pg_backend_pid() and mode = 'ShareRowExclusiveLock'",
            &[],
        );
        assert_eq!(row.await.unwrap().get::<_, i64>(0), 1, "its table is locked while it is read");
        let migrations = self.applied.clone()?.into_iter().map(|version| AdoptedMigration {
            id: MigrationId::Version(Version::new(version).unwrap()),
            text: AdoptedText::Believed,
            applied_at: None,
            took: None,
            detail: "homemade".to_owned(),
        });
        Some(Adopted {
            from: "homemade".to_owned(),
            detail: "by hand".to_owned(),
            migrations: migrations.collect(),
        })
    }
}

async fn database() -> Database {
    let db = Database::new().await;
    db.run("create table done (version int)").await;
    db
}

async fn is_empty(db: &Database) {
    assert_eq!(db.rows("select count(*) from upshift.history").await, "0");
    assert_eq!(db.rows("select count(*) from upshift.audit").await, "0");
    db.settle().await;
}

#[tokio::test]
async fn what_a_tool_of_ones_own_has_applied_counts_as_applied() {
    let db = database().await;
    let migrator = db.migrator(files(FILES));
    let adopted = migrator.adopt(&mut Homemade { applied: Some(vec![1]) }).await.unwrap();
    assert_eq!(adopted.map(|it| it.migrations.len()), Some(1));
    assert_eq!(upshift_promises::steps(&migrator.run().await.unwrap()), "up 2_b");
    let sql = "select action, version, name, detail from upshift.audit order by id";
    expect![[r#"
        adopt | - | homemade | by hand
        adopt | 1 | a | homemade
        apply | 2 | b | -"#]]
    .assert_eq(&db.rows(sql).await);
}

#[tokio::test]
async fn a_reason_against_it_leaves_nothing() {
    let db = database().await;
    let migrator = db.migrator(files(FILES));
    assert_eq!(migrator.adopt(&mut Homemade { applied: None }).await.unwrap(), None);
    is_empty(&db).await;
}

#[tokio::test]
async fn a_migration_that_the_set_does_not_have_leaves_nothing() {
    let db = database().await;
    let error =
        db.migrator(files(FILES)).adopt(&mut Homemade { applied: Some(vec![1, 7]) }).await.unwrap_err();
    expect![[r#"
        homemade has applied 7, which is no migration of this set
          help: adopt with the files the tool has applied"#]]
    .assert_eq(&error.render());
    is_empty(&db).await;
}

#[tokio::test]
async fn a_history_that_is_not_empty_is_not_adopted_into() {
    let db = database().await;
    let migrator = db.migrator(files(FILES));
    migrator.run().await.unwrap();
    let error = migrator.adopt(&mut Homemade { applied: Some(vec![1]) }).await.unwrap_err();
    expect![[r#"
        the history is not empty, so no other tool's history can be adopted
          help: a history is adopted once; `migrator.unadopt()` takes an adoption back, while nothing was applied since"#]]
    .assert_eq(&error.render());
}
