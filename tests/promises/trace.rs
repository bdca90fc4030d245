//! A trace says what each statement did to a real database: locks and whom they blocked, rewrites, scans.

use expect_test::{Expect, expect};
use upshift::Source;
use upshift_promises::database::SERVER;
use upshift_promises::files;
use upshift_test::{Trace, Tracing, trace};

async fn run(tracing: Tracing) -> Trace {
    tracing.server(SERVER.url("postgres")).run().await.unwrap_or_else(|error| panic!("{error:?}"))
}

/// The text without what differs from run to run.
fn shown(trace: &Trace) -> String {
    let text = trace.to_string();
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("took ") {
            continue;
        }
        let words: Vec<&str> = line.split(' ').collect();
        let words: Vec<&str> = words
            .iter()
            .enumerate()
            .map(|(n, word)| if words.get(n + 1) == Some(&"ms") { "…" } else { word })
            .collect();
        lines.push(words.join(" "));
    }
    lines.join("\n")
}

async fn check(source: Source, expected: Expect) {
    expected.assert_eq(&shown(&run(trace(source)).await));
}

#[tokio::test]
async fn a_trace_shows_locks_and_whom_they_block() {
    let set = files(&[
        (
            "1_shop.sql",
            "create table customers (id bigint primary key, email text not null);\n\
             create table orders (id bigint primary key, customer bigint not null references customers, note text);\n",
        ),
        ("2_index.sql", "create index orders_customer on orders (customer);\n"),
        ("3_concurrently.sql", "create index concurrently orders_note on orders (note);\n"),
        (
            "4_check.sql",
            "alter table orders add constraint noted check (note is not null) not valid;\n\
             alter table orders validate constraint noted;\n",
        ),
        ("5_rewrite.sql", "alter table orders alter column id type numeric;\n"),
        ("6_gone.sql", "drop table orders;\n"),
    ]);
    check(set, expect![[""]]).await;
}
