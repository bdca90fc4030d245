//! The rules: one file each, with its check, its explanation, and an example of bad and good.
//!
//! A rule's name is its file's. The table below is the only other place that names it.

mod adding;
mod constraining;
#[cfg(test)]
mod document;
mod indexing;
mod partition;
mod referring;
mod retyping;
mod rows;
mod rule;
#[cfg(test)]
mod tests;
mod timeout;
mod used;

pub use rule::{Check, Example, Group, Rule};

/// Declares the modules of the rules, and the table of them. The name of a rule is that of its file.
macro_rules! rules {
    ($($module:ident,)*) => {
        $(mod $module;)*

        /// All rules, in the order of the documentation.
        pub const RULES: &[Rule] = &[$($module::RULE.named(stringify!($module))),*];
    };
}

rules! {
    add_check_scans,
    add_column_check_scans,
    add_column_constrained_domain,
    add_column_foreign_key_scans,
    add_column_foreign_key_waits,
    add_column_there_already,
    add_column_to_wide_table,
    add_column_unique_scans,
    add_column_volatile_default,
    add_enum_value,
    add_exclusion_constraint,
    add_foreign_key_scans,
    add_identity_column,
    add_json_column,
    add_key_builds_index,
    add_primary_key_scans,
    add_required_column,
    add_serial_column,
    add_stored_generated_column,
    alter_column_type_changes_meaning,
    alter_column_type_rewrites,
    alter_column_type_scans,
    alter_column_type_used_by_view,
    alter_combined_scan,
    alter_composite_type,
    alter_constraint_locks,
    alter_domain_scans,
    alter_sequence,
    assign_column_twice,
    attach_partition_scans,
    backfill_not_batched,
    cascading_foreign_key,
    cluster,
    comment_waits_for_vacuum,
    concurrently_if_not_exists,
    concurrently_on_postgresql_14,
    concurrently_waits_for_transactions,
    concurrently_with_statement_timeout,
    create_enum,
    create_index_not_concurrently,
    create_index_on_partitioned_table,
    create_index_there_already,
    create_partition_of,
    create_rule,
    create_table_as,
    create_table_locks_referenced,
    delete_without_where,
    detach_partition_not_concurrently,
    disable_row_security,
    disable_trigger,
    domain_with_constraint,
    drop_cascade,
    drop_column,
    drop_column_drops_index,
    drop_column_used_by_view,
    drop_constraint,
    drop_database,
    drop_default,
    drop_extension,
    drop_foreign_key_among_others,
    drop_function,
    drop_identity,
    drop_index_before_replacement,
    drop_index_in_use,
    drop_index_not_concurrently,
    drop_key_with_references,
    drop_not_null,
    drop_partition,
    drop_schema,
    drop_sequence,
    drop_table,
    drop_table_with_references,
    drop_trigger,
    drop_type,
    drop_unique_index,
    drop_view,
    duplicate_index,
    enum_value_used_at_once,
    expression_index_without_analyze,
    foreign_key_type_mismatch,
    foreign_key_without_index,
    grant_to_public,
    index_of_many_columns,
    irreversible_without_a_word,
    lock_table,
    lock_timeout_off,
    lock_timeout_too_long,
    not_enforced_constraint,
    not_idempotent,
    nullable_boolean,
    opaque_sql,
    partition_reads_default,
    partitioned_foreign_key_not_valid,
    partitioned_key_builds_indexes,
    published_column_unknown_to_subscriber,
    published_without_identity,
    recreate_materialized_view,
    recreate_table,
    refresh_concurrently_fails,
    refresh_not_concurrently,
    refused_in_transaction_block,
    reindex_not_concurrently,
    rename_column,
    rename_constraint,
    rename_enum_value,
    rename_function,
    rename_index_locks,
    rename_schema,
    rename_table,
    rename_type,
    repeatable_fails_again,
    replace_function_of_index,
    replace_function_overloads,
    replace_view_changes_columns,
    restrictive_policy,
    revoke,
    row_security_hides_all,
    row_trigger_on_partitioned_table,
    security_definer_search_path,
    select_for_update,
    session_setting,
    set_generated_always,
    set_logged_rewrites,
    set_not_null_scans,
    set_schema,
    set_storage_keeps_old_rows,
    set_tablespace_copies,
    several_foreign_keys,
    several_tables_locked,
    statement_timeout_off,
    table_inheritance,
    table_without_primary_key,
    text_without_limit,
    transaction_control,
    truncate,
    unbatched_delete,
    unbatched_insert,
    unbatched_update,
    unguarded_data_check,
    unnamed_index,
    update_extension,
    vacuum_full,
    validate_constraint_not_alone,
    validate_in_same_transaction,
    view_misses_new_column,
    work_under_lock,
}

/// The rule of this name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name() == name)
}
