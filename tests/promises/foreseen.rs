//! What PostgreSQL does with real migrations is what lint foresees: locks, rewrites, scans.

use std::path::Path;

use expect_test::{Expect, expect};
use upshift::Source;
use upshift_promises::files;
use upshift_test::{Rows, trace};

/// Traces the migrations, and says what lint had not foreseen, or foresaw in vain.
async fn check(source: Source, expected: Expect) {
    let trace = trace(source.clone()).run().await.unwrap_or_else(|error| panic!("{error:?}"));
    let comparison = trace.compare(&source.set().unwrap());
    let mut text = comparison.to_string();
    for unknown in &comparison.not_compared {
        text.push_str(&format!("\nnot compared: {}: {}: {}", unknown.label, unknown.text, unknown.why));
    }
    for step in &trace.steps {
        if let Rows::FailsWithRows { words } = &step.rows {
            text.push_str(&format!("\nfails with rows: {}: {words}", step.label));
        }
    }
    for table in &trace.empty {
        text.push_str(&format!("\nwithout rows: {table}"));
    }
    expected.assert_eq(&text);
}

#[tokio::test]
async fn a_difference_is_told_from_both_sides() {
    let set = files(&[
        ("1_a.sql", "create table a (id bigint primary key, b int);\n"),
        ("2_do.sql", "do $$ begin execute 'alter table a add c int'; end $$;\n"),
        ("3_b.sql", "alter table a alter b set not null;\n"),
    ]);
    check(
        set,
        expect![[r#"
        2 statements compared, 1 not; 0 effects unforeseen, 0 foreseen and not seen
        not compared: 2_do: do $$ begin execute 'alter table a add c int'; end $$: DO may do anything"#]],
    )
    .await;
}

#[tokio::test]
async fn what_crates_io_did_was_foreseen() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/real/crates-io/migrations");
    if !folder.is_dir() {
        eprintln!("skipped: there is no {}", folder.display());
        return;
    }
    check(Source::folder(folder), expect![[r#"
        20170708135123_ensure_version_id_foreign_keys_cascade: ALTER TABLE "dependencies" DROP CONSTRAINT "fk_dependencies_version_id", ADD CONSTRAINT "fk_dependen …
          not seen: reads versions whole
        20170708135123_ensure_version_id_foreign_keys_cascade: ALTER TABLE "version_downloads" DROP CONSTRAINT "fk_version_downloads_version_id", ADD CONSTRAINT "f …
          not seen: reads versions whole
        20170728002039_fix_keywords: WITH messed_up_keywords AS ( select keywords.id as upper_id, k.id as lower_id from keywords inner jo …
          not seen: ROW SHARE on crates
          not seen: ROW SHARE on keywords
        20170820180453_readme_rendering_tracking: ALTER TABLE readme_rendering ADD CONSTRAINT "fk_readme_rendering_version_id" FOREIGN KEY (version_id …
          not seen: reads versions whole
        20181101223239_add_published_by_to_versions: ALTER TABLE versions ADD CONSTRAINT "fk_versions_published_by" FOREIGN KEY (published_by) REFERENCES …
          not seen: reads users whole
        20210210141019_reserve_com0_lpt0: INSERT INTO reserved_crate_names (name) VALUES ('com0'), ('lpt0') ON CONFLICT DO NOTHING
          unforeseen: ACCESS SHARE on crates
        202606051200000000_create_reverse_dependencies: CREATE FUNCTION compute_reverse_dependencies(dependent_crate_ids integer[]) RETURNS TABLE ( target_c …
          unforeseen: ACCESS SHARE on crate_downloads
          unforeseen: ACCESS SHARE on default_versions
          unforeseen: ACCESS SHARE on dependencies
        612 statements compared, 8 not; 4 effects unforeseen, 6 foreseen and not seen
        not compared: 20170502181306_drop_schema_migrations: DROP TABLE IF EXISTS schema_migrations: no migration made public.schema_migrations: what depends on it is not known
        not compared: 20171006234455_fix_local_dbs_unique_gh_login: DROP INDEX IF EXISTS lower_gh_login: no migration made public.lower_gh_login: what depends on it is not known
        not compared: 20171008193512_category_trees: CREATE EXTENSION IF NOT EXISTS ltree SCHEMA public: the scripts of the extension ltree may do anything
        not compared: 20190514165316_index_crate_name_for_like: CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public: the scripts of the extension pg_trgm may do anything
        not compared: 20190919185655_add_experimental_indexes: ALTER INDEX IF EXISTS sgrif_testing RENAME TO index_recent_crate_downloads_by_downloads: no migration made public.sgrif_testing: what depends on it is not known
        not compared: 20190919185655_add_experimental_indexes: ALTER INDEX IF EXISTS sgrif_testing2 RENAME TO index_version_downloads_by_date: no migration made public.sgrif_testing2: what depends on it is not known
        not compared: 20190919185655_add_experimental_indexes: CREATE INDEX IF NOT EXISTS index_recent_crate_downloads_by_downloads ON recent_crate_downloads USING …: no migration made public.recent_crate_downloads: what depends on it is not known
        not compared: 20200714113112_change_api_token_to_bytea: CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA public: the scripts of the extension pgcrypto may do anything
        fails with rows: 20141001190227_dumped_migration_41: column "gh_login" of relation "users" contains null values (23502)
        fails with rows: 20141007131740_dumped_migration_66: column "deleted" of relation "crate_owners" contains null values (23502)
        fails with rows: 20141007131741_dumped_migration_67: column "updated_at" of relation "crate_owners" contains null values (23502)
        fails with rows: 20160812094501_dumped_migration_111: column "gh_id" of relation "users" contains null values (23502)
        fails with rows: 20170308140537_create_to_semver_no_prerelease: invalid input syntax for type integer: "v1" (22P02)
        fails with rows: 20180118172821_use_jsonb_for_features: invalid input syntax for type json (22P02)
        fails with rows: 20220828191319_non-null-checksum: column "checksum" of relation "versions" contains null values (23502)
        fails with rows: 20230813175221_faster_reverse_dependencies_query: invalid input syntax for type numeric: "v1" (22P02)
        fails with rows: 20241024134209_make-unique-num-not-null: column "num_no_build" of relation "versions" contains null values (23502)
        fails with rows: 20250211122510_not-null-expires-at-column: column "expires_at" of relation "crate_owner_invitations" contains null values (23502)
        fails with rows: 20250716163013_make_gh_encrypted_token_not_null: column "gh_encrypted_token" of relation "users" contains null values (23502)
        fails with rows: 202605271200000000_semver_ord_v2_not_null: column "semver_ord_v2" of relation "versions" contains null values (23502)
        fails with rows: 202606171053250000_versions_tar_sha256_not_null: column "tar_sha256" of relation "versions" contains null values (23502)
        without rows: versions, first seen behind 202606171106290000_versions_checksum_drop_not_null: null value in column "semver_ord_v2" of relation "versions" violates not-null constraint
        without rows: version_downloads, first seen behind 202606171106290000_versions_checksum_drop_not_null: null value in column "version_id" of relation "version_downloads" violates not-null constraint
        without rows: dependencies, first seen behind 202606171106290000_versions_checksum_drop_not_null: null value in column "version_id" of relation "dependencies" violates not-null constraint
        without rows: readme_renderings, first seen behind 202606171106290000_versions_checksum_drop_not_null: null value in column "version_id" of relation "readme_renderings" violates not-null constraint
        without rows: version_owner_actions, first seen behind 202606171106290000_versions_checksum_drop_not_null: null value in column "version_id" of relation "version_owner_actions" violates not-null constraint
        without rows: versions_published_by, first seen behind 202606171106290000_versions_checksum_drop_not_null: null value in column "version_id" of relation "versions_published_by" violates not-null constraint
        without rows: default_versions, first seen behind 202606171106290000_versions_checksum_drop_not_null: null value in column "version_id" of relation "default_versions" violates not-null constraint
        without rows: reverse_dependencies, first seen behind 202606171106290000_versions_checksum_drop_not_null: null value in column "version_id" of relation "reverse_dependencies" violates not-null constraint"#]]).await;
}
