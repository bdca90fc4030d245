//! Pull: a schema as SQL that makes it again.

use std::collections::BTreeMap;

use upshift_schema::{Filter, Kind};

use super::origin::rebuild;
use super::{GenerateError, Origin, Place, Shadow};
use crate::Step;
use crate::file::statement;
use crate::text::container;

/// Whether all is one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Layout {
    /// One file, `schema.sql`.
    #[default]
    OneFile,
    /// One file for each table, view, function and so on, with what belongs to it, numbered in the order in
    /// which they run.
    FilePerObject,
}

/// A schema as SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pulled {
    /// Path and text, in the order in which they have to run.
    pub files: Vec<(String, String)>,
}

/// The schema of an origin as SQL, proven: it was made again from that SQL in an empty database, and compared.
///
/// # Errors
/// The schema cannot be read, or something in it cannot be made again: then the error says what.
///
/// # Cancel safety
/// As [`Shadow::empty`].
pub async fn pull(
    place: &Place,
    origin: &Origin,
    filter: &Filter,
    layout: Layout,
) -> Result<Pulled, GenerateError> {
    let wish = origin.schema(place, filter).await?;
    let shadow = Shadow::empty(place).await?;
    let steps = rebuild(&shadow, &wish, filter).await;
    let closed = shadow.close().await;
    let steps = steps?;
    closed?;
    Ok(Pulled { files: files(&steps, layout) })
}

fn files(steps: &[Step], layout: Layout) -> Vec<(String, String)> {
    // The server would read the bodies of functions before what they speak of is there.
    let head = "SET check_function_bodies = off;\n\n";
    if layout == Layout::OneFile {
        let text: String = steps.iter().map(|step| format!("{}\n", statement(&step.sql))).collect();
        return vec![("schema.sql".to_owned(), format!("{head}{text}"))];
    }
    // A file goes on while its object does; what comes back to an object later is another file of it.
    let mut files: Vec<(String, String)> = Vec::new();
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let mut current = String::new();
    for step in steps {
        let name = path(step);
        if name != current {
            let time = times.entry(name.clone()).and_modify(|it| *it += 1).or_insert(1);
            let again = if *time > 1 { format!("_{time}") } else { String::new() };
            files.push((format!("{:04}_{name}{again}.sql", files.len() + 1), head.to_owned()));
            current = name;
        }
        if let Some((_, text)) = files.last_mut() {
            text.push_str(&statement(&step.sql));
            text.push('\n');
        }
    }
    files
}

fn path(step: &Step) -> String {
    let (kind, id) = &step.about;
    let (kind, id) = match crate::rule::about(*kind, id) {
        Some(about) => about,
        None => (*kind, id.clone()),
    };
    let is_part = matches!(
        kind,
        Kind::Column | Kind::Constraint | Kind::Index | Kind::Trigger | Kind::Rule | Kind::Policy
    );
    let name = if is_part { container(&id).to_owned() } else { id };
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '.' { c } else { '_' };
    let name: String = name.chars().map(plain).take(100).collect();
    if is_part { format!("table_{name}") } else { format!("{}_{name}", kind.as_str().replace(' ', "_")) }
}
