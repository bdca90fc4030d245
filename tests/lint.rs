//! What lint says statements do, beside what PostgreSQL did.

#[path = "lint/compare.rs"]
mod compare;
#[path = "lint/corpus.rs"]
mod corpus;
#[path = "lint/examples.rs"]
mod examples;
#[path = "lint/functions.rs"]
mod functions;
#[path = "lint/live.rs"]
mod live;
#[path = "lint/measured.rs"]
mod measured;
#[path = "lint/observe.rs"]
mod observe;
#[path = "lint/predict.rs"]
mod predict;
#[path = "lint/real.rs"]
mod real;
#[path = "lint/waiting.rs"]
mod waiting;
