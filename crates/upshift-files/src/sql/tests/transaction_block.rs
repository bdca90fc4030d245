//! What servers refuse in a transaction block. Every line was run on PostgreSQL 13.23, 14.23, 15.18, 16.14, 17.10 and
//! 18.4, between BEGIN and ROLLBACK: refused means SQLSTATE 25001.

use crate::sql::split;

const MAJORS: [u16; 6] = [13, 14, 15, 16, 17, 18];

/// Each statement, refused by all majors.
fn refused(statements: &[&str]) {
    statements.iter().for_each(|statement| check(statement, &MAJORS));
}

/// Each statement, refused by none.
fn allowed(statements: &[&str]) {
    statements.iter().for_each(|statement| check(statement, &[]));
}

fn check(statement: &str, expected: &[u16]) {
    let split = split(statement).expect(statement);
    assert_eq!(split.len(), 1, "{statement}");
    let found: Vec<u16> =
        MAJORS.into_iter().filter(|major| split[0].refused_in_transaction(*major)).collect();
    assert_eq!(found, expected, "{statement}");
}

#[test]
fn indexes() {
    refused(&[
        "create index concurrently i1 on t (v)",
        "create index concurrently on t (v)",
        "create index concurrently i9 on only t (v)",
        "create unique index concurrently if not exists i1 on t (v)",
        "create schema sx create index concurrently ii on t (v)",
        "drop index concurrently t_v",
        "drop index concurrently if exists t_v, nope",
        "reindex index concurrently t_v",
        "reindex table concurrently t",
        "reindex schema concurrently s",
        "reindex (verbose) table concurrently t",
        "reindex schema s",
        "reindex database postgres",
        "reindex database",
        "reindex system postgres",
        // These are newer than 13, which does not know them.
        "reindex (concurrently) table t",
        "reindex (CONCURRENTLY On) table t",
        "reindex (\"concurrently\") table t",
        "reindex (verbose, concurrently) index t_v",
        "reindex (concurrently true) table t",
        "reindex (concurrently 'on') table t",
        "reindex (concurrently 1) table t",
        "reindex (concurrently false, concurrently) table t",
        "reindex (concurrently, verbose) schema s",
    ]);
    allowed(&[
        "create index i1 on t (v)",
        "create index \"concurrently\" on t (v)",
        "create schema s create index i on t (v)",
        "drop index t_v",
        "drop index \"concurrently\"",
        "reindex index t_v",
        "reindex table t",
        "reindex (verbose) table t",
        "reindex (concurrently false) table t",
        "reindex (concurrently off) table t",
        "reindex (concurrently 0) table t",
        "reindex (concurrently, concurrently false) table t",
    ]);
}

#[test]
fn databases_tablespaces_and_the_server() {
    refused(&[
        "create database d1",
        "drop database nope",
        "drop database if exists nope",
        "drop database nope with (force)",
        "alter database postgres set tablespace pg_default",
        "alter database postgres tablespace pg_default",
        "alter database postgres tablespace = pg_default",
        "alter database postgres with tablespace pg_default",
        "alter database set set tablespace pg_default",
        "alter database vacuum set tablespace pg_default",
        "create tablespace ts1 location '/nonexistent'",
        "drop tablespace ts1",
        "drop tablespace if exists ts1",
        "alter system set work_mem = '4MB'",
        "alter system reset work_mem",
        "alter system reset all",
        "discard all",
        "commit prepared 'x'",
        "rollback prepared 'x'",
    ]);
    allowed(&[
        "alter database postgres with connection limit 5",
        "alter database postgres set work_mem = '4MB'",
        "alter database postgres set default_tablespace to pg_default",
        "alter database postgres reset all",
        "alter database postgres rename to other",
        "alter database postgres owner to postgres",
        "alter database postgres refresh collation version",
        "alter database tablespace owner to postgres",
        "alter database tablespace with connection limit 5",
        "alter database tablespace reset all",
        "create table tablespace (id int)",
        "alter tablespace pg_default set (random_page_cost = 1.1)",
        "alter table t set tablespace pg_default",
        "alter table all in tablespace pg_default set tablespace pg_default",
        "alter role postgres set work_mem = '4MB'",
        "discard plans",
        "discard temp",
        "discard sequences",
        "prepare transaction 'nope'",
        "checkpoint",
    ]);
}

#[test]
fn tables_and_types() {
    refused(&[
        "vacuum",
        "vacuum t",
        "vacuum full t",
        "vacuum (analyze, verbose) t",
        "vacuum analyze",
        "vacuum(full)",
        "cluster",
        "cluster verbose",
        "cluster (verbose)",
        "cluster (verbose off)",
        "alter table pt detach partition p1 concurrently",
        "alter table if exists only pt detach partition public.p1 concurrently",
    ]);
    allowed(&[
        "analyze",
        "analyze t",
        "analyze (verbose) t",
        "analyze vacuum",
        "cluster t using t_v",
        "cluster verbose t using t_v",
        "cluster (verbose) t using t_v",
        "cluster t_v on t",
        "cluster verbose t_v on t",
        "alter table pt detach partition p1",
        "alter table pt detach partition p1 finalize",
        "alter type mood add value 'b'",
        "alter type mood add value if not exists 'b' before 'a'",
        "alter type mood add value 'concurrently'",
        "alter type mood rename value 'a' to 'c'",
        "refresh materialized view concurrently mv",
        "truncate t",
        "lock table t",
        "drop table pt, p1",
        "listen x",
        "copy (select 1) to stdout",
        "explain analyze select 1",
        "create extension nope",
        "create role r1",
        "select 'vacuum'",
    ]);
}

#[test]
fn subscriptions() {
    refused(&[
        "create subscription s1 connection 'dbname=none' publication pb",
        "create subscription s1 connection 'dbname=none' publication pb with (create_slot = true)",
        "create subscription s1 connection 'dbname=none' publication pb with (create_slot = 1)",
        "create subscription s1 connection 'dbname=none' publication pb with (create_slot)",
        "create subscription s1 connection 'dbname=none' publication pb with (enabled = false)",
        "create subscription s1 connection 'dbname=none' publication pb with (connect = true)",
        "create subscription s1 connection 'dbname=none' publication pb, connect with (slot_name = 'connect')",
        "drop subscription sub_slot",
        // Newer servers only, see `Statement::refused_in_transaction`.
        "alter subscription sub_slot set (failover = true)",
        "alter subscription sub_slot set (failover = false)",
        "alter subscription sub_slot set (two_phase = false)",
        "alter subscription sub_slot set (two_phase = 0)",
    ]);
    allowed(&[
        "create subscription s1 connection 'dbname=none' publication pb with (create_slot = false)",
        "create subscription s1 connection 'dbname=none' publication pb with (create_slot = off)",
        "create subscription s1 connection 'dbname=none' publication pb with (create_slot = 0)",
        "create subscription s1 connection 'dbname=none' publication pb with (create_slot = 'false')",
        "create subscription s1 connection 'dbname=none' publication pb with (create_slot = E'false')",
        "create subscription s1 connection 'dbname=none' publication pb with (create_slot = 'off', slot_name = 'create_slot')",
        "create subscription s1 connection 'dbname=none' publication pb with (CONNECT = FALSE)",
        "create subscription s1 connection 'dbname=none' publication pb with (\"connect\" = false)",
        "create subscription s1 connection 'dbname=none' publication pb with (connect = 'off', slot_name = none)",
        "create subscription s1 connection 'dbname=none' publication pb with (slot_name = none, create_slot = false, enabled = false)",
        "alter subscription sub_off enable",
        "alter subscription sub_off disable",
        "alter subscription sub_off set (slot_name = none)",
        "alter subscription sub_slot set (two_phase = true)",
        "alter subscription sub_slot set (synchronous_commit = off)",
        "alter subscription sub_off rename to sub_other",
        "alter subscription sub_off owner to postgres",
        "alter subscription sub_off connection 'dbname=x'",
        "alter subscription sub_off skip (lsn = none)",
        "alter subscription sub_on set publication pb with (refresh = off)",
        "alter subscription sub_on add publication pb2 with (refresh = false)",
        "alter subscription sub_on add publication refresh with (copy_data = false, refresh = 'FALSE')",
        "alter subscription sub_on drop publication pb with (refresh = false)",
    ]);
}

#[test]
fn some_statements_are_refused_by_some_servers_only() {
    let since_14 = &MAJORS[1..];
    check("alter subscription sub_on refresh publication", since_14);
    check("alter subscription sub_on refresh publication with (copy_data = false)", since_14);
    check("alter subscription sub_on set publication pb", since_14);
    check("alter subscription sub_on set publication pb with (refresh = true)", since_14);
    check("alter subscription sub_on set publication pb with (refresh)", since_14);
    check("alter subscription sub_on add publication pb2", since_14);
    check("alter subscription sub_on drop publication pb2", since_14);
    // From the release notes of PostgreSQL 12, which is no longer supported and was not run.
    let statement = split("alter type mood add value 'b'").expect("one statement").remove(0);
    assert!(statement.refused_in_transaction(11));
    assert!(!statement.refused_in_transaction(12));
}
