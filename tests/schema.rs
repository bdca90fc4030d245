//! Schemas as data: snapshots that see what pg_dump sees, on every major the same.

#[path = "schema/changes.rs"]
mod changes;
#[path = "schema/generate.rs"]
mod generate;
#[path = "schema/oracle.rs"]
mod oracle;
#[path = "schema/pairs.rs"]
mod pairs;
#[path = "schema/partitions.rs"]
mod partitions;
#[path = "schema/pull.rs"]
mod pull;
#[path = "schema/push.rs"]
mod push;
#[path = "schema/reading.rs"]
mod reading;
#[path = "schema/regression.rs"]
mod regression;
#[path = "schema/shadow.rs"]
mod shadow;
#[path = "schema/sink.rs"]
mod sink;
#[path = "schema/verify.rs"]
mod verify;
