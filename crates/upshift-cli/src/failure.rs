//! Why a command did not do what it was asked.

use std::fmt;
use std::path::Path;

use crate::exit::Exit;

/// Why a command did not do what it was asked: what, why, what now, and the exit code.
#[derive(Debug)]
pub struct Failure(Box<Kind>);

#[derive(Debug)]
enum Kind {
    Engine(upshift::Error),
    Own(Own),
}

#[derive(Debug)]
struct Own {
    exit: Exit,
    /// What and why: the first line says what, the others the rest.
    text: String,
    help: Option<String>,
}

impl Failure {
    fn own(exit: Exit, text: impl Into<String>) -> Failure {
        Failure(Box::new(Kind::Own(Own { exit, text: text.into(), help: None })))
    }

    /// The command line or the configuration is wrong.
    pub(crate) fn usage(text: impl Into<String>) -> Failure {
        Failure::own(Exit::Usage, text)
    }

    /// It must not be done.
    pub(crate) fn refused(text: impl Into<String>) -> Failure {
        Failure::own(Exit::Refused, text)
    }

    /// It went wrong on the way.
    pub(crate) fn failed(text: impl Into<String>) -> Failure {
        Failure::own(Exit::Failed, text)
    }

    /// The server did not answer, or not as it should.
    pub(crate) fn unreachable(text: impl Into<String>) -> Failure {
        Failure::own(Exit::Unreachable, text)
    }

    /// Somebody else is in the way.
    pub(crate) fn busy(text: impl Into<String>) -> Failure {
        Failure::own(Exit::Busy, text)
    }

    /// It would destroy something.
    pub(crate) fn not_confirmed(what: &str) -> Failure {
        Failure::own(Exit::NotConfirmed, format!("{what}, and nobody has said that it may"))
            .help("say --yes where nobody can be asked")
    }

    /// The same, where another word than `--yes` says that it may.
    pub(crate) fn not_confirmed_by(what: String, help: &str) -> Failure {
        Failure::own(Exit::NotConfirmed, what).help(help)
    }

    /// A file or folder that could not be read or written.
    pub(crate) fn file(doing: &str, path: &Path, cause: &std::io::Error) -> Failure {
        Failure::own(Exit::Failed, format!("cannot {doing} {}: {cause}", path.display()))
    }

    /// The same with what to do now. An error of the engine has its own.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Failure {
        if let Kind::Own(own) = self.0.as_mut() {
            own.help = Some(help.into());
        }
        self
    }

    /// The engine's error, when it is one.
    pub(crate) fn engine(&self) -> Option<&upshift::Error> {
        match self.0.as_ref() {
            Kind::Engine(error) => Some(error),
            Kind::Own(_) => None,
        }
    }

    /// What a pipeline is told.
    pub fn exit(&self) -> Exit {
        match self.0.as_ref() {
            Kind::Own(own) => own.exit,
            Kind::Engine(error) => exit_of(error),
        }
    }

    /// What to do now.
    pub fn advice(&self) -> Option<String> {
        match self.0.as_ref() {
            Kind::Own(own) => own.help.clone(),
            Kind::Engine(error) => error.help(),
        }
    }

    /// All of it, as a person reads it.
    pub fn render(&self) -> String {
        match self.0.as_ref() {
            Kind::Engine(error) => error.render(),
            Kind::Own(own) => match &own.help {
                Some(help) => format!("{}\n  help: {help}", own.text),
                None => own.text.clone(),
            },
        }
    }
}

/// What an error of the engine means to a pipeline.
fn exit_of(error: &upshift::Error) -> Exit {
    if error.is_locked() || error.is_lock_timeout() {
        Exit::Busy
    } else if error.failure().is_some() || error.stopped().is_some() || error.is_unhealthy() {
        Exit::Failed
    } else if error.is_connection_lost() {
        Exit::Unreachable
    } else if error.report().is_some_and(|report| !report.is_empty()) || error.sqlstate().is_some() {
        Exit::Failed
    } else {
        Exit::Refused
    }
}

impl From<upshift::Error> for Failure {
    fn from(error: upshift::Error) -> Failure {
        Failure(Box::new(Kind::Engine(error)))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_ref() {
            Kind::Engine(error) => error.fmt(f),
            Kind::Own(own) => f.write_str(own.text.lines().next().unwrap_or_default()),
        }
    }
}

impl std::error::Error for Failure {}
