//! What the pending migrations need a role for: by what their statements say.

use std::collections::BTreeMap;

use tokio_postgres::Client;
use tokio_postgres::types::Type;
use upshift::{MigrationSet, Plan};
use upshift_lint::statement::{
    Action, Column, ColumnConstraint, Constraint, ConstraintKind, Kind, Name, Statement,
};

use super::foresee::statements;
use super::judge::{Finding, Grade};
use crate::failure::Failure;

/// What a role has to be, or may have to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// Owner of this relation: what changes its definition.
    Own(Name),
    /// Owner of it or of its schema.
    Drop(Name),
    /// This privilege on it, as SQL calls it.
    Privilege(&'static str, Name),
    /// Speak of what is in this schema.
    Use(String),
    /// Make something in this schema; without a name in the one where names without a schema go.
    MakeIn(Option<String>),
    /// Make a schema, or an extension that is trusted, in the database.
    MakeInDatabase,
}

/// Everything that is needed, each with the first migration that needs it.
pub(super) fn needs(set: &MigrationSet, plan: &Plan) -> BTreeMap<Need, String> {
    let pending: Vec<&str> = plan.steps().map(upshift::Step::label).collect();
    let mut all = BTreeMap::new();
    for migration in set.iter().filter(|it| pending.contains(&it.label().as_str())) {
        for need in statements(migration).iter().flat_map(of) {
            if let Some(schema) = schema(&need) {
                all.entry(Need::Use(schema.to_owned())).or_insert_with(|| migration.label());
            }
            all.entry(need).or_insert_with(|| migration.label());
        }
    }
    all
}

/// The schema that is spoken of.
fn schema(need: &Need) -> Option<&str> {
    match need {
        Need::Own(name) | Need::Drop(name) | Need::Privilege(_, name) => name.schema.as_deref(),
        Need::Use(_) | Need::MakeIn(_) | Need::MakeInDatabase => None,
    }
}

/// What one statement needs. Of what is not listed it is not known: the run tells.
fn of(statement: &Statement) -> Vec<Need> {
    let make_in = |name: &Name| Need::MakeIn(name.schema.clone());
    let own = |name: &Name| Need::Own(name.clone());
    match statement {
        Statement::AlterRelation(it) => {
            let refers = it.actions.iter().flat_map(|(action, _)| match action {
                Action::AddConstraint(constraint) => refers(std::iter::once(constraint)),
                Action::AddColumn { column, .. } => refers(within(column)),
                _ => Vec::new(),
            });
            std::iter::once(own(&it.name)).chain(refers).collect()
        }
        Statement::CreateTable(it) => {
            let parents = it.inherits.iter().chain(it.partition_of.as_ref().map(|(parent, _)| parent));
            let constraints = it.constraints.iter().chain(it.columns.iter().flat_map(within));
            std::iter::once(make_in(&it.name)).chain(parents.map(own)).chain(refers(constraints)).collect()
        }
        Statement::CreateTableAs(it) => vec![make_in(&it.name)],
        Statement::CreateView(it) => vec![make_in(&it.name)],
        Statement::CreateSequence { name, .. } | Statement::CreateDomain { name, .. } => vec![make_in(name)],
        Statement::CreateType(it) => vec![make_in(&it.name)],
        Statement::CreateFunction(it) => vec![make_in(&it.name)],
        Statement::CreateIndex(it) => vec![own(&it.table)],
        Statement::CreateTrigger(it) => vec![Need::Privilege("trigger", it.table.clone())],
        Statement::CreateRule { table, .. }
        | Statement::CreatePolicy { table, .. }
        | Statement::AlterPolicy { table, .. }
        | Statement::CreateStatistics { table, .. } => vec![own(table)],
        Statement::RefreshMaterializedView { name, .. } => vec![own(name)],
        Statement::RenameObject { on: Some(on), .. } | Statement::Comment { on: Some(on), .. } => {
            vec![own(on)]
        }
        Statement::Comment { kind: Kind::Table | Kind::View, name, on: None } => vec![own(name)],
        Statement::Drop(it) => match (&it.on, it.kind) {
            (Some(on), _) => vec![own(on)],
            (None, Kind::Table | Kind::View | Kind::MaterializedView | Kind::Index | Kind::Sequence) => {
                it.names.iter().map(|(name, _)| Need::Drop(name.clone())).collect()
            }
            _ => Vec::new(),
        },
        Statement::Insert(it) => vec![Need::Privilege("insert", it.table.clone())],
        Statement::Update(it) => vec![Need::Privilege("update", it.table.clone())],
        Statement::Delete(it) => vec![Need::Privilege("delete", it.table.clone())],
        Statement::Truncate { tables, .. } => {
            tables.iter().map(|table| Need::Privilege("truncate", table.clone())).collect()
        }
        Statement::CreateSchema { .. } | Statement::CreateExtension { .. } => vec![Need::MakeInDatabase],
        _ => Vec::new(),
    }
}

fn within(column: &Column) -> impl Iterator<Item = &Constraint> {
    column.constraints.iter().filter_map(|it| match it {
        ColumnConstraint::Constraint(constraint) => Some(constraint),
        _ => None,
    })
}

/// The tables that foreign keys refer to.
fn refers<'c>(constraints: impl Iterator<Item = &'c Constraint>) -> Vec<Need> {
    let tables = constraints.filter_map(|it| match &it.kind {
        ConstraintKind::ForeignKey(key) => Some(Need::Privilege("references", key.table.clone())),
        _ => None,
    });
    tables.collect()
}

/// $1 the schema, or null, and $2 the name of a relation; no row where it is not there yet. Not by to_regclass, which fails for
/// a schema that the role may not use. Written for PostgreSQL 13 to 18.
const RELATION: &str = "
    select c.oid::pg_catalog.regclass::pg_catalog.text as name,
           pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text as owner,
           (select r.rolsuper from pg_catalog.pg_roles r where r.oid operator(pg_catalog.=) c.relowner) as of_a_superuser,
           (select i.indrelid::pg_catalog.regclass::pg_catalog.text from pg_catalog.pg_index i
               where i.indexrelid operator(pg_catalog.=) c.oid) as of_table,
           pg_catalog.pg_has_role(c.relowner, 'USAGE') as owns,
           pg_catalog.pg_has_role(n.nspowner, 'USAGE') as owns_schema,
           case when c.relkind operator(pg_catalog.=) any ('{i,I,c,t}') then 'index'
                when c.relkind operator(pg_catalog.=) 'S' then 'sequence'
                when c.relkind operator(pg_catalog.=) 'v' then 'view'
                when c.relkind operator(pg_catalog.=) 'm' then 'materialized view'
                else 'table' end as kind
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
    where c.relname operator(pg_catalog.=) $2::pg_catalog.text::pg_catalog.name
        and (n.nspname operator(pg_catalog.=) $1::pg_catalog.text::pg_catalog.name
            or $1 is null and pg_catalog.pg_table_is_visible(c.oid))";

/// As [`RELATION`], with $3 the privilege.
const MAY: &str = "
    select pg_catalog.has_table_privilege(c.oid, $3::pg_catalog.text) as may,
           c.oid::pg_catalog.regclass::pg_catalog.text as name
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
    where c.relname operator(pg_catalog.=) $2::pg_catalog.text::pg_catalog.name
        and (n.nspname operator(pg_catalog.=) $1::pg_catalog.text::pg_catalog.name
            or $1 is null and pg_catalog.pg_table_is_visible(c.oid))
        and c.relkind operator(pg_catalog.<>) 'S'";

/// $1 a schema, or null for the one where names without a schema go.
const SCHEMA: &str = "
    select pg_catalog.quote_ident(n.nspname) as name, pg_catalog.has_schema_privilege(n.oid, 'CREATE') as may,
           pg_catalog.has_schema_privilege(n.oid, 'USAGE') as uses
    from pg_catalog.pg_namespace n
    where n.nspname operator(pg_catalog.=) coalesce($1::pg_catalog.text::pg_catalog.name, pg_catalog.current_schema())";

const DATABASE: &str = "
    select pg_catalog.quote_ident(pg_catalog.current_database()) as name,
           pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') as may";

/// What the role lacks, with the statement that gives it. What is not there yet is the role's own once it is made.
pub(super) async fn lacking(
    client: &Client,
    role: &str,
    needs: &BTreeMap<Need, String>,
) -> Result<Vec<Finding>, Failure> {
    let mut found = Vec::new();
    for (need, by) in needs {
        let lack = lack(client, role, need).await;
        let lack =
            lack.map_err(|cause| Failure::failed(format!("privileges cannot be asked for: {cause}")))?;
        found.extend(lack.map(|(what, mend)| {
            Finding::new(
                Grade::Problem,
                "privilege",
                format!("{by} {what}, for which role {role} lacks the privilege"),
            )
            .help(mend)
        }));
    }
    Ok(found)
}

/// What a migration does, and the statement that lets the role.
async fn lack(
    client: &Client,
    role: &str,
    need: &Need,
) -> Result<Option<(String, String)>, tokio_postgres::Error> {
    let role = upshift_lint::statement::Quoted(role);
    match need {
        Need::Own(relation) | Need::Drop(relation) => {
            let Some(row) = client
                .query_typed_opt(RELATION, &[(&relation.schema, Type::TEXT), (&relation.name, Type::TEXT)])
                .await?
            else {
                return Ok(None);
            };
            let (name, owner): (String, String) = (row.try_get("name")?, row.try_get("owner")?);
            let kind: String = row.try_get("kind")?;
            let schema_counts = matches!(need, Need::Drop(_)) && row.try_get("owns_schema")?;
            if row.try_get("owns")? || schema_counts {
                return Ok(None);
            }
            let verb = if matches!(need, Need::Drop(_)) { "drops" } else { "changes" };
            let owner = upshift_lint::statement::Quoted(&owner);
            // An index goes with its table.
            let mend = match row.try_get::<_, Option<String>>("of_table")? {
                Some(table) => format!("alter table {table} owner to {role}"),
                None => format!("alter {kind} {name} owner to {role}"),
            };
            // To be a superuser is more than anybody needs for this.
            let mend = match row.try_get::<_, Option<bool>>("of_a_superuser")? {
                Some(false) => format!("{mend}; or grant {owner} to {role}"),
                Some(true) | None => mend,
            };
            Ok(Some((format!("{verb} {kind} {name} of {owner}"), mend)))
        }
        Need::Privilege(privilege, relation) => {
            let Some(row) = client
                .query_typed_opt(
                    MAY,
                    &[(&relation.schema, Type::TEXT), (&relation.name, Type::TEXT), (privilege, Type::TEXT)],
                )
                .await?
            else {
                return Ok(None);
            };
            let name: String = row.try_get("name")?;
            let lacks = !row.try_get::<_, bool>("may")?;
            let what = format!("needs {privilege} on table {name}");
            Ok(lacks.then(|| (what, format!("grant {privilege} on table {name} to {role}"))))
        }
        Need::MakeIn(schema) => {
            let Some(row) = client.query_typed_opt(SCHEMA, &[(schema, Type::TEXT)]).await? else {
                return Ok(None);
            };
            let name: String = row.try_get("name")?;
            let lacks = !row.try_get::<_, bool>("may")?;
            let what = format!("makes something in schema {name}");
            Ok(lacks.then(|| (what, format!("grant create on schema {name} to {role}"))))
        }
        Need::Use(schema) => {
            let Some(row) = client.query_typed_opt(SCHEMA, &[(schema, Type::TEXT)]).await? else {
                return Ok(None);
            };
            let name: String = row.try_get("name")?;
            let lacks = !row.try_get::<_, bool>("uses")?;
            let what = format!("speaks of what is in schema {name}");
            Ok(lacks.then(|| (what, format!("grant usage on schema {name} to {role}"))))
        }
        Need::MakeInDatabase => {
            let row = client.query_typed_one(DATABASE, &[]).await?;
            let name: String = row.try_get("name")?;
            let lacks = !row.try_get::<_, bool>("may")?;
            let what = "makes a schema or an extension".to_owned();
            Ok(lacks.then(|| (what, format!("grant create on database {name} to {role}"))))
        }
    }
}
