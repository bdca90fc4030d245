use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::Statement;

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Warning,
    "an extension is updated by scripts that nobody here has read",
    Check::UpAndDown(check),
)
.explained(
    "ALTER EXTENSION … UPDATE runs the extension's own scripts: they may lock, rewrite or reindex anything (PostGIS and \
     TimescaleDB have done so), all in the transaction of this migration. Try it on a copy, alone in its migration, with \
     `statement-timeout`.",
    "manual, ALTER EXTENSION",
)
.examples(
    "
--- 1_update.sql
alter extension postgis update;
",
    "
--- 1_update.sql
-- upshift: allow update-extension because tried on a copy of 14 March: 80 ms, no lock of a table
alter extension postgis update;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::UpdateExtension { name } = at.statement else { return Vec::new() };
    vec![
        at.draft(format!("what the update of {name} locks and rewrites, only its scripts know"))
            .advice("try it on a copy; keep it alone in its migration"),
    ]
}
