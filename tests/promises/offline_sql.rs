//! A plan as a script: psql leaves the same schema, the same history and the same audit as the run itself.

use std::process::{Command, Output};

use upshift::{DownTarget, Grouping, Migrator, Source, Target};
use upshift_promises::database::client_program;
use upshift_promises::{Database, files};

/// Runs a script as a person would.
fn psql(db: &Database, script: &str) -> Output {
    let file = std::env::temp_dir().join(format!("upshift-{}-{}.sql", std::process::id(), db.name()));
    std::fs::write(&file, script).unwrap();
    let program = client_program("psql").expect("asked for at the beginning");
    let output =
        Command::new(program).arg("--no-psqlrc").arg("--file").arg(&file).arg(db.url()).output().unwrap();
    let _ = std::fs::remove_file(&file);
    output
}

fn psql_succeeds(db: &Database, script: &str) {
    let output = psql(db, script);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.trim().is_empty(), "{said}\n{}\n{script}", output.status);
}

/// The schema, without upshift's own.
fn dump(db: &Database, leave_out: &str) -> String {
    let program = client_program("pg_dump").expect("asked for at the beginning");
    let output = Command::new(program)
        .args(["--schema-only", "--no-owner", "--exclude-schema", leave_out])
        .arg(db.url())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // Newer servers wrap the dump in a key made up for each.
    text.lines()
        .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// History and audit without what must differ: times, durations, the address and the token, hashes.
async fn remembered(db: &Database, schema: &str) -> String {
    let history = format!(
        "select to_jsonb(h) - array['applied_at', 'duration_ms', 'host', 'token'] from {schema}.history h order by ordinal"
    );
    let audit = format!(
        "select to_jsonb(a) - array['at', 'duration_ms', 'host', 'token', 'hash', 'previous_hash'] from {schema}.audit a order by id"
    );
    format!("{}\n--\n{}", db.rows(&history).await, db.rows(&audit).await)
}

/// A database that ran the plans, and one that psql brought there: no difference.
struct Two {
    run: Database,
    script: Database,
    schema: &'static str,
}

impl Two {
    async fn new() -> Two {
        Two { run: Database::new().await, script: Database::new().await, schema: "upshift" }
    }

    fn migrator(&self, db: &Database, source: &Source) -> Migrator {
        db.migrator(source).host("web-1").schema(self.schema).unwrap()
    }

    async fn up(&self, source: Source, grouping: Grouping) {
        self.migrator(&self.run, &source).grouping(grouping).run().await.unwrap();
        let plan = self.migrator(&self.script, &source).grouping(grouping).plan(Target::Head).await.unwrap();
        psql_succeeds(&self.script, &plan.to_sql());
        self.compare(&source).await;
    }

    async fn down(&self, source: Source, target: DownTarget) {
        self.migrator(&self.run, &source).down(target).await.unwrap();
        let plan = self.migrator(&self.script, &source).plan_down(target).await.unwrap();
        psql_succeeds(&self.script, &plan.to_sql());
        self.compare(&source).await;
    }

    async fn compare(&self, source: &Source) {
        assert_eq!(dump(&self.script, self.schema), dump(&self.run, self.schema));
        assert_eq!(remembered(&self.script, self.schema).await, remembered(&self.run, self.schema).await);
        let verdict = self.migrator(&self.script, source).audit().verify().await.unwrap();
        assert!(matches!(verdict, upshift::AuditVerdict::Whole { .. }), "{verdict:?}");
        let left = self.migrator(&self.script, source).plan(Target::Head).await;
        // After a way back there is something to do again.
        if let Ok(plan) = left {
            assert_eq!(
                plan.steps().count(),
                self.migrator(&self.run, source).plan(Target::Head).await.unwrap().steps().count()
            );
        }
    }
}

const SHOP: &[(&str, &str)] = &[
    (
        "1_shop.sql",
        "create table orders (id bigint primary key, code text default 'it''s');\n\
         comment on table orders is 'one \"line\" \\ and $1, :name, :''name'', $$dollars$$, ünï 漢字';\n\
         -- upshift: down\ndrop table orders;\n",
    ),
    (
        "2_data.sql",
        "copy orders (id, code) from stdin;\n1\tone\\\\two\n2\ttab\\there\n3\t\\N\n4\t:name $1 'quote'\n\\.\n-- upshift: down\ndelete from orders;\n",
    ),
    (
        "3_index.sql",
        "set work_mem = '8MB';\ncreate index concurrently orders_code on orders (code);\nvacuum orders;\n\
         begin;\ninsert into orders values (5, 'five');\ncommit;\n\
         -- upshift: down\ndrop index concurrently orders_code;\ndelete from orders where id = 5;\n",
    ),
    (
        "4_checked.sql",
        "-- upshift: lock-timeout 7s\nalter table orders add total numeric; -- the end\n\
         -- upshift: verify\nselect count(*) = 5 from orders -- true\n;\n\
         -- upshift: guard\nselect count(*) = 5 from orders;\n-- upshift: down\nalter table orders drop total;\n",
    ),
    (
        "5_one.sql",
        "begin;\ncreate function one() returns int language plpgsql as $body$ begin return 1; end $body$;\ncommit;\n\
        -- upshift: down\ndrop function one();\n",
    ),
    (
        "6_slice.sql",
        "create table slices as select (array[1, 2, 3])[1:2] as pair, E'a\\'b' as quoted, '\\d+' as pattern;\n-- upshift: down\ndrop table slices;\n",
    ),
    (
        "7_role.sql",
        "-- upshift: irreversible because nothing is left of it\nset role pg_monitor;\nset search_path to pg_catalog;\n",
    ),
    ("R__view.sql", "create or replace view sums as select sum(total) from orders;\n"),
];

fn reversible() -> Source {
    let set: Vec<(&str, &str)> =
        SHOP.iter().filter(|(path, _)| !path.starts_with('7') && !path.starts_with('R')).copied().collect();
    files(&set)
}

#[tokio::test]
async fn a_script_leaves_what_a_run_leaves() {
    if client_program("psql").is_none() {
        return;
    }
    Two::new().await.up(files(SHOP), Grouping::Each).await;
}

#[tokio::test]
async fn a_script_in_another_schema_does_too() {
    if client_program("psql").is_none() {
        return;
    }
    let mut two = Two::new().await;
    two.schema = "Our \"history\"";
    let (run, script) = (&two.run, &two.script);
    let source = files(SHOP);
    two.migrator(run, &source).run().await.unwrap();
    psql_succeeds(script, &two.migrator(script, &source).plan(Target::Head).await.unwrap().to_sql());
    let quoted = "\"Our \"\"history\"\"\"";
    assert_eq!(remembered(script, quoted).await, remembered(run, quoted).await);
    assert_eq!(script.rows("select to_regnamespace('upshift')").await, "-");
    assert!(two.migrator(script, &source).plan(Target::Head).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_script_of_one_transaction_leaves_what_its_run_leaves() {
    if client_program("psql").is_none() {
        return;
    }
    let (shop, rest) = (SHOP[0], [SHOP[1], SHOP[4], SHOP[5], SHOP[6]]);
    let guarded =
        ("8_guarded.sql", "create table last ();\n-- upshift: guard\nselect count(*) = 4 from orders;\n");
    let view = ("R__view.sql", "create or replace view codes as select code from orders;\n");
    let set = [&[shop][..], &rest, &[guarded, view]].concat();
    Two::new().await.up(files(&set), Grouping::AllInOne).await;
}

#[tokio::test]
async fn a_script_goes_back_as_a_run_does() {
    if client_program("psql").is_none() {
        return;
    }
    let two = Two::new().await;
    two.up(reversible(), Grouping::Each).await;
    two.down(reversible(), DownTarget::Steps(2)).await;
    two.down(reversible(), DownTarget::All).await;
    two.up(reversible(), Grouping::Each).await;
}

#[tokio::test]
async fn a_script_of_what_changed_leaves_what_its_run_leaves() {
    if client_program("psql").is_none() {
        return;
    }
    let two = Two::new().await;
    two.up(files(SHOP), Grouping::Each).await;
    let mut edited = SHOP.to_vec();
    edited[0].1 =
        Box::leak(SHOP[0].1.replace("drop table orders", "drop table if exists orders").into_boxed_str());
    edited[7].1 = "create or replace view sums as select sum(total) from orders where id > 1;\n";
    two.up(files(&edited), Grouping::Each).await;
    let grouped = [
        edited[0],
        edited[1],
        edited[2],
        edited[3],
        edited[4],
        edited[5],
        edited[6],
        ("8_last.sql", "create table last ()"),
        edited[7],
    ];
    let mut again = grouped;
    again[0].1 = SHOP[0].1;
    two.up(files(&again), Grouping::AllInOne).await;
}

#[tokio::test]
async fn an_edited_repeatable_statement_by_statement_leaves_what_its_run_leaves() {
    if client_program("psql").is_none() {
        return;
    }
    let two = Two::new().await;
    let table = ("1_t.sql", "create table t ();");
    two.up(files(&[table, ("R__tidy.sql", "vacuum t;\ncomment on table t is 'one';\n")]), Grouping::Each)
        .await;
    two.up(
        files(&[table, ("R__tidy.sql", "vacuum t;\ncomment on table t is 'two';\nselect 1;\n")]),
        Grouping::Each,
    )
    .await;
}

#[tokio::test]
async fn what_stopped_in_the_middle_goes_on_by_a_script() {
    if client_program("psql").is_none() {
        return;
    }
    let two = Two::new().await;
    let broken = "create schema app;\nset search_path to app;\ncreate table t (x int);\nvacuum t;\ncreate index concurrently on nowhere (x);\n";
    for db in [&two.run, &two.script] {
        two.migrator(db, &files(&[("1_t.sql", broken)])).run().await.unwrap_err();
        db.run("create table app.nowhere (x int)").await;
    }
    two.up(files(&[("1_t.sql", broken)]), Grouping::Each).await;
}

#[tokio::test]
async fn a_script_stops_at_the_first_error_and_leaves_what_was_done() {
    if client_program("psql").is_none() {
        return;
    }
    let db = Database::new().await;
    let set = [
        ("1_a.sql", "create table a ();"),
        ("2_b.sql", "create table b ();\nselect nonsense;\n"),
        ("3_c.sql", "create table c ();"),
    ];
    let output = psql(&db, &db.migrator(files(&set)).plan(Target::Head).await.unwrap().to_sql());
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("nonsense"));
    assert_eq!(db.tables().await, "a");
    assert_eq!(db.history().await, "1 | a | applied");
}

#[tokio::test]
async fn a_script_that_is_run_twice_stops_the_second_time_and_harms_nothing() {
    if client_program("psql").is_none() {
        return;
    }
    let db = Database::new().await;
    let set =
        [("1_a.sql", "create table if not exists a ();"), ("2_b.sql", "create table if not exists b ();")];
    let script = db.migrator(files(&set)).plan(Target::Head).await.unwrap().to_sql();
    psql_succeeds(&db, &script);
    assert!(!psql(&db, &script).status.success());
    assert_eq!(db.rows("select count(*) from upshift.audit").await, "2");
}

#[tokio::test]
async fn a_script_shows_what_a_run_sends() {
    if client_program("psql").is_none() {
        return;
    }
    let db = Database::new().await;
    let script = db.migrator(files(&SHOP[..1])).plan(Target::Head).await.unwrap().to_sql();
    assert!(script.contains("1_shop"), "{script}");
    assert!(
        script.contains("create table orders (id bigint primary key, code text default 'it''s');"),
        "{script}"
    );
    assert_eq!(db.rows("select to_regnamespace('upshift')").await, "-", "making it writes nothing");
}

#[tokio::test]
async fn a_script_refuses_rust_code() {
    if client_program("psql").is_none() {
        return;
    }
    use upshift::__private::{CodeDown, CodeFuture, CodeHeader, CodeMigration, Transaction};
    fn up<'a>(_: &'a mut upshift::StepContext<'_>) -> CodeFuture<'a> {
        Box::pin(async { Ok(()) })
    }
    let header = CodeHeader {
        path: "src/names.rs",
        version: upshift::Version::new(2).unwrap(),
        name: "names",
        text: "",
        transaction: Transaction::On,
        down: CodeDown::Absent,
    };
    let db = Database::new().await;
    let source = files(&[("1_a.sql", "create table a ();"), ("3_c.sql", "create table c ();")])
        .with([CodeMigration::function(header, up, None)]);
    let output = psql(&db, &db.migrator(&source).plan(Target::Head).await.unwrap().to_sql());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("2_names is Rust code: run it through the service"), "{said}");
    assert_eq!(db.tables().await, "a");
}
