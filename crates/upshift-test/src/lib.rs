//! A real, throw-away PostgreSQL server for tests and demos.
