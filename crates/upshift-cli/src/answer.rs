//! What a command answers: one value, shown as text or as JSON.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};
pub use upshift_report::json::JSON_VERSION;
use upshift_report::json::made_by;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::words::Called;

/// What a command answers.
#[derive(Debug)]
pub struct Answer {
    /// For a person, to standard output.
    text: String,
    /// For a program.
    data: Value,
    exit: Exit,
    voice: Voice,
}

/// Who has written the text: what a user's own SQL says is never touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Voice {
    /// The commands.
    Ours,
    /// The engine, which names calls where a command line has commands.
    Engine,
}

impl Answer {
    /// It did what was asked.
    pub(crate) fn done(text: impl Into<String>, data: impl Serialize) -> Answer {
        // What is given here are our own types: text, numbers, lists. None of them can fail to be a value.
        let data = serde_json::to_value(data).unwrap_or(Value::Null);
        Answer { text: text.into(), data, exit: Exit::Done, voice: Voice::Ours }
    }

    /// The same, in the engine's words: where they name calls, commands are said.
    pub(crate) fn of_the_engine(text: impl Into<String>, data: impl Serialize) -> Answer {
        Answer { voice: Voice::Engine, ..Answer::done(text, data) }
    }

    /// The same, with another exit code.
    pub(crate) fn exit(mut self, exit: Exit) -> Answer {
        self.exit = exit;
        self
    }

    /// For a person: ends with a line end, unless there is nothing to say.
    pub(crate) fn text(&self, called: &Called) -> String {
        let text = match self.voice {
            Voice::Ours => Cow::Borrowed(self.text.as_str()),
            Voice::Engine => called.at_a_command_line(&self.text),
        };
        match text.is_empty() || text.ends_with('\n') {
            true => text.into_owned(),
            false => format!("{text}\n"),
        }
    }

    /// What a pipeline is told.
    pub fn code(&self) -> Exit {
        self.exit
    }

    /// For a program: an object with the version of its shape, the command, the exit, and what the command says.
    pub(crate) fn json(&self, command: &str, called: &Called) -> Value {
        let data = match self.voice {
            Voice::Ours => self.data.clone(),
            Voice::Engine => called.in_json(self.data.clone()),
        };
        envelope(command, self.exit, "data", data)
    }
}

/// A failure as a program reads it.
pub(crate) fn failure_as_json(command: &str, failure: &Failure, called: &Called) -> Value {
    envelope(command, failure.exit(), "error", called.in_json(error(failure)))
}

/// What is wrong, in the engine's words.
pub(crate) fn error(failure: &Failure) -> Value {
    let mut error = json!({
        "message": failure.to_string(),
        "help": failure.advice(),
        "text": failure.render(),
    });
    if let Some(engine) = failure.engine() {
        error["sqlstate"] = json!(engine.sqlstate());
        error["refused"] = engine.refusals().iter().map(|it| json!(it.to_string())).collect();
        error["report"] = json!(failure.report().as_ref().map(upshift_report::json::report));
    }
    error
}

fn envelope(command: &str, exit: Exit, key: &str, value: Value) -> Value {
    json!({
        "upshift": made_by(),
        "command": command,
        "exit": { "code": exit.code(), "is": exit },
        key: value,
    })
}
