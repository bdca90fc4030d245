//! A backfill goes over every row once, whatever the table's key, and its migration is applied when its check is true.

use std::time::Duration;

use upshift::{
    AuditVerdict, BackfillPolicy, BackfillState, Error, Event, Grouping, Migrator, Source, State, StepAt,
    Stopped, Target, Version, Worked,
};
use upshift_promises::database::server_is_at_least;
use upshift_promises::{Database, files, steps};

const LONG: Duration = Duration::from_secs(60);

fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

/// Batches of a few rows, so that there are many.
fn small(rows: u64) -> BackfillPolicy {
    BackfillPolicy { first_rows: rows, most_rows: rows, ..BackfillPolicy::default() }
}

/// A migrator whose version 1 is applied, and whose version 2 is this backfill.
async fn begun(db: &Database, fill: &str) -> Migrator {
    let migrator = db.migrator(set(fill)).backfill_policy(small(7));
    migrator.up(Target::Version(version(1))).await.unwrap();
    migrator
}

fn set(fill: &str) -> Source {
    files(&[("1_first.sql", "create table first ();"), ("2_fill.sql", fill)])
}

async fn work(migrator: &Migrator) -> Worked {
    migrator.backfills().work(version(2), LONG).await.unwrap_or_else(|error| panic!("{error:?}"))
}

async fn apply(migrator: &Migrator) -> Result<String, Error> {
    migrator.up(Target::Only(vec![version(2)])).await.map(|report| steps(&report))
}

/// Tables with 100 rows each, and what their header says beside the table. Each row counts how often it was done.
const KEYS: &[(&str, &str)] = &[
    (
        "create table t (id bigint primary key, times int default 0); insert into t select generate_series(1, 100)",
        "",
    ),
    (
        "create table t (a int, b text, times int default 0, primary key (a, b)); insert into t select n / 10, 'b' || n from generate_series(1, 100) n",
        "",
    ),
    (
        "create table t (id text collate \"C\" primary key, times int default 0); insert into t select chr(33 + n) || chr(250 - n) from generate_series(0, 99) n",
        "",
    ),
    (
        "create table t (id uuid primary key default gen_random_uuid(), times int default 0); insert into t select from generate_series(1, 100)",
        "",
    ),
    (
        "create table t (id bytea primary key, at timestamptz, times int default 0); insert into t select decode(md5(n::text), 'hex'), now() from generate_series(1, 100) n",
        "",
    ),
    (
        "create table t (at timestamp with time zone not null unique, times int default 0); insert into t select '2026-03-29 01:59:00'::timestamptz + n * interval '7 minutes 123 microseconds' from generate_series(1, 100) n",
        "",
    ),
    (
        "create table t (x double precision not null unique, times int default 0); insert into t select n / 3.0::float8 - 10 from generate_series(1, 100) n; insert into t values ('infinity'), ('-infinity'), ('nan')",
        "",
    ),
    (
        "create table t (span interval not null unique, times int default 0); insert into t select (50 - n) * interval '1 month -3 days 1 hour' from generate_series(1, 100) n",
        "",
    ),
    (
        "create type mood as enum ('sad', 'ok', 'glad'); create table t (m mood, n int, times int default 0, primary key (m, n)); insert into t select 'sad', n from generate_series(1, 50) n; insert into t select 'glad', n from generate_series(1, 50) n",
        "",
    ),
    (
        "create table t (id int, other int not null, times int default 0); create unique index on t (other desc); insert into t select null, n from generate_series(1, 100) n",
        "",
    ),
    // Not unique: a batch ends with all rows of a value.
    (
        "create table t (day int not null, times int default 0); create index on t (day); insert into t select n / 4 from generate_series(1, 100) n",
        "key=day",
    ),
    (
        "create table \"T t\" (\"Id\" bigint primary key, times int default 0); insert into \"T t\" select generate_series(1, 100); create view t as select * from \"T t\"",
        "key=\"Id\"",
    ),
    (
        "create table t (id bigint, at date, times int default 0, primary key (id, at)) partition by range (at); create table t1 partition of t for values from ('2026-01-01') to ('2026-02-01'); create table t2 partition of t for values from ('2026-02-01') to ('2026-03-01'); insert into t select n, '2026-01-01'::date + n % 50 from generate_series(1, 100) n",
        "",
    ),
];

#[tokio::test]
async fn every_row_is_done_once_whatever_the_key() {
    for (table, header) in KEYS {
        let db = Database::new().await;
        db.run(table).await;
        let name = if table.contains("\"T t\"") { "\"T t\"" } else { "t" };
        let fill =
            format!("-- upshift: backfill table={name} {header}\nupdate {name} set times = times + 1;");
        let migrator = begun(&db, &fill).await;
        assert_eq!(work(&migrator).await, Worked::Finished, "{table}");
        let rows = db.rows("select min(times), max(times), count(*) >= 100 from t").await;
        assert_eq!(rows, "1 | 1 | t", "{table}");
        let progress = migrator.backfills().progress().await.unwrap();
        let count: u64 = db.rows("select count(*) from t").await.parse().unwrap();
        // Of rows with equal keys behind the last one of a batch it does not know how many there are.
        let counted = if header.contains("day") { 86 } else { count };
        assert_eq!((progress[0].rows, &progress[0].state), (counted, &BackfillState::Finished), "{table}");
        assert_eq!(apply(&migrator).await.unwrap(), "up 2_fill", "{table}");
        assert_eq!(db.rows("select min(times), max(times) from t").await, "1 | 1", "{table}");
        assert_eq!(db.history().await, "1 | first | applied\n2 | fill | applied");
        assert_eq!(migrator.backfills().progress().await.unwrap(), []);
    }
}

/// Ten rows that take 20 ms each, done by one process, and the migration applied by another.
#[tokio::test]
async fn history_and_audit_know_how_long_all_of_it_took() {
    let db = Database::new().await;
    db.run("create table t (id bigint primary key, n int); insert into t select generate_series(1, 10)")
        .await;
    let fill = "-- upshift: backfill table=t\nupdate t set n = length(pg_sleep(0.02)::text);";
    assert_eq!(work(&begun(&db, fill).await).await, Worked::Finished);
    let other = db.migrator(set(fill));
    let report = other.up(Target::Only(vec![version(2)])).await.unwrap();
    assert!(report.steps[0].took < Duration::from_millis(200), "{:?}", report.steps[0].took);
    let kept = "select h.duration_ms >= 200, a.duration_ms - h.duration_ms from upshift.history h
        join upshift.audit a using (version) where version = 2 and a.action = 'apply'";
    assert_eq!(db.rows(kept).await, "t | 0");
    assert_eq!(other.audit().verify().await.unwrap(), AuditVerdict::Whole { rows: 2 });
}

/// Two rows whose keys are equal by the collation cannot be; the order is another one than that of the bytes.
#[tokio::test]
async fn a_text_key_is_gone_over_in_the_order_of_its_own_collation() {
    let db = Database::new().await;
    let has_icu = db.rows("select count(*) > 0 from pg_collation where collprovider = 'i'").await == "t";
    assert!(has_icu, "this server was built without ICU, so nothing is known about collations");
    for collation in [
        "create collation odd (provider = icu, locale = 'und-u-kf-upper-kr-digit-latn')",
        "create collation odd (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
    ] {
        db.run("drop schema if exists upshift cascade; drop schema public cascade; create schema public")
            .await;
        db.run(collation).await;
        db.run(
            "create table t (id text collate odd primary key, times int default 0);
            insert into t select distinct on (word) word from (
                select chr(97 + n % 26) || case when n % 3 = 0 then 'É' else 'z' end || n as word from generate_series(1, 200) n) w",
        )
        .await;
        let migrator = begun(&db, "-- upshift: backfill table=t\nupdate t set times = times + 1;").await;
        assert_eq!(work(&migrator).await, Worked::Finished);
        assert_eq!(db.rows("select min(times), max(times), count(*) from t").await, "1 | 1 | 200");
    }
}

#[tokio::test]
async fn a_key_with_operators_of_an_extension_is_compared_by_those() {
    let db = Database::new().await;
    if db.rows("select count(*) from pg_available_extensions where name = 'citext'").await == "0" {
        eprintln!("SKIPPED: this server has no citext");
        return;
    }
    db.run(
        "create extension citext;
        create table t (mail citext, no int, times int default 0, primary key (mail, no));
        insert into t select case when n % 2 = 0 then 'A' else 'a' end || n / 5, n from generate_series(1, 100) n",
    )
    .await;
    let migrator = begun(&db, "-- upshift: backfill table=t\nupdate t set times = times + 1;").await;
    assert_eq!(work(&migrator).await, Worked::Finished);
    assert_eq!(db.rows("select min(times), max(times), count(*) from t").await, "1 | 1 | 100");
}

const PAGED: &[&str] = &[
    "create table t (id int, filler text default repeat('x', 500), done boolean); insert into t select generate_series(1, 1000);",
    "create table t (id int, filler text default repeat('x', 500), done boolean) partition by list (id);
     create table t0 partition of t for values in (0); create table t1 partition of t for values in (1);
     insert into t select n % 2 from generate_series(1, 1000) n;",
];

#[tokio::test]
async fn a_table_without_a_key_is_gone_over_page_by_page_until_its_check_is_true() {
    for table in PAGED {
        let db = Database::new().await;
        db.run(table).await;
        let fill = "-- upshift: backfill table=t batch=50\n\
            update t set done = true where done is null or false -- or\n;\n\
            -- upshift: verify\nselect count(*) = 0 from t where done is null;";
        let migrator = db.migrator(set(fill)).backfill_policy(BackfillPolicy { most_rows: 50, ..small(50) });
        migrator.up(Target::Version(version(1))).await.unwrap();
        assert_eq!(work(&migrator).await, Worked::Finished);
        assert_eq!(db.rows("select count(*), count(done) from t").await, "1000 | 1000");
        assert_eq!(apply(&migrator).await.unwrap(), "up 2_fill");
    }
}

#[tokio::test]
async fn a_table_without_a_key_needs_a_check_and_a_statement_that_may_meet_a_row_twice() {
    for (text, why) in [
        ("update t set done = true", "the table public.t has no key, and the migration no verify section"),
        (
            "insert into other select id from t where id > :from and id <= :to;\n-- upshift: verify\nselect true",
            "the table public.t has no key, so a row that moves may be inserted twice",
        ),
        (
            "update t set done = true where id > :from and id <= :to;\n-- upshift: verify\nselect true",
            "the table public.t has no key, and its statement says `:from` and `:to`",
        ),
    ] {
        let db = Database::new().await;
        db.run("create table t (id int, done boolean); create table other (id int)").await;
        let migrator = begun(&db, &format!("-- upshift: backfill table=t\n{text};")).await;
        let error = migrator.backfills().work(version(2), LONG).await.unwrap_err();
        assert_eq!(error.to_string(), format!("backfill 2_fill: {why}"));
        let error = apply(&migrator).await.unwrap_err();
        assert_eq!(error.to_string(), format!("backfill 2_fill: {why}"));
    }
}

#[tokio::test]
async fn passes_over_a_table_without_a_key_end_when_its_check_is_never_true() {
    let db = Database::new().await;
    db.run("create table t (id int); insert into t values (1)").await;
    let fill = "-- upshift: backfill table=t\nupdate t set id = 2;\n-- upshift: verify\nselect false";
    let migrator = db.migrator(set(fill)).backfill_policy(BackfillPolicy { passes: 3, ..small(10) });
    migrator.up(Target::Version(version(1))).await.unwrap();
    let error = migrator.backfills().work(version(2), LONG).await.unwrap_err();
    assert_eq!(error.stopped(), Some(&Stopped::NeverTrue { passes: 3 }));
    let progress = migrator.backfills().progress().await.unwrap();
    let words = "its verify section is not true after 3 passes over its table";
    assert_eq!(progress[0].state, BackfillState::Failed(words.to_owned()));
}

#[tokio::test]
async fn a_statement_may_say_itself_where_the_range_is() {
    for (table, statement, expected) in [
        (
            "id int primary key",
            "insert into copy (id) select id from t where id > :from and id <= :to",
            "100 | 1 | 100",
        ),
        (
            "id int primary key",
            "with ours as (select id from t where t.id > :from and t.id <= :to) insert into copy (id) select id from ours",
            "100 | 1 | 100",
        ),
        (
            "a int default 1, id int, primary key (a, id)",
            "insert into copy (id) select id from t where (a, id) > :from and (t.a, t.id) <= :to returning id",
            "100 | 1 | 100",
        ),
    ] {
        let db = Database::new().await;
        db.run(&format!(
            "create table t ({table}); insert into t (id) select generate_series(1, 100);
            create table copy (id int primary key)"
        ))
        .await;
        let migrator = begun(&db, &format!("-- upshift: backfill table=t\n{statement};")).await;
        assert_eq!(apply(&migrator).await.unwrap(), "up 2_fill", "{statement}");
        assert_eq!(db.rows("select count(*), min(id), max(id) from copy").await, expected, "{statement}");
    }
}

#[tokio::test]
async fn a_condition_is_added_to_any_update_and_delete() {
    for (statement, expected) in [
        ("update t as x set times = times + 1 where id % 2 = 0 or id % 3 = 0 -- or not", "33 | 67"),
        ("update only public.t x set times = x.times + 1 from u where u.id = x.id returning x.id", "90 | 10"),
        (
            "with u2 as (select id from u where id > 50) update t set times = times + 1 where t.id in (select id from u2)",
            "90 | 10",
        ),
        ("delete from t using u where u.id = t.id", "90 | 0"),
        ("delete from public.t where public.t.id <= 10 or public.t.id > 90", "80 | 0"),
    ] {
        let db = Database::new().await;
        db.run(
            "create table t (id int primary key, times int default 0); insert into t select generate_series(1, 100);
            create table u (id int); insert into u select generate_series(91, 100)",
        )
        .await;
        let migrator = begun(&db, &format!("-- upshift: backfill table=t\n{statement};")).await;
        assert_eq!(
            apply(&migrator).await.unwrap_or_else(|error| panic!("{error:?}")),
            "up 2_fill",
            "{statement}"
        );
        let counted = db
            .rows("select count(*) filter (where times = 0), count(*) filter (where times = 1) from t")
            .await;
        assert_eq!(counted, expected, "{statement}");
    }
}

#[tokio::test]
async fn an_empty_table_is_finished_at_once() {
    let db = Database::new().await;
    db.run("create table t (id int primary key)").await;
    let migrator = begun(&db, "-- upshift: backfill table=t\nupdate t set id = -id;").await;
    assert_eq!(work(&migrator).await, Worked::Finished);
    db.run("insert into t values (1)").await;
    assert_eq!(apply(&migrator).await.unwrap(), "up 2_fill");
    assert_eq!(db.rows("select id from t").await, "1", "it came behind the upper bound");
}

#[tokio::test]
async fn on_an_empty_database_it_runs_with_the_rest_in_version_order() {
    let db = Database::new().await;
    let source = files(&[
        (
            "1_t.sql",
            "create table t (id int primary key, n int); insert into t select generate_series(1, 50);",
        ),
        ("2_fill.sql", "-- upshift: backfill table=t\nupdate t set n = id where n is null;"),
        ("3_after.sql", "alter table t alter n set not null;"),
    ]);
    let report = db.migrator(source).backfill_policy(small(7)).run().await.unwrap();
    assert_eq!(steps(&report), "up 1_t, up 2_fill, up 3_after");
    assert_eq!(db.rows("select count(*), sum(n - id) from t").await, "50 | 0");
}

#[tokio::test]
async fn rows_behind_the_upper_bound_are_left_to_the_triggers_and_rows_before_it_are_done() {
    let db = Database::new().await;
    db.run("create table t (id int primary key, times int default 0); insert into t select n * 10 from generate_series(1, 50) n").await;
    let migrator =
        begun(&db, "-- upshift: backfill table=t pause=1ms\nupdate t set times = times + 1;").await;
    let paused = migrator.clone().backfill_policy(small(7));
    assert_eq!(paused.backfills().work(version(2), Duration::ZERO).await.unwrap(), Worked::TimeIsUp);
    db.run("insert into t values (495), (5000); delete from t where id between 200 and 300").await;
    assert_eq!(work(&migrator).await, Worked::Finished);
    assert_eq!(db.rows("select id, times from t where times <> 1").await, "5000 | 0");
    assert_eq!(db.rows("select count(*) from t").await, "41");
}

#[tokio::test]
async fn a_check_that_is_not_true_keeps_the_migration_pending() {
    let db = Database::new().await;
    db.run("create table t (id int primary key, n int); insert into t select generate_series(1, 20)").await;
    let fill = "-- upshift: backfill table=t\nupdate t set n = 1 where id <> 13;\n\
        -- upshift: verify\nselect count(*) = 0 from t where n is null;";
    let migrator = begun(&db, fill).await;
    let error = apply(&migrator).await.unwrap_err();
    assert_eq!(error.to_string(), "migration 2_fill: its verify query is not true (2_fill.sql:4:1)");
    assert_eq!(db.history().await, "1 | first | applied");
    db.run("update t set n = 1 where id = 13").await;
    assert_eq!(apply(&migrator).await.unwrap(), "up 2_fill");
}

#[tokio::test]
async fn a_batch_that_fails_says_where_in_the_file_and_the_next_run_goes_on_there() {
    let db = Database::new().await;
    db.run("create table t (id int primary key, a text, n int); insert into t select n, n::text from generate_series(1, 30) n; update t set a = 'x' where id = 20").await;
    let migrator =
        begun(&db, "-- upshift: backfill table=t\nupdate t\nset n = coalesce(n, 0) + a::int;").await;
    let error = migrator.backfills().work(version(2), LONG).await.unwrap_err();
    assert_eq!(
        error.render(),
        "migration 2_fill failed at statement 1 of 1\n  --> 2_fill.sql:2:1\n   |\n 2 | update t\n   | ^^^^^^^^\n  \
         caused by: invalid input syntax for type integer: \"x\" (22P02)\n  \
         help: the batches that are done stay; the next run goes on behind them; mend it and run again"
    );
    // Nobody tries it over and over.
    let again = migrator.backfills().work(version(2), LONG).await.unwrap();
    assert_eq!(again, Worked::Failed("invalid input syntax for type integer: \"x\" (22P02)".to_owned()));
    db.run("update t set a = '20' where id = 20").await;
    assert_eq!(apply(&migrator).await.unwrap(), "up 2_fill");
    assert_eq!(db.rows("select count(*) from t where n = id").await, "30");
}

#[tokio::test]
async fn an_error_points_at_the_word_as_it_stands_in_the_file() {
    let db = Database::new().await;
    db.run("create table t (id int primary key, n int); insert into t values (1, 1)").await;
    for (text, place) in [
        ("update t set n = 1 where t.id > 0 and nothing = 1", "2_fill.sql:2:39"),
        ("update t set nothing = 1", "2_fill.sql:2:14"),
        ("update t set n = 1 where id > :from and id <= :to and nothing = 1", "2_fill.sql:2:55"),
    ] {
        db.run("drop schema if exists upshift cascade; drop table if exists first").await;
        let migrator = begun(&db, &format!("-- upshift: backfill table=t\n{text};")).await;
        let error = migrator.backfills().work(version(2), LONG).await.unwrap_err();
        assert_eq!(error.to_string(), format!("migration 2_fill failed at statement 1 of 1 ({place})"));
    }
}

#[tokio::test]
async fn an_edited_text_begins_anew_where_nothing_was_done_and_is_refused_where_something_was() {
    let db = Database::new().await;
    db.run(
        "create table t (id int primary key, n int default 0); insert into t select generate_series(1, 100)",
    )
    .await;
    let first = begun(&db, "-- upshift: backfill table=t\nupdate t set n = n + 1;").await;
    assert_eq!(first.backfills().work(version(2), Duration::ZERO).await.unwrap(), Worked::TimeIsUp);
    let slow = begun(&db, "-- upshift: backfill table=t pause=1h\nupdate t set n = n + 1;").await;
    // Nothing was done, so it begins anew with this text; then it rests behind its first batch.
    let done = slow.backfills().work(version(2), Duration::from_millis(500)).await.unwrap();
    assert_eq!(done, Worked::TimeIsUp);
    assert_eq!(db.rows("select count(*) from t where n = 1").await, "8");
    let edited = begun(&db, "-- upshift: backfill table=t\nupdate t set n = n + 10;").await;
    for error in
        [edited.backfills().work(version(2), LONG).await.unwrap_err(), apply(&edited).await.unwrap_err()]
    {
        assert_eq!(error.stopped(), Some(&Stopped::Changed));
    }
    edited.backfills().accept_text(version(2)).await.unwrap();
    assert_eq!(apply(&edited).await.unwrap(), "up 2_fill");
    assert_eq!(db.rows("select n, count(*) from t group by n order by n").await, "1 | 8\n10 | 92");
}

#[tokio::test]
async fn what_cannot_be_run_in_batches_is_said_with_its_place() {
    let db = Database::new().await;
    for (text, expected) in [
        ("select 1", "this statement cannot be run batch by batch"),
        ("update t set n = 1; update t set n = 2", "a backfill is one statement, and this is a second one"),
        ("insert into t select 1", "only an UPDATE or a DELETE is cut into ranges by itself"),
        ("update other set n = 1", "the statement changes another table than the backfill's, `t`"),
        (
            "update t set n = 1 where id between :from and :to",
            "an end of the batch's range stands here, and not as one",
        ),
        (
            "update t set n = 1 where id >= :from and id <= :to",
            "an end of the batch's range stands here, and not as one",
        ),
        ("update t set n = 1 where id > :from", "a range has two ends, and only one is here"),
        ("update t set n = $1", "a migration has no parameters"),
        ("update t set n = 1 where current of c", "this statement cannot be cut into ranges by itself"),
    ] {
        let source = set(&format!("-- upshift: backfill table=t\n{text};"));
        let error = db.migrator(source).plan(Target::Head).await.unwrap_err();
        assert_eq!(error.diagnostics().unwrap().iter().next().unwrap().message, expected, "{text}");
    }
}

#[tokio::test]
async fn what_the_catalog_does_not_have_is_said() {
    let db = Database::new().await;
    db.run("create table t (id int primary key, n int, m int); create index on t (n); create view v as select 1 as id").await;
    for (header, expected) in [
        ("table=nothing", "its table nothing is not there"),
        ("table=v", "public.v is no table"),
        // A column that may be null orders no rows that are.
        ("table=t key=n", "its key n does not order the table public.t"),
        ("table=t key=m", "its key m does not order the table public.t"),
        ("table=t key=other", "its key other does not order the table public.t"),
    ] {
        let table = header.split([' ', '=']).nth(1).unwrap();
        let migrator =
            begun(&db, &format!("-- upshift: backfill {header}\nupdate {table} set id = 1;")).await;
        let error = migrator.backfills().work(version(2), LONG).await.unwrap_err();
        assert_eq!(error.to_string(), format!("backfill 2_fill: {expected}"), "{header}");
    }
}

#[tokio::test]
async fn in_one_transaction_for_all_it_is_one_statement_over_all_rows() {
    let db = Database::new().await;
    let source = || {
        files(&[
            (
                "1_t.sql",
                "create table t (id int primary key, n int); insert into t select generate_series(1, 50);",
            ),
            (
                "2_fill.sql",
                "-- upshift: backfill table=t\nupdate t set n = id where id > :from and id <= :to;",
            ),
            ("3_more.sql", "-- upshift: backfill table=t\nupdate t set n = n + 1;"),
        ])
    };
    let report = db.migrator(source()).grouping(Grouping::AllInOne).run().await.unwrap();
    assert_eq!(steps(&report), "up 1_t, up 2_fill, up 3_more");
    assert_eq!(db.rows("select count(*), sum(n - id) from t").await, "50 | 50");
}

#[tokio::test]
async fn a_script_has_it_as_one_statement_and_refuses_where_batches_were_done() {
    let db = Database::new().await;
    db.run(
        "create table t (id int primary key, n int default 0); insert into t select generate_series(1, 50)",
    )
    .await;
    let migrator = begun(
        &db,
        "-- upshift: backfill table=t pause=1h\nupdate t set n = n + 1 where id > :from and id <= :to;",
    )
    .await;
    let script = migrator.plan(Target::Only(vec![version(2)])).await.unwrap().to_sql();
    assert!(script.contains("update t set n = n + 1 where id is not null and id is not null;"), "{script}");
    let done = migrator.backfills().work(version(2), Duration::from_millis(300)).await.unwrap();
    assert_eq!(done, Worked::TimeIsUp);
    let bare: String = script
        .lines()
        .filter(|line| !line.starts_with('\\'))
        .fold(String::new(), |all, line| all + line + "\n");
    let refused = db.client().await.batch_execute(&bare).await.unwrap_err();
    let words = refused.as_db_error().unwrap().message().to_owned();
    assert!(words.contains("upshift: batches of version 2 were done already"), "{words}");
    migrator.backfills().restart(version(2)).await.unwrap();
    db.run(&bare).await;
    assert_eq!(db.history().await, "1 | first | applied\n2 | fill | applied");
    assert_eq!(db.rows("select sum(n) from t").await, "58");
}

#[tokio::test]
async fn the_events_tell_each_batch() {
    let db = Database::new().await;
    db.run("create table t (id int primary key, n int); insert into t select generate_series(1, 20)").await;
    let (say, heard) = std::sync::mpsc::channel();
    let say = std::sync::Mutex::new(say);
    let observer = move |event: &Event<'_>| {
        if let Event::BatchFinished { step: StepAt { label, .. }, rows, changed, .. } = event {
            say.lock().unwrap().send(format!("{label}: {changed} of {rows}")).unwrap();
        }
    };
    let migrator =
        begun(&db, "-- upshift: backfill table=t\nupdate t set n = 1 where id > 5;").await.observer(observer);
    assert_eq!(work(&migrator).await, Worked::Finished);
    drop(migrator);
    assert_eq!(heard.iter().collect::<Vec<_>>(), ["2_fill: 3 of 8", "2_fill: 7 of 7", "2_fill: 5 of 5"]);
}

#[tokio::test]
async fn status_shows_how_far_a_pending_backfill_is() {
    let db = Database::new().await;
    db.run(
        "create table t (id int primary key, n int); insert into t select generate_series(1, 20); analyze t",
    )
    .await;
    let migrator = begun(&db, "-- upshift: backfill table=t pause=1h\nupdate t set n = 1;").await;
    migrator.backfills().work(version(2), Duration::from_millis(300)).await.unwrap();
    let status = migrator.status().await.unwrap();
    let fill = &status.migrations[1];
    assert!(matches!(fill.state, State::Blocked(_)), "{fill:?}");
    let progress = fill.backfill.as_ref().unwrap();
    assert_eq!((progress.rows, progress.estimate, &progress.state), (8, 20, &BackfillState::Running));
    assert_eq!(progress.workers.len(), 1, "{progress:?}");
    assert!(progress.workers[0].starts_with("promises 1.0.0 pid "), "{progress:?}");
    assert!(status.to_string().contains("8 of about 20 rows, "), "{status}");
}

#[tokio::test]
async fn a_down_and_another_up_go_over_all_rows_again() {
    let db = Database::new().await;
    db.run(
        "create table t (id int primary key, n int default 0); insert into t select generate_series(1, 20)",
    )
    .await;
    let fill = "-- upshift: backfill table=t\nupdate t set n = n + 1;\n-- upshift: down\nselect 1;";
    let migrator = begun(&db, fill).await;
    assert_eq!(apply(&migrator).await.unwrap(), "up 2_fill");
    migrator.down(upshift::DownTarget::Steps(1)).await.unwrap();
    assert_eq!(apply(&migrator).await.unwrap(), "up 2_fill");
    assert_eq!(db.rows("select min(n), max(n) from t").await, "2 | 2");
}

/// A range of `ctid` is a scan of just these pages since 14; before, a list of rows is.
#[tokio::test]
async fn a_batch_reads_its_own_pages_and_no_others() {
    let db = Database::new().await;
    db.run(PAGED[0]).await;
    let fill = "-- upshift: backfill table=t batch=50 max-batch=50\nupdate t set done = true where done is null;\n\
        -- upshift: verify\nselect true;";
    let migrator = begun(&db, fill).await;
    db.run("create table reads (n bigint)").await;
    work(&migrator).await;
    // 1,000 rows on about 72 pages: a scan of the whole table for each of 20 batches would read 1,400.
    let client = db.client().await;
    client.batch_execute("select pg_stat_clear_snapshot()").await.unwrap();
    let scans =
        db.rows("select coalesce(seq_scan, 0) < 10 from pg_stat_user_tables where relname = 't'").await;
    assert_eq!(scans, "t");
    let _ = server_is_at_least(13);
}
