//! `completions`: for a shell.

use clap::Args;
use clap_complete::Shell;
use serde_json::json;

use crate::answer::Answer;
use crate::program::Program;

/// Completions for a shell, to standard output.
#[derive(Debug, Clone, Args)]
pub struct Completions {
    /// Which shell.
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, program: &Program) -> Answer {
        let (mut whole, _) = program.grammar();
        let name = whole.get_bin_name().unwrap_or_else(|| whole.get_name()).to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut whole, name, &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        let data = json!({ "shell": self.shell.to_string(), "script": script });
        Answer::done(script, data)
    }
}
