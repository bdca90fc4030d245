//! The replay.

use std::collections::BTreeMap;

use upshift_files::sql::Statement as Cut;
use upshift_files::{Body, Down, Migration, MigrationSet, Section, SectionKind};

use super::allow::Allows;
use super::{At, Draft, Finding, Held, InMigration, Level, Options, Report};
use crate::catalog::Origin;
use crate::effect::{Major, effects};
use crate::rules::{Check, Rule};
use crate::statement::{SetScope, Statement};
use crate::{Catalog, read};

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
    let mut run = Run { options, active: options.active(), report: Report::default() };
    let mut catalog = options.catalog();
    for (number, migration) in set.iter().enumerate() {
        catalog.begin(Origin::Migration(number));
        run.migration(migration, &mut catalog);
    }
    run.report
}

struct Run<'a> {
    options: &'a Options,
    active: Vec<(&'static Rule, Level)>,
    report: Report,
}

impl Run<'_> {
    fn migration(&mut self, migration: &Migration, catalog: &mut Catalog) {
        let up = match migration.up() {
            Body::Sql(section) => statements(section),
            Body::Code(_) => Vec::new(),
        };
        if self.options.is_past(migration.version()) {
            up.iter().for_each(|(statement, _)| catalog.apply(statement));
            return;
        }
        let first = self.report.findings.len();
        let before = catalog.clone();
        let mut allows = Allows::of(migration);
        if let Body::Sql(section) = migration.up() {
            self.section(migration, section, &up, catalog, &mut allows);
        }
        let mut down = Vec::new();
        if let Down::Sql(section) = migration.down() {
            down = statements(section);
            self.section(migration, section, &down, &mut catalog.clone(), &mut allows);
        }
        let whole = InMigration {
            migration,
            up: &up,
            down: &down,
            before: &before,
            after: catalog,
            options: self.options,
        };
        for (rule, level) in self.active.clone() {
            let Check::Migration(check) = rule.check else { continue };
            for draft in check(&whole) {
                if !allows.take(&rule.name(), None) {
                    let section = if let Body::Sql(section) = migration.up() { Some(section) } else { None };
                    self.found(rule, level, migration, section, draft);
                }
            }
        }
        for used in allows.uses(migration) {
            for (rule, level) in self.active.clone() {
                let Check::Allow(check) = rule.check else { continue };
                check(&used).into_iter().for_each(|draft| self.found(rule, level, migration, None, draft));
            }
        }
        let place = |finding: &Finding| finding.diagnostic.place.as_ref().map(|place| place.position);
        if let Some(own) = self.report.findings.get_mut(first..) {
            own.sort_by_key(place);
        }
    }

    fn section(
        &mut self,
        migration: &Migration,
        section: &Section,
        all: &[(Statement, Cut)],
        catalog: &mut Catalog,
        allows: &mut Allows<'_>,
    ) {
        let cuts: Vec<Cut> = all.iter().map(|(_, cut)| cut.clone()).collect();
        let mut held = Held::default();
        for (number, (statement, cut)) in all.iter().enumerate() {
            self.report.statements += 1;
            if let Statement::Unknown { words, .. } = statement {
                let message = format!("lint does not know this statement ({words} …): nothing was checked");
                self.report.not_understood.push(section.diagnostic(cut.range.clone(), message));
            }
            let at = At {
                statement,
                place: &cut.range,
                number,
                all,
                catalog,
                held: &held,
                section,
                migration,
                options: self.options,
            };
            for (rule, level) in self.active.clone() {
                let check = match (rule.check, section.kind()) {
                    (Check::Up(check) | Check::UpAndDown(check), SectionKind::Up) => check,
                    (Check::Down(check) | Check::UpAndDown(check), SectionKind::Down) => check,
                    _ => continue,
                };
                for draft in check(&at) {
                    if !allows.take(&rule.name(), Some((section.kind(), number, &cuts))) {
                        self.found(rule, level, migration, Some(section), draft);
                        let last = self.report.findings.last_mut();
                        last.into_iter()
                            .for_each(|f| f.statement = Some(section.range_in_file(cut.range.clone())));
                    }
                }
            }
            let in_transaction = at.runs_in_transaction();
            self.hold(&mut held, statement, number, catalog, in_transaction);
            catalog.apply(statement);
        }
    }

    /// Adds what the statement holds to the end of its transaction.
    fn hold(
        &self,
        held: &mut Held,
        statement: &Statement,
        number: usize,
        catalog: &Catalog,
        in_transaction: bool,
    ) {
        if let Statement::Set { setting, values, scope: SetScope::Session | SetScope::Transaction } =
            statement
        {
            held.settings.insert(setting.clone(), values.clone());
        }
        if !in_transaction {
            held.locks = BTreeMap::new();
            return;
        }
        let newest = self.options.each_major().last().unwrap_or(Major(18));
        for (relation, modes) in effects(statement, catalog, newest).locks {
            let Some(mode) = modes.last().copied() else { continue };
            if catalog.is_new(&relation) {
                continue;
            }
            let entry = held.locks.entry(relation).or_insert((mode, number));
            if mode > entry.0 {
                *entry = (mode, number);
            }
        }
    }

    fn found(
        &mut self,
        rule: &Rule,
        level: Level,
        migration: &Migration,
        section: Option<&Section>,
        draft: Draft,
    ) {
        let finding = Finding::new(rule, level, &migration.label(), section, migration.path(), draft);
        self.report.findings.push(finding);
    }
}

/// The statements of a section, read; none where it cannot be cut.
fn statements(section: &Section) -> Vec<(Statement, Cut)> {
    let cuts = section.statements().unwrap_or_default();
    cuts.into_iter().map(|cut| (read(section.text(), &cut), cut)).collect()
}
