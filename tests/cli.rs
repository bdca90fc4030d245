//! The command line: what a person reads, what a pipeline reads, how it ends.

#[path = "cli/adopt.rs"]
mod adopt;
#[path = "cli/backup.rs"]
mod backup;
#[path = "cli/connection.rs"]
mod connection;
#[path = "cli/docs.rs"]
mod docs;
#[path = "cli/elsewhere.rs"]
mod elsewhere;
#[path = "cli/embedded.rs"]
mod embedded;
#[path = "cli/exits.rs"]
mod exits;
#[path = "cli/help.rs"]
mod help;
#[path = "cli/json.rs"]
mod json;
#[path = "cli/looks.rs"]
mod looks;
#[path = "cli/new.rs"]
mod new;
#[path = "cli/recipe.rs"]
mod recipe;
#[path = "cli/renumber.rs"]
mod renumber;
#[path = "cli/report.rs"]
mod report;
#[path = "cli/stage.rs"]
mod stage;
#[path = "cli/story.rs"]
mod story;
#[path = "cli/tls.rs"]
mod tls;
#[path = "cli/wishes.rs"]
mod wishes;
