//! A trace as a person reads it.

use std::fmt;
use std::time::Duration;

use upshift::files::SectionKind;
use upshift::{Around, Direction};

use upshift_lint::statement::Name;

use super::value::{EmptyTable, Rows, Seen, Trace, TracedLock, TracedStatement, TracedStep};

/// How much of a statement is shown.
const MOST: usize = 100;

/// ```text
/// 2_index, up
///   create index orders_status on orders (status)
///     SHARE                   orders     1.2 ms: INSERT, UPDATE and DELETE wait
///     reads orders whole: 3 rows
///     took 0.9 ms, 8192 bytes of log
/// ```
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgreSQL {}, {} migrations", self.major, self.steps.len())?;
        for step in &self.steps {
            write!(f, "\n\n{step}")?;
        }
        if !self.empty.is_empty() {
            f.write_str("\n\nwithout rows:")?;
        }
        for table in &self.empty {
            write!(f, "\n  {table}")?;
        }
        Ok(())
    }
}

impl fmt::Display for EmptyTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, first seen behind {}: {}", short(&self.table), self.behind, self.why)
    }
}

impl fmt::Display for TracedStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.direction {
            Direction::Up => "up",
            Direction::Down => "down",
        };
        write!(f, "{}, {way}", self.label)?;
        if let Rows::FailsWithRows { words } = &self.rows {
            write!(f, ", without rows in the tables, since with rows it fails: {words}")?;
        }
        self.statements.iter().try_for_each(|statement| write!(f, "\n{statement}"))
    }
}

impl fmt::Display for TracedStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let section = match self.section {
            SectionKind::Up | SectionKind::Down => String::new(),
            SectionKind::Verify | SectionKind::Guard => format!("{} {}: ", self.section, self.number + 1),
        };
        write!(f, "  {section}{}", shortened(self.text.as_deref().unwrap_or("Rust code")))?;
        if self.around == Around::Nothing {
            f.write_str("\n    outside of transactions")?;
            match self.waits {
                0 => {}
                1 => f.write_str(", waits for the transactions of others to end")?,
                times => write!(f, ", waits {times} times for the transactions of others to end")?,
            }
        }
        let shown: Vec<&TracedLock> = self.locks.iter().filter(|lock| self.is_shown(lock)).collect();
        let wide = shown.iter().map(|lock| named(&lock.on).chars().count()).max().unwrap_or(0);
        for lock in shown {
            let (mode, held) = (lock.mode.name(), milliseconds(lock.held));
            write!(f, "\n    {mode:<22}  {:<wide$}  {held:>9}: {}", named(&lock.on), lock.mode.blocks())?;
        }
        for written in &self.rewrites {
            write!(f, "\n    writes {} anew", named(written))?;
        }
        for built in &self.rebuilds {
            write!(f, "\n    builds {} again", named(built))?;
        }
        for scan in &self.scans {
            let times = if scan.times == 1 { String::new() } else { format!(" {} times", scan.times) };
            write!(f, "\n    reads {} whole{times}: {} rows", short(&scan.table), scan.tuples)?;
        }
        for (what, names) in [("makes", &self.made), ("drops", &self.dropped)] {
            let names: Vec<String> = names.iter().map(short).collect();
            if !names.is_empty() {
                write!(f, "\n    {what} {}", names.join(", "))?;
            }
        }
        write!(f, "\n    took {}, {} bytes of log", milliseconds(self.took), self.wal)
    }
}

impl TracedStatement {
    /// The strongest lock of each relation; of an index none that says no more than that of its table.
    fn is_shown(&self, lock: &TracedLock) -> bool {
        let on_table = self.strongest(&lock.on.table);
        let says_more = !lock.on.is_part() || on_table.is_none_or(|table| table < lock.mode);
        says_more && self.strongest(&lock.on.relation) == Some(lock.mode)
    }
}

fn named(seen: &Seen) -> String {
    let name = short(&seen.relation);
    if seen.is_part() { format!("{name} of {}", short(&seen.table)) } else { name }
}

/// Without the schema that most have.
pub(super) fn short(name: &Name) -> String {
    match name.schema.as_deref() {
        Some("public") => Name::bare(&name.name).to_string(),
        _ => name.to_string(),
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// One line of at most so many characters.
pub(super) fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} …", line.get(..end).unwrap_or(&line).trim_end()),
        None => line,
    }
}
