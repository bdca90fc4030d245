//! An order service that migrates itself at boot with upshift.
//!
//! [`boot`] is the part to copy into a service of yours; the rest shows that it serves. [`demo`] tells the story on a
//! throw-away server: `cargo run -p migrations-example -- demo`.

pub mod boot;
pub mod caller;
pub mod demo;
pub mod error;
pub mod http;
pub mod orders;
pub mod rollout;
pub mod terminal;
