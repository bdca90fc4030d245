//! What PostgreSQL does with real migrations is what lint foresees: locks, rewrites, scans.

use std::path::Path;

use expect_test::{Expect, expect};
use upshift::Source;
use upshift_promises::database::{SERVER, server_is_at_least};
use upshift_promises::files;
use upshift_test::{Rows, trace};

/// Traces the migrations, and says what lint had not foreseen, what it does not know, and which fail with rows.
///
/// Not what was foreseen and did not come: what PostgreSQL reads to validate a foreign key is its planner's choice.
async fn check(source: Source, expected: Expect) {
    let trace = trace(source.clone()).run().await.unwrap_or_else(|error| panic!("{error:?}"));
    let comparison = trace.compare(&source.set().unwrap());
    assert!(comparison.compared >= trace.steps.len() / 2, "{comparison}");
    let mut text = Vec::new();
    for difference in comparison.unforeseen() {
        text.push(format!("{}: {}\n  {difference}", difference.label, difference.text));
    }
    for unknown in &comparison.not_compared {
        text.push(format!("not compared: {}: {}: {}", unknown.label, unknown.text, unknown.why));
    }
    for step in trace.steps.iter().filter(|step| step.rows != Rows::AsAsked) {
        text.push(format!("fails with rows: {}", step.label));
    }
    expected.assert_eq(&text.join("\n"));
}

#[tokio::test]
async fn a_difference_is_told_from_both_sides() {
    let set = files(&[
        (
            "1_a.sql",
            "create table a (id bigint primary key);\ncreate table b (a bigint references a, n int);\n\
             create function look() returns trigger language plpgsql as\n\
             $$ begin lock table a in share mode; return new; end $$;\n\
             create trigger look before insert on b for each row execute function look();\n",
        ),
        ("2_insert.sql", "insert into b (n) values (1);\n"),
        ("3_update.sql", "update b set a = 1 where false;\n"),
        ("4_do.sql", "do $$ begin execute 'alter table a add c int'; end $$;\n"),
    ]);
    let trace = trace(set.clone()).server(SERVER.url("postgres")).run().await.unwrap();
    expect![[r#"
        2_insert: insert into b (n) values (1)
          unforeseen: SHARE on a
        3_update: update b set a = 1 where false
          not seen: ROW SHARE on a
        6 statements compared, 1 not; 1 effects unforeseen, 1 foreseen and not seen"#]]
    .assert_eq(&trace.compare(&set.set().unwrap()).to_string());
}

#[tokio::test]
async fn what_crates_io_did_was_foreseen() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/real/crates-io/migrations");
    if !folder.is_dir() {
        eprintln!("skipped: there is no {}", folder.display());
        return;
    }
    // Its migrations want CREATE OR REPLACE TRIGGER.
    if !server_is_at_least(14) {
        return;
    }
    check(Source::folder(folder), expect![[r#"
        20210210141019_reserve_com0_lpt0: INSERT INTO reserved_crate_names (name) VALUES ('com0'), ('lpt0') ON CONFLICT DO NOTHING
          unforeseen: ACCESS SHARE on crates
        202606051200000000_create_reverse_dependencies: CREATE FUNCTION compute_reverse_dependencies(dependent_crate_ids integer[]) RETURNS TABLE ( target_c …
          unforeseen: ACCESS SHARE on crate_downloads
        202606051200000000_create_reverse_dependencies: CREATE FUNCTION compute_reverse_dependencies(dependent_crate_ids integer[]) RETURNS TABLE ( target_c …
          unforeseen: ACCESS SHARE on default_versions
        202606051200000000_create_reverse_dependencies: CREATE FUNCTION compute_reverse_dependencies(dependent_crate_ids integer[]) RETURNS TABLE ( target_c …
          unforeseen: ACCESS SHARE on dependencies
        not compared: 20170502181306_drop_schema_migrations: DROP TABLE IF EXISTS schema_migrations: no migration made public.schema_migrations: what depends on it is not known
        not compared: 20170923182408_move_tokens_to_emails_table: ALTER TABLE emails ADD COLUMN token TEXT NOT NULL DEFAULT random_string(26): random_string is in SQL: what is put in its place may not be volatile
        not compared: 20171006234455_fix_local_dbs_unique_gh_login: DROP INDEX IF EXISTS lower_gh_login: no migration made public.lower_gh_login: what depends on it is not known
        not compared: 20171008193512_category_trees: CREATE EXTENSION IF NOT EXISTS ltree SCHEMA public: the scripts of the extension ltree may do anything
        not compared: 20190514165316_index_crate_name_for_like: CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public: the scripts of the extension pg_trgm may do anything
        not compared: 20190919185655_add_experimental_indexes: ALTER INDEX IF EXISTS sgrif_testing RENAME TO index_recent_crate_downloads_by_downloads: no migration made public.sgrif_testing: what depends on it is not known
        not compared: 20190919185655_add_experimental_indexes: ALTER INDEX IF EXISTS sgrif_testing2 RENAME TO index_version_downloads_by_date: no migration made public.sgrif_testing2: what depends on it is not known
        not compared: 20191213053745_add_crate_owner_invitation_token: ALTER TABLE crate_owner_invitations ADD COLUMN token TEXT NOT NULL DEFAULT random_string(26): random_string is in SQL: what is put in its place may not be volatile
        not compared: 20200714113112_change_api_token_to_bytea: CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA public: the scripts of the extension pgcrypto may do anything
        fails with rows: 20141001190227_dumped_migration_41
        fails with rows: 20141007131740_dumped_migration_66
        fails with rows: 20141007131741_dumped_migration_67
        fails with rows: 20160812094501_dumped_migration_111
        fails with rows: 20170308140537_create_to_semver_no_prerelease
        fails with rows: 20180118172821_use_jsonb_for_features
        fails with rows: 20220828191319_non-null-checksum
        fails with rows: 20230813175221_faster_reverse_dependencies_query
        fails with rows: 20241024134209_make-unique-num-not-null
        fails with rows: 20250211122510_not-null-expires-at-column
        fails with rows: 20250716163013_make_gh_encrypted_token_not_null
        fails with rows: 202605271200000000_semver_ord_v2_not_null
        fails with rows: 202606171053250000_versions_tar_sha256_not_null"#]]).await;
}
