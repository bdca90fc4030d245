//! `diff`: two schemas side by side.

use clap::Args;
use serde_json::json;

use super::objects::ObjectArguments;
use super::origin::{Scratch, origin};
use crate::answer::Answer;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// What differs between two schemas. Writes nothing but scratch databases; exits with 4 where they differ.
///
/// A schema is `database` (that of --url), `migrations` (all of them, applied to a scratch database), `empty`, a URL, or a
/// file or folder of SQL. Lines with `-` are of the first, lines with `+` of the second.
#[derive(Debug, Clone, Args)]
pub struct DiffArguments {
    /// The first schema.
    from: String,
    /// The second schema.
    to: String,
    #[command(flatten)]
    objects: ObjectArguments,
    #[command(flatten)]
    scratch: Scratch,
}

impl DiffArguments {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let filter = self.objects.filter(context)?;
        let (from, to) =
            (origin(&self.from, context, &filter).await?, origin(&self.to, context, &filter).await?);
        let schemas = match (&from, &to) {
            (upshift_generate::Origin::Schema(from), upshift_generate::Origin::Schema(to)) => {
                (from.as_ref().clone(), to.as_ref().clone())
            }
            _ => {
                let place = self.scratch.place(context).await?;
                (from.schema(place.place(), &filter).await?, to.schema(place.place(), &filter).await?)
            }
        };
        let diff = schemas.0.snapshot.diff(&schemas.1.snapshot);
        let text = if diff.is_empty() { "no difference\n".to_owned() } else { diff.to_string() };
        let exit = if diff.is_empty() { Exit::Done } else { Exit::No };
        Ok(Answer::done(text, json!({ "equal": diff.is_empty(), "diff": diff })).exit(exit))
    }
}
