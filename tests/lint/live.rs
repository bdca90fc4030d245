//! The model beside the server at hand, over more statements than were measured before.

use std::collections::BTreeSet;

use upshift_promises::Database;
use upshift_promises::database::SERVER;

use crate::compare::{Tally, compare};
use crate::observe::{observe, small_tables};
use crate::predict::{Case, SETUP, catalog, predict};

const SETUP_MORE: &str = include_str!("../fixtures/locks/setup_more.sql");
const CASES: &str = include_str!("../fixtures/locks/cases.sql");

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
    println!("{}", tally.report());
    assert_eq!(tally.wrong(), 0, "{}", tally.report());
}
