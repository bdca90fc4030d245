//! What the program's exit code says to a pipeline.

use std::process::ExitCode;

use serde::Serialize;

/// How a command ended, as a pipeline sees it. The numbers are part of the interface: they never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Exit {
    /// It did what was asked.
    Done,
    /// It failed on the way: a statement failed, the connection was lost. What was done before stands in the report.
    Failed,
    /// The command line or the configuration is wrong.
    Usage,
    /// Nothing was done, since it must not be: files with mistakes, an edited migration, a finding of lint.
    Refused,
    /// The question was answered, and the answer is no: something is pending, drifted, different, not proven.
    No,
    /// Somebody else is in the way: another migrator, or a lock on a table. Trying again may help.
    Busy,
    /// The server could not be reached, or did not let us in.
    Unreachable,
    /// It would destroy data or history and was not told that it may.
    NotConfirmed,
}

impl Exit {
    /// Every way to end, in the order of their numbers.
    pub const ALL: [Exit; 8] = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::Refused,
        Exit::No,
        Exit::Busy,
        Exit::Unreachable,
        Exit::NotConfirmed,
    ];

    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Refused => 3,
            Exit::No => 4,
            Exit::Busy => 5,
            Exit::Unreachable => 6,
            Exit::NotConfirmed => 7,
        }
    }

    /// What it means, in a line.
    pub fn meaning(self) -> &'static str {
        match self {
            Exit::Done => "done; for a question: yes",
            Exit::Failed => "failed on the way; the report says what is done",
            Exit::Usage => "the command line or the configuration is wrong",
            Exit::Refused => "nothing was done, because it must not be",
            Exit::No => "the answer is no: pending, drifted, different, not proven",
            Exit::Busy => "somebody else is in the way; trying again may help",
            Exit::Unreachable => "the server could not be reached, or did not let us in",
            Exit::NotConfirmed => "it would destroy something, and was not told --yes",
        }
    }

    /// The list of all of them, as the help shows it.
    pub(crate) fn list() -> String {
        let lines = Exit::ALL.iter().map(|exit| format!("  {}  {}", exit.code(), exit.meaning()));
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
