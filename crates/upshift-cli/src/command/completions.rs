//! `completions`: for a shell.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use serde_json::json;

use crate::answer::Answer;
use crate::cli::Main;

/// Completions for a shell, to standard output.
#[derive(Debug, Clone, Args)]
pub struct Completions {
    /// Which shell.
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) -> Answer {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Main::command(), "upshift", &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        let data = json!({ "shell": self.shell.to_string(), "script": script });
        Answer::done(script, data)
    }
}
