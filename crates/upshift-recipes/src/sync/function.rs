//! The text of the functions: those that convert, and the trigger's own.

use super::{Body, Column, Conversion, Function, Sync, image};
use crate::expression::dollar_quoted;

/// Which side follows the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Each the other: the window is open.
    BothWays,
    /// The old columns, hidden by now, the new ones.
    NewToOld,
}

/// What CREATE FUNCTION finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Create {
    /// Nothing of that name: if there is something it fails.
    New,
    /// The function as it was before.
    Replace,
}

impl Sync {
    /// Creates the functions that convert; none where both sides are the same.
    ///
    /// Trigger and backfill call the same ones: else the two would diverge one day.
    pub(crate) fn create_conversions(&self) -> Vec<String> {
        let mut statements = Vec::new();
        for function in self.functions() {
            let name = self.table.beside(function.name.clone());
            let arguments: Vec<String> =
                function.takes.iter().map(|column| format!("{} {}", column.name, column.data_type)).collect();
            let head =
                format!("create function {name}({}) returns {}", arguments.join(", "), function.returns);
            statements.push(match &function.body {
                Body::Expression(expression) => {
                    let body = dollar_quoted(&format!("\n    select {expression}\n"));
                    let path = self.search_path();
                    format!("{head}\nlanguage sql stable set search_path = {path} as {body}")
                }
                Body::Written(rest) => format!("{head}\n{rest}"),
            });
            // Whoever writes the table calls it, whatever the default privileges of its owner are.
            statements.push(format!("grant execute on function {} to public", self.signature(function)));
        }
        statements
    }

    pub(crate) fn drop_conversions(&self) -> Vec<String> {
        self.functions().map(|function| format!("drop function {}", self.signature(function))).collect()
    }

    fn functions(&self) -> impl Iterator<Item = &Function> {
        let (up, down): (&[Function], &[Function]) = match &self.conversion {
            Conversion::Same => (&[], &[]),
            Conversion::By { up, down, .. } => (up, down),
        };
        up.iter().chain(down)
    }

    fn signature(&self, function: &Function) -> String {
        let types: Vec<String> = function.takes.iter().map(|column| column.data_type.to_string()).collect();
        format!("{}({})", self.table.beside(function.name.clone()), types.join(", "))
    }

    /// What a person wrote may name types and functions of the table's own schema.
    fn search_path(&self) -> String {
        format!("pg_catalog, {}, pg_temp", self.table.schema)
    }

    /// Creates or replaces the trigger's function.
    pub(crate) fn create_function(&self, create: Create, flow: Flow) -> String {
        let or_replace = if create == Create::Replace { "or replace " } else { "" };
        let body = match (flow, &self.conversion) {
            (Flow::NewToOld, _) => self.one_way(),
            (Flow::BothWays, Conversion::Same) => self.same(),
            (Flow::BothWays, Conversion::By { .. }) => self.converted(),
        };
        format!(
            "create {or_replace}function {}() returns trigger\n\
             language plpgsql set search_path = pg_catalog, pg_temp as {}",
            self.function(),
            dollar_quoted(&body)
        )
    }

    pub(crate) fn drop_function(&self) -> String {
        format!("drop function {}()", self.function())
    }

    /// Both sides hold the same value (research 3.4.1).
    fn same(&self) -> String {
        let (new, new_before) = (image(&self.new, "new."), image(&self.new, "old."));
        let to_old = assign(&self.old, self.downs("new."), 2);
        let to_new = assign(&self.new, self.ups("new."), 2);
        format!(
            "
begin
    if tg_op = 'INSERT' then
        -- The new column has no default: a value in it was sent, and wins.
        if {sent} then
    {to_old_deeper}        else
    {to_new_deeper}        end if;
        return new;
    end if;
    if {new} operator(pg_catalog.*<>) {new_before} then
{to_old}    elsif {new} operator(pg_catalog.*<>) {old} then
        -- The old column was written, or the row is not backfilled yet.
{to_new}    end if;
    return new;
end
",
            sent = sent(&self.new),
            old = image(&self.old, "new."),
            to_old_deeper = deeper(&to_old),
            to_new_deeper = deeper(&to_new),
        )
    }

    /// One side is computed from the other, and may lose something of it (research 3.4.2): a side that was not
    /// written is never computed again, and a row that waits for the backfill is filled before it is compared.
    fn converted(&self) -> String {
        let filled: Vec<String> = (1..=self.new.len()).map(|n| format!("filled_{n}")).collect();
        let declare: String = filled
            .iter()
            .zip(&self.new)
            .map(|(name, column)| format!("    {name} {};\n", column.data_type))
            .collect();
        let with = |values: Vec<String>, depth: usize| -> String {
            filled
                .iter()
                .zip(values)
                .map(|(name, value)| format!("{}{name} := {value};\n", indent(depth)))
                .collect()
        };
        let keep: String = filled
            .iter()
            .zip(&self.new)
            .map(|(name, column)| {
                let column = &column.name;
                format!("        if new.{column} is null then new.{column} := {name}; end if;\n")
            })
            .collect();
        let waits: Vec<String> =
            self.new.iter().map(|column| format!("old.{} is null", column.name)).collect();
        let there: Vec<String> =
            self.old.iter().map(|column| format!("old.{} is not null", column.name)).collect();
        let before = self.new.iter().map(|column| format!("old.{}", column.name)).collect();
        let to_old = assign(&self.old, self.downs("new."), 2);
        let to_new = assign(&self.new, self.ups("new."), 2);
        format!(
            "
declare
    -- What the new side held before, computed where the row waits for the backfill.
{declare}begin
    if tg_op = 'INSERT' then
        -- The new side has no default: a value in it was sent, and wins.
        if {sent} then
    {to_old_deeper}        else
    {to_new_deeper}        end if;
        return new;
    end if;
    if {waits} and {there} then
{computed}{keep}    else
{known}    end if;
    if {new} operator(pg_catalog.*<>) row({filled})::pg_catalog.record then
{to_old}    elsif {old} operator(pg_catalog.*<>) {old_before} then
{to_new}    end if;
    return new;
end
",
            sent = sent(&self.new),
            to_old_deeper = deeper(&to_old),
            to_new_deeper = deeper(&to_new),
            waits = waits.join(" and "),
            there = super::bracketed(&there, " or "),
            computed = with(self.ups("old."), 2),
            known = with(before, 2),
            new = image(&self.new, "new."),
            filled = filled.join(", "),
            old = image(&self.old, "new."),
            old_before = image(&self.old, "old."),
        )
    }

    /// The old columns are hidden: nobody writes them, and they follow the new ones until they are dropped.
    fn one_way(&self) -> String {
        let hidden: Vec<Column> = self
            .old
            .iter()
            .map(|column| Column { name: column.name.hidden(), data_type: column.data_type.clone() })
            .collect();
        let to_old = assign(&hidden, self.downs("new."), 2);
        format!(
            "
begin
    if tg_op = 'INSERT' then
{to_old}    elsif {new} operator(pg_catalog.*<>) {new_before} then
{to_old}    end if;
    return new;
end
",
            new = image(&self.new, "new."),
            new_before = image(&self.new, "old."),
        )
    }
}

/// `new.a := …;`, a line for each column.
fn assign(columns: &[Column], values: Vec<String>, depth: usize) -> String {
    let line =
        |(column, value): (&Column, String)| format!("{}new.{} := {value};\n", indent(depth), column.name);
    columns.iter().zip(values).map(line).collect()
}

/// Whether an INSERT gave one of the new columns.
fn sent(columns: &[Column]) -> String {
    columns.iter().map(|column| format!("new.{} is not null", column.name)).collect::<Vec<_>>().join(" or ")
}

/// The lines one level further in, but for the first, whose place the template has.
fn deeper(lines: &str) -> String {
    let count = lines.lines().count();
    let line = |(n, line): (usize, &str)| {
        let lead = if n == 0 || n == count { "" } else { "    " };
        format!("{lead}{line}\n")
    };
    lines.lines().enumerate().map(line).collect()
}

fn indent(depth: usize) -> String {
    "    ".repeat(depth)
}
