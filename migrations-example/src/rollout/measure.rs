//! What the requests came to, chapter by chapter.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

/// What all instances told.
#[derive(Debug, Default)]
pub(super) struct Record {
    chapter: Chapter,
    applied: Vec<Applied>,
    said: Vec<String>,
    listening: BTreeMap<&'static str, SocketAddr>,
}

/// Requests of one chapter.
#[derive(Debug, Clone, Default)]
pub(super) struct Chapter {
    micros: Vec<u64>,
    failed: Vec<String>,
}

/// A migration that an instance applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Applied {
    pub(super) host: &'static str,
    pub(super) label: String,
    pub(super) millis: u64,
}

impl Record {
    pub(super) fn requests(&mut self, _at: Instant, micros: &[u64], failed: Vec<String>) {
        self.chapter.micros.extend_from_slice(micros);
        self.chapter.failed.extend(failed);
    }

    pub(super) fn applied(&mut self, host: &'static str, label: String, millis: u64) {
        self.applied.push(Applied { host, label, millis });
    }

    pub(super) fn said(&mut self, host: &'static str, text: String) {
        self.said.push(format!("{host}: {text}"));
    }

    pub(super) fn listens(&mut self, host: &'static str, address: SocketAddr) {
        self.listening.insert(host, address);
    }

    /// Where instances answer probes.
    pub(super) fn listening(&self) -> BTreeMap<&'static str, SocketAddr> {
        self.listening.clone()
    }

    /// Ends a chapter and begins the next.
    pub(super) fn turn(&mut self) -> Chapter {
        std::mem::take(&mut self.chapter)
    }

    /// What was applied and not told yet.
    pub(super) fn news(&mut self) -> (Vec<Applied>, Vec<String>) {
        (std::mem::take(&mut self.applied), std::mem::take(&mut self.said))
    }
}

impl Chapter {
    pub(super) fn count(&self) -> usize {
        self.micros.len() + self.failed.len()
    }

    pub(super) fn failed(&self) -> &[String] {
        &self.failed
    }

    /// The latency that so many of a thousand requests stay below, in milliseconds.
    pub(super) fn quantile(&self, of_a_thousand: usize) -> f64 {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        let at = sorted.len().saturating_sub(1) * of_a_thousand / 1000;
        sorted.get(at).map_or(0.0, |micros| *micros as f64 / 1000.0)
    }

    /// All of this one and another.
    pub(super) fn with(mut self, other: &Chapter) -> Chapter {
        self.micros.extend_from_slice(&other.micros);
        self.failed.extend_from_slice(&other.failed);
        self
    }
}
