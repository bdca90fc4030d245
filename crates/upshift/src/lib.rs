//! Zero-downtime PostgreSQL migrations that live inside your Rust service.
