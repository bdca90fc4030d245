//! What lint says statements do, beside what PostgreSQL did.

#[path = "lint/compare.rs"]
mod compare;
#[path = "lint/measured.rs"]
mod measured;
#[path = "lint/predict.rs"]
mod predict;
