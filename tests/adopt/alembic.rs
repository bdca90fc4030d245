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
    .walk(
        expect![[r#"
        alembic: public.alembic_version, 2 rows; upshift files
        migration       alembic       applied (UTC)  standing
        1_46d2658177af  46d2658177af  -              unverifiable: its table has the current revisions alone
        2_bbb222        bbb222        -              unverifiable: its table has the current revisions alone
        3_aaa111        aaa111        -              unverifiable: its table has the current revisions alone
        4_76008376680a  -             -              pending
        to adopt: 3 migrations, 0 verified; not applied: 1
    "#]],
        expect![[r#"
        1_46d2658177af baseline
        2_bbb222 baseline
        3_aaa111 baseline
        4_76008376680a pending
    "#]],
        "up 4_76008376680a, up 5_next",
    )
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
    expect![[r#"
        the history of alembic is not adopted: applied, and newer than all files: ccc333

        alembic: public.alembic_version, 2 rows; upshift files
        migration       alembic       applied (UTC)  standing
        1_46d2658177af  46d2658177af  -              unverifiable: its table has the current revisions alone
        2_bbb222        -             -              out of order: newer ones are applied
        3_aaa111        aaa111        -              unverifiable: its table has the current revisions alone
        4_76008376680a  -             -              pending
        ccc333          ccc333        -              newer than these files
        to adopt: 2 migrations, 0 verified; not applied: 2
        refused: applied, and newer than all files: ccc333
          help: adopt with the files of the newest release: the next one would apply them again; Python cannot run here: cut the SQL of `alembic upgrade head --sql` into files (`--offline`), or adopt with `--baseline`"#]].assert_eq(&error.render());
}

#[tokio::test]
async fn a_baseline_is_for_one_place_alone() {
    let db = database("alembic-1.20.1.real.sql").await;
    let source = files(&[("1_baseline.sql", "create table users (id bigserial primary key);")]);
    let one = Version::new(1).unwrap();
    let elsewhere = Request::new(Tool::Alembic).baseline(one, ["76008376680a"]);
    let error = upshift_adopt::adopt(&db.migrator(&source), &elsewhere).await.unwrap_err();
    expect![[r#"
        the history of alembic is not adopted: the old history stands at aaa111, bbb222, and the baseline is of 76008376680a

        alembic: public.alembic_version, 2 rows; upshift files
        migration   alembic          applied (UTC)  standing
        1_baseline  at 76008376680a  -              in the baseline
        to adopt: 1 migration, 0 verified
        refused: the old history stands at aaa111, bbb222, and the baseline is of 76008376680a
          help: bring it there with the tool itself first, or name where it stands, if the baseline was written from that"#]].assert_eq(&error.render());
    Way {
        db: &db,
        source,
        request: Request::new(Tool::Alembic).baseline(one, ["bbb222", "aaa111"]),
        next: ("2_next.sql", "create table next ();"),
    }
    .walk(
        expect![[r#"
        alembic: public.alembic_version, 2 rows; upshift files
        migration   alembic            applied (UTC)  standing
        1_baseline  at bbb222, aaa111  -              in the baseline
        to adopt: 1 migration, 0 verified
    "#]],
        expect![[r#"
        1_baseline baseline
    "#]],
        "up 2_next",
    )
    .await;
}
