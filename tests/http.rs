//! What a service mounts: probes, metrics, status, the page, actions.

#[path = "http/actions.rs"]
mod actions;
#[path = "http/events.rs"]
mod events;
#[path = "http/idle.rs"]
mod idle;
#[path = "http/metrics.rs"]
mod metrics;
#[path = "http/page.rs"]
mod page;
#[path = "http/probes.rs"]
mod probes;
#[path = "http/stage.rs"]
mod stage;
#[path = "http/status.rs"]
mod status;
