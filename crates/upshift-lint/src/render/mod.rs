//! A report for programs: JSON of our own, with a version, and SARIF 2.1.0 for editors and code hosts.

mod json;
mod sarif;
#[cfg(test)]
mod tests;

pub use json::json;
pub use sarif::sarif;
