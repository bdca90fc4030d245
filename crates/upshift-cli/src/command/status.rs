//! `status`: where every migration stands.

use std::str::FromStr;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};
use upshift::{MigrationId, MigrationStatus};
use upshift_report::json;

use crate::answer::Answer;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Where every migration stands. Writes nothing.
#[derive(Debug, Clone, Args)]
pub struct Status {
    /// Exit with 4 where the schema does not fit: something is pending or refused.
    #[arg(long)]
    check: bool,
    /// These states alone. May be said more than once.
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(json::STATES))]
    state: Vec<String>,
    /// Those applied from then on: 2026-05-14, or a moment of RFC 3339. Days are of UTC.
    #[arg(long, value_name = "WHEN")]
    since: Option<Moment>,
    /// Those applied until then; of a day, to its end.
    #[arg(long, value_name = "WHEN")]
    until: Option<Moment>,
    /// The highest version that is applied, alone, for a script; nothing where none is.
    #[arg(long, conflicts_with_all = ["check", "state", "since", "until"])]
    newest: bool,
}

/// A moment, or a whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moment {
    begins: OffsetDateTime,
    ends: OffsetDateTime,
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Moment, &'static str> {
        if let Ok(day) = Date::parse(text, format_description!("[year]-[month]-[day]")) {
            let begins = day.midnight().assume_utc();
            return Ok(Moment { begins, ends: begins.saturating_add(Duration::DAY) });
        }
        let at = OffsetDateTime::parse(text, &Rfc3339);
        at.map(|at| Moment { begins: at, ends: at })
            .map_err(|_| "expected a day, 2026-05-14, or a moment, 2026-05-14T09:30:00Z")
    }
}

impl Status {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let migrator = context.migrator()?;
        let mut status = migrator.status().await?;
        if self.newest {
            return Ok(newest(&status.migrations));
        }
        if !self.state.is_empty() {
            let wanted = |state: &upshift::State| self.state.iter().any(|asked| asked == json::state(state));
            status.migrations.retain(|migration| wanted(&migration.state));
        }
        if self.since.is_some() || self.until.is_some() {
            status.migrations.retain(|migration| self.is_in_span(migration));
        }
        let answer = Answer::of_the_engine(status.to_string(), json::status(&status));
        if !self.check {
            return Ok(answer);
        }
        let fits = migrator.health().await?.is_fit();
        Ok(if fits { answer } else { answer.exit(Exit::No) })
    }

    fn is_in_span(&self, migration: &MigrationStatus) -> bool {
        let Some(row) = &migration.applied else { return false };
        self.since.is_none_or(|since| row.applied_at >= since.begins)
            && self.until.is_none_or(|until| row.applied_at <= until.ends)
    }
}

/// The highest version in the history, whole.
fn newest(migrations: &[MigrationStatus]) -> Answer {
    let whole =
        migrations.iter().filter(|it| it.applied.is_some() && !matches!(it.state, upshift::State::Failed(_)));
    let newest = whole
        .filter_map(|it| match it.id {
            MigrationId::Version(version) => Some((version, it.label.as_str())),
            MigrationId::Repeatable(_) => None,
        })
        .max();
    let text = newest.map_or_else(String::new, |(version, _)| version.to_string());
    let data = json!({
        "version": newest.map(|(version, _)| version.number()),
        "label": newest.map(|(_, label)| label),
    });
    Answer::done(text, data)
}
