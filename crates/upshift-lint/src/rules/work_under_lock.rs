use upshift_files::SectionKind;

use super::{Check, Group, Rule, rows};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, LockMode, Name, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Transactions,
    Level::Error,
    "rows are worked on while a lock that others wait for is held",
    Check::UpAndDown(check),
)
.explained(
    "A lock is held to the end of its transaction. ALTER TABLE alone is done in a moment; with an UPDATE, a VALIDATE or a \
     copy behind it, everybody waits for all of that. Give the work a migration of its own: rows are changed by a \
     backfill, in batches.",
    "manual, 13.3 Explicit Locking",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_status.sql
alter table orders add column status text;
update orders set status = 'open';
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_status.sql
alter table orders add column status text;
--- 3_fill_status.sql
-- upshift: backfill table=orders
update orders set status = 'open' where status is null;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((mode, locked, since)) = held(at) else { return Vec::new() };
    let Some(work) = work(at) else { return Vec::new() };
    let shown = at.shown(&locked);
    let line = at.all.get(since).map_or(0, |(_, cut)| at.section.position(cut.range.start).line);
    let draft = at
        .draft(format!("{shown} stays locked (since line {line}) while {}", work.what))
        .effect(at.effect_on(&locked, mode, "until this is done"));
    vec![match (at.section.kind(), work.batched) {
        (SectionKind::Up, Some(table)) => draft.rewrite(rows::batched(at, table)),
        (SectionKind::Up, None) if work.alone => draft.rewrite(at.in_its_own(&work.name)),
        _ => draft
            .advice("do it in a migration of its own; rows in batches, with `-- upshift: backfill table=…`"),
    }]
}

/// Whether this rule speaks about the statement: then those about the work alone are silent.
pub(super) fn speaks(at: &At<'_>) -> bool {
    held(at).is_some() && work(at).is_some()
}

/// The strongest lock that an earlier statement of the transaction took and others wait for.
fn held(at: &At<'_>) -> Option<(LockMode, Name, usize)> {
    if !at.runs_in_transaction() {
        return None;
    }
    let others = at.held.locks.iter().filter(|(name, (mode, _))| {
        mode.blocks_writes() && at.catalog.index(name).is_none() && !at.is_unseen(name) && !is_gone(at, name)
    });
    let strongest = others.max_by_key(|(_, (mode, since))| (*mode, std::cmp::Reverse(*since)));
    strongest.map(|(name, (mode, since))| (*mode, name.clone(), *since))
}

/// Whether the transaction dropped it: whoever still uses that fails anyway.
fn is_gone(at: &At<'_>, name: &Name) -> bool {
    at.catalog.relation(name).is_none() && at.before().any(|one| matches!(one, Statement::Drop(_)))
}

/// What takes its time.
struct Work<'a> {
    what: String,
    name: String,
    /// The table whose rows it changes, where a backfill can do it.
    batched: Option<&'a Name>,
    /// Whether a migration of its own is all it needs.
    alone: bool,
}

fn work<'a>(at: &At<'a>) -> Option<Work<'a>> {
    if let Some(change) = rows::changed(at) {
        let what = format!("rows of {} are {}", change.table, change.done);
        let batched = change.can_be_batched.then_some(change.table);
        return Some(Work { what, name: format!("fill_{}", change.table.name), batched, alone: false });
    }
    match at.statement {
        Statement::CreateTableAs(made) if !made.empty && !made.query.limited => {
            let source = made.query.reads.iter().find(|one| !at.is_unseen(one))?;
            Some(Work {
                what: format!("{source} is copied"),
                name: format!("make_{}", made.name.name),
                batched: None,
                alone: true,
            })
        }
        Statement::RefreshMaterializedView { name, .. } if !at.is_unseen(name) => Some(Work {
            what: format!("{name} is refreshed"),
            name: format!("refresh_{}", name.name),
            batched: None,
            alone: true,
        }),
        Statement::AlterRelation(alter) if !at.is_unseen(&alter.name) => {
            alter.actions.iter().find_map(|(action, _)| {
                let Action::ValidateConstraint(name) = action else { return None };
                let added = at.catalog.table(&alter.name).and_then(|table| table.constraint(name));
                if added.is_some_and(|one| one.origin == at.catalog.origin()) {
                    // A constraint that this migration added has a rule of its own.
                    return None;
                }
                Some(Work {
                    what: format!("all of {} is read", alter.name),
                    name: format!("validate_{name}"),
                    batched: None,
                    alone: true,
                })
            })
        }
        _ => None,
    }
}
