//! The rows of all tables, and what became of them.

use std::collections::BTreeMap;
use std::fmt;

use tokio_postgres::{Client, SimpleQueryMessage};
use upshift::files::sql::literal;
use upshift_schema::{Kind, Snapshot};

/// Longer lists of rows are cut: the first say what happened.
const MOST_ROWS: usize = 10;

/// The rows of each table, sorted, each as JSON: another order of columns is no difference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rows(BTreeMap<String, Vec<String>>);

impl Rows {
    /// Of all tables of a schema.
    pub(crate) async fn read(client: &Client, schema: &Snapshot) -> Result<Rows, tokio_postgres::Error> {
        let tables = schema.facts().iter().filter(|fact| fact.kind == Kind::Table);
        // The rows of a partitioned table are those of its partitions.
        let tables = tables.filter(|fact| !fact.definition.contains("PARTITION BY"));
        let one = |id: &str| format!("select {}, pg_catalog.to_jsonb(t)::text from only {id} t", literal(id));
        let questions: Vec<String> = tables.map(|fact| one(&fact.id)).collect();
        let mut rows = Rows::default();
        if questions.is_empty() {
            return Ok(rows);
        }
        for message in client.simple_query(&questions.join("\nunion all ")).await? {
            if let SimpleQueryMessage::Row(row) = message {
                let (table, row) = (row.get(0).unwrap_or_default(), row.get(1).unwrap_or_default());
                rows.0.entry(table.to_owned()).or_default().push(row.to_owned());
            }
        }
        rows.0.values_mut().for_each(|rows| rows.sort_unstable());
        Ok(rows)
    }

    /// What became of these rows.
    pub(crate) fn diff(&self, after: &Rows) -> RowDiff {
        let mut diff = RowDiff::default();
        let tables: std::collections::BTreeSet<&String> = self.0.keys().chain(after.0.keys()).collect();
        for table in tables {
            let (old, new) = (self.of(table), after.of(table));
            let here = |rows: &[String]| rows.iter().map(|row| format!("{table}: {row}")).collect::<Vec<_>>();
            diff.lost.extend(here(&beyond(old, new)));
            diff.found.extend(here(&beyond(new, old)));
        }
        diff
    }

    /// The tables whose number of rows is another, as a diff of numbers.
    pub(crate) fn count_diff(&self, after: &Rows) -> RowDiff {
        let count = |rows: &Rows| {
            let counted =
                rows.0.iter().map(|(table, rows)| (table.clone(), vec![format!("{} rows", rows.len())]));
            Rows(counted.collect())
        };
        count(self).diff(&count(after))
    }

    fn of(&self, table: &str) -> &[String] {
        self.0.get(table).map_or(&[], Vec::as_slice)
    }
}

/// The rows of one sorted list that are not in the other; of equal ones, as many as are more.
fn beyond(here: &[String], there: &[String]) -> Vec<String> {
    let mut there = there.iter().peekable();
    let mut more = Vec::new();
    for row in here {
        while there.next_if(|other| *other < row).is_some() {}
        if there.next_if_eq(&row).is_none() {
            more.push(row.clone());
        }
    }
    more
}

/// Rows that are not what they were: `public.users: {"id": 1, "name": "Ann"}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowDiff {
    /// Rows that are not there any more, or not as they were.
    pub lost: Vec<String>,
    /// Rows that were not there, or not so.
    pub found: Vec<String>,
}

impl RowDiff {
    /// Whether all rows are what they were.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lost.is_empty() && self.found.is_empty()
    }
}

impl fmt::Display for RowDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (sign, rows) in [('-', &self.lost), ('+', &self.found)] {
            for row in rows.iter().take(MOST_ROWS) {
                writeln!(f, "{sign} {row}")?;
            }
            if rows.len() > MOST_ROWS {
                writeln!(f, "{sign} … and {} more", rows.len() - MOST_ROWS)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Rows;

    fn rows(tables: &[(&str, &[&str])]) -> Rows {
        let owned = |rows: &[&str]| rows.iter().map(ToString::to_string).collect();
        Rows(tables.iter().map(|(table, rows)| (table.to_string(), owned(rows))).collect())
    }

    #[test]
    fn each_row_is_counted_as_often_as_it_is_there() {
        let before = rows(&[("a", &["1", "1", "2"]), ("b", &["x"])]);
        let after = rows(&[("a", &["1", "2", "3"]), ("c", &["y"])]);
        assert_eq!(before.diff(&after).to_string(), "- a: 1\n- b: x\n+ a: 3\n+ c: y\n");
        assert!(before.diff(&before).is_empty());
        assert_eq!(before.count_diff(&after).to_string(), "- b: 1 rows\n+ c: 1 rows\n");
    }

    #[test]
    fn a_long_list_is_cut() {
        let many: Vec<String> = (10..30).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let text = rows(&[("a", &many)]).diff(&rows(&[])).to_string();
        assert!(text.ends_with("- a: 19\n- … and 10 more\n"), "{text}");
    }
}
