//! Rows that a test begins with.

use tokio_postgres::Client;
use tokio_postgres::error::ErrorPosition;
use upshift::Diagnostic;

use super::error::{Kind, TestError};

/// A file of statements that fill a test's database.
#[derive(Debug, Clone)]
pub(crate) struct Fixture {
    pub(crate) path: String,
    pub(crate) sql: String,
}

impl Fixture {
    /// Runs it as one message: all of it or nothing, and the server says the place of a mistake in this very text.
    pub(crate) async fn run(&self, client: &Client) -> Result<(), TestError> {
        client.batch_execute(&self.sql).await.map_err(|cause| {
            let shown = self.place(&cause).map(Box::new);
            Kind::Fixture { path: self.path.clone(), shown, cause }.into()
        })
    }

    fn place(&self, cause: &tokio_postgres::Error) -> Option<Diagnostic> {
        let said = cause.as_db_error()?;
        let ErrorPosition::Original(at) = said.position()? else { return None };
        let character = usize::try_from(*at).ok()?.checked_sub(1)?;
        let from = self.sql.char_indices().nth(character).map_or(self.sql.len(), |(at, _)| at);
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let rest = self.sql.get(from..).unwrap_or("");
        let width = rest.find(|c| !word(c)).unwrap_or(rest.len());
        let message = format!("{} ({})", said.message(), said.code().code());
        let found = Diagnostic::at(&*self.path, &self.sql, from..from + width, message);
        Some(match said.hint().or(said.detail()) {
            Some(more) => found.help(more.to_owned()),
            None => found,
        })
    }
}
