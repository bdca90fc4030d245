//! What the promises share: one real server, a database of its own for each test, and a few words to say things shortly.

pub mod chance;
pub mod database;
pub mod dropped;
pub mod log;
pub mod mixed;
pub mod pgbouncer;
pub mod proxy;
pub mod releases;
pub mod service;
pub mod standby;
pub mod tally;

use upshift::{Report, Source, SourceFile};

pub use database::Database;

/// A source of files written in the test: `files(&[("1_users.sql", "create table users ()")])`.
pub fn files(files: &[(&str, &str)]) -> Source {
    Source::files(files.iter().map(|(path, text)| SourceFile::new(path.to_string(), text.to_string())))
}

/// A source of `count` small migrations, each making a table `tNNNN`.
pub fn many(count: usize) -> Source {
    let file = |n: usize| {
        SourceFile::new(format!("{n}_t{n:04}.sql"), format!("create table t{n:04} (id bigint primary key);"))
    };
    Source::files((1..=count).map(file))
}

/// What a report says was done, shortly: `up 1_users, up 2_orders`.
pub fn steps(report: &Report) -> String {
    let step = |step: &upshift::StepReport| format!("{} {}", step.direction, step.label);
    report.steps.iter().map(step).collect::<Vec<_>>().join(", ")
}
