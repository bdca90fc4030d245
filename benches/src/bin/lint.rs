//! Lints a set of migrations, and the same files with squawk's default rules, in the same run.
//!
//! ```text
//! cargo run --release --bin lint                1,000 migrations, 5 rounds
//! cargo run --release --bin lint -- 5000 3      5,000 migrations, 3 rounds
//! cargo run --release --bin lint -- FOLDER      a folder of migrations
//! ```
//! squawk looks at one file at a time; upshift-lint replays the set, and knows what the earlier ones made.

use std::path::Path;
use std::time::{Duration, Instant};

use squawk_linter::Linter;
use squawk_syntax::SourceFile as Parsed;
use upshift_files::{LayoutChoice, MigrationSet, SourceFile, Vars, folder};
use upshift_lint::{Options, Report};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let first = arguments.first().map_or("1000", String::as_str);
    let files = match first.parse::<usize>() {
        Ok(count) => made(count),
        Err(_) => folder::read(Path::new(first))?,
    };
    let rounds = arguments.get(1).map_or(Ok(5), |rounds| rounds.parse::<usize>())?;
    let bytes: usize = files.iter().map(|file| file.text.len()).sum();
    println!("{} files, {} KB, {rounds} rounds, best of them", files.len(), bytes / 1024);
    let mut ours = (Duration::MAX, Duration::MAX, Report::default());
    let mut theirs = (Duration::MAX, 0);
    for _ in 0..rounds {
        let began = Instant::now();
        let set = MigrationSet::parse(files.clone(), Vec::new(), LayoutChoice::Detect)?;
        set.check(None::<&Vars>)?;
        let parsed = began.elapsed();
        let began = Instant::now();
        let report = upshift_lint::lint(&set, &Options::default());
        ours = (ours.0.min(parsed), ours.1.min(began.elapsed()), report);
        let began = Instant::now();
        let found = files.iter().map(squawk).sum();
        theirs = (theirs.0.min(began.elapsed()), found);
    }
    let (parsed, linted, report) = ours;
    println!("upshift  files read and cut  {parsed:>10.1?}");
    println!(
        "upshift  lint                {linted:>10.1?}   {} statements, {} findings, {} not understood",
        report.statements,
        report.findings.len(),
        report.not_understood.len()
    );
    println!("squawk   parse and lint      {:>10.1?}   {} findings", theirs.0, theirs.1);
    println!("upshift in all: {:.2} x squawk", (parsed + linted).as_secs_f64() / theirs.0.as_secs_f64());
    Ok(())
}

fn squawk(file: &SourceFile) -> usize {
    let parse = Parsed::parse(&file.text);
    Linter::with_default_rules().lint(&parse, &file.text).len()
}

/// A project's history: of ten migrations three make a table, four change one, two index one, one fills a column.
fn made(count: usize) -> Vec<SourceFile> {
    let mut tables = 0_usize;
    let mut files = Vec::with_capacity(count);
    for n in 0..count {
        let known = tables;
        let table = |back: usize| format!("table_{}", known.saturating_sub(1 + back % known.max(1)));
        let text = match n % 10 {
            0 | 3 | 6 => {
                let parent = if tables == 0 {
                    String::new()
                } else {
                    format!(",\n  parent_id bigint references {} (id)", table(n))
                };
                let name = format!("table_{tables}");
                tables += 1;
                format!(
                    "create table {name} (\n  id bigint generated always as identity primary key,\n  name text not null,\n  \
                     status text not null default 'new' check (status <> ''),\n  amount numeric(12,2),\n  \
                     created_at timestamptz not null default now(){parent}\n);\n\
                     create index {name}_status on {name} (status);\n\
                     create unique index {name}_name on {name} (lower(name));\n\
                     -- upshift: down\ndrop table {name};\n"
                )
            }
            1 => format!(
                "alter table {0} add column note_{n} text;\n-- upshift: down\nalter table {0} drop column note_{n};\n",
                table(n)
            ),
            2 => format!(
                "alter table {0} add constraint {0}_amount_{n} check (amount > 0) not valid;\n\
                 -- upshift: down\nalter table {0} drop constraint {0}_amount_{n};\n",
                table(n / 3)
            ),
            4 => format!(
                "alter table {0} add column flag_{n} boolean not null default false;\n-- upshift: down\nalter table {0} drop column flag_{n};\n",
                table(n / 2)
            ),
            5 | 8 => format!(
                "create index concurrently {0}_created_{n} on {0} (created_at);\n\
                 -- upshift: down\ndrop index concurrently {0}_created_{n};\n",
                table(n / 5)
            ),
            7 => format!(
                "create or replace view {0}_open as select id, name, amount from {0} where status = 'new';\n-- upshift: down\ndrop view if exists {0}_open;\n",
                table(n / 7)
            ),
            _ => {
                let name = table(n / 4);
                format!(
                    "-- upshift: backfill table={name}\nupdate {name} set amount = 0 where amount is null;\n-- upshift: down\nselect 1;\n"
                )
            }
        };
        files.push(SourceFile::new(format!("{}_step.sql", n + 1), text));
    }
    files
}
