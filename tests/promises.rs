//! Every promise upshift makes, one module each.

#[path = "promises/architecture.rs"]
mod architecture;
#[path = "promises/audit.rs"]
mod audit;
#[path = "promises/backfill.rs"]
mod backfill;
#[path = "promises/backfill_books.rs"]
mod backfill_books;
#[path = "promises/backfill_faults.rs"]
mod backfill_faults;
#[path = "promises/backfill_hidden_rows.rs"]
mod backfill_hidden_rows;
#[path = "promises/backfill_shared.rs"]
mod backfill_shared;
#[path = "promises/blocked.rs"]
mod blocked;
#[path = "promises/boot.rs"]
mod boot;
#[path = "promises/cancel.rs"]
mod cancel;
#[path = "promises/checks.rs"]
mod checks;
#[path = "promises/down.rs"]
mod down;
#[path = "promises/drift.rs"]
mod drift;
#[path = "promises/drift_kept.rs"]
mod drift_kept;
#[path = "promises/dropped_questions.rs"]
mod dropped_questions;
#[path = "promises/events.rs"]
mod events;
#[path = "promises/failed_questions.rs"]
mod failed_questions;
#[path = "promises/failing_sql.rs"]
mod failing_sql;
#[path = "promises/faults.rs"]
mod faults;
#[path = "promises/foreseen.rs"]
mod foreseen;
#[path = "promises/grouped.rs"]
mod grouped;
#[path = "promises/hand_edited.rs"]
mod hand_edited;
#[path = "promises/health.rs"]
mod health;
#[path = "promises/interrupted.rs"]
mod interrupted;
#[path = "promises/least_privilege.rs"]
mod least_privilege;
#[path = "promises/lint.rs"]
mod lint;
#[path = "promises/lock.rs"]
mod lock;
#[path = "promises/metrics.rs"]
mod metrics;
#[path = "promises/non_transactional.rs"]
mod non_transactional;
#[path = "promises/offline_sql.rs"]
mod offline_sql;
#[path = "promises/overview.rs"]
mod overview;
#[path = "promises/pooler.rs"]
mod pooler;
#[path = "promises/real.rs"]
mod real;
#[path = "promises/refused_statements.rs"]
mod refused_statements;
#[path = "promises/repair.rs"]
mod repair;
#[path = "promises/repeatable.rs"]
mod repeatable;
#[path = "promises/retry.rs"]
mod retry;
#[path = "promises/round_trips.rs"]
mod round_trips;
#[path = "promises/search_path.rs"]
mod search_path;
#[path = "promises/secrets.rs"]
mod secrets;
#[path = "promises/session.rs"]
mod session;
#[path = "promises/settled.rs"]
mod settled;
#[path = "promises/spans.rs"]
mod spans;
#[path = "promises/status.rs"]
mod status;
#[path = "promises/target.rs"]
mod target;
#[path = "promises/test_databases.rs"]
mod test_databases;
#[path = "promises/test_databases_life.rs"]
mod test_databases_life;
#[path = "promises/test_databases_templates.rs"]
mod test_databases_templates;
#[path = "promises/trace.rs"]
mod trace;
#[path = "promises/waits.rs"]
mod waits;
#[path = "promises/written_transaction.rs"]
mod written_transaction;
