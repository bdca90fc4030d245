//! Generate: migrations from one schema to another.

use upshift::{Source, SourceFile, Version};
use upshift_lint::{Level, Options};
use upshift_schema::{Change, Diff, Fact, Filter, Key, Kind, Verdict};

use super::link::Link;
use super::proof::{Tried, prove, retrace, walk};
use super::{GenerateError, Origin, Place, Shadow};
use crate::file;
use crate::plan::{Schema, Step, Style, plan};
use crate::text::{container, last};

/// How migrations are generated.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GenerateOptions {
    /// What gets another name: `schema.table:name`, `schema.table.column:name`. Nothing is ever taken for renamed by itself.
    pub renames: Vec<String>,
    /// The version of the first file; those behind it have the numbers that follow.
    pub first: u64,
    /// What is compared.
    pub filter: Filter,
    /// For whom the statements are.
    pub style: Style,
}

impl GenerateOptions {
    /// Online, without renames, beginning with this version.
    pub fn new(first: u64) -> GenerateOptions {
        GenerateOptions { renames: Vec::new(), first, filter: Filter::new(), style: Style::Online }
    }

    /// What gets another name: `schema.table:name`, `schema.table.column:name`.
    #[must_use]
    pub fn rename(mut self, rename: impl Into<String>) -> GenerateOptions {
        self.renames.push(rename.into());
        self
    }
}

/// Migrations that were proven: old schema and they are the wished one, and back, and again.
#[derive(Debug)]
#[non_exhaustive]
pub struct Generated {
    /// Name and text of each file, in order. None where both schemas are one.
    pub files: Vec<(String, String)>,
    /// What a reviewer has to know, each once.
    pub hazards: Vec<String>,
    /// What is taken away and not made again.
    pub drops: Vec<Key>,
    /// Renames that may have been meant where something goes and something equal comes.
    pub suggestions: Vec<String>,
    /// Where columns stand in another order than in the wish: new ones come last.
    pub order: Diff,
}

/// Migrations that make a schema into another, proven in shadow databases on the server of `place` before they are given out.
///
/// # Locks
/// None in any database but the shadows; of an [`Origin::Database`] the catalog is read.
///
/// # Errors
/// [`GenerateError::Refused`] when there is no rule for a change, or the proof shows another schema than the wish: then it
/// says what would be different. The wish cannot be built. The role may not create databases.
///
/// # Cancel safety
/// Dropping the future leaves shadows that the next call drops.
pub async fn generate(
    place: &Place,
    from: &Origin,
    wish: &Origin,
    options: &GenerateOptions,
) -> Result<Generated, GenerateError> {
    let wish = wish.schema(place, &options.filter).await?;
    let old = from.shadow(place, &options.filter).await?;
    let made = make(&old, &wish, options).await;
    let closed = old.close().await;
    let generated = made?;
    closed.map(|()| generated)
}

async fn make(old: &Shadow, wish: &Schema, options: &GenerateOptions) -> Result<Generated, GenerateError> {
    let filter = &options.filter;
    let before = old.schema(filter).await?;
    let suggestions = suggestions(&before, wish);
    let work = old.copy().await?;
    let walked = walk_with_renames(&work.place(), wish, options).await;
    let closed = work.close().await;
    let (tried, downs, order) = walked?;
    closed?;
    let files = written(&before, &tried, downs, options.first);
    if !files.is_empty() {
        prove(&old.place(), &files, wish, filter).await?;
    }
    let steps = || tried.iter().flat_map(|it| &it.group.steps);
    let mut hazards: Vec<String> = steps().flat_map(|step| step.hazards.clone()).collect();
    hazards.sort();
    hazards.dedup();
    let drops = steps().filter_map(|step| step.drops.clone()).collect();
    let files = files.into_iter().map(|(_, file)| (file.path.to_string(), file.text.to_string())).collect();
    Ok(Generated { files, hazards, drops, suggestions, order })
}

async fn walk_with_renames(
    place: &Place,
    wish: &Schema,
    options: &GenerateOptions,
) -> Result<(Vec<Tried>, Vec<Vec<Step>>, Diff), GenerateError> {
    let mut tried = renamed(place, &options.filter, &options.renames).await?;
    let (walked, order) = walk(place, wish, &options.filter, options.style).await?;
    tried.extend(walked);
    let downs = retrace(place, &options.filter, &tried).await?;
    Ok((tried, downs, order))
}

/// Renames come first, in a migration of their own.
async fn renamed(place: &Place, filter: &Filter, renames: &[String]) -> Result<Vec<Tried>, GenerateError> {
    let mut tried = Vec::new();
    let link = Link::open(place).await?;
    for rename in renames {
        let before = link.schema(filter).await?;
        let step = rename_step(&before, rename).ok_or_else(|| GenerateError::Rename(rename.clone()))?;
        link.run(&step.sql).await?;
        let group = file::group(vec![step]).pop();
        tried.extend(group.map(|group| Tried { group, before }));
    }
    link.close().await;
    Ok(tried)
}

fn rename_step(schema: &Schema, rename: &str) -> Option<crate::Step> {
    let (id, name) = crate::text::rcut(rename, ":")?;
    let (about, sql) = if schema.snapshot.get(Kind::Column, id).is_some() {
        let sql = format!("ALTER TABLE {} RENAME COLUMN {} TO {name}", container(id), last(id));
        ((Kind::Column, id.to_owned()), sql)
    } else {
        schema.snapshot.get(Kind::Table, id)?;
        ((Kind::Table, id.to_owned()), format!("ALTER TABLE {id} RENAME TO {name}"))
    };
    let hazard = format!(
        "{id} is called {name} from then on: code that runs and says {} fails; `upshift new --rename-column` keeps both",
        last(id)
    );
    Some(crate::Step::new(sql, about, hazard))
}

fn written(
    before: &Schema,
    tried: &[Tried],
    downs: Vec<Vec<Step>>,
    first: u64,
) -> Vec<(Version, SourceFile)> {
    let mut files = Vec::new();
    for (number, (migration, down)) in tried.iter().zip(downs).enumerate() {
        let version = first.saturating_add(number as u64);
        let path = format!("{version}_{}.sql", file::name(&migration.group));
        let plain = file::text(&migration.group, &down, &[]);
        files.push((path, plain, &migration.group, down));
    }
    let allows = allowed(before, files.iter().map(|it| it.1.clone()));
    let mut done = Vec::new();
    for (number, (path, _, group, down)) in files.into_iter().enumerate() {
        let own: Vec<String> = allows.iter().filter(|it| it.0 == number).map(|it| it.1.clone()).collect();
        let text = file::text(group, &down, &own);
        if let Some(version) = Version::new(first.saturating_add(number as u64)) {
            done.push((version, SourceFile::new(path, text)));
        }
    }
    done
}

/// What lint finds in which of these texts: each finding is allowed, with its own words as the reason to look at.
///
/// Lint knows the tables there are from a migration that would make them.
fn allowed(before: &Schema, texts: impl Iterator<Item = String>) -> Vec<(usize, String)> {
    let made = plan(&Schema::default(), before, Style::Plain).steps;
    let made: String = made.iter().map(|step| file::statement(&step.sql)).collect();
    let texts =
        texts.enumerate().map(|(number, text)| SourceFile::new(format!("{}_it.sql", number + 2), text));
    let source = Source::files(std::iter::once(SourceFile::new("1_before.sql", made)).chain(texts));
    let Ok(set) = source.set() else { return Vec::new() };
    let options = Version::new(2).map_or_else(Options::default, |second| Options::default().since(second));
    let report = upshift_lint::lint(&set, &options);
    let mut allows: Vec<(usize, String)> = Vec::new();
    for finding in report.findings.iter().filter(|it| it.level != Level::Off) {
        let number = finding.migration.split('_').next().and_then(|it| it.parse::<usize>().ok());
        let Some(number) = number.and_then(|it| it.checked_sub(2)) else { continue };
        let words = file::one_line(finding.effect.as_deref().unwrap_or(&finding.diagnostic.message));
        let is_there = |it: &(usize, String)| it.0 == number && it.1.split(' ').next() == Some(&finding.rule);
        if !allows.iter().any(is_there) {
            allows.push((
                number,
                format!("{} because generated from the wished schema: {words}", finding.rule),
            ));
        }
    }
    allows
}

/// Something goes and something of the same definition comes: it may have been meant to get another name.
fn suggestions(old: &Schema, new: &Schema) -> Vec<String> {
    let diff = old.snapshot.diff(&new.snapshot);
    let of = |kind: Kind, added: bool| -> Vec<&Fact> {
        let fact = |change: &'_ Change| matches!(change, Change::Added(_)) == added && change.kind() == kind;
        let facts = diff.changes.iter().filter(|it| fact(it));
        facts
            .filter_map(
                |it| if let Change::Added(fact) | Change::Removed(fact) = it { Some(fact) } else { None },
            )
            .collect()
    };
    let mut found = Vec::new();
    for gone in of(Kind::Column, false) {
        let like = |it: &&&Fact| container(&it.id) == container(&gone.id) && it.definition == gone.definition;
        let columns = of(Kind::Column, true);
        found.extend(columns.iter().filter(like).map(|it| format!("{}:{}", gone.id, last(&it.id))));
    }
    let columns =
        |schema: &Schema, id: &str| schema.snapshot.get(Kind::ColumnOrder, id).map(ToOwned::to_owned);
    for gone in of(Kind::Table, false) {
        let tables = of(Kind::Table, true);
        let like = |it: &&&Fact| {
            container(&it.id) == container(&gone.id) && columns(old, &gone.id) == columns(new, &it.id)
        };
        found.extend(tables.iter().filter(like).map(|it| format!("{}:{}", gone.id, last(&it.id))));
    }
    found
}

impl Generated {
    /// Whether both schemas were one, but for the order of columns.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether the wish is met to the order of columns.
    pub fn is_in_order(&self) -> bool {
        self.order.verdict() == Verdict::Equal
    }
}
