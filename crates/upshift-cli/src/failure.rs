//! Why a command did not do what it was asked.

use std::fmt;
use std::path::Path;

use crate::exit::Exit;

/// Why a command did not do what it was asked: what, why, what now, and the exit code.
#[derive(Debug)]
pub struct Failure(Box<Kind>, Option<Tried>);

/// Which database was tried.
type Tried = String;

#[derive(Debug)]
enum Kind {
    Engine {
        error: upshift::Error,
        /// What the command had done before it.
        before: Option<upshift::Report>,
    },
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
        Failure(Box::new(Kind::Own(Own { exit, text: text.into(), help: None })), None)
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

    /// The same, where a person was asked and did not say yes.
    pub(crate) fn denied(what: &str) -> Failure {
        Failure::own(Exit::NotConfirmed, format!("{what}: you said no; nothing was done"))
    }

    /// The same, where another word than `--yes` says that it may.
    pub(crate) fn not_confirmed_by(what: String, help: &str) -> Failure {
        Failure::own(Exit::NotConfirmed, what).help(help)
    }

    /// What stands behind an error of another crate of ours: `text` is all of it, the exit code the engine's.
    pub(crate) fn behind(error: &upshift::Error, text: impl Into<String>) -> Failure {
        Failure::own(exit_of(error), text)
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

    /// The same with the database that was tried: of several places that name one, nobody knows by heart which counts.
    pub(crate) fn tried(mut self, which: Option<String>) -> Failure {
        self.1 = which;
        self
    }

    /// The same after a part of the command that went well.
    pub(crate) fn after(mut self, report: upshift::Report) -> Failure {
        if let Kind::Engine { before, .. } = self.0.as_mut() {
            *before = Some(report);
        }
        self
    }

    /// What the command did before it failed.
    pub(crate) fn report(&self) -> Option<upshift::Report> {
        let Kind::Engine { error, before } = self.0.as_ref() else { return None };
        match (before.clone(), error.report().cloned()) {
            (Some(mut before), Some(last)) => {
                before.go_on(&last);
                Some(before)
            }
            (before, last) => before.or(last),
        }
    }

    /// The engine's error, when it is one.
    pub(crate) fn engine(&self) -> Option<&upshift::Error> {
        match self.0.as_ref() {
            Kind::Engine { error, .. } => Some(error),
            Kind::Own(_) => None,
        }
    }

    /// What a pipeline is told.
    pub fn exit(&self) -> Exit {
        match self.0.as_ref() {
            Kind::Own(own) => own.exit,
            Kind::Engine { error, .. } => exit_of(error),
        }
    }

    /// What to do now.
    pub fn advice(&self) -> Option<String> {
        match self.0.as_ref() {
            Kind::Own(own) => own.help.clone(),
            Kind::Engine { error, .. } => error.help().or_else(|| helps(error)),
        }
    }

    /// All of it, as a person reads it.
    pub fn render(&self) -> String {
        let mut text = match self.0.as_ref() {
            Kind::Engine { error, .. } => error.render(),
            Kind::Own(own) => match &own.help {
                Some(help) => format!("{}\n  help: {help}", own.text),
                None => own.text.clone(),
            },
        };
        if let Some(tried) = &self.1 {
            text.push_str(&format!("\n  tried: {tried}"));
        }
        text
    }
}

/// What to do about each reason against a plan, or each mistake in a file, in the order they stand; what is the same once.
fn helps(error: &upshift::Error) -> Option<String> {
    let refused = error.refusals().iter().map(|it| it.kind.help());
    let wrong =
        error.diagnostics().into_iter().flat_map(upshift::Diagnostics::iter).filter_map(|it| it.help.clone());
    let mut all: Vec<String> = Vec::new();
    for help in refused.chain(wrong) {
        if !all.contains(&help) {
            all.push(help);
        }
    }
    (!all.is_empty()).then(|| all.join("\n"))
}

/// What an error of the engine means to a pipeline.
fn exit_of(error: &upshift::Error) -> Exit {
    if !error.grants().is_empty() {
        // Told before anything is changed.
        Exit::Refused
    } else if error.is_locked() || error.is_lock_timeout() {
        Exit::Busy
    } else if error.stopped().is_some_and(is_of_nothing)
        && error.report().is_none_or(upshift::Report::is_empty)
    {
        Exit::Refused
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

/// Whether what was asked of a backfill has no meaning, so that nothing was tried.
fn is_of_nothing(stopped: &upshift::Stopped) -> bool {
    use upshift::Stopped;
    matches!(
        stopped,
        Stopped::NotBegun | Stopped::NotInBatches | Stopped::NotNow { .. } | Stopped::Blocked { .. }
    )
}

impl From<upshift::Error> for Failure {
    fn from(error: upshift::Error) -> Failure {
        Failure(Box::new(Kind::Engine { error, before: None }), None)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_ref() {
            Kind::Engine { error, .. } => error.fmt(f),
            Kind::Own(own) => f.write_str(own.text.lines().next().unwrap_or_default()),
        }
    }
}

impl std::error::Error for Failure {}
