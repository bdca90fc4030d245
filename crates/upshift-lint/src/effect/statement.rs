//! Which file models which statement.

use super::model::Model;
use crate::statement::{LockMode, Name, Statement};

impl Model<'_> {
    pub(super) fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::AlterRelation(alter) => self.alter(alter),
            Statement::CreateIndex(index) => self.create_index(index),
            Statement::Reindex { kind, name, manner } => self.reindex(*kind, name.as_ref(), *manner),
            Statement::Drop(dropped) => self.drop(dropped),
            Statement::Truncate { tables, only, restarts, dependants } => {
                let emptied = self.truncate(tables, only, *dependants);
                if *restarts {
                    self.restart_sequences(&emptied);
                }
            }
            Statement::Lock { tables, only, mode } => self.lock_tables(tables, only, *mode),
            Statement::CreateTable(_)
            | Statement::CreateTableAs(_)
            | Statement::CreateView(_)
            | Statement::CreateSequence { .. }
            | Statement::CreateTrigger(_)
            | Statement::CreateRule { .. }
            | Statement::CreatePolicy { .. }
            | Statement::AlterPolicy { .. }
            | Statement::AlterType(_)
            | Statement::AlterDomain(_)
            | Statement::CreateStatistics { .. }
            | Statement::Publication { .. }
            | Statement::RenameObject { .. }
            | Statement::Comment { .. }
            | Statement::Privileges { .. } => self.object(statement),
            Statement::RefreshMaterializedView { .. }
            | Statement::Insert(_)
            | Statement::Update(_)
            | Statement::Delete(_)
            | Statement::Merge { .. }
            | Statement::Select(_)
            | Statement::Copy { .. }
            | Statement::Vacuum { .. }
            | Statement::Analyze { .. }
            | Statement::Cluster { .. } => self.data(statement),
            Statement::Do { .. } => self.unknown("DO may do anything"),
            Statement::Call { procedure } => self.unknown(format!("{procedure} may do anything")),
            Statement::CreateExtension { name, .. } | Statement::UpdateExtension { name } => {
                self.unknown(format!("the scripts of the extension {name} may do anything"));
            }
            Statement::Unknown { words, .. } => {
                self.unknown(format!("lint does not know this statement ({words} …)"));
            }
            Statement::CreateType(_)
            | Statement::CreateDomain { .. }
            | Statement::CreateFunction(_)
            | Statement::CreateSchema { .. }
            | Statement::Set { .. }
            | Statement::Transaction
            | Statement::Harmless { .. } => {}
        }
    }

    fn lock_tables(&mut self, tables: &[Name], only: &[Name], mode: LockMode) {
        for table in tables {
            let alone = only.contains(table);
            let table = self.existing(table);
            match self.catalog.relation(&table).and_then(|relation| relation.as_view()) {
                // LOCK TABLE of a view locks what it reads as well (manual, LOCK, since 11).
                Some(view) if !view.materialized => {
                    self.lock(&table, mode);
                    let reads = view.reads.clone();
                    self.lock_tables(&reads, &[], mode);
                }
                _ if alone => self.lock(&table, mode),
                _ => self.lock_all(&self.catalog.family_of(&table), mode),
            }
        }
    }
}
