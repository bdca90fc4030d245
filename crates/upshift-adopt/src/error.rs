//! The one error of this crate: what, where, why, what now.

use std::error::Error as StdError;
use std::fmt;

use crate::adoption::Adoption;

/// Why a history was not adopted, or not looked at. `Display` is one line; [`Error::help`] is the next step;
/// [`Error::render`] is all of it, which is also what `Debug` prints.
pub struct Error(Box<Kind>);

enum Kind {
    Refused(Adoption),
    Upshift(upshift::Error),
    Pool(Box<dyn StdError + Send + Sync>),
    Server { doing: &'static str, cause: tokio_postgres::Error },
    Row { table: String, cause: tokio_postgres::Error },
    Schema(upshift::schema::ReadError),
}

impl Error {
    pub(crate) fn refused(adoption: Adoption) -> Error {
        Error(Box::new(Kind::Refused(adoption)))
    }

    pub(crate) fn pool(cause: impl StdError + Send + Sync + 'static) -> Error {
        Error(Box::new(Kind::Pool(Box::new(cause))))
    }

    /// `doing` completes "could not …".
    pub(crate) fn server(doing: &'static str, cause: tokio_postgres::Error) -> Error {
        Error(Box::new(Kind::Server { doing, cause }))
    }

    pub(crate) fn row(table: String, cause: tokio_postgres::Error) -> Error {
        Error(Box::new(Kind::Row { table, cause }))
    }

    pub(crate) fn schema(cause: upshift::schema::ReadError) -> Error {
        Error(Box::new(Kind::Schema(cause)))
    }

    /// What was decided, when that is why nothing was adopted.
    pub fn adoption(&self) -> Option<&Adoption> {
        match &*self.0 {
            Kind::Refused(adoption) => Some(adoption),
            _ => None,
        }
    }

    /// The engine's error, when it is one.
    pub fn upshift(&self) -> Option<&upshift::Error> {
        match &*self.0 {
            Kind::Upshift(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the old tool, or another migrator, was at work.
    pub fn is_locked(&self) -> bool {
        self.upshift().is_some_and(upshift::Error::is_locked)
    }

    /// What to do now, in one line.
    pub fn help(&self) -> Option<String> {
        match &*self.0 {
            Kind::Refused(adoption) => adoption.refusals.first().map(crate::Refusal::help),
            Kind::Upshift(error) => error.help(),
            Kind::Pool(_) => Some("check the address, the credentials and that the server is up".to_owned()),
            Kind::Server { .. } | Kind::Schema(_) => None,
            Kind::Row { .. } => {
                Some("its columns are not of the types the tool gives them: put that right first".to_owned())
            }
        }
    }

    /// Everything, as a person reads it.
    pub fn render(&self) -> String {
        match &*self.0 {
            Kind::Upshift(error) => return error.render(),
            Kind::Refused(adoption) => return format!("{self}\n\n{adoption}").trim_end().to_owned(),
            _ => {}
        }
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(&format!("\n  caused by: {error}"));
            cause = error.source();
        }
        if let Some(help) = self.help() {
            text.push_str(&format!("\n  help: {help}"));
        }
        upshift_files::mask_secrets(&text).into_owned()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Refused(adoption) => match adoption.refusals.as_slice() {
                [one] => write!(f, "the history of {} is not adopted: {one}", adoption.tool),
                more => {
                    write!(f, "the history of {} is not adopted, for {} reasons", adoption.tool, more.len())
                }
            },
            Kind::Upshift(error) => error.fmt(f),
            Kind::Pool(_) => f.write_str("no connection to the database"),
            Kind::Server { doing, .. } => write!(f, "could not {doing}"),
            Kind::Schema(_) => f.write_str("could not read the schema"),
            Kind::Row { table, .. } => write!(f, "a row of {table} could not be understood"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &*self.0 {
            Kind::Refused(_) => None,
            Kind::Upshift(error) => error.source(),
            Kind::Pool(cause) => Some(cause.as_ref()),
            Kind::Schema(cause) => Some(cause),
            Kind::Server { cause, .. } | Kind::Row { cause, .. } => Some(cause),
        }
    }
}

impl From<upshift::Error> for Error {
    fn from(error: upshift::Error) -> Error {
        Error(Box::new(Kind::Upshift(error)))
    }
}
