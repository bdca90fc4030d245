//! What a service sees and hangs on a run: events, hooks, migrations in Rust.

use std::sync::{Arc, Mutex};

use expect_test::expect;
use upshift::__private::{CodeDown, CodeFn, CodeFuture, CodeHeader, CodeMigration, Transaction};
use upshift::{
    Around, BoxError, DownTarget, Event, Hooks, Plan, Report, Source, StatementAt, StatementHooks,
    StepContext, Version, async_trait,
};
use upshift_promises::{Database, files, steps};

/// Every event of a run as a line.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn observer(&self) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
        let lines = self.0.clone();
        move |event: &Event<'_>| {
            let line = match event {
                Event::RunStarted { steps } => format!("run of {steps} started"),
                Event::StepStarted { step } => format!("{} {} started", step.direction, step.label),
                Event::StatementFinished { step, done, of } => format!("{}: {done} of {of}", step.label),
                Event::StepFinished { step, .. } => format!("{} {} finished", step.direction, step.label),
                Event::InvalidIndexDropped { index } => format!("dropped {index}"),
                Event::LockTaken { .. } => "lock taken".to_owned(),
                Event::StepFailed { step, why, .. } => {
                    format!("{} {} failed: {why}", step.direction, step.label)
                }
                Event::RunFinished { steps, .. } => format!("run of {steps} finished"),
                Event::RunFailed { steps, why, .. } => format!("run failed after {steps}: {why}"),
                other => format!("{other:?}"),
            };
            lines.lock().unwrap().push(line);
        }
    }

    fn lines(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}

const MIXED: &[(&str, &str)] = &[
    ("1_a.sql", "create table a (x int);\n-- upshift: down\ndrop table a;\n"),
    ("2_b.sql", "create index concurrently a_x on a (x);\nselect 1;\n-- upshift: down\ndrop index a_x;\n"),
    ("3_c.sql", "create table c ();\n-- upshift: down\ndrop table c;\n"),
];

#[tokio::test]
async fn an_observer_sees_every_event_in_order() {
    let db = Database::new().await;
    let seen = Seen::default();
    let migrator = db.migrator(files(MIXED)).observer(seen.observer());
    migrator.run().await.unwrap();
    expect![[r#"
        lock taken
        run of 3 started
        up 1_a started
        up 1_a finished
        up 2_b started
        2_b: 1 of 2
        2_b: 2 of 2
        up 2_b finished
        up 3_c started
        up 3_c finished
        run of 3 finished"#]]
    .assert_eq(&seen.lines());
    migrator.run().await.unwrap();
    assert_eq!(seen.lines().lines().count(), 11, "with nothing to do nothing happens");
    seen.0.lock().unwrap().clear();
    migrator.down(DownTarget::All).await.unwrap();
    expect![[r#"
        lock taken
        run of 3 started
        down 3_c started
        down 2_b started
        down 1_a started
        down 3_c finished
        down 2_b finished
        down 1_a finished
        run of 3 finished"#]]
    .assert_eq(&seen.lines());
}

/// Both are sent at once; the second waits until the end of the first was told.
#[tokio::test]
async fn a_migration_that_is_done_is_told_while_the_next_one_runs() {
    let db = Database::new().await;
    let gate = db.client().await;
    gate.batch_execute("select pg_advisory_lock(7)").await.unwrap();
    let set = [("1_quick.sql", "select 1"), ("2_slow.sql", "select pg_advisory_xact_lock(7)")];
    let told = Arc::new(tokio::sync::Notify::new());
    let tell = told.clone();
    let migrator = db.migrator(files(&set)).observer(move |event: &Event<'_>| {
        if matches!(event, Event::StepFinished { step, .. } if step.label == "1_quick") {
            tell.notify_one();
        }
    });
    let mut running = tokio::spawn(async move { migrator.run().await });
    tokio::select! {
        () = told.notified() => {}
        ended = &mut running => panic!("the second one ended first: {ended:?}"),
    }
    gate.batch_execute("select pg_advisory_unlock(7)").await.unwrap();
    assert_eq!(running.await.unwrap().unwrap().steps.len(), 2);
}

#[tokio::test]
async fn what_failed_is_reported_behind_what_was_done() {
    let db = Database::new().await;
    let set = [("1_slow.sql", "select pg_sleep(0.1)"), ("2_wrong.sql", "select nonsense")];
    let error = db.migrator(files(&set)).run().await.unwrap_err();
    let report = error.report().unwrap();
    let (done, failed) = (&report.steps[0], report.failed.as_ref().unwrap());
    assert_eq!((failed.label.as_str(), failed.direction), ("2_wrong", upshift::Direction::Up));
    assert!(
        failed.after >= done.after + done.took && failed.after + failed.took <= report.took,
        "{report:?}"
    );
}

#[tokio::test]
async fn an_observer_sees_how_far_a_failing_run_got() {
    let db = Database::new().await;
    let seen = Seen::default();
    let set = [MIXED[0], ("2_b.sql", "vacuum a;\nselect nonsense;\n"), MIXED[2]];
    db.migrator(files(&set)).observer(seen.observer()).run().await.unwrap_err();
    expect![[r#"
        lock taken
        run of 3 started
        up 1_a started
        up 1_a finished
        up 2_b started
        2_b: 1 of 2
        up 2_b failed: migration 2_b failed at statement 2 of 2 (2_b.sql:2:8): column "nonsense" does not exist (42703)
        run failed after 1: migration 2_b failed at statement 2 of 2 (2_b.sql:2:8): column "nonsense" does not exist (42703)"#]]
    .assert_eq(&seen.lines());
}

/// Hooks that write a row each, and fail where they are told to.
struct Noting {
    fails_at: &'static str,
}

impl Noting {
    async fn note(&self, what: String, context: &mut StepContext<'_>) -> Result<(), BoxError> {
        let fails = what == self.fails_at;
        context.batch_execute(&format!("insert into noted (what) values ('{what}')")).await?;
        if fails { Err(format!("{what} says no").into()) } else { Ok(()) }
    }
}

#[async_trait]
impl Hooks for Noting {
    async fn before_run(&self, plan: &Plan, context: &mut StepContext<'_>) -> Result<(), BoxError> {
        self.note(format!("before run of {}", plan.steps().count()), context).await
    }
    async fn before_step(&self, label: &str, context: &mut StepContext<'_>) -> Result<(), BoxError> {
        self.note(format!("before {label}"), context).await
    }
    async fn after_step(&self, label: &str, context: &mut StepContext<'_>) -> Result<(), BoxError> {
        self.note(format!("after {label}"), context).await
    }
    async fn after_run(&self, report: &Report, context: &mut StepContext<'_>) -> Result<(), BoxError> {
        self.note(format!("after run of {}", report.steps.len()), context).await
    }
}

const NOTED: &str = "select string_agg(what, ', ' order by id) from noted";

async fn noting(db: &Database) {
    db.run("create table noted (id int generated always as identity, what text, x bigint default txid_current())").await;
}

#[tokio::test]
async fn hooks_run_around_the_run_and_each_migration_inside_its_transaction() {
    let db = Database::new().await;
    noting(&db).await;
    db.migrator(files(MIXED)).hooks_with(Noting { fails_at: "" }).run().await.unwrap();
    expect![
        "before run of 3, before 1_a, after 1_a, before 2_b, after 2_b, before 3_c, after 3_c, after run of 3"
    ]
    .assert_eq(&db.rows(NOTED).await);
    let same = "select count(distinct x), max(x)::text = (select xmin::text from upshift.history where version = 1) \
                from noted where what like '%1_a'";
    assert_eq!(db.rows(same).await, "1 | t");
}

#[tokio::test]
async fn a_hook_that_fails_undoes_its_migration() {
    for fails_at in ["before 3_c", "after 3_c"] {
        let db = Database::new().await;
        noting(&db).await;
        let error = db.migrator(files(MIXED)).hooks_with(Noting { fails_at }).run().await.unwrap_err();
        assert_eq!(steps(error.report().unwrap()), "up 1_a, up 2_b");
        assert_eq!(db.tables().await, "a noted");
        assert!(!db.rows(NOTED).await.contains("3_c"));
        assert!(error.render().contains(&format!("{fails_at} says no")), "{error:?}");
        db.migrator(files(MIXED)).run().await.unwrap();
    }
}

#[tokio::test]
async fn a_hook_around_the_run_that_fails_says_so() {
    let db = Database::new().await;
    noting(&db).await;
    let error =
        db.migrator(files(MIXED)).hooks_with(Noting { fails_at: "before run of 3" }).run().await.unwrap_err();
    expect![[r#"
        the hook before_run failed
          caused by: before run of 3 says no
          help: mend the hook and run again; steps that are done stay done"#]]
    .assert_eq(&error.render());
    assert_eq!(db.history().await, "");
    let error =
        db.migrator(files(MIXED)).hooks_with(Noting { fails_at: "after run of 3" }).run().await.unwrap_err();
    assert_eq!(steps(error.report().unwrap()), "up 1_a, up 2_b, up 3_c");
}

/// Hooks that do something to the transaction they must not.
struct Meddling(&'static str);

#[async_trait]
impl Hooks for Meddling {
    async fn before_step(&self, _: &str, context: &mut StepContext<'_>) -> Result<(), BoxError> {
        // Its answer is not looked at, as careless code does.
        let _ = context.batch_execute(self.0).await;
        Ok(())
    }
}

#[tokio::test]
async fn a_hook_may_neither_end_the_transaction_nor_swallow_an_error() {
    let db = Database::new().await;
    for sql in ["commit", "rollback", "commit; begin", "select nonsense"] {
        let error = db.migrator(files(&MIXED[..1])).hooks_with(Meddling(sql)).run().await.unwrap_err();
        assert!(error.to_string().contains("the hook before_step failed"), "{sql}: {error:?}");
        assert_eq!(db.tables().await, "-", "{sql}");
        assert_eq!(db.history().await, "", "{sql}");
    }
    db.migrator(files(&MIXED[..1])).run().await.unwrap();
}

fn code(version: u64, name: &'static str, transaction: Transaction, up: CodeFn) -> CodeMigration {
    let header = CodeHeader {
        path: name,
        version: Version::new(version).unwrap(),
        name,
        text: name,
        transaction,
        down: CodeDown::Present,
    };
    CodeMigration::function(header, up, Some(down))
}

fn down<'a>(step: &'a mut StepContext<'_>) -> CodeFuture<'a> {
    Box::pin(async move { Ok(step.batch_execute("drop table if exists made").await?) })
}

fn makes_a_table<'a>(step: &'a mut StepContext<'_>) -> CodeFuture<'a> {
    Box::pin(async move {
        let version = step.version().map_or(0, |version| version.number() as i64);
        step.batch_execute("create table made (version bigint, x bigint default txid_current())").await?;
        let value: &(dyn tokio_postgres::types::ToSql + Sync) = &version;
        step.execute("insert into made (version) values ($1)", &[(value, tokio_postgres::types::Type::INT8)])
            .await?;
        Ok(())
    })
}

fn fails<'a>(step: &'a mut StepContext<'_>) -> CodeFuture<'a> {
    Box::pin(async move {
        step.batch_execute("create table made ()").await?;
        Err("no names to split".into())
    })
}

fn returns_an_error_of_the_server<'a>(step: &'a mut StepContext<'_>) -> CodeFuture<'a> {
    Box::pin(async move { Ok(step.batch_execute("select nonsense").await?) })
}

fn swallows_an_error_of_the_server<'a>(step: &'a mut StepContext<'_>) -> CodeFuture<'a> {
    Box::pin(async move {
        let _ = step.batch_execute("select nonsense").await;
        Ok(())
    })
}

fn commits<'a>(step: &'a mut StepContext<'_>) -> CodeFuture<'a> {
    Box::pin(async move { Ok(step.batch_execute("create table made (); commit").await?) })
}

fn commits_and_begins<'a>(step: &'a mut StepContext<'_>) -> CodeFuture<'a> {
    Box::pin(async move { Ok(step.batch_execute("create table made (); commit; begin").await?) })
}

fn rolls_back<'a>(step: &'a mut StepContext<'_>) -> CodeFuture<'a> {
    Box::pin(async move { Ok(step.batch_execute("rollback; create table made ()").await?) })
}

fn around(code: CodeMigration) -> Source {
    files(&[("1_a.sql", "create table a ();"), ("3_c.sql", "create table c ();")]).with([code])
}

#[tokio::test]
async fn rust_code_is_a_migration_with_a_transaction_a_place_and_a_checksum() {
    let db = Database::new().await;
    let source = around(code(2, "made", Transaction::On, makes_a_table));
    let report = db.migrator(&source).run().await.unwrap();
    assert_eq!(steps(&report), "up 1_a, up 2_made, up 3_c");
    assert_eq!(db.rows("select version from made").await, "2");
    let one = "select x::text = h.xmin::text, up_checksum from made, upshift.history h where h.version = 2";
    assert_eq!(db.rows(one).await, format!("t | {}", upshift::Checksum::of("made")));
    assert!(db.migrator(&source).run().await.unwrap().is_empty());
    // Another text behind the same version is an edit.
    let mut header = CodeHeader {
        path: "made",
        version: Version::new(2).unwrap(),
        name: "made",
        text: "edited",
        transaction: Transaction::On,
        down: CodeDown::Present,
    };
    let edited = db
        .migrator(around(CodeMigration::function(header, makes_a_table, Some(down))))
        .run()
        .await
        .unwrap_err();
    assert!(edited.is_changed());
    header.text = "made";
    db.migrator(around(CodeMigration::function(header, makes_a_table, Some(down)))).run().await.unwrap();
}

#[tokio::test]
async fn rust_code_goes_back_by_its_own_function() {
    let db = Database::new().await;
    let source = files(&[]).with([code(2, "made", Transaction::On, makes_a_table)]);
    db.migrator(&source).run().await.unwrap();
    let report = db.migrator(&source).down(DownTarget::All).await.unwrap();
    assert_eq!(steps(&report), "down 2_made");
    assert_eq!(db.tables().await, "-");
}

#[tokio::test]
async fn rust_code_may_ask_for_no_transaction() {
    let db = Database::new().await;
    let source = around(code(2, "made", Transaction::Off, commits));
    db.migrator(&source).run().await.unwrap();
    assert_eq!(db.tables().await, "a c made");
}

#[tokio::test]
async fn rust_code_without_a_transaction_that_failed_runs_again_whole() {
    let db = Database::new().await;
    let error = db.migrator(around(code(2, "made", Transaction::Off, fails))).run().await.unwrap_err();
    expect![[r#"
        migration 2_made failed in its Rust code
          caused by: no names to split
          help: only its code knows what is done; mend it and run again"#]]
    .assert_eq(&error.render());
    assert_eq!(
        db.rows("select state, error from upshift.history where version = 2").await,
        "failed | no names to split"
    );
    db.run("drop table made").await;
    db.migrator(around(code(2, "made", Transaction::Off, makes_a_table))).run().await.unwrap();
    assert_eq!(
        db.rows("select state, statements_done from upshift.history where version = 2").await,
        "applied | -"
    );
}

#[tokio::test]
async fn rust_code_that_failed_without_a_transaction_may_have_one_next_time() {
    let db = Database::new().await;
    db.migrator(around(code(2, "made", Transaction::Off, fails))).run().await.unwrap_err();
    db.run("drop table made").await;
    db.migrator(around(code(2, "made", Transaction::On, makes_a_table))).run().await.unwrap();
    assert_eq!(db.rows("select state from upshift.history where version = 2").await, "applied");
}

#[tokio::test]
async fn an_error_of_rust_code_undoes_its_transaction_and_is_shown() {
    let db = Database::new().await;
    let error = db.migrator(around(code(2, "made", Transaction::On, fails))).run().await.unwrap_err();
    expect![[r#"
        migration 2_made failed in its Rust code
          caused by: no names to split
          help: nothing of it was done; mend it and run again"#]]
    .assert_eq(&error.render());
    assert_eq!(db.tables().await, "a");
    assert_eq!(steps(error.report().unwrap()), "up 1_a");
    assert_eq!(
        db.rows("select outcome, detail from upshift.audit order by id desc limit 1").await,
        "failed | migration 2_made failed in its Rust code: no names to split"
    );
}

#[tokio::test]
async fn an_error_of_the_server_in_rust_code_is_shown_whole() {
    let db = Database::new().await;
    let error = db
        .migrator(around(code(2, "made", Transaction::On, returns_an_error_of_the_server)))
        .run()
        .await
        .unwrap_err();
    expect![[r#"
        migration 2_made failed in its Rust code
          caused by: column "nonsense" does not exist (42703)
          help: nothing of it was done; mend it and run again"#]]
    .assert_eq(&error.render());
}

#[tokio::test]
async fn rust_code_that_swallows_an_error_of_the_server_fails() {
    let db = Database::new().await;
    let error = db
        .migrator(around(code(2, "made", Transaction::On, swallows_an_error_of_the_server)))
        .run()
        .await
        .unwrap_err();
    expect![[r#"
        migration 2_made failed in its Rust code
          caused by: current transaction is aborted, commands ignored until end of transaction block (25P02)
          help: nothing of it was done; it went on after an error of the server: give that error back"#]]
    .assert_eq(&error.render());
    assert_eq!(db.history().await, "1 | a | applied");
}

#[tokio::test]
async fn rust_code_that_ends_its_transaction_fails_and_is_not_recorded() {
    for up in [commits as CodeFn, commits_and_begins, rolls_back] {
        let db = Database::new().await;
        let error = db.migrator(around(code(2, "made", Transaction::On, up))).run().await.unwrap_err();
        assert_eq!(error.to_string(), "migration 2_made failed in its Rust code");
        assert_eq!(
            error.help().unwrap(),
            "only its code knows what is done; leave BEGIN, COMMIT and ROLLBACK out of it, or ask for no transaction",
        );
        assert_eq!(db.history().await, "1 | a | applied");
        assert_eq!(db.rows("select outcome from upshift.audit order by id desc limit 1").await, "failed");
        db.settle().await;
    }
}

#[tokio::test]
async fn what_rust_code_set_does_not_reach_the_next() {
    fn sets<'a>(step: &'a mut StepContext<'_>) -> CodeFuture<'a> {
        Box::pin(async move { Ok(step.batch_execute("set search_path to pg_catalog").await?) })
    }
    for transaction in [Transaction::On, Transaction::Off] {
        let db = Database::new().await;
        db.migrator(around(code(2, "sets", transaction, sets))).run().await.unwrap();
        assert_eq!(db.tables().await, "a c");
    }
}

/// Notes every statement, in the transaction it is in.
struct Statements(Arc<Mutex<Vec<String>>>);

impl Statements {
    fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

impl Hooks for Statements {
    fn statements(&self) -> Option<&dyn StatementHooks> {
        Some(self)
    }
}

#[async_trait]
impl StatementHooks for Statements {
    async fn before_statement(
        &self,
        at: &StatementAt<'_>,
        context: &mut StepContext<'_>,
    ) -> Result<(), BoxError> {
        let refused = context.batch_execute("savepoint is_refused_alone").await;
        let around = if refused.is_err() { "alone" } else { "in a transaction" };
        assert_eq!(refused.is_err(), at.around == Around::Nothing);
        self.note(format!(
            "{} {} {}, {around}: {}",
            at.label,
            at.section,
            at.number,
            at.text.unwrap_or("Rust")
        ));
        Ok(())
    }
    async fn after_statement(
        &self,
        at: &StatementAt<'_>,
        context: &mut StepContext<'_>,
    ) -> Result<(), BoxError> {
        let sql = "select count(*)::int4 from pg_catalog.pg_class where relname = 'a'";
        let there: i32 = context.query(sql, &[]).await?[0].get(0);
        self.note(format!("{} {} {} done, {there} a", at.label, at.section, at.number));
        Ok(())
    }
    async fn after_transaction(&self, label: &str, _: &mut StepContext<'_>) -> Result<(), BoxError> {
        self.note(format!("{label} committed"));
        Ok(())
    }
}

#[tokio::test]
async fn statement_hooks_run_around_each_statement_where_it_runs() {
    let db = Database::new().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let set = files(&[
        (
            "1_a.sql",
            "create table a (x int primary key, y int);\ninsert into a values (1);\n-- upshift: verify\nselect true;\n-- upshift: down\ndrop table a;\n",
        ),
        (
            "2_b.sql",
            "create index concurrently a_x on a (x);\nselect 1;\n-- upshift: down\ndrop index a_x;\n",
        ),
        ("3_c.sql", "-- upshift: phase backfill\n-- upshift: backfill table=a\nupdate a set y = 2;\n"),
    ]);
    let set = set.with([code(4, "made", Transaction::On, makes_a_table)]);
    db.migrator(set).hooks_with(Statements(seen.clone())).run().await.unwrap();
    let seen = seen.lock().unwrap().join("\n");
    expect![[r#"
        1_a up 0, in a transaction: create table a (x int primary key, y int)
        1_a up 0 done, 1 a
        1_a up 1, in a transaction: insert into a values (1)
        1_a up 1 done, 1 a
        1_a verify 0, in a transaction: select true
        1_a verify 0 done, 1 a
        1_a committed
        2_b up 0, alone: create index concurrently a_x on a (x)
        2_b up 0 done, 1 a
        2_b committed
        2_b up 1, in a transaction: select 1
        2_b up 1 done, 1 a
        2_b committed
        3_c up 0, in a transaction: update a set y = 2
        where (a."x" operator("pg_catalog".>=) $1::pg_catalog.int4) and (a."x" operator("pg_catalog".<=) $2::pg_catalog.int4) 
        3_c up 0 done, 1 a
        3_c committed
        3_c committed
        4_made up 0, in a transaction: Rust
        4_made up 0 done, 1 a
        4_made committed"#]].assert_eq(&seen);
}
