//! The table that a person sees before anything is adopted.

use std::fmt;

use crate::adoption::{Adoption, Line, Standing};
use crate::shape::Zone;
use crate::survey::Rows;
use crate::time::shown;

impl Adoption {
    /// When a migration was applied, as a person reads it.
    pub(crate) fn time_in_words(&self, line: &Line) -> String {
        match (line.at, &self.old) {
            (None, _) => "at an unknown time".to_owned(),
            (Some(at), Some(old)) if old.zone == Zone::Unsaid => {
                format!("{} UTC (it says no zone, taken as {})", shown(at), old.session_zone)
            }
            (Some(at), _) => format!("{} UTC", shown(at)),
        }
    }

    fn headline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(old) = &self.old else { return writeln!(f, "{}", self.tool) };
        let count = Rows::Count(i64::try_from(old.rows.len()).unwrap_or(i64::MAX));
        write!(f, "{}: {}, {count}; {} files", self.tool, old.table, self.layout)?;
        if old.zone == Zone::Unsaid && self.lines.iter().any(|line| line.at.is_some()) {
            write!(f, "; its times say no zone and are taken as {}", old.session_zone)?;
        }
        writeln!(f)
    }

    fn sum(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (adopted, verified) = self.counts();
        let waiting = self.lines.iter().filter(|line| !line.standing.is_applied()).count();
        let migrations = if adopted == 1 { "migration" } else { "migrations" };
        write!(f, "to adopt: {adopted} {migrations}, {verified} verified")?;
        if waiting > 0 {
            write!(f, "; not applied: {waiting}")?;
        }
        writeln!(f)
    }
}

impl fmt::Display for Adoption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.headline(f)?;
        let original = |line: &Line| line.original.clone().unwrap_or_else(|| "-".to_owned());
        let at = |line: &Line| line.at.map_or_else(|| "-".to_owned(), shown);
        let rows: Vec<[String; 4]> = self
            .lines
            .iter()
            .map(|line| [line.label.clone(), original(line), at(line), line.standing.to_string()])
            .collect();
        if !rows.is_empty() {
            let head = [
                "migration".to_owned(),
                self.tool.to_string(),
                "applied (UTC)".to_owned(),
                "standing".to_owned(),
            ];
            let widest = |column: usize| {
                let cells = std::iter::once(&head).chain(&rows).map(|row| row[column].chars().count());
                cells.max().unwrap_or(0)
            };
            let widths = [widest(0), widest(1), widest(2)];
            for row in std::iter::once(&head).chain(&rows) {
                let [label, original, at, standing] = row;
                let [a, b, c] = widths;
                writeln!(f, "{label:a$}  {original:b$}  {at:c$}  {standing}")?;
            }
        }
        if !self.lines.is_empty() {
            self.sum(f)?;
        }
        for refusal in &self.refusals {
            writeln!(f, "refused: {refusal}\n  help: {}", refusal.help())?;
        }
        Ok(())
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Standing::Verified => f.write_str("verified"),
            Standing::VerifiedButForLineEnds => f.write_str("verified, but for the ends of its lines"),
            Standing::Unverifiable(why) => write!(f, "unverifiable: {why}"),
            Standing::Changed => f.write_str("changed: its checksum is another one"),
            Standing::AppliedAgain => f.write_str("changed: applied again by the next run"),
            Standing::InBaseline => f.write_str("in the baseline"),
            Standing::FileMissing => f.write_str("file missing"),
            Standing::Newer => f.write_str("newer than these files"),
            Standing::Pending => f.write_str("pending"),
            Standing::OutOfOrder => f.write_str("out of order: newer ones are applied"),
            Standing::Skipped => f.write_str("skipped by the old tool: never applied"),
        }
    }
}
