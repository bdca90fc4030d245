//! What the role may do with upshift's tables, what it would need, and what to ask an administrator for.

use super::sql::FORMAT;
use crate::ident::Ident;

/// One row for each of our tables: what the connection's role may do with it, and with all that is around it.
/// $1 the schema. Written for PostgreSQL 13 to 18; nothing is looked up along the search_path: see `sql.rs`.
///
/// A privilege on some columns counts: whoever grants so finely knows which ones.
pub(crate) const READ_PRIVILEGES: &str = "\
select current_user::varchar as role, pg_catalog.current_database()::varchar as database,
    n.oid is not null as schema_is_there,
    pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create') as may_create_schema,
    coalesce(pg_catalog.has_schema_privilege(n.oid, 'usage'), false) as may_use_schema,
    coalesce(pg_catalog.has_schema_privilege(n.oid, 'create'), false) as may_create_tables,
    pg_catalog.has_function_privilege('pg_catalog.pg_try_advisory_lock(bigint)', 'execute')
        and pg_catalog.has_function_privilege('pg_catalog.pg_advisory_unlock(bigint)', 'execute')
        and pg_catalog.has_function_privilege('pg_catalog.pg_try_advisory_xact_lock(bigint)', 'execute') as may_lock,
    t.name as table, c.oid is not null as is_there, coalesce(pg_catalog.pg_has_role(c.relowner, 'usage'), false) as owns,
    array(
        select p.privilege from pg_catalog.unnest(array['select', 'insert', 'update', 'delete']) p (privilege)
        where case when p.privilege operator(pg_catalog.=) 'delete' then pg_catalog.has_table_privilege(c.oid, p.privilege)
            else pg_catalog.has_any_column_privilege(c.oid, p.privilege) end
    ) as privileges
from (values (1, 'format'), (2, 'lease'), (3, 'history'), (4, 'audit'), (5, 'instance'), (6, 'switch'), (7, 'word'),
    (8, 'snapshot'), (9, 'backfill'), (10, 'backfill_range')) t (place, name)
    left join pg_catalog.pg_namespace n on n.nspname operator(pg_catalog.=) $1
    left join pg_catalog.pg_class c
        on c.relnamespace operator(pg_catalog.=) n.oid and c.relname operator(pg_catalog.=) t.name
order by t.place";

/// What somebody wants to do with the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A question.
    Read,
    /// A run.
    Write,
    /// A run that keeps a snapshot of the schema.
    WriteAndKeep,
    /// To compare the schema with the snapshot that was kept.
    Compare,
    /// To join the fleet.
    Join,
    /// A question about a rollout: who is alive, how far backfills are.
    Watch,
    /// A question about what was done.
    Audit,
}

impl Wanted {
    fn is_a_run(self) -> bool {
        matches!(self, Wanted::Write | Wanted::WriteAndKeep)
    }

    /// Whether it fails without the schema, rather than answer that nothing was ever done.
    fn makes_the_schema(self) -> bool {
        self.is_a_run() || self == Wanted::Join
    }
}

/// What a role may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Privileges {
    pub(crate) role: Ident,
    pub(crate) database: Ident,
    pub(crate) schema: SchemaPrivileges,
    /// The functions of the advisory lock.
    pub(crate) may_lock: bool,
    pub(crate) tables: Vec<TablePrivileges>,
}

/// What a role may do with our schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SchemaPrivileges {
    /// It is not there.
    Absent {
        may_create: bool,
    },
    There {
        may_use: bool,
        may_create_tables: bool,
    },
}

/// What a role may do with one of our tables that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TablePrivileges {
    pub(crate) name: String,
    pub(crate) owns: bool,
    /// `select`, `insert`, `update`, `delete`.
    pub(crate) privileges: Vec<String>,
}

/// What a role lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lacking {
    pub(crate) role: Ident,
    pub(crate) database: Ident,
    /// At least one.
    pub(crate) missing: Vec<Missing>,
}

/// One thing a role lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    /// What it may not do.
    pub(crate) what: String,
    /// The statement that gives it.
    pub(crate) grant: String,
}

impl Privileges {
    /// The format the tables must be presumed to have where nobody may read it: ours, if there are any.
    pub(crate) fn presumed_format(&self) -> usize {
        if self.tables.is_empty() { 0 } else { FORMAT }
    }

    /// What is missing for this in `schema`, whose tables have this format (0: there are none); `None` when nothing is.
    pub(crate) fn lacking(&self, wanted: Wanted, schema: &Ident, format: usize) -> Option<Lacking> {
        let mut missing = Vec::new();
        if wanted.is_a_run() && !self.may_lock {
            missing.push(Missing {
                what: "take the migration lock".to_owned(),
                grant: format!(
                    "grant execute on function pg_catalog.pg_try_advisory_lock(bigint), \
                     pg_catalog.pg_advisory_unlock(bigint), pg_catalog.pg_try_advisory_xact_lock(bigint) to {}",
                    self.role
                ),
            });
        }
        missing.extend(self.missing_of_schema(wanted, schema, format));
        for table in &self.tables {
            missing.extend(self.missing_of_table(table, wanted, schema, format));
        }
        let (role, database) = (self.role.clone(), self.database.clone());
        (!missing.is_empty()).then_some(Lacking { role, database, missing })
    }

    fn missing_of_schema(&self, wanted: Wanted, schema: &Ident, format: usize) -> Option<Missing> {
        let role = &self.role;
        let (may_use, may_create) = match self.schema {
            SchemaPrivileges::Absent { may_create } if may_create || !wanted.makes_the_schema() => {
                return None;
            }
            SchemaPrivileges::Absent { .. } => {
                let what = format!(
                    "create the schema {schema}, which is not there (or: grant create on database {} to {role})",
                    self.database
                );
                return Some(Missing { what, grant: format!("create schema {schema} authorization {role}") });
            }
            SchemaPrivileges::There { may_use, may_create_tables } => (may_use, may_create_tables),
        };
        let makes_tables = wanted.is_a_run() && format < FORMAT;
        let lacks: Vec<&str> = [(may_use, "usage"), (may_create || !makes_tables, "create")]
            .iter()
            .filter(|(may, _)| !may)
            .map(|(_, name)| *name)
            .collect();
        let what = match lacks.as_slice() {
            [] => return None,
            ["usage"] => format!("use the schema {schema}"),
            _ => format!("create tables in the schema {schema}"),
        };
        Some(Missing { what, grant: format!("grant {} on schema {schema} to {role}", lacks.join(", ")) })
    }

    fn missing_of_table(
        &self,
        table: &TablePrivileges,
        wanted: Wanted,
        schema: &Ident,
        format: usize,
    ) -> Option<Missing> {
        let (role, name) = (&self.role, &table.name);
        if wanted != Wanted::Watch && matches!(name.as_str(), "backfill" | "backfill_range") {
            // Of those who have backfills: the server says what they lack.
            return None;
        }
        if wanted.is_a_run() && format < FORMAT {
            let what = format!("bring the table {schema}.{name} to a newer format, as it does not own it");
            let grant = format!("alter table {schema}.{name} owner to {role}");
            return (!table.owns).then_some(Missing { what, grant });
        }
        let needed = needed(name, wanted).iter().copied();
        let lacks: Vec<&str> = needed.filter(|it| !table.privileges.iter().any(|has| has == it)).collect();
        let lacks = lacks.join(", ");
        let what = format!("{lacks} on {schema}.{name}");
        let grant = format!("grant {lacks} on {schema}.{name} to {role}");
        (!lacks.is_empty()).then_some(Missing { what, grant })
    }
}

/// What is done with a table of this name.
fn needed(table: &str, wanted: Wanted) -> &'static [&'static str] {
    match (wanted, table) {
        (Wanted::Watch, "audit" | "snapshot") => &[],
        (Wanted::Watch, _) => &["select"],
        (Wanted::Audit, "format" | "lease" | "history" | "audit") => &["select"],
        (Wanted::Audit, _) => &[],
        (Wanted::Join, "instance") => &["select", "insert", "update", "delete"],
        (Wanted::Read | Wanted::Join, "audit") => &[],
        (Wanted::Compare, "history" | "snapshot") => &["select"],
        (Wanted::Compare, _) => &[],
        (Wanted::WriteAndKeep, "snapshot") => &["select", "insert", "update"],
        // What only some use: whoever keeps or compares snapshots, the fleet, operators.
        (_, "snapshot") => &[],
        (Wanted::Read | Wanted::Write | Wanted::WriteAndKeep, "instance" | "switch" | "word") => &[],
        (Wanted::Join, _) => &["select"],
        (Wanted::Read, _) => &["select"],
        (Wanted::Write | Wanted::WriteAndKeep, "format" | "lease") => &["select", "update"],
        (Wanted::Write | Wanted::WriteAndKeep, "audit") => &["select", "insert"],
        (Wanted::Write | Wanted::WriteAndKeep, _) => &["select", "insert", "update", "delete"],
    }
}
