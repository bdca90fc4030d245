//! Generate: migrations that make the wish, proven before they are given out.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use expect_test::{expect, expect_file};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use upshift_generate::{GenerateError, GenerateOptions, Generated, Origin, generate};
use upshift_promises::Database;
use upshift_promises::database::SERVER;
use upshift_schema::{Kind, Snapshot, Verdict};

use crate::oracle::{dump, pg_dump, snapshot};
use crate::pairs::{Pair, make_roles, pairs};

/// Where shadows are made.
pub fn place() -> upshift_generate::Place {
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

/// Applies the files up and down in databases of its own, and asks pg_dump, too: by another way than the proof's.
async fn tried(pair: &Pair, program: Option<PathBuf>) -> Came {
    let (old, new) = (Database::new().await, Database::new().await);
    for (db, ddl) in [(&old, &pair.old), (&new, &pair.new)] {
        if db.client().await.batch_execute(ddl).await.is_err() {
            return Came::NotTaken;
        }
    }
    let generated = match from_sql(&pair.old, &pair.new, &GenerateOptions::new(1)).await {
        Ok(generated) => generated,
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|it| format!(": {it}")).unwrap_or_default();
            return Came::Refused(format!("{error}{cause}"));
        }
    };
    let verdict = generated.order.verdict();
    let before = seen(program.as_ref(), &old).await;
    let files =
        generated.files.iter().map(|(path, text)| upshift::SourceFile::new(path.clone(), text.clone()));
    let migrator = old.migrator(upshift::Source::files(files.collect::<Vec<_>>()));
    for (number, _) in generated.files.iter().enumerate() {
        let version = upshift::Version::new(number as u64 + 1).unwrap();
        migrator.up(upshift::Target::Only(vec![version])).await.unwrap();
    }
    let after = seen(program.as_ref(), &old).await;
    if let Some(wrong) = different(&after, &seen(program.as_ref(), &new).await, |it| it == verdict) {
        return Came::Wrong(format!("up: {wrong}"));
    }
    migrator.down(upshift::DownTarget::Steps(generated.files.len())).await.unwrap();
    // A column that is dropped and comes back stands last.
    let back = seen(program.as_ref(), &old).await;
    if let Some(wrong) = different(&back, &before, |it| it != Verdict::Different) {
        return Came::Wrong(format!("down: {wrong}"));
    }
    Came::Proven(verdict)
}

/// A schema by both of its witnesses.
async fn seen(program: Option<&PathBuf>, db: &Database) -> (Snapshot, Option<String>) {
    let dumped = match program {
        Some(program) => Some(dump(program, db).await),
        None => None,
    };
    (snapshot(db).await, dumped)
}

/// What is not as it should be.
fn different(
    is: &(Snapshot, Option<String>),
    wished: &(Snapshot, Option<String>),
    allowed: impl Fn(Verdict) -> bool,
) -> Option<String> {
    let diff = is.0.diff(&wished.0);
    let verdict = diff.verdict();
    if !allowed(verdict) {
        return Some(diff.to_string());
    }
    let (is, wished) = (is.1.as_ref()?, wished.1.as_ref()?);
    if comparable(is, verdict) == comparable(wished, verdict) {
        return None;
    }
    let only = |a: &str, b: &str| -> Vec<String> {
        let there: BTreeSet<&str> = b.lines().collect();
        a.lines().filter(|line| !there.contains(line)).map(ToOwned::to_owned).collect()
    };
    Some(format!("pg_dump says otherwise: is {:?}, should be {:?}", only(is, wished), only(wished, is)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pairs_of_other_tools_are_generated_or_refused_and_never_wrong() {
    let Some(pairs) = pairs() else { return };
    make_roles(&pairs).await;
    let program = pg_dump();
    let turns = Arc::new(Semaphore::new(4));
    let mut running = JoinSet::new();
    for pair in pairs {
        let (turns, program) = (turns.clone(), program.clone());
        running.spawn(async move {
            let _turn = turns.acquire_owned().await.unwrap();
            let came = tried(&pair, program).await;
            (pair.name, came)
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
    let wrong = results.iter().filter(|it| matches!(it.1, Came::Wrong(_)));
    let wrong: Vec<String> = wrong.map(|(name, came)| format!("{name}: {came:?}")).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let taken = results.len() - count(|it| matches!(it, Came::NotTaken));
    let refused = results
        .iter()
        .filter_map(|(name, came)| if let Came::Refused(why) = came { Some((name, why)) } else { None });
    let refused: String = refused.map(|(name, why)| format!("{name}: {why}\n")).collect();
    eprint!("{refused}");
    assert!(proven * 100 >= taken * 95, "{summary}\n{refused}");
    // Other majors take fewer of the schemas.
    if SERVER.version().major == 15 && results.len() == 222 {
        expect_file!["refused.txt"].assert_eq(&format!("{summary}\n\n{refused}"));
    }
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
        nothing is written: PostgreSQL has no statement for a part of it that keeps the rows
            table public.t: a table that is there cannot be made partitioned. Wish for the partitioned table under another name first, copy the rows in a backfill, then rename both"#]]
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

#[tokio::test]
async fn of_a_wish_that_is_refused_the_statement_is_named_that_is_wrong() {
    let cases = [
        // The server points nowhere: it is done with the first.
        (
            "create table a1 (id int);\ncreate table b1 (id int references a1 (nope));",
            "create table b1 (id int references a1 (nope))",
        ),
        // It points into the text, and is done with none.
        ("create table a1 (id int);\n-- é\n;;creat table b1 ();\nselect 1;", "creat table b1 ()"),
        ("create table a1 (id int);\nselect nope from a1;\nselect 1;", "select nope from a1"),
    ];
    for (wish, refused) in cases {
        let error = from_sql("", wish, &GenerateOptions::new(1)).await.unwrap_err();
        assert_eq!(error.to_string(), format!("the server refuses `{refused}`"));
    }
}
