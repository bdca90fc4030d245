//! `generate`: migrations from the wish.

use clap::Args;
use serde_json::json;
use upshift::Version;
use upshift_generate::{GenerateOptions, Origin, generate};

use super::new::{next_version, write_new};
use super::objects::ObjectArguments;
use super::origin::{Scratch, origin};
use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Write migrations from the wish: up and down, safe while the service runs, proven on a scratch server before a file is
/// written.
///
/// A schema is `migrations`, `database` (that of --url), `empty`, a URL, or a file or folder of SQL.
#[derive(Debug, Clone, Args)]
pub struct GenerateArguments {
    /// The wished schema.
    #[arg(value_name = "SCHEMA")]
    wish: String,
    /// The schema that is there.
    #[arg(long, value_name = "SCHEMA", default_value = "migrations")]
    from: String,
    /// What gets another name: schema.table:name, schema.table.column:name. May be said more than once; nothing is ever
    /// taken for renamed by itself.
    #[arg(long = "rename", value_name = "A.B:C")]
    renames: Vec<String>,
    /// The version of the first file.
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
    /// Show the files, and write none.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    objects: ObjectArguments,
    #[command(flatten)]
    scratch: Scratch,
}

impl GenerateArguments {
    /// From the migrations to this schema, and all else as it is unless said.
    pub(super) fn of(wish: &str, scratch: &Scratch) -> GenerateArguments {
        GenerateArguments {
            wish: wish.to_owned(),
            from: "migrations".to_owned(),
            renames: Vec::new(),
            version: None,
            dry_run: false,
            objects: ObjectArguments::default(),
            scratch: scratch.clone(),
        }
    }

    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let filter = self.objects.filter(context)?;
        let from = match self.from.as_str() {
            "migrations" if context.has_no_migrations() => Origin::Empty,
            said => origin(said, context, &filter).await?,
        };
        let wish = origin(&self.wish, context, &filter).await?;
        let first = match self.version {
            Some(version) => version,
            None => next_version(context)?,
        };
        let mut options = GenerateOptions::new(first.number());
        options.renames.clone_from(&self.renames);
        options.filter = filter;
        let place = self.scratch.place(context).await?;
        let made = generate(place.place(), &from, &wish, &options).await?;
        let (mut text, mut paths) = (String::new(), Vec::new());
        for (name, body) in &made.files {
            let path = context.folder().join(name);
            match self.dry_run {
                true => text.push_str(&format!("-- {}\n{body}\n", path.display())),
                false => {
                    write_new(&path, body)?;
                    text.push_str(&format!("{}\n", path.display()));
                }
            }
            paths.push(path.display().to_string());
        }
        if made.files.is_empty() {
            text.push_str("no difference: nothing to write\n");
        }
        let drops: Vec<String> = made.drops.iter().map(|(kind, id)| format!("{kind} {id}")).collect();
        for (word, lines) in [("hazard", &made.hazards), ("drops", &drops), ("rename?", &made.suggestions)] {
            lines.iter().for_each(|line| text.push_str(&format!("{word}: {line}\n")));
        }
        if !made.order.is_empty() {
            text.push_str(&format!("columns stand in another order than in the wish:\n{}", made.order));
        }
        let files: Vec<_> = paths
            .iter()
            .zip(&made.files)
            .map(|(path, (_, text))| json!({ "path": path, "text": text }))
            .collect();
        let data = json!({
            "files": files,
            "written": !self.dry_run,
            "hazards": made.hazards,
            "drops": drops,
            "suggestions": made.suggestions,
        });
        Ok(Answer::done(text, data))
    }
}
