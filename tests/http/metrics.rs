//! `/metrics` is what Prometheus reads: text of its format, upshift's own metrics, and what the database says now.

use std::collections::BTreeMap;

use upshift_http::{Site, router};
use upshift_promises::releases::{first_on, second_on};
use upshift_promises::{Database, database, files};

use crate::stage::get;

/// The samples, by their name and labels as they are written.
///
/// Strict: the text format 0.0.4 of Prometheus, with each metric in one group behind its TYPE.
fn parsed(text: &str) -> BTreeMap<String, f64> {
    assert!(text.ends_with('\n'), "the last line ends");
    let (mut samples, mut kinds, mut group) = (BTreeMap::new(), BTreeMap::new(), String::new());
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("# ") {
            let (word, rest) = rest.split_once(' ').expect(line);
            let (name, rest) = rest.split_once(' ').expect(line);
            assert!(is_name(name), "{line}");
            match word {
                "HELP" => assert!(!rest.is_empty(), "{line}"),
                "TYPE" => {
                    assert!(["counter", "gauge", "histogram"].contains(&rest), "{line}");
                    assert_eq!(kinds.insert(name.to_owned(), rest.to_owned()), None, "twice: {line}");
                    group = name.to_owned();
                }
                _ => panic!("{line}"),
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').expect(line);
        let name = series.split('{').next().unwrap();
        let base =
            ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let is_histogram = kinds.get(base).is_some_and(|kind| kind == "histogram");
        assert_eq!(if is_histogram { base } else { name }, group, "behind its TYPE: {line}");
        assert!(is_name(name) && is_labelled(&series[name.len()..]), "{line}");
        let value = if value == "+Inf" { f64::INFINITY } else { value.parse().expect(line) };
        assert_eq!(samples.insert(series.to_owned(), value), None, "twice: {line}");
    }
    samples
}

fn is_name(name: &str) -> bool {
    name.starts_with("upshift_")
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// `{a="b",c="d"}`, with backslash, quote and line end escaped; or nothing.
fn is_labelled(mut rest: &str) -> bool {
    if rest.is_empty() {
        return true;
    }
    let Some(inner) = rest.strip_prefix('{').and_then(|it| it.strip_suffix('}')) else { return false };
    rest = inner;
    while !rest.is_empty() {
        let Some((name, value)) = rest.split_once("=\"") else { return false };
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            return false;
        }
        let mut escaped = false;
        let end = value.find(|c: char| match (escaped, c) {
            (true, _) => {
                escaped = false;
                false
            }
            (false, '\\') => {
                escaped = true;
                false
            }
            (false, c) => c == '"',
        });
        let Some(end) = end else { return false };
        rest = value[end + 1..].trim_start_matches(',');
    }
    true
}

#[tokio::test]
async fn what_the_process_did_and_what_the_database_says_are_told_together() {
    let db = Database::new().await;
    let set = [("1_a.sql", "select 1"), ("2_b.sql", "select 1 / 0")];
    let site = Site::new(db.migrator(files(&set)));
    let migrator = site.migrator();
    migrator.run().await.unwrap_err();
    let answer = get(&site.router(), "/metrics").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let samples = parsed(&answer.text);
    let value = |series: &str| *samples.get(series).unwrap_or_else(|| panic!("{series}\n{}", answer.text));
    let took = "upshift_migration_duration_seconds_count{service=\"promises\",version=";
    assert_eq!(value(&format!("{took}\"1\",phase=\"expand\",outcome=\"applied\"}}")), 1.0);
    assert_eq!(value(&format!("{took}\"2\",phase=\"expand\",outcome=\"failed\"}}")), 1.0);
    assert_eq!(value("upshift_migrations{service=\"promises\",state=\"pending\"}"), 1.0);
    assert_eq!(value("upshift_schema_fits{service=\"promises\"}"), 0.0);
    assert_eq!(value("upshift_database_answers"), 1.0);
}

/// Buckets add up over instances, and each holds those below it.
#[tokio::test]
async fn durations_are_histograms() {
    let db = Database::new().await;
    let site = Site::new(db.migrator(files(&[("1_a.sql", "select 1")])));
    site.migrator().run().await.unwrap();
    let samples = parsed(&get(&site.router(), "/metrics").await.text);
    let buckets = samples.iter().filter(|(name, _)| name.starts_with("upshift_run_duration_seconds_bucket"));
    let mut buckets: Vec<(f64, f64)> = buckets
        .map(|(name, count)| {
            let le = name.split("le=\"").nth(1).unwrap().split('"').next().unwrap();
            (if le == "+Inf" { f64::INFINITY } else { le.parse().unwrap() }, *count)
        })
        .collect();
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert_eq!(buckets.len(), upshift::metrics::BUCKETS.len() + 1, "{buckets:?}");
    assert!(buckets.is_sorted_by(|a, b| a.1 <= b.1), "{buckets:?}");
    assert_eq!(buckets.last(), Some(&(f64::INFINITY, 1.0)));
}

/// A release that nobody is of any more, a backfill that is done: a gauge that stays would say they are there.
#[tokio::test]
async fn what_is_gone_is_gone_from_the_gauges() {
    let db = Database::new().await;
    let member = first_on(&db).await.register().await.unwrap();
    let migrator = second_on(&db).await;
    let fleet = "upshift_fleet_instances{service=\"orders\",release=\"1.0.0\",state=\"alive\"}";
    assert_eq!(parsed(&get(&router(migrator.clone()), "/metrics").await.text).get(fleet), Some(&1.0));
    member.leave().await.unwrap();
    let samples = parsed(&get(&router(migrator.clone()), "/metrics").await.text);
    assert_eq!(samples.get(fleet).copied().unwrap_or(0.0), 0.0);
    db.run("delete from upshift.instance").await;
    let samples = parsed(&get(&router(migrator), "/metrics").await.text);
    assert_eq!(samples.get(fleet), None);
}

#[tokio::test]
async fn a_hostile_name_stays_in_its_label() {
    let db = Database::new().await;
    let hostile = "a\"} 1\nevil{x=\"\\";
    let migrator = db.migrator(files(&[("1_a.sql", "select 1")])).service(hostile, "1");
    let site = Site::new(migrator);
    site.migrator().run().await.unwrap();
    let text = get(&site.router(), "/metrics").await.text;
    parsed(&text);
    assert!(!text.lines().any(|line| line.starts_with("evil")), "{text}");
}

#[tokio::test]
async fn without_a_database_what_was_counted_is_told() {
    let pool = database::pool("postgres://nobody@127.0.0.1:1/nothing", 1);
    let site = Site::new(upshift::Migrator::new(pool, files(&[])));
    let answer = get(&site.router(), "/metrics").await;
    assert_eq!(answer.status, 200);
    assert_eq!(parsed(&answer.text).get("upshift_database_answers"), Some(&0.0));
}
