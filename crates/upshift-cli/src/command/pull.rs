//! `pull`: a schema as SQL.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use upshift_generate::{Layout, pull};

use super::new::write_new;
use super::objects::ObjectArguments;
use super::origin::{Scratch, origin};
use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// A schema as readable SQL that makes it again, proven by making it again on a scratch server.
#[derive(Debug, Clone, Args)]
pub struct PullArguments {
    /// Which: `database` (that of --url), `migrations`, a URL, a file or folder of SQL.
    #[arg(value_name = "SCHEMA", default_value = "database")]
    from: String,
    /// Write it into this folder, instead of to standard output.
    #[arg(long, short = 'o', value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// A file for each object, numbered in the order in which they run.
    #[arg(long, requires = "out")]
    file_per_object: bool,
    #[command(flatten)]
    objects: ObjectArguments,
    #[command(flatten)]
    scratch: Scratch,
}

impl PullArguments {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let filter = self.objects.filter(context)?;
        let from = origin(&self.from, context, &filter).await?;
        let place = self.scratch.place(context).await?;
        let layout = if self.file_per_object { Layout::FilePerObject } else { Layout::OneFile };
        let pulled = pull(place.place(), &from, &filter, layout).await?;
        let files: Vec<_> =
            pulled.files.iter().map(|(path, text)| json!({ "path": path, "text": text })).collect();
        let mut text = String::new();
        for (path, body) in &pulled.files {
            match &self.out {
                None => text.push_str(body),
                Some(folder) => {
                    let path = folder.join(path);
                    write_new(&path, body)?;
                    text.push_str(&format!("{}\n", path.display()));
                }
            }
        }
        Ok(Answer::done(text, json!({ "files": files })))
    }
}
