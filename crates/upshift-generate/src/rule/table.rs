//! Tables: made with their columns; everything else is a step of its own.

use upshift_schema::{Fact, Kind};

use super::column::{Column, Inherited, named};
use super::{Answer, Context, Draft, Schema, alter_options, options, set_options};
use crate::text::{self, cut, parenthesised, split};

/// The definition of a table, in its parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Table<'a> {
    unlogged: Option<&'a str>,
    partitioned: Option<&'a str>,
    pub(crate) parents: Option<&'a str>,
    /// `FOR VALUES …` or `DEFAULT`, and of which table.
    pub(crate) partition: Option<(&'a str, &'a str)>,
    of: Option<&'a str>,
    security: Option<&'a str>,
    forced: Option<&'a str>,
    replica: Option<&'a str>,
    method: Option<&'a str>,
    space: Option<&'a str>,
    with: Option<&'a str>,
    toast: Option<&'a str>,
    server: Option<(&'a str, Option<&'a str>)>,
}

/// The words that parts begin with, in the order in which they stand.
const WORDS: &[&str] = &[
    "UNLOGGED",
    "PARTITION BY ",
    "PARTITION OF ",
    "INHERITS ",
    "OF ",
    "ROW LEVEL SECURITY",
    "FORCE ROW LEVEL SECURITY",
    "REPLICA IDENTITY ",
    "USING ",
    "TABLESPACE ",
    "WITH (",
    "TOAST WITH (",
    "SERVER ",
];

impl<'a> Table<'a> {
    pub(crate) fn read(definition: &'a str) -> Table<'a> {
        let mut table = Table::default();
        let mut rest = definition;
        for (at, words) in WORDS.iter().enumerate() {
            let Some(behind) = rest.strip_prefix(words) else { continue };
            let (behind, bound) = if *words == "PARTITION OF " { bound(behind) } else { (behind, None) };
            let following =
                WORDS.iter().skip(at + 1).filter_map(|it| text::find(behind, &format!(" {it}"))).min();
            let (value, left) = behind.split_at(following.unwrap_or(behind.len()));
            rest = left.trim_start();
            let list = value.trim_end_matches(')');
            match *words {
                "UNLOGGED" => table.unlogged = Some(value),
                "PARTITION BY " => table.partitioned = Some(value),
                "PARTITION OF " => {
                    table.partition = bound.map(|(parent, word)| (word.unwrap_or(value.trim()), parent))
                }
                "INHERITS " => table.parents = Some(value),
                "OF " => table.of = Some(value),
                "ROW LEVEL SECURITY" => table.security = Some(value),
                "FORCE ROW LEVEL SECURITY" => table.forced = Some(value),
                "REPLICA IDENTITY " => table.replica = Some(value.trim_start_matches("USING INDEX ")),
                "USING " => table.method = Some(value),
                "TABLESPACE " => table.space = Some(value),
                "WITH (" => table.with = Some(list),
                "TOAST WITH (" => table.toast = Some(list),
                _ => {
                    table.server = Some(match cut(value, " OPTIONS (") {
                        Some((server, list)) => (server, list.strip_suffix(')')),
                        None => (value, None),
                    });
                }
            }
        }
        table
    }
}

type Bound<'a> = Option<(&'a str, Option<&'a str>)>;

/// The parent of a partition, and what stands behind it. `FOR VALUES WITH (…)` has a word in it that others begin with.
fn bound(behind: &str) -> (&str, Bound<'_>) {
    if let Some((parent, values)) = cut(behind, " FOR VALUES ") {
        let words = &behind[parent.len() + 1..];
        let hash = values.strip_prefix("WITH ").and_then(parenthesised);
        return match hash {
            Some((_, rest)) => (rest, Some((parent, Some(&words[..words.len() - rest.len()])))),
            None => (words, Some((parent, None))),
        };
    }
    match cut(behind, " DEFAULT") {
        Some((parent, rest)) => (rest, Some((parent, Some("DEFAULT")))),
        None => (behind, None),
    }
}

/// The columns, in order, with their definitions.
fn columns<'a>(schema: &'a Schema, table: &str) -> Vec<(&'a str, &'a str)> {
    let order = schema.snapshot.get(Kind::ColumnOrder, table).unwrap_or_default();
    let names = if order.is_empty() { Vec::new() } else { split(order, ", ") };
    let definition =
        |name: &'a str| Some((name, schema.snapshot.get(Kind::Column, &format!("{table}.{name}"))?));
    names.into_iter().filter_map(definition).collect()
}

pub(crate) fn create(context: &Context<'_>, fact: &Fact) -> Vec<Draft> {
    let table = Table::read(&fact.definition);
    let id = &fact.id;
    let columns = columns(context.new, id);
    let line = |(name, definition): &(&str, &str)| -> Option<String> {
        let column = Column::read(definition);
        let own = format!("{id}.{name}");
        match column.inherited {
            Inherited::Only => None,
            _ if table.of.is_some() => {
                let words = column.constraints(&own);
                (!words.is_empty()).then(|| format!("    {name} WITH OPTIONS{words}"))
            }
            _ => Some(format!("    {name} {}", named(context, &own, column.text(&own, fact.kind)))),
        }
    };
    let mut lines: Vec<String> = columns.iter().filter_map(line).collect();
    lines.extend(checks(context, &table));
    let mut sql = String::from("CREATE ");
    if table.unlogged.is_some() {
        sql.push_str("UNLOGGED ");
    }
    sql.push_str(if fact.kind == Kind::ForeignTable { "FOREIGN TABLE " } else { "TABLE " });
    sql.push_str(id);
    if let Some(of) = table.of {
        sql.push_str(&format!(" OF {of}"));
    }
    if !lines.is_empty() {
        sql.push_str(&format!(" (\n{}\n)", lines.join(",\n")));
    } else if table.of.is_none() {
        sql.push_str(" ()");
    }
    let heirs = heirs(context, &table, &columns);
    sql.push_str(&tail(&Table { parents: table.parents.filter(|_| heirs == Heirs::InStatement), ..table }));
    let mut drafts = vec![Draft::expand(sql)];
    if let Some(parents) = table.parents.filter(|_| heirs == Heirs::Later) {
        let later = |parent: &str| Draft::expand(format!("ALTER TABLE {id} INHERIT {parent}"));
        drafts.extend(split(parents, ", ").into_iter().map(later));
    }
    for (name, definition) in &columns {
        let column = Column::read(definition);
        if column.inherited != Inherited::Only {
            drafts.extend(column.behind(&format!("{id}.{name}"), fact.kind));
            drafts.extend(column.sequence_behind(table.unlogged));
        }
    }
    drafts.extend(security(&Table::default(), &table, id));
    drafts
}

/// Where it is said whom a table inherits from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heirs {
    InStatement,
    Later,
}

/// In the statement the columns of the parents come first, and one that is computed cannot be the table's own, too.
fn heirs(context: &Context<'_>, table: &Table<'_>, columns: &[(&str, &str)]) -> Heirs {
    let parents = table.parents.map(|it| split(it, ", ")).unwrap_or_default();
    // Those that are there have checks that the table would need before.
    let fresh = parents.iter().all(|it| context.fresh.contains(*it));
    let own = columns.iter().all(|(_, definition)| Column::read(definition).inherited != Inherited::Only);
    let both =
        columns.iter().any(|(_, definition)| Column::read(definition).inherited == Inherited::AndLocal);
    if fresh && own && both { Heirs::Later } else { Heirs::InStatement }
}

/// The checks that a table needs to become a partition of one that has them.
fn checks(context: &Context<'_>, table: &Table<'_>) -> Vec<String> {
    let Some((_, parent)) = table.partition.filter(|it| !context.fresh.contains(it.1)) else {
        return Vec::new();
    };
    let facts = context.old.snapshot.facts().iter().filter(|fact| fact.kind == Kind::Constraint);
    let own =
        facts.filter(|fact| text::container(&fact.id) == parent && fact.definition.starts_with("CHECK "));
    let check = |fact: &Fact| {
        let words = fact.definition.trim_end_matches(" INHERITED").trim_end_matches(" NOT VALID");
        format!("    CONSTRAINT {} {words}", text::last(&fact.id))
    };
    own.filter(|fact| !fact.definition.ends_with(" NO INHERIT")).map(check).collect()
}

/// What stands behind the columns.
fn tail(table: &Table<'_>) -> String {
    let mut sql = String::new();
    let mut say = |words: String| sql.push_str(&words);
    if let Some(parents) = table.parents {
        say(format!("\nINHERITS ({parents})"));
    }
    if let Some(key) = table.partitioned {
        say(format!("\nPARTITION BY {key}"));
    }
    if let Some((server, list)) = table.server {
        say(format!("\nSERVER {server}"));
        if let Some(list) = list {
            say(format!(" OPTIONS ({})", options(list)));
        }
    }
    if let Some(method) = table.method {
        say(format!("\nUSING {method}"));
    }
    let toast = table.toast.map(|list| list.split(", ").map(|it| format!("toast.{it}")).collect::<Vec<_>>());
    let with = table.with.map(ToOwned::to_owned).into_iter().chain(toast.map(|it| it.join(", ")));
    let with: Vec<String> = with.collect();
    if !with.is_empty() {
        say(format!("\nWITH ({})", with.join(", ")));
    }
    if let Some(space) = table.space {
        say(format!("\nTABLESPACE {space}"));
    }
    sql
}

fn security(old: &Table<'_>, new: &Table<'_>, id: &str) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut say = |words: &str| drafts.push(Draft::expand(format!("ALTER TABLE {id} {words}")));
    match (old.security, new.security) {
        (None, Some(_)) => say("ENABLE ROW LEVEL SECURITY"),
        (Some(_), None) => say("DISABLE ROW LEVEL SECURITY"),
        _ => {}
    }
    match (old.forced, new.forced) {
        (None, Some(_)) => say("FORCE ROW LEVEL SECURITY"),
        (Some(_), None) => say("NO FORCE ROW LEVEL SECURITY"),
        _ => {}
    }
    drafts
}

/// The replica identity: a step of its own, for it may name an index.
pub(crate) fn replica(definition: Option<&str>) -> Option<&str> {
    Table::read(definition?).replica
}

pub(crate) fn set_replica(id: &str, replica: Option<&str>) -> Draft {
    let words = match replica {
        None => "DEFAULT".to_owned(),
        Some(word @ ("FULL" | "NOTHING")) => word.to_owned(),
        Some(index) => format!("USING INDEX {index}"),
    };
    Draft::expand(format!("ALTER TABLE {id} REPLICA IDENTITY {words}"))
}

pub(crate) fn drop(context: &Context<'_>, fact: &Fact) -> Vec<Draft> {
    let word = if fact.kind == Kind::ForeignTable { "FOREIGN TABLE" } else { "TABLE" };
    let hazard = format!("drops the table {}: its rows are gone", fact.id);
    let mut drafts = Vec::new();
    // What references the whole is in the way of dropping a part, but not of taking it out.
    if let Some(whole) = context.old.whole(&fact.id).filter(|it| context.new.is_partitioned(it)) {
        let references = format!(" REFERENCES {whole}(");
        let keys = context.old.snapshot.facts().iter().filter(|it| it.kind == Kind::Constraint);
        if keys.map(|it| &it.definition).any(|it| it.contains(&references)) {
            drafts.push(Draft::contract(format!("ALTER TABLE {whole} DETACH PARTITION {}", fact.id)));
        }
    }
    drafts.push(Draft::contract(format!("DROP {word} {}", fact.id)).hazard(hazard));
    drafts
}

const BECOMES_PARTITIONED: &str = "a table that is there cannot be made partitioned. Wish for the partitioned table under \
    another name first, copy the rows in a backfill, then rename both";
const BECOMES_PLAIN: &str = "a partitioned table cannot be made a plain one. Wish for the plain table under another name \
    first, copy the rows in a backfill, then rename both";
const ANOTHER_KEY: &str = "what a table is partitioned by cannot be changed. Wish for the other table under another name \
    first, copy the rows in a backfill, then rename both";

pub(crate) fn change(id: &str, before: &str, after: &str) -> Answer {
    let (old, new) = (Table::read(before), Table::read(after));
    match (old.partitioned, new.partitioned) {
        (None, Some(_)) => return Answer::None(BECOMES_PARTITIONED),
        (Some(_), None) => return Answer::None(BECOMES_PLAIN),
        (from, to) if from != to => return Answer::None(ANOTHER_KEY),
        _ => {}
    }
    if old.server.map(|it| it.0) != new.server.map(|it| it.0) {
        // Its rows are elsewhere.
        return Answer::Replace;
    }
    let mut drafts = Vec::new();
    let mut say = |words: String| drafts.push(Draft::expand(format!("ALTER TABLE {id} {words}")));
    match (old.of, new.of) {
        (from, Some(to)) if from != Some(to) => say(format!("OF {to}")),
        (Some(_), None) => say("NOT OF".to_owned()),
        _ => {}
    }
    match (old.unlogged, new.unlogged) {
        (Some(_), None) => say("SET LOGGED".to_owned()),
        (None, Some(_)) => say("SET UNLOGGED".to_owned()),
        _ => {}
    }
    let parents = |it: Option<&str>| -> Vec<String> {
        it.map(|it| split(it, ", ").into_iter().map(ToOwned::to_owned).collect()).unwrap_or_default()
    };
    let (from, to) = (parents(old.parents), parents(new.parents));
    from.iter().filter(|it| !to.contains(it)).for_each(|it| say(format!("NO INHERIT {it}")));
    to.iter().filter(|it| !from.contains(it)).for_each(|it| say(format!("INHERIT {it}")));
    if old.method != new.method {
        say(format!("SET ACCESS METHOD {}", new.method.unwrap_or("heap")));
    }
    if old.space != new.space {
        say(format!("SET TABLESPACE {}", new.space.unwrap_or("pg_default")));
    }
    if old.with != new.with {
        set_options(old.with, new.with).into_iter().for_each(&mut say);
    }
    if old.toast != new.toast {
        let toast = |list: Option<&str>| {
            list.map(|list| list.split(", ").map(|it| format!("toast.{it}")).collect::<Vec<_>>().join(", "))
        };
        set_options(toast(old.toast).as_deref(), toast(new.toast).as_deref()).into_iter().for_each(&mut say);
    }
    if let (Some((_, from)), Some((_, to))) = (old.server, new.server)
        && from != to
    {
        drafts.push(Draft::expand(format!("ALTER FOREIGN TABLE {id} OPTIONS ({})", alter_options(from, to))));
    }
    if old.partition != new.partition {
        drafts.extend(old.partition.map(|(_, parent)| {
            let hazard = format!("{parent} loses the rows of {id}: ACCESS EXCLUSIVE on both");
            Draft::expand(format!("ALTER TABLE {parent} DETACH PARTITION {id}")).hazard(hazard)
        }));
    }
    drafts.extend(security(&old, &new, id));
    Answer::Steps(drafts)
}

/// Makes it a partition: a step of its own, behind the keys and indexes that it has to have then.
pub(crate) fn attach(context: &Context<'_>, id: &str, definition: &str) -> Option<Draft> {
    let (bound, parent) = Table::read(definition).partition?;
    let draft = Draft::expand(format!("ALTER TABLE {parent} ATTACH PARTITION {id} {bound}"));
    let hazard = match context.fresh.contains(id) {
        _ if !context.is_online(parent) => return Some(draft),
        true => {
            format!("{parent} has one more partition: rows of its default partition are read under a lock")
        }
        false => {
            format!("the rows of {id} are read under ACCESS EXCLUSIVE on it, to see that they belong there")
        }
    };
    Some(draft.hazard(hazard))
}

/// What a table's statement needs beyond what the server says: its parents, and the table it is a partition of.
pub(crate) fn needs(definition: &str) -> Vec<String> {
    let table = Table::read(definition);
    let parents = table.parents.map(|it| split(it, ", ")).unwrap_or_default();
    parents.into_iter().chain(table.partition.map(|it| it.1)).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn a_definition_is_cut_into_its_parts() {
        let table = Table::read("PARTITION OF app.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')");
        assert_eq!(table.partition, Some(("FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')", "app.events")));
        let table = Table::read("PARTITION OF app.events FOR VALUES WITH (modulus 2, remainder 0)");
        assert_eq!(table.partition, Some(("FOR VALUES WITH (modulus 2, remainder 0)", "app.events")));
        assert_eq!(table.with, None);
        let table = Table::read("PARTITION BY LIST (a) PARTITION OF app.events DEFAULT WITH (fillfactor=70)");
        assert_eq!((table.partition, table.partitioned), (Some(("DEFAULT", "app.events")), Some("LIST (a)")));
        assert_eq!(table.with, Some("fillfactor=70"));
        let table = Table::read("ROW LEVEL SECURITY FORCE ROW LEVEL SECURITY REPLICA IDENTITY USING INDEX i");
        assert_eq!((table.security, table.forced, table.replica), (Some(""), Some(""), Some("i")));
        let table = Table::read("OF app.address");
        assert_eq!((table.of, table.partition), (Some("app.address"), None));
        let table = Table::read("SERVER away OPTIONS (tab=le)");
        assert_eq!(table.server, Some(("away", Some("tab=le"))));
    }
}
