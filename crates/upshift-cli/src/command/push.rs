//! `push`: a development database made equal to a wish.

use clap::Args;
use serde_json::json;
use upshift_generate::{Drops, PushOptions, push};

use super::objects::ObjectArguments;
use super::origin::{Scratch, origin};
use crate::answer::Answer;
use crate::connect;
use crate::context::Context;
use crate::failure::Failure;

/// Make the development database of --url equal to a wish, in one transaction, after trying it on a scratch server.
///
/// Refuses a database that migrations were applied to, upshift's or another tool's. Never truncates; drops only with --drops.
#[derive(Debug, Clone, Args)]
pub struct PushArguments {
    /// The wished schema: a file or folder of SQL, `migrations`, a URL.
    #[arg(value_name = "SCHEMA")]
    wish: String,
    /// What is not in the wish may be dropped, with its rows.
    #[arg(long)]
    drops: bool,
    #[command(flatten)]
    objects: ObjectArguments,
    #[command(flatten)]
    scratch: Scratch,
}

impl PushArguments {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let filter = self.objects.filter(context)?;
        if context.program.own_pool().is_some() {
            return Err(Failure::refused(
                "this program has a pool of its own, whose address push cannot know",
            )
            .help("`upshift push` as a program of its own takes --url"));
        }
        let wish = origin(&self.wish, context, &filter).await?;
        let database = connect::place(context.settings.url.as_deref(), &context.environment)?;
        let place = self.scratch.place(context).await?;
        let mut options = PushOptions::default();
        options.filter = filter;
        if self.drops {
            let name = database.config().get_dbname().unwrap_or_default();
            context
                .terminal
                .confirm(&format!("what is not in the wish is dropped from {name}, with its rows"))
                .await?;
            options = options.drops(Drops::Allow);
        }
        let pushed = push(place.place(), &database, &wish, &options).await?;
        let mut text: String =
            pushed.statements.iter().map(|sql| format!("{};\n", sql.trim_end_matches(';'))).collect();
        if pushed.statements.is_empty() {
            text.push_str("the database is as wished already\n");
        }
        pushed.drops.iter().for_each(|what| text.push_str(&format!("dropped {what}\n")));
        Ok(Answer::done(text, json!({ "statements": pushed.statements, "dropped": pushed.drops })))
    }
}
