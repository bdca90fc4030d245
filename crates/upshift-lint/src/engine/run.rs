//! The replay.

use upshift_files::sql::{self, Statement as Cut, StatementKind, TransactionControl};
use upshift_files::{Body, Down, Migration, MigrationSet, Section, SectionKind, Transaction};

use super::allow::Allows;
use super::at::KnownEffects;
use super::finding::Asked;
use super::{At, Finding, Held, InMigration, Options, Report};
use crate::catalog::Origin;
use crate::effect::{Effects, Major};
use crate::rules::Check;
use crate::statement::{AlterType, SetScope, Statement};
use crate::{Catalog, read, variable};

/// Asks every rule about every migration of a set.
///
/// The set is replayed from its first migration on, so that a rule knows what is new, what type a column has, which
/// constraint is validated. Sections that cannot be cut into statements are passed over: `MigrationSet::check` tells.
///
/// ```
/// use upshift_files::{LayoutChoice, MigrationSet, SourceFile};
/// use upshift_lint::{Options, lint};
/// let files = vec![
///     SourceFile::embedded("1_orders.sql", "create table orders (id bigint primary key, status text);"),
///     SourceFile::embedded("2_index.sql", "create index orders_status on orders (status);"),
/// ];
/// let set = MigrationSet::parse(files, Vec::new(), LayoutChoice::Detect)?;
/// let report = lint(&set, &Options::default());
/// assert_eq!(report.findings[0].rule, "create-index-not-concurrently");
/// # Ok::<(), upshift_files::Diagnostics>(())
/// ```
pub fn lint(set: &MigrationSet, options: &Options) -> Report {
    let all: Vec<Read<'_>> = set.iter().map(Read::of).collect();
    let last = replayed(&all, options);
    let mut run = Run {
        options,
        active: options.active(),
        report: Report::default(),
        last: &last,
        versioned: set.iter().filter(|migration| migration.version().is_some()).count(),
    };
    let mut catalog = options.catalog();
    for (number, migration) in all.iter().enumerate() {
        catalog.begin(Origin::Migration(number));
        run.migration(migration, &mut catalog);
    }
    run.report
}

/// A migration and its statements.
struct Read<'a> {
    migration: &'a Migration,
    up: Script,
    down: Script,
}

impl Read<'_> {
    fn of(migration: &Migration) -> Read<'_> {
        let up =
            if let Body::Sql(section) = migration.up() { Script::of(section) } else { Script::default() };
        let down =
            if let Down::Sql(section) = migration.down() { Script::of(section) } else { Script::default() };
        Read { migration, up, down }
    }
}

/// A section's text, its variables masked, and its statements.
#[derive(Default)]
struct Script {
    source: String,
    all: Vec<(Statement, Cut)>,
}

impl Script {
    /// None of its statements where it cannot be cut.
    fn of(section: &Section) -> Script {
        let source = variable::masked(section);
        let cuts = sql::split(&source).unwrap_or_default();
        let all = cuts.into_iter().map(|cut| (read(&source, &cut), cut)).collect();
        Script { source, all }
    }
}

/// The database after the last migration.
fn replayed(all: &[Read<'_>], options: &Options) -> Catalog {
    let mut catalog = options.catalog();
    for (number, read) in all.iter().enumerate() {
        catalog.begin(Origin::Migration(number));
        read.up.all.iter().for_each(|(statement, _)| catalog.apply(statement));
    }
    catalog
}

struct Run<'a> {
    options: &'a Options,
    active: Vec<Asked>,
    report: Report,
    /// The database after the last migration.
    last: &'a Catalog,
    /// How many of the migrations have a version.
    versioned: usize,
}

/// A section of a migration, its statements read.
#[derive(Clone, Copy)]
struct Part<'a> {
    migration: &'a Migration,
    section: &'a Section,
    script: &'a Script,
    /// The statements of the migration's up.
    up: &'a [(Statement, Cut)],
}

impl Run<'_> {
    fn migration(&mut self, Read { migration, up, down }: &Read<'_>, catalog: &mut Catalog) {
        let section = if let Body::Sql(section) = migration.up() { Some(section) } else { None };
        if section.is_none() {
            catalog.lose_sight();
        }
        if self.options.is_past(migration.version()) {
            up.all.iter().for_each(|(statement, _)| catalog.apply(statement));
            return;
        }
        let first = self.report.findings.len();
        let before = catalog.clone();
        let mut allows = Allows::of(migration);
        if let Some(section) = section {
            self.part(Part { migration, section, script: up, up: &up.all }, catalog, &mut allows);
        }
        if let Down::Sql(section) = migration.down() {
            let mut after = catalog.clone();
            after.begin(catalog.origin().down());
            self.part(Part { migration, section, script: down, up: &up.all }, &mut after, &mut allows);
        }
        let last = self.last;
        let whole = InMigration {
            migration,
            up: &up.all,
            down: &down.all,
            before: &before,
            after: catalog,
            last,
            options: self.options,
        };
        let mut found = Vec::new();
        for asked in self.active.clone() {
            let Check::Migration(check) = asked.rule.check else { continue };
            for draft in check(&whole) {
                if !allows.take(&asked.rule.name(), None) {
                    found.push(Finding::new(asked, migration, section, draft));
                }
            }
        }
        self.report.findings.append(&mut found);
        for used in allows.uses(migration, self.options) {
            for asked in self.active.clone() {
                let Check::Allow(check) = asked.rule.check else { continue };
                let found = check(&used)
                    .into_iter()
                    .map(|draft| Finding::new(asked, migration, used.section(), draft));
                self.report.findings.extend(found);
            }
        }
        let place = |finding: &Finding| finding.diagnostic.place.as_ref().map(|place| place.position);
        if let Some(own) = self.report.findings.get_mut(first..) {
            own.sort_by_key(place);
        }
    }

    fn part(&mut self, part: Part<'_>, catalog: &mut Catalog, allows: &mut Allows<'_>) {
        let all = &part.script.all;
        let cuts: Vec<Cut> = all.iter().map(|(_, cut)| cut.clone()).collect();
        let newest = self.options.each_major().last().unwrap_or(Major(18));
        let refused = cuts.iter().any(|cut| cut.refused_in_transaction(newest.0));
        let split = controlled_inside(&cuts);
        let transaction = if refused || split { Transaction::Off } else { part.section.transaction() };
        let mut held = Held::default();
        for (number, (statement, cut)) in all.iter().enumerate() {
            self.report.statements += 1;
            if let Statement::Unknown { words, .. } = statement {
                let unknown = part.section.diagnostic(cut.range.clone(), not_understood(words));
                self.report.not_understood.push(unknown);
            }
            let known = KnownEffects::default();
            let at = At {
                transaction,
                known: &known,
                statement,
                place: &cut.range,
                number,
                all,
                source: &part.script.source,
                up: part.up,
                catalog,
                last: self.last,
                versioned: self.versioned,
                held: &held,
                section: part.section,
                migration: part.migration,
                options: self.options,
            };
            self.ask(&at, &cuts, allows);
            let holds = (transaction == Transaction::On).then(|| at.effects(newest).clone());
            match statement {
                Statement::Set { setting, values, scope: SetScope::Session | SetScope::Transaction } => {
                    held.settings.insert(setting.clone(), values.clone());
                }
                Statement::AlterType(AlterType::AddValue { name, value, .. }) => {
                    held.values.push((name.clone(), value.clone()));
                }
                _ => {}
            }
            if let Some(effects) = holds {
                hold(&mut held, &effects, (number, catalog));
            }
            catalog.apply(statement);
        }
    }

    /// Asks every rule about one statement.
    fn ask(&mut self, at: &At<'_>, cuts: &[Cut], allows: &mut Allows<'_>) {
        let first = self.report.findings.len();
        for asked in self.active.clone() {
            let check = match (asked.rule.check, at.section.kind()) {
                (Check::Up(check) | Check::UpAndDown(check), SectionKind::Up) => check,
                (Check::Down(check) | Check::UpAndDown(check), SectionKind::Down) => check,
                _ => continue,
            };
            for draft in check(at) {
                if allows.take(&asked.rule.name(), Some((at.section.kind(), at.number, cuts))) {
                    continue;
                }
                let mut finding = Finding::new(asked, at.migration, Some(at.section), draft);
                if at.section.kind() == SectionKind::Down {
                    // Nothing comes after a down.
                    finding.rewrite = finding.rewrite.filter(|rewrite| rewrite.later().is_empty());
                }
                finding.statement = Some(at.section.range_in_file(at.place.clone()));
                self.report.findings.push(finding);
            }
        }
        say_of_each_other(self.report.findings.get_mut(first..).unwrap_or_default());
    }
}

/// Says of each proposal that it mends its own danger alone, where the findings of one statement have different ones.
fn say_of_each_other(findings: &mut [Finding]) {
    let proposals: Vec<_> = findings.iter().filter_map(|finding| finding.rewrite.clone()).collect();
    let differ = proposals.windows(2).any(|pair| pair.first() != pair.last());
    for finding in findings.iter_mut().filter(|finding| differ && finding.rewrite.is_some()) {
        let alone =
            "this mends its own danger alone: what is left of the statement, lint proposes afterwards";
        finding.advice = Some(match finding.advice.take() {
            Some(advice) => format!("{advice}; {alone}"),
            None => alone.to_owned(),
        });
    }
}

/// What is said of a statement that the reader does not know.
pub(crate) fn not_understood(words: &str) -> String {
    let shown = if words.is_empty() { String::new() } else { format!(" ({words} …)") };
    format!("lint does not know this statement{shown}: nothing was checked")
}

/// Whether a transaction begins or ends inside the section, and not just around all of it.
fn controlled_inside(cuts: &[Cut]) -> bool {
    let control = |cut: &Cut| match cut.kind {
        StatementKind::TransactionControl(control) => Some(control),
        _ => None,
    };
    match cuts {
        [first, inner @ .., last]
            if control(first) == Some(TransactionControl::Begin)
                && control(last) == Some(TransactionControl::Commit) =>
        {
            inner.iter().any(|cut| control(cut).is_some())
        }
        all => all.iter().any(|cut| control(cut).is_some()),
    }
}

/// Adds what a statement holds to the end of its transaction.
fn hold(held: &mut Held, effects: &Effects, (number, before): (usize, &Catalog)) {
    for (relation, modes) in &effects.locks {
        let Some(mode) = modes.last().copied() else { continue };
        if before.is_new(relation) {
            continue;
        }
        let entry = held.locks.entry(relation.clone()).or_insert((mode, number));
        if mode > entry.0 {
            *entry = (mode, number);
        }
    }
}
