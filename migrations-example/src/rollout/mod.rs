//! A rollout: two releases of an order service serve side by side while `orders.status` becomes `orders.status_id`.
//!
//! Each instance is a process of its own (`src/bin/order-service.rs`). The files of release 2 are what the recipe
//! `StringToLookup` of `upshift-recipes` writes; `releases/1` and `releases/2` are what each binary embeds.

pub mod requests;
pub mod service;
pub mod wire;

mod instance;
mod measure;
mod probes;
mod story;

pub use story::{Idler, Size, run};
