//! What upshift says, in shapes for programs and for keeping.
//!
//! - [`json`]: the engine's values as JSON, in shapes with a version: what the command line answers with `--json`, and what
//!   `upshift-http` serves.
//! - [`html`]: the report of a run as one HTML file, to attach to a pull request or a change ticket.
//! - [`Standing`]: where a deployment stands, in one sentence.
//!
//! Pure: no socket, no clock, no files.

pub mod html;
pub mod json;
mod standing;

pub use json::JSON_VERSION;
pub use standing::{Standing, Tone};
