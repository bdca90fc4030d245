//! What the rules' model of PostgreSQL foresees, beside what a real server did.

use std::collections::BTreeMap;
use std::fmt;

use upshift::files::{Body, Down, Migration, Section, SectionKind};
use upshift::{Around, Direction, MigrationSet};
use upshift_lint::catalog::Origin;
use upshift_lint::effect::{Certainty, Effects, Major, effects};
use upshift_lint::statement::{LockMode, Name, Statement};
use upshift_lint::{Catalog, read};

use super::FIRST_WITH_TOTALS;
use super::text::{short, shortened};
use super::value::{Trace, TracedStatement, TracedStep};

/// What lint foresaw and a trace saw, statement by statement. `Display` lists what is not alike.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Comparison {
    /// How many statements were compared.
    pub compared: usize,
    /// What is not alike.
    pub differences: Vec<Difference>,
    /// Statements of which lint does not claim to know what they do.
    pub not_compared: Vec<NotCompared>,
}

/// One thing that was foreseen and not seen, or the other way round.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// What a person calls the migration.
    pub label: String,
    /// The statement.
    pub text: String,
    /// Who knew it.
    pub side: Side,
    /// What.
    pub fact: Fact,
}

/// Who of the two knew something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The server did it, and lint did not foresee it.
    Unforeseen,
    /// Lint foresaw it, and the server did not do it.
    Unseen,
}

/// Something a statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fact {
    /// It locks a relation; this is its strongest lock.
    Lock(Name, LockMode),
    /// It writes a relation anew.
    Rewrite(Name),
    /// It drops an index and builds it again.
    Rebuild(Name),
    /// It reads a table whole.
    Scan(Name),
    /// It runs at all; lint says that the server refuses it, and why.
    Runs(String),
}

/// A statement of which lint does not claim to know what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotCompared {
    /// What a person calls the migration.
    pub label: String,
    /// The statement.
    pub text: String,
    /// Why.
    pub why: String,
}

impl Comparison {
    /// What the server did and lint did not foresee.
    pub fn unforeseen(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| difference.side == Side::Unforeseen)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = None;
        for difference in &self.differences {
            let statement = (&difference.label, &difference.text);
            if last != Some(statement) {
                writeln!(f, "{}: {}", difference.label, difference.text)?;
                last = Some(statement);
            }
            writeln!(f, "  {difference}")?;
        }
        let unforeseen = self.unforeseen().count();
        let unseen = self.differences.len() - unforeseen;
        write!(f, "{} statements compared, {} not", self.compared, self.not_compared.len())?;
        write!(f, "; {unforeseen} effects unforeseen, {unseen} foreseen and not seen")
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.side {
            Side::Unforeseen => "unforeseen",
            Side::Unseen => "not seen",
        };
        match &self.fact {
            Fact::Lock(relation, mode) => write!(f, "{side}: {} on {}", mode.name(), short(relation)),
            Fact::Rewrite(relation) => write!(f, "{side}: writes {} anew", short(relation)),
            Fact::Rebuild(relation) => write!(f, "{side}: builds {} again", short(relation)),
            Fact::Scan(relation) => write!(f, "{side}: reads {} whole", short(relation)),
            Fact::Runs(why) => write!(f, "{side}: it runs, though it should be refused: {why}"),
        }
    }
}

impl Trace {
    /// What lint foresees for these migrations, on a server of this major, beside what was seen.
    ///
    /// Not compared: of indexes, weak locks, and all locks of statements outside of transactions (which lock an index
    /// when nobody can use it any more); how queries read tables, which is the planner's choice.
    pub fn compare(&self, set: &MigrationSet) -> Comparison {
        let mut comparison = Comparison::default();
        let mut catalog = Catalog::default();
        for (number, migration) in set.iter().enumerate() {
            catalog.begin(Origin::Migration(number));
            let step = |direction: Direction| {
                self.steps.iter().find(|step| step.id == *migration.id() && step.direction == direction)
            };
            if let Body::Sql(section) = migration.up() {
                let half = Half { migration, section, step: step(Direction::Up), major: self.major };
                comparison.section(half, &mut catalog);
            }
            if let Down::Sql(section) = migration.down() {
                let mut after = catalog.clone();
                // What the migration made is there for everybody by now.
                after.begin(Origin::Down(number));
                let half = Half { migration, section, step: step(Direction::Down), major: self.major };
                comparison.section(half, &mut after);
            }
        }
        comparison
    }
}

/// The way up or down of a migration, and what a trace saw of it.
struct Half<'t> {
    migration: &'t Migration,
    section: &'t Section,
    step: Option<&'t TracedStep>,
    major: Major,
}

impl Comparison {
    fn section(&mut self, half: Half<'_>, catalog: &mut Catalog) {
        let Half { migration, section, step, major } = half;
        let mut held: BTreeMap<Name, LockMode> = BTreeMap::new();
        for (number, cut) in section.statements().unwrap_or_default().iter().enumerate() {
            let statement = read(section.text(), cut);
            let here = |one: &&TracedStatement| {
                one.number == number && matches!(one.section, SectionKind::Up | SectionKind::Down)
            };
            if let Some(traced) = step.and_then(|step| step.statements.iter().find(here)) {
                let at = Compared {
                    label: migration.label(),
                    text: shortened(cut.text(section.text())),
                    statement: &statement,
                    catalog,
                    traced,
                    major,
                };
                self.statement(&at, &effects(&statement, catalog, major), &held);
                for lock in &traced.locks {
                    let most = held.entry(lock.on.relation.clone()).or_insert(lock.mode);
                    *most = (*most).max(lock.mode);
                }
            }
            catalog.apply(&statement);
        }
    }

    fn statement(&mut self, at: &Compared<'_>, foreseen: &Effects, held: &BTreeMap<Name, LockMode>) {
        let (label, text) = (at.label.clone(), at.text.clone());
        let unknown = match (&foreseen.certainty, at.statement) {
            (_, Statement::Unknown { .. }) => Some("lint does not know this statement".to_owned()),
            (Certainty::Unknown(why), _) => Some(why.clone()),
            (Certainty::Refused(why), _) => {
                let fact = Fact::Runs(why.clone());
                return self.differences.push(Difference { label, text, side: Side::Unforeseen, fact });
            }
            (Certainty::Known, _) => None,
        };
        if let Some(why) = unknown {
            return self.not_compared.push(NotCompared { label, text, why });
        }
        self.compared += 1;
        let mut facts = at.locks(foreseen, held);
        facts.extend(at.rewrites(foreseen));
        facts.extend(at.rebuilds(foreseen));
        let is_told = at.major >= FIRST_WITH_TOTALS || at.traced.around == Around::Transaction;
        if is_told && !is_query(at.statement) {
            facts.extend(at.scans(foreseen));
        }
        let difference = |(side, fact)| Difference { label: label.clone(), text: text.clone(), side, fact };
        self.differences.extend(facts.into_iter().map(difference));
    }
}

/// One statement, as both know it.
struct Compared<'c> {
    label: String,
    text: String,
    statement: &'c Statement,
    catalog: &'c Catalog,
    traced: &'c TracedStatement,
    major: Major,
}

impl Compared<'_> {
    /// Whether nobody else has seen a relation, or it is a part that nobody names.
    fn is_out(&self, name: &Name) -> bool {
        self.catalog.is_new(name) || name.schema.as_deref() == Some("pg_toast")
    }

    fn locks(&self, foreseen: &Effects, held: &BTreeMap<Name, LockMode>) -> Vec<(Side, Fact)> {
        let (mut expected, mut seen) = (BTreeMap::new(), BTreeMap::new());
        for (name, modes) in &foreseen.locks {
            let mode = modes.last().copied();
            expected.extend(mode.map(|mode| (self.catalog.resolve(name), mode)));
        }
        for lock in &self.traced.locks {
            let most = seen.entry(lock.on.relation.clone()).or_insert(lock.mode);
            *most = (*most).max(lock.mode);
        }
        let parts: Vec<&Name> =
            self.traced.locks.iter().filter(|lock| lock.on.is_part()).map(|lock| &lock.on.relation).collect();
        let is_quiet = |name: &Name, mode: LockMode| {
            let is_part = self.catalog.index(name).is_some() || parts.contains(&name);
            let is_weak = mode < LockMode::ShareUpdateExclusive || self.traced.around == Around::Nothing;
            self.is_out(name) || is_part && is_weak
        };
        let mut facts = Vec::new();
        for (name, mode) in &seen {
            if expected.get(name).is_none_or(|it| it < mode) && !is_quiet(name, *mode) {
                facts.push((Side::Unforeseen, Fact::Lock(name.clone(), *mode)));
            }
        }
        for (name, mode) in &expected {
            // What the transaction holds already is not taken anew.
            let known = seen.get(name).max(held.get(name));
            if known.is_none_or(|it| it < mode) && !is_quiet(name, *mode) {
                facts.push((Side::Unseen, Fact::Lock(name.clone(), *mode)));
            }
        }
        facts
    }

    fn rewrites(&self, foreseen: &Effects) -> Vec<(Side, Fact)> {
        let seen: Vec<&Name> = self.traced.rewrites.iter().map(|it| &it.relation).collect();
        self.names(&foreseen.rewrites.iter().collect::<Vec<_>>(), &seen, Fact::Rewrite)
    }

    fn rebuilds(&self, foreseen: &Effects) -> Vec<(Side, Fact)> {
        let seen: Vec<&Name> = self.traced.rebuilds.iter().map(|it| &it.relation).collect();
        self.names(&foreseen.rebuilds.iter().collect::<Vec<_>>(), &seen, Fact::Rebuild)
    }

    fn scans(&self, foreseen: &Effects) -> Vec<(Side, Fact)> {
        let seen: Vec<&Name> = self.traced.scans.iter().map(|it| &it.table).collect();
        self.names(&foreseen.scans.iter().collect::<Vec<_>>(), &seen, Fact::Scan)
    }

    fn names(&self, expected: &[&Name], seen: &[&Name], fact: fn(Name) -> Fact) -> Vec<(Side, Fact)> {
        let expected: Vec<Name> = expected.iter().map(|name| self.catalog.resolve(name)).collect();
        let unforeseen = seen.iter().filter(|name| !expected.contains(name) && !self.is_out(name));
        let unseen = expected.iter().filter(|name| !seen.contains(name) && !self.is_out(name));
        let unforeseen = unforeseen.map(|name| (Side::Unforeseen, fact((*name).clone())));
        unforeseen.chain(unseen.map(|name| (Side::Unseen, fact(name.clone())))).collect()
    }
}

/// Whether the planner chooses how tables are read.
fn is_query(statement: &Statement) -> bool {
    matches!(
        statement,
        Statement::Select(_)
            | Statement::Insert(_)
            | Statement::Update(_)
            | Statement::Delete(_)
            | Statement::Merge { .. }
            | Statement::Copy { .. }
            | Statement::CreateTableAs(_)
            | Statement::RefreshMaterializedView { .. }
    )
}
