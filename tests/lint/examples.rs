//! The examples of the rules on a real server: the good ones and what the findings propose apply; the bad ones too,
//! unless the rule is about what PostgreSQL refuses.

use std::collections::BTreeSet;

use tokio_postgres::Client;
use upshift_files::sql::StatementKind;
use upshift_files::{Body, LayoutChoice, Migration, MigrationSet, SourceFile, Transaction};
use upshift_lint::rules::{RULES, Rule};
use upshift_lint::{Level, Options, lint};
use upshift_promises::Database;
use upshift_promises::database::SERVER;

/// Rules whose bad example this server refuses.
const REFUSED: [&str; 10] = [
    "alter-column-type-used-by-view",
    "assign-column-twice",
    "drop-column-used-by-view",
    "enum-value-used-at-once",
    "missing-object",
    "partitioned-foreign-key-not-valid",
    "refresh-concurrently-fails",
    "refused-in-transaction-block",
    "replace-view-changes-columns",
    "needs-newer-postgresql",
];

/// What an example takes for granted and cannot make itself, or an empty text.
fn given(rule: &str) -> &'static str {
    match rule {
        "security-definer-search-path" => "create table orders (id bigint primary key);",
        _ => "",
    }
}

/// Why an example cannot be tried on this server.
fn untried(rule: &str, files: &[SourceFile]) -> Option<&'static str> {
    let major = SERVER.version().major;
    let says = |word: &str| files.iter().any(|file| file.text.to_ascii_lowercase().contains(word));
    match rule {
        "set-tablespace-copies" => Some("a tablespace is a folder of the server"),
        "update-extension" => Some("PostGIS is not installed"),
        "drop-database" => Some("databases belong to all tests"),
        _ if says("not enforced") && major < 18 => Some("NOT ENFORCED is of PostgreSQL 18"),
        _ if says("create or replace trigger") && major < 14 => Some("of PostgreSQL 14"),
        _ if says("detach partition") && says("concurrently") && major < 14 => Some("of PostgreSQL 14"),
        _ if says("set compression") && major < 14 => Some("of PostgreSQL 14"),
        _ => None,
    }
}

fn files(example: &str) -> Vec<SourceFile> {
    let parts = example.trim().split("--- ").filter(|part| !part.is_empty());
    parts
        .map(|part| part.split_once('\n').unwrap())
        .map(|(path, text)| SourceFile::new(path.to_owned(), text.to_owned()))
        .collect()
}

fn set(files: &[SourceFile]) -> MigrationSet {
    MigrationSet::parse(files.to_vec(), Vec::new(), LayoutChoice::Detect).unwrap()
}

/// The bad example with what each of its findings proposes.
fn mended(rule: &Rule) -> Vec<Vec<SourceFile>> {
    let bad = files(rule.bad);
    let options = Options::default();
    let options = match rule.level {
        Level::Off => options.rule(&rule.name(), Level::Error).unwrap(),
        _ => options,
    };
    let found = lint(&set(&bad), &options).findings.into_iter();
    let proposed = found.filter_map(|finding| {
        let (rewrite, range) = (finding.rewrite?, finding.statement?);
        let mut all = bad.clone();
        for file in all.iter_mut().filter(|file| file.path == finding.diagnostic.path) {
            *file = SourceFile::new(file.path.clone(), rewrite.applied(&file.text, range.clone()));
        }
        let later = rewrite.later().iter().enumerate();
        all.extend(
            later.map(|(n, (name, text))| SourceFile::new(format!("{}_{name}.sql", 100 + n), text.clone())),
        );
        Some(all)
    });
    proposed.collect()
}

/// Sends the up section of a migration, in a transaction where upshift would open one; keys are bound as a backfill binds
/// them.
async fn apply(client: &Client, migration: &Migration) -> Result<(), String> {
    let Body::Sql(section) = migration.up() else { return Ok(()) };
    let cuts = section.statements().unwrap();
    let major = u16::try_from(SERVER.version().major).unwrap();
    let alone = cuts.iter().any(|cut| {
        cut.refused_in_transaction(major) || matches!(cut.kind, StatementKind::TransactionControl(_))
    });
    let mut all: Vec<String> = cuts.iter().map(|cut| cut.text(section.text()).to_owned()).collect();
    if !alone && section.transaction() == Transaction::On {
        all.insert(0, "begin".to_owned());
        all.push("commit".to_owned());
    }
    for text in all {
        let text = text.replace(":from", "0").replace(":to", "1000");
        if let Err(error) = client.batch_execute(&text).await {
            let words =
                error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
            return Err(format!("{}: {words}", migration.label()));
        }
    }
    // The next migration finds the session as the first did.
    client.batch_execute("reset all").await.map_err(|error| error.to_string())
}

/// Applies an example in an empty database that is only its own.
async fn try_out(rule: &str, files: &[SourceFile]) -> Result<(), String> {
    let db = Database::new().await;
    let client = db.client().await;
    client.batch_execute(given(rule)).await.unwrap();
    for migration in set(files).iter() {
        apply(&client, migration).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_examples_of_the_rules_and_what_they_propose_apply() {
    let db = Database::new().await;
    for role in ["app", "service", "reader"] {
        // Roles belong to all databases of the server: another test may have made it.
        let _ = db.client().await.batch_execute(&format!("create role {role}")).await;
    }
    let (mut wrong, mut refused, mut tried) = (Vec::new(), BTreeSet::new(), 0);
    for rule in RULES {
        let name = rule.name();
        let mut examples = vec![("bad", files(rule.bad)), ("good", files(rule.good))];
        examples.extend(mended(rule).into_iter().map(|files| ("proposed", files)));
        for (kind, files) in examples {
            if let Some(why) = untried(&name, &files) {
                eprintln!("SKIPPED: {name}, {kind}: {why}");
                continue;
            }
            tried += 1;
            match (kind, try_out(&name, &files).await) {
                ("bad", Err(_)) if REFUSED.contains(&name.as_str()) => drop(refused.insert(name.clone())),
                (_, Err(words)) => wrong.push(format!("{name}, {kind}: {words}")),
                (_, Ok(())) => {}
            }
        }
    }
    println!("{tried} examples applied or refused as they should");
    assert_eq!(wrong, Vec::<String>::new());
    let mut expected: BTreeSet<String> = REFUSED.iter().map(|name| (*name).to_owned()).collect();
    if SERVER.version().major >= 18 {
        expected.remove("partitioned-foreign-key-not-valid");
    }
    expected.retain(|name| *name != "needs-newer-postgresql" || refused.contains(name));
    assert_eq!(refused, expected);
}
