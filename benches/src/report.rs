//! The figures as tables for people and as JSON for programs.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use crate::contender::Place;
use crate::scenario::{CROWD, Cell, Scenario};

/// The middle of some figures, and their ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// `None` of no figures.
    pub fn of(figures: impl Iterator<Item = f64>) -> Option<Spread> {
        let mut sorted: Vec<f64> = figures.collect();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Some(Spread { median: (low + high) / 2.0, min, max })
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

impl Cell {
    fn took(&self) -> Option<Spread> {
        Spread::of(self.samples.iter().map(|sample| ms(sample.took)))
    }

    fn with_connect(&self) -> Option<Spread> {
        Spread::of(self.samples.iter().map(|sample| ms(sample.with_connect)))
    }

    fn round_trips(&self) -> Option<Spread> {
        Spread::of(self.samples.iter().map(|sample| sample.trips.round_trips as f64))
    }

    fn succeeded(&self) -> Option<Spread> {
        Spread::of(self.samples.iter().map(|sample| sample.succeeded as f64))
    }
}

/// Tables of all scenarios and delays.
pub fn markdown(cells: &[Cell]) -> String {
    let mut text = String::new();
    for scenario in Scenario::ALL {
        let mut delays: Vec<Duration> =
            cells.iter().filter(|c| c.scenario == scenario).map(|c| c.delay).collect();
        delays.dedup();
        for delay in delays {
            let of_it = |cell: &&Cell| cell.scenario == scenario && cell.delay == delay;
            text.push_str(&table(scenario, delay, &cells.iter().filter(of_it).collect::<Vec<_>>()));
        }
    }
    text
}

fn table(scenario: Scenario, delay: Duration, cells: &[&Cell]) -> String {
    let rounds = cells.first().map_or(0, |cell| cell.samples.len());
    let mut text =
        format!("\n### {}, {} ms a message ({rounds} rounds)\n\n", scenario.title(), delay.as_millis());
    text.push_str(match scenario {
        Scenario::NothingToDo => {
            "| | ms, median (min–max) | × bare | × best peer | round trips | with connect, ms | × bare | × best peer |\n\
             |---|---|---|---|---|---|---|---|\n"
        }
        Scenario::Empty => "| | ms, median (min–max) | × bare | × best peer | round trips |\n|---|---|---|---|---|\n",
        Scenario::Crowd => "| | ms, median (min–max) | × bare | × best peer | boots that succeeded |\n|---|---|---|---|---|\n",
    });
    for cell in cells {
        let mut columns = vec![cell.name.to_owned()];
        columns.extend(compared(cells, cell, Cell::took));
        columns.push(match scenario {
            Scenario::Crowd => ends(cell.succeeded(), &format!(" of {CROWD}")),
            _ => ends(cell.round_trips(), ""),
        });
        if scenario == Scenario::NothingToDo {
            columns.extend(compared(cells, cell, Cell::with_connect));
        }
        // Nothing goes wrong when a String is written to.
        let _ = writeln!(text, "| {} |", columns.join(" | "));
    }
    for cell in cells {
        if let Some(failure) = &cell.failure {
            let _ = writeln!(text, "\n{}, a boot that failed: `{failure}`", cell.name);
        }
    }
    text
}

/// The figure, its ratio to the floor and its ratio to the best peer, who is the quickest of those that did the work.
fn compared(cells: &[&Cell], cell: &Cell, figure: impl Fn(&Cell) -> Option<Spread>) -> [String; 3] {
    let Some(own) = figure(cell) else { return Default::default() };
    let least = |place| {
        let theirs = cells.iter().filter(|cell| cell.place == place && cell.failure.is_none());
        let medians = theirs.filter_map(|cell| figure(cell));
        medians.map(|spread| spread.median).min_by(f64::total_cmp)
    };
    let ratio = |to: Option<f64>| to.map_or(String::new(), |to| format!("{:.2}", own.median / to));
    let figures = format!("{} ({}–{})", short(own.median), short(own.min), short(own.max));
    [figures, ratio(least(Place::Floor)), ratio(least(Place::Peer))]
}

/// Three digits that count.
fn short(figure: f64) -> String {
    match figure {
        ..10.0 => format!("{figure:.2}"),
        ..100.0 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}

fn ends(spread: Option<Spread>, unit: &str) -> String {
    match spread {
        None => String::new(),
        Some(Spread { min, max, .. }) if min == max => format!("{min}{unit}"),
        Some(Spread { min, max, .. }) => format!("{min}–{max}{unit}"),
    }
}

/// Every round of everything.
pub fn json(cells: &[Cell], migrations: i32, server: &str) -> Value {
    let cell = |cell: &Cell| {
        let samples = cell.samples.iter().map(|sample| {
            json!({
                "ms": ms(sample.took),
                "with_connect_ms": ms(sample.with_connect),
                "round_trips": sample.trips.round_trips,
                "requests": sample.trips.requests,
                "succeeded": sample.succeeded,
            })
        });
        json!({
            "scenario": cell.scenario.key(),
            "delay_ms": cell.delay.as_millis() as u64,
            "contender": cell.name,
            "failure": cell.failure,
            "rounds": samples.collect::<Vec<_>>(),
        })
    };
    json!({ "server": server, "migrations": migrations, "cells": cells.iter().map(cell).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        let spread = |figures: &[f64]| Spread::of(figures.iter().copied());
        for (figures, median) in
            [(vec![3.0, 1.0, 2.0], 2.0), (vec![4.0, 1.0, 2.0, 3.0], 2.5), (vec![7.0], 7.0)]
        {
            assert_eq!(spread(&figures).map(|spread| spread.median), Some(median), "{figures:?}");
        }
        assert_eq!(spread(&[]), None);
    }
}
