//! The triggers around the function.

use super::{Conversion, Firing, Sync, image};

impl Sync {
    /// Creates the triggers, last to fire and always firing.
    ///
    /// `ENABLE ALWAYS`, since under `session_replication_role = replica` (apply workers, bulk loaders) others rest.
    pub(crate) fn create_triggers(&self) -> Vec<String> {
        let (insert, update) = (self.trigger("_i"), self.trigger("_u"));
        let (table, function) = (&self.table, self.function());
        let firing = match self.firing {
            Firing::NamedColumns => {
                let names: Vec<String> =
                    self.old.iter().chain(&self.new).map(|column| column.name.to_string()).collect();
                format!("before update of {} on {table} for each row", names.join(", "))
            }
            Firing::Image => format!("before update on {table} for each row\n    when ({})", self.when()),
        };
        vec![
            format!(
                "create trigger {insert} before insert on {table} for each row\n    execute function {function}()"
            ),
            format!("create trigger {update} {firing}\n    execute function {function}()"),
            format!("alter table {table} enable always trigger {insert}, enable always trigger {update}"),
        ]
    }

    pub(crate) fn drop_triggers(&self) -> Vec<String> {
        ["_i", "_u"].map(|suffix| format!("drop trigger {} on {}", self.trigger(suffix), self.table)).into()
    }

    /// When an UPDATE concerns the pair: a side changed, or the row waits for the backfill.
    fn when(&self) -> String {
        let (old, new) = (image(&self.old, "new."), image(&self.new, "new."));
        let (old_before, new_before) = (image(&self.old, "old."), image(&self.new, "old."));
        let waits = match self.conversion {
            Conversion::Same => format!("{new} operator(pg_catalog.*<>) {old}"),
            Conversion::By { .. } => {
                let each: Vec<String> =
                    self.new.iter().map(|column| format!("new.{} is null", column.name)).collect();
                super::bracketed(&each, " and ")
            }
        };
        format!(
            "{old} operator(pg_catalog.*<>) {old_before}\n        \
             or {new} operator(pg_catalog.*<>) {new_before}\n        or {waits}"
        )
    }
}
