//! Snapshots beside pg_dump on the schemas of other tools' tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use upshift_promises::Database;
use upshift_promises::database::SERVER;

use crate::oracle::{dump, pg_dump, read, role};

/// A pair of schemas, as the file has it.
pub struct Pair {
    pub name: String,
    pub old: String,
    pub new: String,
    pub roles: Vec<String>,
}

/// The pairs beside the repository; `None`, and a line that says so, where there are none.
pub fn pairs() -> Option<Vec<Pair>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/schema-pairs/pairs.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: there is no {}", path.display());
        return None;
    };
    let pairs: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let pair = |pair: &serde_json::Value| Pair {
        name: text(&pair["name"]),
        old: text(&pair["old"]),
        new: text(&pair["new"]),
        roles: pair["roles"].as_array().unwrap().iter().map(text).collect(),
    };
    // To look at one alone.
    let only = std::env::var("UPSHIFT_PAIR").unwrap_or_default();
    Some(pairs.iter().map(pair).filter(|pair| pair.name.contains(&only)).collect())
}

/// A schema as both see it, or why the server does not take it.
struct State {
    name: String,
    seen: Result<Seen, String>,
}

/// Two texts.
struct Seen {
    dump: String,
    snapshot: String,
}

async fn state(program: Arc<PathBuf>, name: String, ddl: String) -> State {
    let db = Database::new().await;
    let client = db.client().await;
    let seen = match client.batch_execute(&ddl).await {
        Ok(()) => Ok(Seen { dump: dump(&program, &db).await, snapshot: read(&client).await.to_string() }),
        Err(error) => Err(error.as_db_error().map(|error| error.message().to_owned()).unwrap_or_default()),
    };
    State { name, seen }
}

/// The roles that the pairs expect.
pub async fn make_roles(pairs: &[Pair]) {
    let first = Database::new().await;
    let mut names: BTreeSet<&str> = pairs.iter().flat_map(|pair| &pair.roles).map(String::as_str).collect();
    // One pair expects it without saying so.
    names.insert("schemainspect_test_role");
    for name in names {
        role(&first, name).await;
    }
}

/// Does something with a database of each different schema that the server takes; the results in order of the names.
pub async fn each_schema<F, O, T>(pairs: Vec<Pair>, work: F) -> Vec<(String, T)>
where
    F: Fn(Database) -> O + Clone + Send + 'static,
    O: Future<Output = T> + Send,
    T: Send + 'static,
{
    let turns = Arc::new(Semaphore::new(4));
    let mut running = JoinSet::new();
    let mut known = BTreeSet::new();
    for pair in pairs {
        for (side, ddl) in [("old", pair.old), ("new", pair.new)] {
            if !known.insert(ddl.clone()) {
                continue;
            }
            let (turns, work, name) = (turns.clone(), work.clone(), format!("{} ({side})", pair.name));
            running.spawn(async move {
                let _turn = turns.acquire_owned().await.unwrap();
                let db = Database::new().await;
                let taken = db.client().await.batch_execute(&ddl).await.is_ok();
                if taken { Some((name, work(db).await)) } else { None }
            });
        }
    }
    let mut results: Vec<(String, T)> = running.join_all().await.into_iter().flatten().collect();
    results.sort_by(|a, b| a.0.cmp(&b.0));
    results
}

/// Everything the file has, as many at once as are quick on a small machine.
async fn states(program: PathBuf, pairs: Vec<Pair>) -> Vec<State> {
    make_roles(&pairs).await;
    let (program, turns) = (Arc::new(program), Arc::new(Semaphore::new(4)));
    let mut running = JoinSet::new();
    let mut known = BTreeSet::new();
    for pair in pairs {
        for (side, ddl) in [("old", pair.old), ("new", pair.new)] {
            if !known.insert(ddl.clone()) {
                continue;
            }
            let (program, turns, name) = (program.clone(), turns.clone(), format!("{} ({side})", pair.name));
            running.spawn(async move {
                let _turn = turns.acquire_owned().await.unwrap();
                state(program, name, ddl).await
            });
        }
    }
    let mut states = running.join_all().await;
    states.sort_by(|a, b| a.name.cmp(&b.name));
    states
}

/// For each text of one side, the texts of the other: more than one is a difference that one side does not see.
fn blind<'a>(states: &'a [(&'a str, &'a Seen)], by: fn(&Seen) -> &str, to: fn(&Seen) -> &str) -> Vec<String> {
    let mut groups: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for (name, seen) in states {
        groups.entry(by(seen)).or_default().entry(to(seen)).or_insert(name);
    }
    let split = groups.values().filter(|others| others.len() > 1);
    split.map(|others| others.values().copied().collect::<Vec<_>>().join(" | ")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_schemas_have_one_snapshot_exactly_when_they_have_one_dump() {
    let (Some(program), Some(pairs)) = (pg_dump(), pairs()) else { return };
    let states = states(program, pairs).await;
    let taken: Vec<(&str, &Seen)> =
        states.iter().filter_map(|state| Some((state.name.as_str(), state.seen.as_ref().ok()?))).collect();
    // Not only within a pair: each schema is compared with each.
    assert_eq!(blind(&taken, |seen| &seen.snapshot, |seen| &seen.dump), Vec::<String>::new());
    // pg_dump leaves the version of an extension to the server it restores on.
    let version = "extensions/upgrade an extension implicitly and explicitly";
    let expected = [format!("{version} (old) | {version} (new)")];
    assert_eq!(blind(&taken, |seen| &seen.dump, |seen| &seen.snapshot), expected);
    let distinct = taken.iter().map(|(_, seen)| &seen.snapshot).collect::<BTreeSet<_>>().len();
    assert!(taken.len() > 350 && distinct > 300, "{} schemas, {distinct} distinct", taken.len());
    let refused = states.iter().filter_map(|state| Some((&state.name, state.seen.as_ref().err()?)));
    let refused: String = refused.map(|(name, error)| format!("{name}: {error}\n")).collect();
    // Older majors lack words of some.
    if SERVER.version().major == 15 {
        assert_eq!((taken.len(), distinct, refused.as_str()), (359, 340, ""));
    }
}
