//! The rules: one file each, with its check, its explanation, and an example of bad and good.
//!
//! A rule's name is its file's. The table below is the only other place that names it.

mod adding;
#[cfg(test)]
mod document;
mod partition;
mod rule;
#[cfg(test)]
mod tests;
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
    add_column_check_scans,
    add_column_constrained_domain,
    add_column_foreign_key_scans,
    add_column_foreign_key_waits,
    add_column_there_already,
    add_column_to_wide_table,
    add_column_unique_scans,
    add_column_volatile_default,
    add_identity_column,
    add_json_column,
    add_required_column,
    add_serial_column,
    add_stored_generated_column,
    alter_column_type_used_by_view,
    assign_column_twice,
    attach_partition_scans,
    cluster,
    create_index_not_concurrently,
    create_partition_of,
    create_table_as,
    detach_partition_not_concurrently,
    drop_column,
    drop_column_drops_index,
    drop_column_used_by_view,
    drop_database,
    drop_default,
    drop_extension,
    drop_foreign_key_among_others,
    drop_identity,
    drop_not_null,
    drop_partition,
    drop_schema,
    drop_sequence,
    drop_table,
    drop_table_with_references,
    drop_view,
    irreversible_without_a_word,
    nullable_boolean,
    partition_reads_default,
    recreate_table,
    refresh_concurrently_fails,
    refresh_not_concurrently,
    rename_column,
    rename_constraint,
    rename_schema,
    rename_table,
    replace_view_changes_columns,
    set_generated_always,
    set_logged_rewrites,
    set_schema,
    set_storage_keeps_old_rows,
    table_inheritance,
    table_without_primary_key,
    text_without_limit,
    truncate,
    vacuum_full,
    view_misses_new_column,
}

/// The rule of this name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name() == name)
}
