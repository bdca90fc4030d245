//! The files in a service's folder: the fleet plays them by itself, each in its time.

use std::time::{Duration, Instant};

use expect_test::expect;
use upshift::{Did, Member, Source, SourceFile};
use upshift_promises::Database;
use upshift_promises::releases::{quick, release};
use upshift_recipes::{Null, StringToLookup, Tie};

use crate::stage::facts;

const FIRST: &str = "create schema app;
    create table app.orders (id bigint primary key, status text not null default 'new');
    insert into app.orders select n, (array['new', 'paid', 'lost'])[1 + n % 3] from generate_series(1, 3000) n;";

/// What a member does until it has done this: a line for each file.
async fn plays(member: &Member, until: &str) -> String {
    let mut done: Vec<String> = Vec::new();
    let began = Instant::now();
    while done.last().is_none_or(|last| last != until) {
        assert!(began.elapsed() < Duration::from_secs(30), "{done:?} and never {until}");
        done.push(match member.tick().await.unwrap_or_else(|error| panic!("{}", error.render())).did {
            Did::Backfilled { label } => format!("backfilled {label}"),
            Did::Contracted { label, .. } => format!("contracted {label}"),
            Did::Held { label, why } => format!("held {label}: {why}"),
            Did::Waited(verdicts) => {
                // Gates want to be seen open for some heartbeats.
                tokio::time::sleep(Duration::from_millis(20)).await;
                let labels: Vec<&str> = verdicts.iter().map(|(label, _)| label.as_str()).collect();
                format!("waits for {}", labels.join(", "))
            }
            other => panic!("{other:?}"),
        });
    }
    done.dedup();
    done.join("\n")
}

#[tokio::test]
async fn a_fleet_plays_the_files_of_a_recipe_by_itself() {
    let db = Database::new().await;
    let first = [SourceFile::new("1_orders.sql", FIRST)];
    let one = release(&db, Source::files(first.clone()), "1.0.0").gate(quick());
    one.run().await.unwrap();
    let old = one.register().await.unwrap();

    let known = facts(&db.client().await, "app.orders").await.unwrap();
    assert_eq!(
        (known.columns[0].ties.as_slice(), known.columns[1].null),
        (&[Tie::Unique][..], Null::Refused)
    );
    let lookup = StringToLookup::new(
        "status".parse().unwrap(),
        "status_id".parse().unwrap(),
        "app.order_statuses".parse().unwrap(),
    );
    let recipe = lookup.values(["new", "paid"]).default_value("new").unwrap().recipe(&known).unwrap();
    let recipe = recipe.switch("orders.status_id").unwrap();
    let files = first.into_iter().chain(recipe.numbered("2".parse().unwrap()).unwrap());
    let two = release(&db, Source::files(files), "2.0.0").gate(quick());
    let report = two.run().await.unwrap();
    assert_eq!(upshift_promises::steps(&report), "up 2_expand_orders_status");
    let new = two.register().await.unwrap();
    expect![[r#"
        backfilled 3_backfill_orders_status
        backfilled 4_check_orders_status
        backfilled 5_check_orders_status_not_null
        backfilled 6_orders_status_not_null
        waits for 7_hide_orders_status, 8_purge_orders_status"#]]
    .assert_eq(&plays(&new, "waits for 7_hide_orders_status, 8_purge_orders_status").await);

    old.leave().await.unwrap();
    drop(one);
    expect![[r#"
        waits for 7_hide_orders_status, 8_purge_orders_status
        contracted 7_hide_orders_status
        waits for 8_purge_orders_status"#]]
    .assert_eq(&plays(&new, "waits for 8_purge_orders_status").await);
    let rows = "select s.name, count(*) from app.orders o join app.order_statuses s on s.id = o.status_id
        group by s.name order by s.name";
    expect![[r#"
        lost | 1000
        new | 1000
        paid | 1000"#]]
    .assert_eq(&db.rows(rows).await);
}
