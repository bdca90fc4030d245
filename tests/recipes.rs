//! The recipes on real servers: what the files say, what the triggers do, that the two sides agree whatever is written,
//! and the way back.

#[path = "recipes/change.rs"]
mod change;
#[path = "recipes/facts.rs"]
mod facts;
#[path = "recipes/fleet.rs"]
mod fleet;
#[path = "recipes/foreseen.rs"]
mod foreseen;
#[path = "recipes/hidden.rs"]
mod hidden;
#[path = "recipes/locks.rs"]
mod locks;
#[path = "recipes/property.rs"]
mod property;
#[path = "recipes/rules.rs"]
mod rules;
#[path = "recipes/snapshots.rs"]
mod snapshots;
#[path = "recipes/stage.rs"]
mod stage;
#[path = "recipes/subject.rs"]
mod subject;
#[path = "recipes/surroundings.rs"]
mod surroundings;
#[path = "recipes/triggers.rs"]
mod triggers;
#[path = "recipes/way_back.rs"]
mod way_back;
