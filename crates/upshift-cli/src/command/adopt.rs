//! `adopt`: from the tool that was used until now.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use upshift::{Migrator, Version};
use upshift_adopt::{Adoption, LookBack, OnChanged, OnMissing, Proof, Request, Tool};
use upshift_generate::Shadow;

use super::new::write_new;
use super::origin::Scratch;
use crate::answer::Answer;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use upshift_report::json::at;

/// Take over the history of the tool that was used until now: goose, flyway, alembic, drizzle, umzug (sequelize), sqlx,
/// refinery, diesel, golang-migrate, dbmate, sqitch, graphile, node-pg-migrate, tern.
///
/// Shows every migration first: verified by its checksum, unverifiable, pending, without a file. The files stay as they are,
/// and so does the old table. Without a tool it says which histories the database has.
#[derive(Debug, Clone, Args)]
pub struct Adopt {
    /// Whose history.
    tool: Option<Tool>,
    /// Its table, where there are several or its columns say too little: schema.table.
    #[arg(long, value_name = "TABLE")]
    table: Option<upshift_adopt::TableName>,
    /// The project, for sqitch.
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Adopt migrations whose checksum is not that of their file, with the text of today.
    #[arg(long)]
    accept_changed: bool,
    /// Leave migrations out that have no file any more.
    #[arg(long)]
    leave_out_missing: bool,
    /// A migration of yours stands for all that the tool has done, where its files cannot run here.
    #[arg(long, value_name = "VERSION", requires = "at")]
    baseline: Option<Version>,
    /// With --baseline: where the tool must stand, such as Alembic's current revision.
    #[arg(long, value_name = "REVISION", requires = "baseline")]
    at: Vec<String>,
    /// Prove it first: apply the files on a scratch server and compare the schema with this database's.
    #[arg(long)]
    prove: bool,
    /// Show the table, and adopt nothing.
    #[arg(long)]
    dry_run: bool,
    /// For alembic: cut what `alembic upgrade head --sql` wrote into migration files, and adopt nothing yet.
    #[arg(long, value_name = "FILE", requires = "tool", conflicts_with_all = ["prove", "dry_run", "baseline"])]
    offline: Option<PathBuf>,
    /// With --offline: what `alembic downgrade head:base --sql` wrote, for the ways back.
    #[arg(long, value_name = "FILE", requires = "offline")]
    offline_down: Option<PathBuf>,
    /// Take it back, as long as nothing was applied since.
    #[arg(long, conflicts_with_all = ["tool", "prove", "dry_run"])]
    undo: bool,
    /// Whether somebody has used the old tool since.
    #[arg(long, conflicts_with_all = ["tool", "prove", "dry_run", "undo"])]
    look_back: bool,
    #[command(flatten)]
    scratch: Scratch,
}

impl Adopt {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        if self.undo {
            return undo(context).await;
        }
        if self.look_back {
            return look_back(context).await;
        }
        let Some(tool) = self.tool else { return survey(context).await };
        if let Some(up) = &self.offline {
            return self.cut(context, tool, up);
        }
        let migrator = context.migrator()?;
        let request = self.request(tool);
        let adoption = upshift_adopt::decide(&migrator, &request).await?;
        let refused = !adoption.refusals.is_empty();
        let proof = match self.prove && !refused {
            true => Some(self.prove(context, &request).await?),
            false => None,
        };
        let mut text = adoption.to_string();
        if let Some(proof) = &proof {
            text.push_str(&proof.to_string());
        }
        let differs = proof.as_ref().is_some_and(|proof| !proof.is_sound());
        if self.dry_run || refused || differs {
            let exit = match (refused, differs) {
                (true, _) => Exit::Refused,
                (false, true) => Exit::No,
                _ => Exit::Done,
            };
            return Ok(Answer::of_the_engine(text, data(&adoption, proof.as_ref(), Deed::Shown)).exit(exit));
        }
        // The table comes first, whoever is asked.
        context.terminal.tell(text.trim_end());
        let applied = adoption.adopted().migrations.len();
        context
            .terminal
            .confirm(&format!("{applied} migrations of {tool} count as applied from now on"))
            .await?;
        let adopted = upshift_adopt::adopt(&migrator, &request).await?;
        let words = format!("adopted {applied} migrations of {tool}; its table stays as it is\n");
        Ok(Answer::done(words, data(&adopted, proof.as_ref(), Deed::Adopted)))
    }

    fn request(&self, tool: Tool) -> Request {
        let mut request = Request::new(tool);
        request.table.clone_from(&self.table);
        request.project.clone_from(&self.project);
        if self.accept_changed {
            request = request.changed(OnChanged::Accept);
        }
        if self.leave_out_missing {
            request = request.missing(OnMissing::LeaveOut);
        }
        match self.baseline {
            Some(version) => request.baseline(version, self.at.clone()),
            None => request,
        }
    }

    /// Writes what Alembic wrote offline as migration files.
    fn cut(&self, context: &Context, tool: Tool, up: &Path) -> Result<Answer, Failure> {
        if tool != Tool::Alembic {
            return Err(Failure::usage(format!("--offline is for alembic, and not for {tool}")));
        }
        let read =
            |path: &Path| std::fs::read_to_string(path).map_err(|cause| Failure::file("read", path, &cause));
        let down = self.offline_down.as_deref().map_or_else(|| Ok(String::new()), read)?;
        let table = self.table.as_ref().map_or("alembic_version", |table| table.name.as_str());
        let files = upshift_adopt::alembic_files(&read(up)?, &down, table)
            .map_err(|error| Failure::refused(format!("{}: {error}", up.display())))?;
        if files.is_empty() {
            let why = format!("{} has no line `-- Running upgrade … -> …`", up.display());
            return Err(Failure::refused(why).help("write it with `alembic upgrade head --sql`"));
        }
        let folder = context.folder();
        let mut written = Vec::new();
        for file in files {
            let path = folder.join(&*file.path);
            write_new(&path, &file.text)?;
            written.push(path.display().to_string());
        }
        let text = written.iter().map(|path| format!("{path}\n")).collect::<String>();
        Ok(Answer::done(text, json!({ "files": written })))
    }

    /// Replays the files on a scratch database, and compares.
    async fn prove(&self, context: &Context, request: &Request) -> Result<Proof, Failure> {
        let place = self.scratch.place(context).await?;
        let shadow = Shadow::empty(place.place()).await?;
        let proved = replayed(&context.silent_migrator()?, &shadow, request).await;
        shadow.close().await?;
        proved
    }
}

async fn replayed(migrator: &Migrator, shadow: &Shadow, request: &Request) -> Result<Proof, Failure> {
    let pool = shadow.place().pool()?;
    let proved = upshift_adopt::prove(migrator, pool.clone(), request).await;
    // A database that somebody is in cannot be dropped.
    pool.close();
    Ok(proved?)
}

/// What was done about an adoption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Shown,
    Adopted,
}

fn data(adoption: &Adoption, proof: Option<&Proof>, deed: Deed) -> Value {
    let lines = adoption.lines.iter().map(|line| {
        json!({
            "label": line.label,
            "original": line.original,
            "checksum": line.checksum,
            "applied_at": line.at.map(at),
            "applied": line.standing.is_applied(),
            "standing": line.standing.to_string(),
        })
    });
    json!({
        "tool": adoption.tool.to_string(),
        "table": adoption.old.as_ref().map(|old| old.table.to_string()),
        "layout": adoption.layout.to_string(),
        "migrations": lines.collect::<Vec<_>>(),
        "refused": adoption.refusals.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "adopted": deed == Deed::Adopted,
        "proof": proof.map(|proof| json!({ "sound": proof.is_sound(), "diff": proof.diff, "left_out": proof.left_out })),
    })
}

async fn survey(context: &Context) -> Result<Answer, Failure> {
    let survey = upshift_adopt::survey(&context.migrator()?).await?;
    let tables: Vec<Value> = survey
        .tables
        .iter()
        .map(|found| json!({ "table": found.shape.table.to_string(), "tool": found.tool.map(|tool| tool.to_string()) }))
        .collect();
    Ok(Answer::done(survey.to_string(), json!({ "tables": tables })))
}

async fn undo(context: &Context) -> Result<Answer, Failure> {
    context.terminal.confirm("the history is upshift's no more, and the old tool's counts again").await?;
    let labels = context.migrator()?.unadopt().await?;
    let text = labels.iter().map(|label| format!("left {label} to the old tool\n")).collect::<String>();
    Ok(Answer::done(text, json!({ "left": labels })))
}

async fn look_back(context: &Context) -> Result<Answer, Failure> {
    let seen = upshift_adopt::look_back(&context.migrator()?).await?;
    let fine = matches!(seen, LookBack::NotAdopted | LookBack::AsAdopted { .. });
    let answer = Answer::done(seen.to_string(), json!({ "as_adopted": fine, "text": seen.to_string() }));
    Ok(if fine { answer } else { answer.exit(Exit::No) })
}

impl From<upshift_adopt::Error> for Failure {
    fn from(error: upshift_adopt::Error) -> Failure {
        if error.is_locked() {
            Failure::busy(error.render())
        } else if error.adoption().is_some() {
            Failure::refused(error.render())
        } else if let Some(engine) = error.upshift() {
            Failure::behind(engine, error.render())
        } else {
            Failure::failed(error.render())
        }
    }
}
