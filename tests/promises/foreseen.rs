//! What PostgreSQL does with real migrations is what lint foresees: locks, rewrites, scans.

use std::path::Path;

use expect_test::{Expect, expect};
use upshift::Source;
use upshift_promises::files;
use upshift_test::trace;

/// Traces the migrations, and says what lint had not foreseen, or foresaw in vain.
async fn check(source: Source, expected: Expect) {
    let trace = trace(source.clone()).run().await.unwrap_or_else(|error| panic!("{error:?}"));
    let comparison = trace.compare(&source.set().unwrap());
    let mut text = comparison.to_string();
    for unknown in &comparison.not_compared {
        text.push_str(&format!("\nnot compared: {}: {}: {}", unknown.label, unknown.text, unknown.why));
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
        20170318181441_downloads_need_no_id: ALTER TABLE crate_downloads ALTER COLUMN "date" TYPE date
          unforeseen: writes index_crate_downloads_date anew
        20170322130523_version_downloads_needs_no_id: ALTER TABLE version_downloads ALTER COLUMN "date" TYPE date
          unforeseen: writes index_version_downloads_date anew
        20170708133715_ensure_crate_id_foreign_keys_cascade: ALTER TABLE "crate_downloads" DROP CONSTRAINT "fk_crate_downloads_crate_id", ADD CONSTRAINT "fk_crat …
          unforeseen: it runs, though it should be refused: public.crate_downloads has a constraint fk_crate_downloads_crate_id already
        20170708133715_ensure_crate_id_foreign_keys_cascade: ALTER TABLE "crate_owners" DROP CONSTRAINT "fk_crate_owners_crate_id", ADD CONSTRAINT "fk_crate_owne …
          unforeseen: it runs, though it should be refused: public.crate_owners has a constraint fk_crate_owners_crate_id already
        20170708133715_ensure_crate_id_foreign_keys_cascade: ALTER TABLE "crates_categories" DROP CONSTRAINT "fk_crates_categories_crate_id", ADD CONSTRAINT "fk_ …
          unforeseen: it runs, though it should be refused: public.crates_categories has a constraint fk_crates_categories_crate_id already
        20170708133715_ensure_crate_id_foreign_keys_cascade: ALTER TABLE "crates_keywords" DROP CONSTRAINT "fk_crates_keywords_crate_id", ADD CONSTRAINT "fk_crat …
          unforeseen: it runs, though it should be refused: public.crates_keywords has a constraint fk_crates_keywords_crate_id already
        20170708133715_ensure_crate_id_foreign_keys_cascade: ALTER TABLE "dependencies" DROP CONSTRAINT "fk_dependencies_crate_id", ADD CONSTRAINT "fk_dependenci …
          unforeseen: it runs, though it should be refused: public.dependencies has a constraint fk_dependencies_crate_id already
        20170708133715_ensure_crate_id_foreign_keys_cascade: ALTER TABLE "follows" DROP CONSTRAINT "fk_follows_crate_id", ADD CONSTRAINT "fk_follows_crate_id" FO …
          unforeseen: it runs, though it should be refused: public.follows has a constraint fk_follows_crate_id already
        20170708133715_ensure_crate_id_foreign_keys_cascade: ALTER TABLE "versions" DROP CONSTRAINT "fk_versions_crate_id", ADD CONSTRAINT "fk_versions_crate_id" …
          unforeseen: it runs, though it should be refused: public.versions has a constraint fk_versions_crate_id already
        20170708135123_ensure_version_id_foreign_keys_cascade: ALTER TABLE "dependencies" DROP CONSTRAINT "fk_dependencies_version_id", ADD CONSTRAINT "fk_dependen …
          unforeseen: it runs, though it should be refused: public.dependencies has a constraint fk_dependencies_version_id already
        20170708135123_ensure_version_id_foreign_keys_cascade: ALTER TABLE "version_authors" DROP CONSTRAINT "fk_version_authors_version_id", ADD CONSTRAINT "fk_ve …
          unforeseen: it runs, though it should be refused: public.version_authors has a constraint fk_version_authors_version_id already
        20170708135123_ensure_version_id_foreign_keys_cascade: ALTER TABLE "version_downloads" DROP CONSTRAINT "fk_version_downloads_version_id", ADD CONSTRAINT "f …
          unforeseen: it runs, though it should be refused: public.version_downloads has a constraint fk_version_downloads_version_id already
        20170728002039_fix_keywords: WITH messed_up_keywords AS ( select keywords.id as upper_id, k.id as lower_id from keywords inner jo …
          not seen: ROW SHARE on crates
          not seen: ROW SHARE on keywords
        20170820180453_readme_rendering_tracking: ALTER TABLE readme_rendering ADD CONSTRAINT "fk_readme_rendering_version_id" FOREIGN KEY (version_id …
          not seen: reads versions whole
        20181101223239_add_published_by_to_versions: ALTER TABLE versions ADD CONSTRAINT "fk_versions_published_by" FOREIGN KEY (published_by) REFERENCES …
          not seen: reads users whole
        20190322170700_remove_crate_downloads: DROP TABLE crate_downloads
          not seen: ACCESS EXCLUSIVE on crate_downloads_id_seq
        20190322174825_remove_version_downloads_pk: ALTER TABLE version_downloads DROP CONSTRAINT version_downloads_pkey, ADD CONSTRAINT version_downloa …
          unforeseen: it runs, though it should be refused: public.version_downloads has a constraint version_downloads_pkey already
        20190614175833_change_keywords_to_text: ALTER TABLE keywords ALTER COLUMN keyword TYPE text
          unforeseen: writes index_keywords_keyword anew
          unforeseen: writes index_keywords_lower_keyword anew
          unforeseen: writes keywords_keyword_key anew
        20190918233204_fix_int_type_in_to_semver_no_prerelease: DROP TYPE semver_triple
          unforeseen: ACCESS EXCLUSIVE on semver_triple
        20210210141019_reserve_com0_lpt0: INSERT INTO reserved_crate_names (name) VALUES ('com0'), ('lpt0') ON CONFLICT DO NOTHING
          unforeseen: ACCESS SHARE on crates
        20240212120203_remove_unused_index: DROP INDEX CONCURRENTLY IF EXISTS index_follows_user_id
          not seen: ACCESS EXCLUSIVE on index_follows_user_id
        20250217133723_timezones: alter table crates alter created_at type timestamptz
          unforeseen: writes index_crate_created_at anew
        20250217133723_timezones: alter table crates alter updated_at type timestamptz
          unforeseen: writes index_crate_updated_at anew
        202606051200000000_create_reverse_dependencies: CREATE FUNCTION compute_reverse_dependencies(dependent_crate_ids integer[]) RETURNS TABLE ( target_c …
          unforeseen: ACCESS SHARE on crate_downloads
          unforeseen: ACCESS SHARE on default_versions
          unforeseen: ACCESS SHARE on dependencies
        601 statements compared, 8 not; 23 effects unforeseen, 6 foreseen and not seen
        not compared: 20170502181306_drop_schema_migrations: DROP TABLE IF EXISTS schema_migrations: no migration made public.schema_migrations: what depends on it is not known
        not compared: 20171006234455_fix_local_dbs_unique_gh_login: DROP INDEX IF EXISTS lower_gh_login: no migration made public.lower_gh_login: what depends on it is not known
        not compared: 20171008193512_category_trees: CREATE EXTENSION IF NOT EXISTS ltree SCHEMA public: the scripts of the extension ltree may do anything
        not compared: 20190514165316_index_crate_name_for_like: CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public: the scripts of the extension pg_trgm may do anything
        not compared: 20190919185655_add_experimental_indexes: ALTER INDEX IF EXISTS sgrif_testing RENAME TO index_recent_crate_downloads_by_downloads: no migration made public.sgrif_testing: what depends on it is not known
        not compared: 20190919185655_add_experimental_indexes: ALTER INDEX IF EXISTS sgrif_testing2 RENAME TO index_version_downloads_by_date: no migration made public.sgrif_testing2: what depends on it is not known
        not compared: 20190919185655_add_experimental_indexes: CREATE INDEX IF NOT EXISTS index_recent_crate_downloads_by_downloads ON recent_crate_downloads USING …: no migration made public.recent_crate_downloads: what depends on it is not known
        not compared: 20200714113112_change_api_token_to_bytea: CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA public: the scripts of the extension pgcrypto may do anything
        without rows: versions, first seen behind 20170308191449_crate_owners_does_not_need_id: invalid input syntax for type integer: "v1"
        without rows: version_downloads, first seen behind 20170308191449_crate_owners_does_not_need_id: null value in column "version_id" of relation "version_downloads" violates not-null constraint
        without rows: dependencies, first seen behind 20170308191449_crate_owners_does_not_need_id: null value in column "version_id" of relation "dependencies" violates not-null constraint
        without rows: version_authors, first seen behind 20170308191449_crate_owners_does_not_need_id: null value in column "version_id" of relation "version_authors" violates not-null constraint
        without rows: versions, first seen behind 20230813175222_indexed_reverse_dependency_query: invalid input syntax for type numeric: "v1"
        without rows: version_downloads, first seen behind 20230813175222_indexed_reverse_dependency_query: null value in column "version_id" of relation "version_downloads" violates not-null constraint
        without rows: dependencies, first seen behind 20230813175222_indexed_reverse_dependency_query: null value in column "version_id" of relation "dependencies" violates not-null constraint
        without rows: readme_renderings, first seen behind 20230813175222_indexed_reverse_dependency_query: null value in column "version_id" of relation "readme_renderings" violates not-null constraint
        without rows: version_owner_actions, first seen behind 20230813175222_indexed_reverse_dependency_query: null value in column "version_id" of relation "version_owner_actions" violates not-null constraint
        without rows: versions_published_by, first seen behind 20230813175222_indexed_reverse_dependency_query: null value in column "version_id" of relation "versions_published_by" violates not-null constraint
        without rows: default_versions, first seen behind 20240417135931_default-versions-table: null value in column "version_id" of relation "default_versions" violates not-null constraint
        without rows: versions, first seen behind 202605271300000000_drop_semver_ord: null value in column "semver_ord_v2" of relation "versions" violates not-null constraint
        without rows: version_downloads, first seen behind 202605271300000000_drop_semver_ord: null value in column "version_id" of relation "version_downloads" violates not-null constraint
        without rows: dependencies, first seen behind 202605271300000000_drop_semver_ord: null value in column "version_id" of relation "dependencies" violates not-null constraint
        without rows: readme_renderings, first seen behind 202605271300000000_drop_semver_ord: null value in column "version_id" of relation "readme_renderings" violates not-null constraint
        without rows: version_owner_actions, first seen behind 202605271300000000_drop_semver_ord: null value in column "version_id" of relation "version_owner_actions" violates not-null constraint
        without rows: versions_published_by, first seen behind 202605271300000000_drop_semver_ord: null value in column "version_id" of relation "versions_published_by" violates not-null constraint
        without rows: default_versions, first seen behind 202605271300000000_drop_semver_ord: null value in column "version_id" of relation "default_versions" violates not-null constraint
        without rows: reverse_dependencies, first seen behind 202606051200000000_create_reverse_dependencies: null value in column "version_id" of relation "reverse_dependencies" violates not-null constraint"#]]).await;
}
