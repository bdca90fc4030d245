//! Every promise upshift makes, one module each.

#[path = "promises/boot.rs"]
mod boot;
#[path = "promises/cancel.rs"]
mod cancel;
#[path = "promises/down.rs"]
mod down;
#[path = "promises/events.rs"]
mod events;
#[path = "promises/grouped.rs"]
mod grouped;
#[path = "promises/lock.rs"]
mod lock;
#[path = "promises/non_transactional.rs"]
mod non_transactional;
#[path = "promises/repeatable.rs"]
mod repeatable;
#[path = "promises/retry.rs"]
mod retry;
#[path = "promises/round_trips.rs"]
mod round_trips;
#[path = "promises/target.rs"]
mod target;
