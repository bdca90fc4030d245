//! The time line: bars as SVG, which paper shows as well, where backgrounds are left out.

use std::time::Duration;

use maud::{Markup, html};
use upshift::human;

use super::shown::{Bar, BarKind, Row, Shown};

/// The least that can be seen, in thousandths of the line.
const HAIR: f64 = 3.0;

/// The ends of the line.
pub(super) fn axis(total: Duration) -> Markup {
    html! { span.axis { span { "0" } span { (human(total)) } } }
}

/// One bar. What it shows stands in the row as text, but for when it was.
pub(super) fn bar(row: &Row) -> Markup {
    let Bar { tried, began, ended, kind } = row.bar;
    let began = began.min(1000.0 - HAIR);
    let width = (ended - began).max(HAIR);
    html! {
        svg viewBox="0 0 1000 12" preserveAspectRatio="none" role="img" aria-label=(spoken(row)) {
            rect.ground x="0" y="5.5" width="1000" height="1" {}
            @if began - tried > HAIR {
                rect.tried x=(rounded(tried)) y="4" width=(rounded(began - tried)) height="4" {}
            }
            rect class=(class(kind, row)) x=(rounded(began)) y="1" width=(rounded(width)) height="10" {}
        }
    }
}

fn class(kind: BarKind, row: &Row) -> String {
    match kind {
        BarKind::Waiting => "waiting".to_owned(),
        BarKind::Failed => "failing".to_owned(),
        BarKind::Step => format!("step {}", row.phase.unwrap_or_default()),
    }
}

fn rounded(thousandths: f64) -> String {
    format!("{thousandths:.1}")
}

fn spoken(row: &Row) -> String {
    let percent = |at: f64| format!("{:.0} %", at / 10.0);
    format!("from {} to {} of the time", percent(row.bar.began), percent(row.bar.ended))
}

/// What the colours mean, as far as they are there.
pub(super) fn legend(shown: &Shown) -> Markup {
    let is_tried = shown.rows.iter().any(|row| row.bar.began - row.bar.tried > HAIR);
    let is_waiting = shown.rows.iter().any(|row| row.bar.kind == BarKind::Waiting);
    let mark = |class: &str| {
        html! { svg.mark viewBox="0 0 12 12" aria-hidden="true" { rect class=(class) x="0" y="2" width="12" height="8" {} } }
    };
    html! {
        @if is_tried || is_waiting {
            p.legend {
                @if is_waiting { span { (mark("waiting")) " waited for another migrator" } }
                @if is_tried { span { (mark("tried")) " tried before, in vain, and paused" } }
            }
        }
    }
}
