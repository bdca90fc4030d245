//! The only place that prints and asks: answers to standard output, all else to standard error.

pub(crate) mod progress;

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};

use crate::failure::Failure;
use crate::words::Called;

/// How an answer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For a person.
    Text,
    /// For a program.
    Json,
}

/// How much is told beside the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// What goes on, as it does.
    Normal,
    /// Nothing.
    Quiet,
}

/// Whether what destroys something was agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Once for all, by `--yes`.
    Given,
    /// Each time, by whoever sits there.
    Asked,
}

/// Whether somebody can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Person {
    /// They have said yes to everything.
    SaysYes,
    /// They sit at a terminal.
    CanBeAsked,
    /// Nobody is there: a pipeline.
    IsNotThere,
}

/// Where a command runs: what it may print, whom it may ask.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    format: Format,
    verbosity: Verbosity,
    person: Person,
    colour: Colour,
    called: Called,
}

/// Whether standard error takes colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Colour {
    Yes,
    No,
}

impl Terminal {
    pub(crate) fn of(format: Format, verbosity: Verbosity, consent: Consent, called: Called) -> Terminal {
        let at_terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        let person = match (consent, at_terminal) {
            (Consent::Given, _) => Person::SaysYes,
            (Consent::Asked, true) if format == Format::Text => Person::CanBeAsked,
            (Consent::Asked, _) => Person::IsNotThere,
        };
        // https://no-color.org: any value that is not empty.
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colour = if std::io::stderr().is_terminal() && !unwanted { Colour::Yes } else { Colour::No };
        Terminal { format, verbosity, person, colour, called }
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// What a person types before a command.
    pub(crate) fn called(&self) -> &Called {
        &self.called
    }

    /// Whether what goes on is told, and where: nowhere, as lines, as bars.
    pub(crate) fn telling(&self) -> Telling {
        match (self.verbosity, std::io::stderr().is_terminal()) {
            (Verbosity::Quiet, _) => Telling::Nothing,
            (Verbosity::Normal, true) => Telling::Bars,
            (Verbosity::Normal, false) => Telling::Lines,
        }
    }

    /// The answer. A reader that has gone away (`| head`) is no failure of the command.
    ///
    /// # Errors
    /// It could not be written, such as to a full disk: half an answer is none.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(cause) if cause.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Failure::failed(format!("the answer cannot be written: {cause}")))
            }
            _ => Ok(()),
        }
    }

    /// A line beside the answer.
    pub(crate) fn tell(&self, line: &str) {
        if self.verbosity == Verbosity::Normal {
            complain(line, &self.called);
        }
    }

    /// Why it was not done.
    pub(crate) fn fail(&self, failure: &Failure) {
        if let Some(report) = failure.report().filter(|report| !report.is_empty()) {
            complain(&report.to_string(), &self.called);
        }
        let label = self.styled("error", AnsiColor::Red.on_default().bold());
        complain(&format!("{label}: {}", failure.render()), &self.called);
    }

    fn styled(&self, text: &str, style: Style) -> String {
        match self.colour {
            Colour::Yes => format!("{style}{text}{style:#}"),
            Colour::No => text.to_owned(),
        }
    }

    /// Asks before something is destroyed: `what` says it in a sentence without its full stop.
    ///
    /// # Errors
    /// The person says no, or nobody is there to be asked.
    ///
    /// # Cancel safety
    /// The line is waited for by a thread of its own, so an interrupt ends the question.
    pub(crate) async fn confirm(&self, what: &str) -> Result<(), Failure> {
        self.confirm_or(what, "say --yes where nobody can be asked").await
    }

    /// The same, where there is something better to do than to say yes.
    ///
    /// # Errors
    /// As [`Terminal::confirm`], with that as its help.
    ///
    /// # Cancel safety
    /// As [`Terminal::confirm`].
    pub(crate) async fn confirm_or(&self, what: &str, help: &str) -> Result<(), Failure> {
        match self.person {
            Person::SaysYes => return Ok(()),
            Person::IsNotThere => return Err(Failure::not_confirmed(what).help(help)),
            Person::CanBeAsked => {}
        }
        let mut err = std::io::stderr().lock();
        let question = format!("{what}. Go on? [y/N] ");
        let _ = err.write_all(question.as_bytes()).and_then(|()| err.flush());
        drop(err);
        let (answer, answered) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = std::io::stdin().lock().read_line(&mut line);
            let _ = answer.send(read.map(|_| line));
        });
        match answered.await {
            Ok(Ok(line)) if matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes") => Ok(()),
            _ => Err(Failure::denied(what)),
        }
    }
}

/// How what goes on is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    /// Not at all.
    Nothing,
    /// Line by line, as a log keeps it.
    Lines,
    /// With bars that move.
    Bars,
}

/// A failure of before there was a terminal, to standard output.
pub(crate) fn print_json(value: &serde_json::Value) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{value:#}");
}

/// A line to standard error.
pub(crate) fn complain(line: &str, called: &Called) {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "{}", called.at_a_command_line(line));
}
