//! What the facts mean for a run: pure.

use std::collections::BTreeMap;

use serde::Serialize;
use upshift::files::mask_secrets_in_sql;
use upshift_lint::statement::{LockMode, Name};

use super::facts::{Facts, Table};
use super::foresee::Touch;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Grade {
    /// As it should be.
    Good,
    /// A person should know.
    Note,
    /// It may hurt.
    Warning,
    /// The run would stop, or should not begin.
    Problem,
}

impl Grade {
    pub(super) fn word(self) -> &'static str {
        match self {
            Grade::Good => "good",
            Grade::Note => "note",
            Grade::Warning => "warning",
            Grade::Problem => "problem",
        }
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) grade: Grade,
    pub(super) about: &'static str,
    pub(super) what: String,
    pub(super) help: Option<String>,
}

impl Finding {
    pub(super) fn new(grade: Grade, about: &'static str, what: String) -> Finding {
        Finding { grade, about, what, help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Finding {
        self.help = Some(help.into());
        self
    }
}

/// Everything that is worth a line.
pub(super) fn judge(facts: &Facts, touched: &BTreeMap<Name, Touch>) -> Vec<Finding> {
    let mut found = Vec::new();
    server(facts, &mut found);
    connections(facts, &mut found);
    in_the_way(facts, touched, &mut found);
    broken(facts, &mut found);
    replication(facts, &mut found);
    for (name, touch) in touched {
        let table = facts.tables.get(name).cloned().unwrap_or_default();
        found.extend(lock(name, touch, &table));
    }
    disk(facts, touched, &mut found);
    found
}

fn server(facts: &Facts, found: &mut Vec<Finding>) {
    let server = &facts.server;
    let words = format!("PostgreSQL {}, database {}, {}", server.words, server.database, size(server.size));
    let finding = match server.version / 10_000 {
        ..13 => Finding::new(Grade::Problem, "server", words).help("upshift supports 13 to 18"),
        13..=18 => Finding::new(Grade::Good, "server", words),
        _ => Finding::new(Grade::Note, "server", words)
            .help("newer than what upshift was tried on (13 to 18): what lint says of locks may not hold"),
    };
    found.push(finding);
    if server.is_replica {
        let words = "this server is a replica: nothing can be written to it".to_owned();
        found.push(
            Finding::new(Grade::Problem, "server", words)
                .help("connect to the primary; target_session_attrs=read-write picks it"),
        );
    }
    if !server.sees_others {
        let words = format!("role {} does not see what other roles' sessions do", server.role);
        found.push(
            Finding::new(Grade::Note, "role", words)
                .help(format!("grant pg_read_all_stats to {}", server.role)),
        );
    }
    // Autovacuum forces itself on at 200 million, and the server stops at 2,000 million.
    if server.oldest_xid_age > 1_000_000_000 {
        let words = format!("the oldest row version is {} transactions old", server.oldest_xid_age);
        found.push(
            Finding::new(Grade::Warning, "server", words)
                .help("vacuum freeze before a backfill writes every row"),
        );
    }
}

fn connections(facts: &Facts, found: &mut Vec<Finding>) {
    let (used, most) = (facts.server.connections, facts.server.most_connections);
    let words = format!("{used} of {most} connections are in use");
    let free = most - used;
    found.push(match free {
        ..=4 => Finding::new(Grade::Problem, "connections", words).help("a run takes up to four"),
        5..=20 => Finding::new(Grade::Warning, "connections", words)
            .help("a new release opens its pool beside the old one's"),
        _ => Finding::new(Grade::Good, "connections", words),
    });
}

fn in_the_way(facts: &Facts, touched: &BTreeMap<Name, Touch>, found: &mut Vec<Finding>) {
    for it in &facts.transactions {
        let wanted: Vec<&str> = it
            .relations
            .iter()
            .map(String::as_str)
            .filter(|relation| touched.keys().any(|name| is_same(&name.to_string(), relation)))
            .collect();
        let words = format!(
            "pid {}, role {}, `{}`, {} for {} s: {}",
            it.pid,
            plain(&it.role),
            plain(&it.application),
            it.state,
            it.seconds,
            plain(&mask_secrets_in_sql(&it.query))
        );
        let finding = match wanted.is_empty() {
            true => Finding::new(Grade::Note, "transaction", words)
                .help("CREATE INDEX CONCURRENTLY waits for its end"),
            false => Finding::new(
                Grade::Warning,
                "transaction",
                format!("{words}\nit holds locks of what the run wants: {}", wanted.join(", ")),
            )
            .help(format!("wait for it, or select pg_terminate_backend({})", it.pid)),
        };
        found.push(finding);
    }
    for it in &facts.prepared {
        let words = format!("prepared transaction {it}");
        found.push(
            Finding::new(Grade::Warning, "transaction", words)
                .help("commit prepared or rollback prepared: it holds its locks for ever"),
        );
    }
}

fn broken(facts: &Facts, found: &mut Vec<Finding>) {
    for it in &facts.invalid_indexes {
        let words = format!("invalid index {it}: written by every change, used by no query");
        found.push(
            Finding::new(Grade::Warning, "index", words)
                .help("drop index concurrently, or reindex index concurrently"),
        );
    }
    for it in &facts.unvalidated {
        let words = format!("constraint {it} is not validated: rows of before may break it");
        found
            .push(Finding::new(Grade::Note, "constraint", words).help("alter table … validate constraint …"));
    }
}

fn replication(facts: &Facts, found: &mut Vec<Finding>) {
    for replica in &facts.replicas {
        let words =
            format!("{} is {} s and {} behind", replica.name, replica.lag_seconds, size(replica.lag_bytes));
        let late = replica.lag_seconds > 10 || replica.lag_bytes > 512 << 20;
        found.push(match late {
            true => {
                Finding::new(Grade::Warning, "replica", words).help("a backfill holds until it has caught up")
            }
            false => Finding::new(Grade::Good, "replica", words),
        });
    }
    for slot in &facts.slots {
        found.push(
            Finding::new(Grade::Warning, "replica", format!("slot {slot}"))
                .help("a backfill's WAL stays on disk until somebody reads it"),
        );
    }
    if facts.server.failed_archives > 0 {
        let words = format!("archiving fails: {} times so far", facts.server.failed_archives);
        found.push(Finding::new(Grade::Warning, "replica", words).help("WAL piles up; see pg_stat_archiver"));
    }
}

fn lock(name: &Name, touch: &Touch, table: &Table) -> Option<Finding> {
    // Reads and writes go on beside what is weaker.
    if touch.lock < LockMode::ShareUpdateExclusive {
        return None;
    }
    let blocks = match touch.lock {
        LockMode::AccessExclusive => "reads and writes wait",
        LockMode::ShareUpdateExclusive => "nobody waits but vacuum and other migrations",
        _ => "writes wait",
    };
    let long = match (touch.rewritten, touch.scanned) {
        (true, _) => ", and it is written anew",
        (false, true) => ", and it is read whole",
        _ => "",
    };
    let words = format!(
        "{name} ({} rows, {}, {} rows written so far): {} by {}, {blocks}{long}",
        table.rows,
        size(table.bytes),
        table.writes,
        touch.lock.name(),
        touch.by
    );
    let heavy = table.bytes > 1 << 30 || table.rows > 1_000_000;
    let busy = table.writes + table.reads > 1_000_000;
    let strong = touch.lock > LockMode::ShareUpdateExclusive;
    let finding = match (strong && (touch.rewritten || touch.scanned), heavy || busy) {
        (true, true) => {
            Finding::new(Grade::Warning, "lock", words).help("`upshift lint` has the way without")
        }
        (_, true) if strong => Finding::new(Grade::Note, "lock", words)
            .help("brief, but who waits for it queues; run it when it is calm"),
        _ => Finding::new(Grade::Good, "lock", words),
    };
    let mut finding = finding;
    if table.row_security {
        finding.what.push_str(&format!("; {} policies of row level security are on it", table.policies));
    }
    Some(finding)
}

/// A table that is written anew is there twice until the end.
fn disk(facts: &Facts, touched: &BTreeMap<Name, Touch>, found: &mut Vec<Finding>) {
    let written = touched.iter().filter(|(_, touch)| touch.rewritten);
    let needed: i64 = written.filter_map(|(name, _)| facts.tables.get(name)).map(|table| table.bytes).sum();
    let Some(free_kb) = facts.free_kb else {
        if needed > 0 {
            let words = format!("{} are written anew; what is free cannot be asked from here", size(needed));
            found.push(Finding::new(Grade::Note, "disk", words));
        }
        return;
    };
    let free = i64::try_from(free_kb).unwrap_or(i64::MAX / 1024).saturating_mul(1024);
    let words = format!("{} free, {} are written anew", size(free), size(needed));
    found.push(match free < needed.saturating_mul(2) {
        true => Finding::new(Grade::Problem, "disk", words)
            .help("a table and its WAL need twice its size for a while"),
        false => Finding::new(Grade::Good, "disk", words),
    });
}

/// Whether the name that PostgreSQL prints is this one: without its schema where the search path has that.
fn is_same(name: &str, printed: &str) -> bool {
    name == printed || name.strip_suffix(printed).is_some_and(|schema| schema.ends_with('.'))
}

/// What others have written, in one line: a session may call itself anything.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Bytes as a person reads them.
fn size(bytes: i64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (bytes, 0);
    while value >= 10_240 && unit + 1 < UNITS.len() {
        value /= 1024;
        unit += 1;
    }
    format!("{value} {}", UNITS[unit])
}
