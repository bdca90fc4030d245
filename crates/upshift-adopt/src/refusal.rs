//! Why a history is not adopted: what, why, what now.

use std::fmt;

use upshift_files::{Layout, Version};

use crate::row::Fault;
use crate::shape::TableName;
use crate::survey::{Survey, Unchosen};
use crate::tool::Tool;

/// Why nothing can be adopted. `Display` is one line; [`Refusal::help`] is the next step.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// upshift has a history here, of so many migrations.
    NotEmpty(usize),
    /// No table looks like the tool's; others were found, perhaps.
    NoTable {
        /// The tool.
        tool: Tool,
        /// What was found instead, each as `tool: table`.
        others: Vec<String>,
    },
    /// The table that was named is not there, or has other columns.
    NotThis {
        /// The tool.
        tool: Tool,
        /// The table.
        table: TableName,
    },
    /// Several tables look like it.
    Several(Vec<TableName>),
    /// The role may not read it.
    Unreadable(TableName),
    /// It was there a moment ago.
    Gone(TableName),
    /// The registry of sqitch holds several projects.
    Projects(Vec<String>),
    /// The tool has applied nothing.
    NothingDone(TableName),
    /// The files are another tool's.
    Layout {
        /// The tool.
        tool: Tool,
        /// How the files are written.
        is: Layout,
    },
    /// A migration was begun and did not finish.
    Dirty {
        /// What the row says.
        what: String,
        /// How the tool is told that it was put right.
        help: &'static str,
    },
    /// A row that the tool would not have written.
    UnknownRow(String),
    /// Migrations whose files were edited after they were applied.
    Changed(Vec<String>),
    /// Applied migrations without a file.
    FileMissing {
        /// The tool.
        tool: Tool,
        /// Which.
        labels: Vec<String>,
    },
    /// Not one applied migration has a file.
    NoFiles {
        /// The tool.
        tool: Tool,
        /// Which were applied.
        labels: Vec<String>,
    },
    /// Applied migrations that are newer than all files.
    Newer {
        /// The tool.
        tool: Tool,
        /// Which.
        labels: Vec<String>,
    },
    /// The baseline is no migration of the files.
    NoBaseline {
        /// The one that was named.
        version: Version,
        /// The newest there is.
        head: Option<Version>,
    },
    /// The old tool stands elsewhere than the baseline was said to.
    StandsElsewhere {
        /// Where it stands.
        stands: Vec<String>,
        /// Where it was said to.
        said: Vec<String>,
    },
}

impl Refusal {
    pub(crate) fn unchosen(why: Unchosen, tool: Tool, survey: &Survey) -> Refusal {
        match why {
            Unchosen::NoTable => {
                let known = survey.tables.iter().filter_map(|it| Some((it.tool?, &it.shape.table)));
                Refusal::NoTable { tool, others: known.map(|(it, table)| format!("{it}: {table}")).collect() }
            }
            Unchosen::NotThis(table) => Refusal::NotThis { tool, table },
            Unchosen::Several(tables) => Refusal::Several(tables),
            Unchosen::Unreadable(table) => Refusal::Unreadable(table),
        }
    }

    /// What to do now, in one line.
    pub fn help(&self) -> String {
        match self {
            Refusal::NotEmpty(_) => "a history is adopted once, before upshift applies anything; `unadopt` takes an \
                                     adoption back, while nothing was applied since"
                .to_owned(),
            Refusal::NoTable { others, .. } if others.is_empty() => {
                "look at the address: is it the database that the tool migrates? Name the table if it has a name of its own".to_owned()
            }
            Refusal::NoTable { .. } => "adopt from that tool, or name the table".to_owned(),
            Refusal::NotThis { .. } => "see which tables there are with the survey, without a table".to_owned(),
            Refusal::Several(tables) => format!("name the one, as in `--table {}`", first(tables)),
            Refusal::Unreadable(table) => format!("have an administrator run `grant select on {table} to …`"),
            Refusal::Gone(_) => "somebody is at work here: look again".to_owned(),
            Refusal::Projects(projects) => format!("name the one, as in `--project {}`", first(projects)),
            Refusal::NothingDone(_) => "there is nothing to adopt: `up` applies the files".to_owned(),
            Refusal::Layout { tool, .. } => {
                format!("adopt with the folder of {tool}'s files, or say which layout it has; `--baseline` takes any files")
            }
            Refusal::Dirty { help, .. } => (*help).to_owned(),
            Refusal::UnknownRow(_) => "somebody wrote it by hand, or another tool did: look at it".to_owned(),
            Refusal::Changed(_) => "put the files back as they were applied, or say that today's text is to count \
                                    (`--accept-changed`)"
                .to_owned(),
            Refusal::FileMissing { tool, .. } => format!(
                "restore the files, or leave those migrations out of the history (`--leave-out-missing`){}",
                code(*tool)
            ),
            Refusal::NoFiles { tool, .. } => {
                format!("adopt with the folder that {tool} has applied{}", code(*tool))
            }
            Refusal::Newer { tool, .. } => format!(
                "adopt with the files of the newest release: the next one would apply them again{}",
                code(*tool)
            ),
            Refusal::NoBaseline { head: Some(head), .. } => format!("the newest version there is: {head}"),
            Refusal::NoBaseline { head: None, .. } => "write the schema down as the first migration".to_owned(),
            Refusal::StandsElsewhere { .. } => "bring it there with the tool itself first, or name where it stands, if the \
                                                baseline was written from that"
                .to_owned(),
        }
    }
}

/// For tools whose files are programs mostly.
fn code(tool: Tool) -> &'static str {
    match tool {
        Tool::Umzug | Tool::NodePgMigrate => {
            "; JavaScript cannot run here: write the schema down as one migration, and adopt with `--baseline`"
        }
        Tool::Alembic => {
            "; Python cannot run here: cut the SQL of `alembic upgrade head --sql` into files (`--offline`), or adopt with `--baseline`"
        }
        _ => "",
    }
}

fn first(all: &[impl ToString]) -> String {
    all.first().map(ToString::to_string).unwrap_or_default()
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Refusal {
        match fault {
            Fault::Dirty { what, help } => Refusal::Dirty { what, help },
            Fault::Unknown { what } => Refusal::UnknownRow(what),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NotEmpty(1) => f.write_str("upshift has a history here, of 1 migration"),
            Refusal::NotEmpty(count) => write!(f, "upshift has a history here, of {count} migrations"),
            Refusal::NoTable { tool, others } => {
                write!(f, "no table looks like the history of {tool}")?;
                if others.is_empty() { Ok(()) } else { write!(f, "; there is {}", others.join(", ")) }
            }
            Refusal::NotThis { tool, table } => write!(f, "{table} is no table of {tool}, or is not there"),
            Refusal::Several(tables) => write!(f, "several tables look like it: {}", listed(tables)),
            Refusal::Unreadable(table) => write!(f, "this role may not read {table}"),
            Refusal::Gone(table) => write!(f, "{table} was there a moment ago, and is gone"),
            Refusal::Projects(projects) => {
                write!(f, "the registry holds several projects: {}", listed(projects))
            }
            Refusal::NothingDone(table) => write!(f, "{table} has no applied migration"),
            Refusal::Layout { tool, is } => write!(f, "the files are read as {is}'s, and not as {tool}'s"),
            Refusal::Dirty { what, .. } => f.write_str(what),
            Refusal::UnknownRow(row) => write!(f, "a row that is none of the tool's: {row}"),
            Refusal::Changed(labels) => write!(f, "edited after it was applied: {}", listed(labels)),
            Refusal::FileMissing { labels, .. } => {
                write!(f, "applied, and without a file: {}", listed(labels))
            }
            Refusal::NoFiles { labels, .. } => {
                write!(f, "not one applied migration has a file: {}", listed(labels))
            }
            Refusal::Newer { labels, .. } => {
                write!(f, "applied, and newer than all files: {}", listed(labels))
            }
            Refusal::NoBaseline { version, .. } => write!(f, "version {version} is no migration of this set"),
            Refusal::StandsElsewhere { stands, said } => {
                let place = |at: &[String]| if at.is_empty() { "nowhere".to_owned() } else { listed(at) };
                write!(
                    f,
                    "the old history stands at {}, and the baseline is of {}",
                    place(stands),
                    place(said)
                )
            }
        }
    }
}

/// Some of them by name, the rest by number.
fn listed(all: &[impl ToString]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = all.iter().take(SHOWN).map(ToString::to_string).collect();
    match all.len().checked_sub(SHOWN) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}
