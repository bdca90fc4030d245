//! `man`: the manual page.

use clap::{Args, CommandFactory as _};
use serde_json::json;

use crate::answer::Answer;
use crate::cli::Main;
use crate::failure::Failure;

/// The manual page, to standard output: `upshift man | man -l -`.
#[derive(Debug, Clone, Args)]
pub struct Man {}

impl Man {
    pub(super) fn run(&self) -> Result<Answer, Failure> {
        let mut page = Vec::new();
        clap_mangen::Man::new(Main::command())
            .render(&mut page)
            .map_err(|cause| Failure::failed(format!("the manual page cannot be written: {cause}")))?;
        let page = String::from_utf8_lossy(&page).into_owned();
        let data = json!({ "page": page });
        Ok(Answer::done(page, data))
    }
}
