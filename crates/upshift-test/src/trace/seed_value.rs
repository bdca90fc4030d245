//! Values for columns, by what is known of each.

use std::collections::BTreeMap;

use tokio_postgres::Row;
use upshift_lint::statement::{Name, Quoted};

/// What is to be known of a column to write a value into it.
pub(super) struct Column {
    number: i16,
    name: String,
    /// The type as it is declared.
    declared: String,
    /// The type under its domains.
    base: String,
    category: String,
    typmod: i32,
    required: Required,
    source: Value,
    labels: Vec<String>,
    element: Option<String>,
    /// What the CHECKs of its domain say.
    literals: Vec<String>,
    /// A query for the value of row `%s` of the table it refers to.
    refers: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Required {
    Yes,
    No,
}

/// Where a column's value comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    /// The server makes it, and takes none.
    Made,
    /// Its default is good for every row.
    Default,
    Ours,
}

impl Column {
    pub(super) fn of(row: &Row) -> Result<Column, tokio_postgres::Error> {
        let flag = |name: &str| row.try_get::<_, Option<bool>>(name).map(Option::unwrap_or_default);
        let texts = |name: &str| row.try_get::<_, Option<Vec<String>>>(name).map(Option::unwrap_or_default);
        let source = match (flag("made")?, flag("has_default")?, flag("is_unique")? && !flag("counts")?) {
            (true, _, _) => Value::Made,
            (false, true, false) => Value::Default,
            _ => Value::Ours,
        };
        let required = if flag("required")? { Required::Yes } else { Required::No };
        // The first row of all can refer to none, so it refers to itself or to nothing.
        let refers = row
            .try_get::<_, Option<String>>("refers")?
            .filter(|_| !flag("refers_to_itself").unwrap_or(false));
        Ok(Column {
            number: row.try_get("attnum")?,
            name: row.try_get("name")?,
            declared: row.try_get("declared")?,
            base: row.try_get("base")?,
            category: row.try_get("category")?,
            typmod: row.try_get("typmod")?,
            required,
            source,
            labels: texts("labels")?,
            element: row.try_get("element")?,
            literals: literals(&texts("checks")?),
            refers,
        })
    }

    /// Its value in row `n`, counted from 1; none where the type is one that nobody can write.
    fn value(&self, n: u32) -> String {
        if let Some(query) = &self.refers {
            // One may refer to the same row twice, unless that row must be another.
            return query.replace("%s", &(n - 1).to_string());
        }
        let text = match (self.category.as_str(), &self.element) {
            ("A", Some(element)) => {
                let value = plain(element, "", &[], n, usize::MAX).replace('"', "");
                format!("{{\"{value}\"}}")
            }
            (category, _) => plain(&self.base, category, &self.labels, n, self.most()),
        };
        self.cast(&text)
    }

    fn cast(&self, text: &str) -> String {
        format!("'{}'::{}", text.replace('\'', "''"), self.declared)
    }

    /// How many characters it takes.
    fn most(&self) -> usize {
        match self.base.as_str() {
            "varchar" | "bpchar" if self.typmod > 4 => usize::try_from(self.typmod - 4).unwrap_or(1),
            "bit" | "varbit" => usize::try_from(self.typmod.max(1)).unwrap_or(1),
            "char" => 1,
            _ => usize::MAX,
        }
    }
}

/// A value of a type as text, another one for each `n`.
fn plain(base: &str, category: &str, labels: &[String], n: u32, most: usize) -> String {
    let time = format!("2020-01-{:02} 00:00:00+00", n.clamp(1, 28));
    match base {
        "uuid" => format!("00000000-0000-4000-8000-{n:012}"),
        "json" | "jsonb" => format!("{{\"n\": {n}}}"),
        "xml" => format!("<n>{n}</n>"),
        "bytea" => format!("\\x{n:08x}"),
        "bool" => if n % 2 == 1 { "true" } else { "false" }.to_owned(),
        "date" => time[..10].to_owned(),
        "time" | "timetz" => format!("00:00:{:02}", n.min(59)),
        "timestamp" | "timestamptz" => time,
        "interval" => format!("{n} seconds"),
        "inet" | "cidr" => format!("10.0.0.{}", n.min(255)),
        "macaddr" => format!("08:00:2b:01:02:{:02x}", n.min(255)),
        "macaddr8" => format!("08:00:2b:01:02:03:04:{:02x}", n.min(255)),
        "bit" | "varbit" => format!("{n:0width$b}", width = most.min(64)),
        "point" => format!("({n},{n})"),
        "box" | "lseg" | "path" => format!("({n},{n}),({n}.5,{n}.5)"),
        "polygon" => format!("(({n},{n}),({n}.5,{n}),({n},{n}.5))"),
        "circle" => format!("<({n},{n}),0.1>"),
        "line" => format!("{{1,{n},{n}}}"),
        "int4range" | "int8range" | "numrange" => format!("[{n},{})", n + 1),
        "daterange" | "tsrange" | "tstzrange" => format!("[2020-01-{n:02},2020-01-{:02})", n + 1),
        "tsvector" | "tsquery" | "ltree" | "name" => format!("v{n}"),
        "hstore" => format!("n=>{n}"),
        _ => match category {
            "N" => n.to_string(),
            "E" => {
                let at = usize::try_from(n - 1).unwrap_or(0) % labels.len().max(1);
                labels.get(at).cloned().unwrap_or_default()
            }
            "S" if most < 2 => char::from_digit(n % 36, 36).unwrap_or('x').to_string(),
            "S" => format!("v{n}").chars().take(most).collect(),
            "R" => "empty".to_owned(),
            _ => n.to_string(),
        },
    }
}

/// What is known of a table.
pub(super) struct Facts {
    pub(super) columns: Vec<Column>,
    /// What its CHECKs say.
    pub(super) literals: Vec<String>,
    /// The columns whose value the partition decides, by number.
    pub(super) keys: BTreeMap<i16, String>,
}

impl Facts {
    /// Takes from the bound of a partition what its key must be: the lower end, or the first of its values.
    pub(super) fn bound(&mut self, bound: Option<&(String, Vec<i16>)>) {
        let Some((bound, numbers)) = bound else { return };
        let from = bound.split_once("FROM (").or_else(|| bound.split_once("IN (")).map(|(_, rest)| rest);
        let to = bound.split_once("TO (").map(|(_, rest)| rest);
        let Some(list) = from.filter(|from| !from.starts_with("MINVALUE")).or(to) else { return };
        let list = list.split(") TO (").next().unwrap_or(list).trim_end_matches(')');
        for (number, value) in numbers.iter().zip(list.split(", ")) {
            self.keys.insert(*number, value.to_owned());
        }
    }

    /// Statements that fill the table, to be tried one after the other.
    ///
    /// All columns; then each literal of the CHECKs for the columns that take one, and what texts often look like; at last
    /// nothing but what must be.
    pub(super) fn attempts(&self, table: &Name, rows: u32) -> Vec<String> {
        let mut all = vec![self.insert(table, rows, Columns::All, None)];
        let own = self.columns.iter().flat_map(|column| column.literals.iter()).chain(&self.literals);
        let words: Vec<&str> = own.map(String::as_str).chain(SHAPES.iter().copied()).collect();
        for columns in [Columns::All, Columns::Required] {
            all.extend(words.iter().map(|word| self.insert(table, rows, columns, Some(word))));
            // Where the value is unique, or only one row may be.
            all.extend(words.iter().map(|word| self.insert(table, 1, columns, Some(word))));
            all.push(self.insert(table, rows, columns, None));
            all.push(self.insert(table, 1, columns, None));
        }
        all.into_iter().flatten().collect()
    }

    fn insert(&self, table: &Name, rows: u32, which: Columns, word: Option<&str>) -> Option<String> {
        let wanted = |column: &&Column| {
            column.source != Value::Made
                && (self.keys.contains_key(&column.number)
                    || column.source == Value::Ours
                        && (which == Columns::All || column.required == Required::Yes))
        };
        let columns: Vec<&Column> = self.columns.iter().filter(wanted).collect();
        if rows == 0 {
            return None;
        }
        if columns.is_empty() {
            return Some(vec![format!("insert into {table} default values"); rows as usize].join("; "));
        }
        let names: Vec<String> = columns.iter().map(|column| Quoted(&column.name).to_string()).collect();
        let row = |n: u32| {
            let values = columns.iter().map(|column| match (self.keys.get(&column.number), word) {
                (Some(key), _) => key.clone(),
                (None, Some(word)) if column.category == "S" && column.refers.is_none() => {
                    column.cast(&word.replace("{n}", &n.to_string()))
                }
                (None, Some(word)) if column.category == "N" && word.parse::<f64>().is_ok() => {
                    column.cast(word)
                }
                _ => column.value(n),
            });
            format!("({})", values.collect::<Vec<_>>().join(", "))
        };
        let rows: Vec<String> = (1..=rows).map(row).collect();
        Some(format!("insert into {table} ({}) values {}", names.join(", "), rows.join(", ")))
    }
}

/// What texts often have to look like, where a trigger or a function looks at them.
const SHAPES: &[&str] = &["1.0.{n}", "{n}", "v{n}@example.com", "https://example.com/{n}"];

/// Which columns are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Columns {
    All,
    /// Those that take no NULL and have no default.
    Required,
}

/// The strings and numbers that CHECK constraints name, each once, a few at most.
pub(super) fn literals(checks: &[String]) -> Vec<String> {
    const MOST: usize = 12;
    let mut found: Vec<String> = Vec::new();
    for check in checks {
        let quoted = check.split('\'').skip(1).step_by(2).map(str::to_owned);
        let numbers =
            check.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()).map(str::to_owned);
        for literal in quoted.chain(numbers) {
            if !found.contains(&literal) && found.len() < MOST {
                found.push(literal);
            }
        }
    }
    found
}
