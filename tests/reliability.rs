//! No crash, cut or race loses or doubles a migration: tried over and over, in numbers (docs/reliability.md).

#[path = "reliability/crowd.rs"]
mod crowd;
#[path = "reliability/cuts.rs"]
mod cuts;
#[path = "reliability/failover.rs"]
mod failover;
#[path = "reliability/kills.rs"]
mod kills;
