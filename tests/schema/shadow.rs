//! Shadows go, whoever makes them and however that ends.

use upshift_generate::{GenerateOptions, Origin, Shadow, generate};
use upshift_promises::Database;

use crate::generate::place;

fn name(shadow: &Shadow) -> String {
    shadow.place().config().get_dbname().unwrap_or_default().to_owned()
}

/// Which of these are there.
async fn there(db: &Database, names: &[&str]) -> String {
    db.rows(&format!(
        "select datname from pg_database where datname in ('{}') order by 1",
        names.join("', '")
    ))
    .await
}

#[tokio::test]
async fn a_shadow_goes_when_its_maker_closes_it_or_is_gone_and_not_before() {
    let db = Database::new().await;
    let (closed, kept, lost) = (
        Shadow::empty(&place()).await.unwrap(),
        Shadow::empty(&place()).await.unwrap(),
        Shadow::empty(&place()).await.unwrap(),
    );
    let names = [name(&closed), name(&kept), name(&lost)];
    let names = [names[0].as_str(), names[1].as_str(), names[2].as_str()];
    closed.close().await.unwrap();
    assert_eq!(there(&db, &names).await, [names[1], names[2]].join("\n"));
    // Its connection ends with it, which the server may learn a moment later.
    drop(lost);
    let from_elsewhere = || async {
        // A maker who sits in another database sees who is there, too.
        Shadow::empty(&db.url().parse().unwrap()).await.unwrap().close().await.unwrap();
        there(&db, &names).await
    };
    while from_elsewhere().await != names[1] {
        assert!(there(&db, &names).await.contains(names[1]), "a shadow in use was dropped");
    }
    kept.close().await.unwrap();
    assert_eq!(there(&db, &names).await, "");
}

#[tokio::test]
async fn a_call_leaves_no_shadow_whether_it_writes_refuses_or_fails() {
    let db = Database::new().await;
    // A role of its own, so that what it leaves is told from what other tests make; all it may is to create databases.
    let role = format!("maker_for_{}", db.name());
    db.run(&format!("create role {role} login createdb")).await;
    let mut config = place().config().clone();
    let place = config.user(&role).clone().into();
    let sql = |text: &str| Origin::Sql(vec![text.to_owned()]);
    let options = GenerateOptions::new(1);
    let table = sql("create table t (a integer)");
    let done = generate(&place, &Origin::Empty, &table, &options).await;
    assert_eq!(done.unwrap().files.len(), 1);
    let refused = generate(&place, &table, &sql("create table t () partition by hash ((1))"), &options).await;
    assert!(refused.is_err());
    let fails = generate(&place, &table, &sql("create nonsense"), &options).await;
    assert!(fails.is_err());
    let left = format!("select datname from pg_database where datdba = '{role}'::regrole");
    assert_eq!(db.rows(&left).await, "");
    db.run(&format!("drop role {role}")).await;
}
