//! `man`: the manual page.

use clap::Args;
use serde_json::json;
use upshift::files::nearest;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::program::Program;

/// The manual page, to standard output: `upshift man | man -l -`; that of a command: `upshift man up`.
#[derive(Debug, Clone, Args)]
pub struct Man {
    /// Which command.
    #[arg(value_name = "COMMAND")]
    about: Vec<String>,
}

impl Man {
    pub(super) fn run(&self, program: &Program) -> Result<Answer, Failure> {
        let (whole, path) = program.grammar();
        let mut about = whole;
        for name in path.iter().chain(&self.about) {
            about = subcommand(&about, name)?;
        }
        let mut page = Vec::new();
        clap_mangen::Man::new(told_whole(about))
            .render(&mut page)
            .map_err(|cause| Failure::failed(format!("the manual page cannot be written: {cause}")))?;
        let page = String::from_utf8_lossy(&page).into_owned();
        let data = json!({ "page": page });
        Ok(Answer::done(page, data))
    }
}

fn subcommand(command: &clap::Command, name: &str) -> Result<clap::Command, Failure> {
    if let Some(found) = command.find_subcommand(name) {
        return Ok(found.clone());
    }
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let failure = Failure::usage(format!("`{name}` is no command"));
    Err(match nearest(name, &names) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure,
    })
}

/// What the short help leaves out would stand on the page without its words.
fn told_whole(command: clap::Command) -> clap::Command {
    command.mut_args(|argument| argument.hide_short_help(false))
}
