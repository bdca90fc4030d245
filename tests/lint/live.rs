//! The model beside the server at hand, over more statements than were measured before.

use std::collections::BTreeSet;

use expect_test::expect;
use upshift_promises::Database;
use upshift_promises::database::SERVER;

use crate::compare::{Tally, compare};
use crate::observe::{observe, small_tables};
use crate::predict::{Case, SETUP, catalog, predict};

const SETUP_MORE: &str = include_str!("../fixtures/locks/setup_more.sql");
const CASES: &str = include_str!("../fixtures/locks/cases.sql");

/// What only rows and statistics decide: which partition a row is in, and whether the side a foreign key refers to is read
/// through its index.
const MORE: [&str; 7] = [
    "insert into mp values (5, 'x', 5)",
    "insert into fkc values (1001, 5)",
    "update fkc set pid = 6 where id = 5",
    "delete from fkp where id = 1500",
    "alter table plain add constraint pf foreign key (pid) references fkp(id)",
    "[alter table plain add constraint pf foreign key (pid) references fkp(id) not valid] \
     alter table plain validate constraint pf",
    "alter table plain add constraint pf foreign key (pid) references t(id) on delete cascade",
];

/// The cases measured before, and those of `cases.sql`.
fn cases() -> Vec<Case> {
    let measured =
        [include_str!("../fixtures/locks/measured.txt"), include_str!("../fixtures/locks/measured2.txt")];
    let before = measured.iter().flat_map(|text| text.lines()).filter_map(|line| line.strip_prefix("## "));
    let more = CASES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    before.chain(more).map(Case::parse).collect()
}

#[tokio::test]
async fn the_model_predicts_what_this_server_does() {
    let db = Database::new().await;
    let client = db.client().await;
    let setup = format!("{SETUP}{SETUP_MORE}");
    // Autovacuum's locks are its own, but its statistics would make one plan another.
    client.batch_execute("set timezone = 'UTC'; set client_min_messages = error").await.unwrap();
    client.batch_execute(&setup).await.unwrap();
    let small: BTreeSet<String> = small_tables(&client).await;
    let catalog = catalog(&setup);
    let major = u16::try_from(SERVER.version().major).unwrap();
    let mut tally = Tally::default();
    for case in cases() {
        let did = observe(&client, &case).await;
        tally.add(&case, major, compare(&predict(&catalog, &case, major), &did, &small));
    }
    println!("PostgreSQL {major}: {}", tally.report());
    assert_eq!(tally.wrong(), 0, "{}", tally.report());
    for case in tally.named("more than happened: ").lines() {
        assert!(MORE.contains(&case), "said more of: {case}\n{}", tally.report());
    }
    expect![[r#"
        alter table t owner to postgres
        create extension if not exists pg_trgm
        alter table if exists nope add column z int
        import foreign schema x from server y into z
        security label on table t is null
        alter table base add column z int default f_volatile()
        alter table g add column z int default 1, add column y int default f_volatile()
        drop index if exists nothing
        drop table if exists nothing_at_all
        alter table g owner to pg_monitor
        alter table ident owner to pg_monitor
        delete from ul
    "#]]
    .assert_eq(&tally.named("not modelled: "));
}
