//! Every promise upshift makes, one module each.

#[path = "promises/boot.rs"]
mod boot;
#[path = "promises/cancel.rs"]
mod cancel;
#[path = "promises/round_trips.rs"]
mod round_trips;
