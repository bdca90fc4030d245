//! What an instance tells the story, a line of JSON each.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// One line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// It answers probes at this address, before it migrates.
    Listening(SocketAddr),
    /// It has joined and serves.
    Serving,
    /// It must not serve.
    Refused(String),
    /// Requests that ended since the last such line: how long each took, in microseconds, and why some failed.
    Load {
        /// Of those that were answered well.
        micros: Vec<u64>,
        /// Of those that were not.
        failed: Vec<String>,
    },
    /// A migration was applied, and took so many milliseconds.
    Applied(String, u64),
    /// Something for a person to read.
    Said(String),
}
