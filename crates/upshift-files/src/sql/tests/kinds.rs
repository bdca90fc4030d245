//! What a statement does.

use crate::sql::{QualifiedName, StatementKind, split};

/// Each text is one statement, of the kind that `Debug` shows so.
fn check(table: &[(&str, &str)]) {
    for (text, expected) in table {
        let kinds = split(text).map(|all| all.iter().map(|s| shown(&s.kind)).collect::<Vec<_>>().join(" "));
        assert_eq!(kinds.as_deref(), Ok(*expected), "in {text:?}");
    }
}

fn shown(kind: &StatementKind) -> String {
    match kind {
        StatementKind::TransactionControl(control) => format!("{control:?}"),
        StatementKind::CreateIndexConcurrently { index, table, existing } => {
            let index = index.as_ref().map_or("-".to_owned(), dotted);
            format!("create-index({index} on {}, {existing:?})", dotted(table))
        }
        StatementKind::DropIndexConcurrently { indexes } => {
            format!("drop-index({})", indexes.iter().map(dotted).collect::<Vec<_>>().join(", "))
        }
        StatementKind::DetachPartitionConcurrently { table, partition } => {
            format!("detach({} from {})", dotted(partition), dotted(table))
        }
        other => format!("{other:?}"),
    }
}

fn dotted(name: &QualifiedName) -> String {
    name.schema.iter().map(|schema| format!("{schema}.")).collect::<String>() + &name.name
}

#[test]
fn the_first_word_tells_what_a_statement_does() {
    check(&[
        ("select 1", "Query"),
        ("SELECT 1", "Query"),
        ("/* x */ select 1", "Query"),
        ("(select 1)", "Query"),
        ("((select 1) union select 2)", "Query"),
        ("values (1)", "Query"),
        ("table t", "Query"),
        ("show work_mem", "Query"),
        ("explain analyze delete from t", "Query"),
        ("insert into t values (1)", "Insert"),
        ("update t set a = 1", "Update"),
        ("delete from t", "Delete"),
        ("merge into t using s on true when matched then delete", "Merge"),
        ("set lock_timeout = '2s'", "Set"),
        ("set local role x", "Set"),
        ("set session authorization x", "Set"),
        ("set transaction read only", "Set"),
        ("reset all", "Set"),
        ("discard all", "Set"),
        ("create table t (a int)", "Create"),
        ("create index i on t (a)", "Create"),
        ("alter table t add a int", "Alter"),
        ("drop table t", "Drop"),
        ("truncate t", "Other"),
        ("do $$ begin end $$", "Other"),
        ("copy t to stdout", "Other"),
        ("copy t from 'file'", "Other"),
        ("vacuum", "Other"),
        ("prepare p as select 1", "Other"),
        ("grant select on t to x", "Other"),
        ("\"select\" 1", "Other"),
        ("'select'", "Other"),
        ("selects", "Other"),
        ("*", "Other"),
    ]);
}

#[test]
fn behind_with_the_verb_after_the_last_part_counts() {
    check(&[
        ("with a as (select 1) select 2", "Query"),
        ("with a as (select 1) (select 2)", "Query"),
        ("with a as (select 1) values (1)", "Query"),
        ("with a as (select 1) table a", "Query"),
        ("with a as (select 1) insert into t select 1", "Insert"),
        ("with a as (insert into t values (1) returning *) select 1", "Query"),
        ("with a as (delete from t returning *), b as (select 1) update t set a = 1", "Update"),
        ("with a as (select (1)) delete from t", "Delete"),
        ("with a as (select 1) merge into t using a on true when matched then delete", "Merge"),
        ("WITH RECURSIVE a (b, c) AS (select 1) DELETE FROM t", "Delete"),
        ("with a as materialized (select 1) update t set a = 1", "Update"),
        ("with a as not materialized (select 1) update t set a = 1", "Update"),
        ("with insert as (select 1) update t set a = 1", "Update"),
        ("with a as (select ')') delete from t", "Delete"),
        ("with a as (select 1) search depth first by b, c set d delete from t", "Delete"),
        (
            "with a as (select 1) cycle b, c set d to true default false using e, f as (select 1) delete from t",
            "Delete",
        ),
        (
            "with a as (select 1) search breadth first by b set c cycle b set d using e delete from t",
            "Delete",
        ),
        ("with", "Other"),
        ("with a as (select 1", "Other"),
        ("with a as (select 1)", "Other"),
    ]);
}

#[test]
fn transaction_control_is_told_from_savepoints_and_prepared_statements() {
    check(&[
        ("begin", "Begin"),
        ("BEGIN WORK", "Begin"),
        ("begin isolation level serializable", "Begin"),
        ("start transaction", "Begin"),
        ("start transaction read only", "Begin"),
        ("start replication", "Other"),
        ("commit", "Commit"),
        ("commit work and no chain", "Commit"),
        ("commit and chain", "CommitAndChain"),
        ("commit transaction and chain", "CommitAndChain"),
        ("end", "Commit"),
        ("end work and chain", "CommitAndChain"),
        ("rollback", "Rollback"),
        ("rollback and no chain", "Rollback"),
        ("rollback and chain", "RollbackAndChain"),
        ("abort", "Rollback"),
        ("abort work and chain", "RollbackAndChain"),
        ("rollback to a", "Savepoint"),
        ("rollback work to savepoint a", "Savepoint"),
        ("savepoint a", "Savepoint"),
        ("release a", "Savepoint"),
        ("release savepoint a", "Savepoint"),
        ("prepare transaction 'a'", "PrepareTransaction"),
        ("prepare transaction as select 1", "Other"),
        ("commit prepared 'a'", "CommitPrepared"),
        ("rollback prepared 'a'", "RollbackPrepared"),
    ]);
}

#[test]
fn what_runs_concurrently_tells_its_names() {
    check(&[
        ("create index concurrently i on t (a)", "create-index(i on t, Fail)"),
        (
            "CREATE UNIQUE INDEX CONCURRENTLY I ON ONLY App.T USING btree (a)",
            "create-index(i on app.t, Fail)",
        ),
        ("create index concurrently if not exists \"I\" on t (a)", "create-index(I on t, Skip)"),
        ("create index concurrently on t (a)", "create-index(- on t, Fail)"),
        ("create index /* x */ concurrently -- y\n i on t (a)", "create-index(i on t, Fail)"),
        ("create index \"concurrently\" on t (a)", "Create"),
        ("create index concurrently", "Create"),
        ("create index concurrently i", "Create"),
        ("drop index concurrently i", "drop-index(i)"),
        ("drop index concurrently if exists s.i, \"J\" cascade", "drop-index(s.i, J)"),
        ("drop index concurrently", "Drop"),
        ("drop index i", "Drop"),
        ("alter table t detach partition p concurrently", "detach(p from t)"),
        ("alter table if exists only s.t * detach partition s.p concurrently", "detach(s.p from s.t)"),
        ("alter table t detach partition p", "Alter"),
        ("alter table t detach partition p finalize", "Alter"),
        ("reindex index concurrently i", "ReindexConcurrently"),
        ("reindex (verbose) table concurrently t", "ReindexConcurrently"),
        ("reindex schema concurrently s", "ReindexConcurrently"),
        ("reindex (verbose, concurrently) table t", "ReindexConcurrently"),
        ("reindex (concurrently off) table t", "Other"),
        ("reindex table t", "Other"),
        ("reindex table \"concurrently\"", "Other"),
    ]);
}

#[test]
fn a_copy_knows_its_data() {
    let cases = [
        ("copy t from stdin;\n1\n2\n\\.\n", "1\n2\n"),
        ("copy t from stdin;\r\n1\r\n\\.\r\n", "1\r\n"),
        ("copy t from stdin; -- x\n'\n\\.", "'\n"),
        ("copy t from stdin;\n\\.\n", ""),
        ("copy t from stdin;\n", ""),
        ("copy t from stdin", ""),
    ];
    for (text, expected) in cases {
        let statements = split(text).expect(text);
        let data = statements.iter().find_map(|statement| match &statement.kind {
            StatementKind::CopyFromStdin { data } => Some(&text[data.clone()]),
            _ => None,
        });
        assert_eq!(data, Some(expected), "in {text:?}");
    }
}
