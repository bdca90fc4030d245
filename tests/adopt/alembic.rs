//! Alembic: its Python cannot run here, the SQL it writes offline can.

use expect_test::expect;
use upshift::{Source, Version};
use upshift_adopt::{Request, Tool, alembic_files};
use upshift_promises::files;

use crate::stage::{Way, database, text};

fn offline() -> Source {
    let (up, down) = (text("alembic-offline-upgrade.sql"), text("alembic-offline-downgrade.sql"));
    Source::files(alembic_files(&up, &down, "alembic_version").unwrap())
}

#[tokio::test]
async fn what_alembic_writes_offline_becomes_files_and_its_heads_stand_for_their_ancestors() {
    let db = database("alembic-1.20.1.real.sql").await;
    // The sample stands at the two heads before the merge, so the merge is left to do.
    Way {
        db: &db,
        source: offline(),
        request: Request::new(Tool::Alembic),
        next: ("0005_next.sql", "create table next ();"),
    }
    .walk(expect![[""]], expect![[""]], "up 4_76008376680a, up 5_next")
    .await;
}

#[tokio::test]
async fn an_empty_database_gets_all_of_it() {
    let db = upshift_promises::Database::new().await;
    let report = db.migrator(offline()).run().await.unwrap();
    assert_eq!(
        upshift_promises::steps(&report),
        "up 1_46d2658177af, up 2_bbb222, up 3_aaa111, up 4_76008376680a"
    );
    assert_eq!(db.tables().await, "users", "and none of Alembic's own tables");
}

#[tokio::test]
async fn a_revision_that_no_file_has_is_refused() {
    let db = database("alembic-1.20.1.real.sql").await;
    db.run("update alembic_version set version_num = 'ccc333' where version_num = 'bbb222'").await;
    let error =
        upshift_adopt::adopt(&db.migrator(offline()), &Request::new(Tool::Alembic)).await.unwrap_err();
    expect![[""]].assert_eq(&error.render());
}

#[tokio::test]
async fn a_baseline_is_for_one_place_alone() {
    let db = database("alembic-1.20.1.real.sql").await;
    let source = files(&[("1_baseline.sql", "create table users (id bigserial primary key);")]);
    let one = Version::new(1).unwrap();
    let elsewhere = Request::new(Tool::Alembic).baseline(one, ["76008376680a"]);
    let error = upshift_adopt::adopt(&db.migrator(&source), &elsewhere).await.unwrap_err();
    expect![[""]].assert_eq(&error.render());
    Way {
        db: &db,
        source,
        request: Request::new(Tool::Alembic).baseline(one, ["bbb222", "aaa111"]),
        next: ("2_next.sql", "create table next ();"),
    }
    .walk(expect![[""]], expect![[""]], "up 2_next")
    .await;
}
