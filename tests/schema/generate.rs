//! Generate: migrations that make the wish, proven before they are given out.

use std::collections::BTreeSet;
use std::sync::Arc;

use expect_test::{expect, expect_file};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use upshift_generate::{GenerateError, GenerateOptions, Generated, Origin, generate};
use upshift_promises::Database;
use upshift_promises::database::SERVER;
use upshift_schema::{Kind, Verdict};

use crate::oracle::{dump, pg_dump, snapshot};
use crate::pairs::{Pair, make_roles, pairs};

/// Where shadows are made.
pub fn place() -> tokio_postgres::Config {
    SERVER.url("postgres").parse().unwrap()
}

async fn from_sql(old: &str, new: &str, options: &GenerateOptions) -> Result<Generated, GenerateError> {
    let sql = |text: &str| Origin::Sql(vec![text.to_owned()]);
    generate(&place(), &sql(old), &sql(new), options).await
}

/// What came of a pair.
#[derive(Debug, PartialEq)]
enum Came {
    Proven(Verdict),
    /// With the reason.
    Refused(String),
    /// The generated migrations make something else: this must not be.
    Wrong(String),
    /// The server does not take the schemas.
    NotTaken,
}

/// The lines of a dump, sorted where columns stand in another order.
fn comparable(dump: &str, verdict: Verdict) -> String {
    let mut lines: Vec<&str> = dump.lines().map(|line| line.trim_end_matches(',')).collect();
    if verdict == Verdict::ColumnOrder {
        lines.sort_unstable();
    }
    lines.join("\n")
}

/// Applies the files by hand, past the engine, and compares with the wish and the way back with what was: by another way
/// than the proof's.
async fn tried(pair: &Pair) -> Came {
    let (old, new) = (Database::new().await, Database::new().await);
    for (db, ddl) in [(&old, &pair.old), (&new, &pair.new)] {
        if db.client().await.batch_execute(ddl).await.is_err() {
            return Came::NotTaken;
        }
    }
    let generated = match from_sql(&pair.old, &pair.new, &GenerateOptions::new(1)).await {
        Ok(generated) => generated,
        Err(error) => {
            return Came::Refused(format!(
                "{error} {}",
                std::error::Error::source(&error).map(|it| format!("{it:?}")).unwrap_or_default()
            ));
        }
    };
    let verdict = generated.order.verdict();
    let files =
        generated.files.iter().map(|(path, text)| upshift::SourceFile::new(path.clone(), text.clone()));
    let migrator = old.migrator(upshift::Source::files(files.collect::<Vec<_>>()));
    for (number, _) in generated.files.iter().enumerate() {
        let version = upshift::Version::new(number as u64 + 1).unwrap();
        migrator.up(upshift::Target::Only(vec![version])).await.unwrap();
    }
    let diff = snapshot(&old).await.diff(&snapshot(&new).await);
    if diff.verdict() != verdict {
        return Came::Wrong(diff.to_string());
    }
    if let Some(program) = pg_dump() {
        old.run("drop schema if exists upshift cascade").await;
        let (is, wished) = (dump(&program, &old).await, dump(&program, &new).await);
        if comparable(&is, verdict) != comparable(&wished, verdict) {
            let there: BTreeSet<&str> = wished.lines().collect();
            let more: Vec<&str> = is.lines().filter(|it| !there.contains(it)).collect();
            return Came::Wrong(format!("pg_dump says otherwise: {more:?}"));
        }
    }
    Came::Proven(verdict)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pairs_of_other_tools_are_generated_or_refused_and_never_wrong() {
    let Some(pairs) = pairs() else { return };
    make_roles(&pairs).await;
    let turns = Arc::new(Semaphore::new(4));
    let mut running = JoinSet::new();
    for pair in pairs {
        let turns = turns.clone();
        running.spawn(async move {
            let _turn = turns.acquire_owned().await.unwrap();
            let came = tried(&pair).await;
            if let Came::Refused(why) | Came::Wrong(why) = &came {
                eprintln!("{}: {why}", pair.name);
            }
            (pair.name.clone(), came)
        });
    }
    let mut results = running.join_all().await;
    results.sort_by(|a, b| a.0.cmp(&b.0));
    let count = |is: fn(&Came) -> bool| results.iter().filter(|it| is(&it.1)).count();
    let proven = count(|it| matches!(it, Came::Proven(_)));
    let summary = format!(
        "generate: {} pairs, {proven} proven ({} of them but for the order of columns), {} refused, {} wrong, {} that this server does not take",
        results.len(),
        count(|it| matches!(it, Came::Proven(Verdict::ColumnOrder))),
        count(|it| matches!(it, Came::Refused(_))),
        count(|it| matches!(it, Came::Wrong(_))),
        count(|it| matches!(it, Came::NotTaken)),
    );
    eprintln!("{summary}");
    assert_eq!(count(|it| matches!(it, Came::Wrong(_))), 0, "{summary}");
    let taken = results.len() - count(|it| matches!(it, Came::NotTaken));
    assert!(proven * 100 >= taken * 95, "{summary}");
}

/// All files as one text.
fn shown(generated: &Generated) -> String {
    let files = generated.files.iter().map(|(name, text)| format!("==> {name}\n{text}\n"));
    files.collect()
}

const USERS: &str =
    "create table users (id bigint generated always as identity primary key, name text, born text);
    create view names as select id, name from users;";

#[tokio::test]
async fn each_phase_has_its_migration() {
    // Without its view, which majors print differently.
    let old = USERS.split_once(';').unwrap().0;
    let wish = "create table users (id bigint generated always as identity primary key, name text not null, email text,
            constraint users_email_key unique (email), constraint name_is_long check (length(name) > 3));
        create index users_name_idx on users (name);";
    let generated = from_sql(old, wish, &GenerateOptions::new(20260601120000)).await.unwrap();
    expect_file!["generated.txt"].assert_eq(&shown(&generated));
    assert_eq!(generated.drops, [(Kind::Column, "public.users.born".to_owned())]);
}

#[tokio::test]
async fn a_rename_is_suggested_and_done_only_when_it_is_said() {
    let wish =
        "create table users (id bigint generated always as identity primary key, full_name text, born text);
        create view names as select id, full_name as name from users;";
    let guessed = from_sql(USERS, wish, &GenerateOptions::new(1)).await.unwrap();
    assert_eq!(guessed.suggestions, ["public.users.name:full_name"]);
    assert_eq!(guessed.drops, [(Kind::Column, "public.users.name".to_owned())]);
    let options = GenerateOptions::new(1).rename("public.users.name:full_name");
    let said = from_sql(USERS, wish, &options).await.unwrap();
    assert_eq!(said.drops, []);
    assert!(
        shown(&said).contains("ALTER TABLE public.users RENAME COLUMN name TO full_name;"),
        "{}",
        shown(&said)
    );
    let error =
        from_sql(USERS, wish, &GenerateOptions::new(1).rename("public.users.nome:n")).await.unwrap_err();
    assert!(matches!(error, GenerateError::Rename(_)), "{error}");
}

#[tokio::test]
async fn nothing_is_generated_where_both_are_one() {
    let generated = from_sql(USERS, USERS, &GenerateOptions::new(1)).await.unwrap();
    assert!(generated.is_empty() && generated.hazards.is_empty(), "{generated:?}");
}

#[tokio::test]
async fn what_has_no_rule_is_refused_with_what_would_be_different() {
    let error = from_sql(
        "create table t (a integer)",
        "create table t (a integer) partition by range (a)",
        &GenerateOptions::new(1),
    )
    .await
    .unwrap_err();
    expect![[r#"
        no migration is written: the plan does not make the schema that is wished
        table public.t: what a table is partitioned by, made of or kept on cannot be changed
        what would still be another:
        changed table public.t
            + PARTITION BY RANGE (a)
    "#]]
    .assert_eq(&error.to_string());
}

#[tokio::test]
async fn a_set_is_gone_on_with() {
    let set =
        upshift::Source::files([upshift::SourceFile::new("1_users.sql", "create table users (id integer);")]);
    let wish = Origin::Sql(vec!["create table users (id integer, name text)".to_owned()]);
    let from = Origin::Migrations(set.clone());
    let generated = generate(&place(), &from, &wish, &GenerateOptions::new(2)).await.unwrap();
    let db = Database::new().await;
    db.migrator(set.clone()).run().await.unwrap();
    let files =
        generated.files.iter().map(|(path, text)| upshift::SourceFile::new(path.clone(), text.clone()));
    let set = set.with_files(files.collect::<Vec<_>>());
    db.migrator(set.clone()).run().await.unwrap();
    let again = generate(&place(), &Origin::Migrations(set), &wish, &GenerateOptions::new(9)).await.unwrap();
    assert!(again.is_empty());
}

/// What lint finds in a generated file is allowed there, with a reason.
#[tokio::test]
async fn lint_finds_nothing_that_is_not_allowed() {
    let wish = "create table users (id bigint primary key, name varchar(10), born date not null);
        create table posts (user_id bigint references users);";
    let generated = from_sql(USERS, wish, &GenerateOptions::new(2)).await.unwrap();
    let mut files = vec![upshift::SourceFile::new("1_users.sql", USERS)];
    files.extend(generated.files.iter().map(|it| upshift::SourceFile::new(it.0.clone(), it.1.clone())));
    let set = upshift::Source::files(files).set().unwrap();
    let options = upshift_lint::Options::default().since(upshift::Version::new(2).unwrap());
    let report = upshift_lint::lint(&set, &options);
    let found: Vec<String> =
        report.findings.iter().map(|it| format!("{} {}", it.migration, it.rule)).collect();
    assert_eq!(found, Vec::<String>::new(), "{}", shown(&generated));
}
