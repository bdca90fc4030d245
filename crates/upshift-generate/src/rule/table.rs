//! Tables: made with their columns; everything else is a step of its own.

use upshift_schema::{Fact, Kind};

use super::column::{Column, Inherited};
use super::{Answer, Context, Draft, Schema, alter_options, options, set_options};
use crate::plan::Style;
use crate::text::{self, cut, parenthesised, split};

/// The definition of a table, in its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
            _ => Some(format!("    {name} {}", column.text(&own, fact.kind))),
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
    sql.push_str(&tail(&table));
    let mut drafts = vec![Draft::expand(sql)];
    if let Some((bound, parent)) = table.partition {
        let mut attach = Draft::expand(format!("ALTER TABLE {parent} ATTACH PARTITION {id} {bound}"));
        if context.style == Style::Online {
            let words = "has one more partition: rows of its default partition are read under a lock";
            attach = attach.hazard(format!("{parent} {words}"));
        }
        drafts.push(attach);
    }
    for (name, definition) in &columns {
        let column = Column::read(definition);
        if column.inherited != Inherited::Only {
            drafts.extend(column.behind(&format!("{id}.{name}"), fact.kind));
        }
    }
    drafts.extend(security(&Table::default(), &table, id));
    drafts
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

pub(crate) fn drop(_: &Context<'_>, fact: &Fact) -> Vec<Draft> {
    let word = if fact.kind == Kind::ForeignTable { "FOREIGN TABLE" } else { "TABLE" };
    let hazard = format!("drops the table {}: its rows are gone", fact.id);
    vec![Draft::contract(format!("DROP {word} {}", fact.id)).hazard(hazard)]
}

pub(crate) fn change(id: &str, before: &str, after: &str) -> Answer {
    let (old, new) = (Table::read(before), Table::read(after));
    if old.partitioned != new.partitioned
        || old.of != new.of
        || old.server.map(|it| it.0) != new.server.map(|it| it.0)
    {
        return Answer::None("what a table is partitioned by, made of or kept on cannot be changed");
    }
    let mut drafts = Vec::new();
    let mut say = |words: String| drafts.push(Draft::expand(format!("ALTER TABLE {id} {words}")));
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
        drafts.extend(attached(id, &old, &new));
    }
    drafts.extend(security(&old, &new, id));
    Answer::Steps(drafts)
}

fn attached(id: &str, old: &Table<'_>, new: &Table<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    if let Some((_, parent)) = old.partition {
        let hazard = format!("{parent} loses the rows of {id}: ACCESS EXCLUSIVE on both");
        drafts.push(Draft::expand(format!("ALTER TABLE {parent} DETACH PARTITION {id}")).hazard(hazard));
    }
    if let Some((bound, parent)) = new.partition {
        let hazard =
            format!("the rows of {id} are read under ACCESS EXCLUSIVE on it, to see that they belong there");
        drafts.push(
            Draft::expand(format!("ALTER TABLE {parent} ATTACH PARTITION {id} {bound}")).hazard(hazard),
        );
    }
    drafts
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
