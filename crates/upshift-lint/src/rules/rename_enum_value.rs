use super::{Check, Group, Rule};
use crate::catalog::Type;
use crate::engine::{At, Draft, Level};
use crate::statement::{AlterType, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Error,
    "a value of an enum is renamed while the release that writes the old one still runs",
    Check::Up(check),
)
.explained(
    "All rows have the new word at once: the release before this one writes the old one, which is refused, and reads one \
     that it does not know. Add the new value, deploy code that reads both and writes the new one, and move the rows in \
     batches.",
    "manual, ALTER TYPE; measured on 10 to 18: no lock of any table",
)
.examples(
    "
--- 1_mood.sql
create type mood as enum ('good', 'bad');
--- 2_rename.sql
alter type mood rename value 'bad' to 'sad';
",
    "
--- 1_mood.sql
create type mood as enum ('good', 'bad');
--- 2_add.sql
alter type mood add value 'sad';
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::AlterType(AlterType::RenameValue { name, from, to }) = at.statement else {
        return Vec::new();
    };
    let own = at.catalog.type_named(name).map(Type::origin) == Some(at.catalog.origin());
    if own || !at.must_not_break_old_code() {
        return Vec::new();
    }
    vec![
        at.draft(format!("the release before this one still writes '{from}', and does not know '{to}'"))
            .advice(format!("add '{to}' beside it, move code and rows over, and write '{from}' no more")),
    ]
}
