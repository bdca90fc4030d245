//! What upshift does without waiting for anybody: reading files, splitting SQL, planning.
//!
//! ```text
//! cargo bench --bench micro
//! ```
//!
//! The planner is not public without a database, so planning is measured through [`Migrator::plan`] against a server of
//! its own: reading the files and one round trip on this machine are in its figures.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;
use upshift::deadpool_postgres::{Manager, Pool};
use upshift::files::sql;
use upshift::tokio_postgres::NoTls;
use upshift::{Migrator, Source, SourceFile, Target};
use upshift_test::Server;

const FILES: usize = 1000;

/// What a boot with nothing to do reads: a thousand files, plain ones and ones as long as real ones.
fn sources() -> [(&'static str, Source); 2] {
    let plain = |number: usize| format!("create table t{number:04} (id bigint primary key)");
    let long = |number: usize| format!("-- Why this table is.\n{}", real(number)).repeat(4);
    [("of one line", source(plain)), ("of 2 KB", source(long))]
}

fn source(text: impl Fn(usize) -> String) -> Source {
    let file = |number| {
        let path: &'static str = format!("20260101{number:06}_t{number:04}.sql").leak();
        let text: &'static str = text(number).leak();
        SourceFile::new(path, text)
    };
    Source::files((1..=FILES).map(file))
}

/// Statements with what makes splitting hard: strings, comments, dollar quotes.
fn real(number: usize) -> String {
    format!(
        "create table if not exists orders_{number} (\n    id bigint generated always as identity primary key,\n    \
         state text not null default 'it''s new; not paid' /* a comment; /* nested */ */\n);\n\
         create or replace function touch_{number}() returns trigger language plpgsql as $body$\nbegin\n    \
         new.state := 'seen; again'; -- as it was\n    return new;\nend $body$;\n\
         create index if not exists orders_{number}_state on orders_{number} (state);\n"
    )
}

fn parsing(criterion: &mut Criterion) {
    for (words, source) in sources() {
        criterion.bench_function(&format!("parse {FILES} files {words}"), |bencher| {
            bencher.iter(|| black_box(&source).set().map(|set| set.len()));
        });
    }
    let (_, long) = &sources()[1];
    criterion.bench_function(&format!("check every statement of {FILES} files of 2 KB"), |bencher| {
        bencher.iter(|| black_box(long).check().map(|set| set.len()));
    });
}

fn splitting(criterion: &mut Criterion) {
    let mut text = String::new();
    for number in 0.. {
        if text.len() >= 1 << 20 {
            break;
        }
        text.push_str(&real(number));
    }
    let mut group = criterion.benchmark_group("split");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("1 MB of SQL", |bencher| {
        bencher.iter(|| sql::split(black_box(&text)).map(|statements| statements.len()));
    });
    group.finish();
}

fn planning(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime starts");
    let server = Server::start().expect("a server starts");
    let pool = runtime.block_on(async {
        let config = server.url("postgres").parse().expect("the server's own address is one");
        Pool::builder(Manager::new(config, NoTls))
            .max_size(1)
            .build()
            .expect("a pool without timeouts needs nothing")
    });
    let [(_, plain), _] = sources();
    let migrator = Migrator::new(pool, plain);
    for (words, apply_first) in [("pending", false), ("applied", true)] {
        if apply_first {
            runtime.block_on(migrator.run()).expect("migrations are applied");
        }
        criterion.bench_function(&format!("plan {FILES} {words} migrations"), |bencher| {
            bencher.to_async(&runtime).iter(async || {
                let plan = migrator.plan(Target::Head).await.expect("a plan is made");
                assert_eq!(plan.is_empty(), apply_first);
            });
        });
    }
}

criterion_group!(benches, parsing, splitting, planning);
criterion_main!(benches);
