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

    /// What takes one step down from a value, where there is such a thing.
    fn step_down(&self) -> &'static str {
        match self.base.as_str() {
            "timestamp" | "timestamptz" => " - '1 day'::interval",
            "date" => " - 1",
            _ if self.category == "N" => " - 1",
            _ => "",
        }
    }

    /// What it may have to be because of CHECKs: its domain's, and those of the table that name it.
    fn choices(&self, checks: &[String]) -> Vec<String> {
        let naming: Vec<String> = checks.iter().filter(|check| check.contains(&self.name)).cloned().collect();
        let mut choices = [self.literals.clone(), literals(&naming)].concat();
        if self.category == "N" {
            choices.retain(|choice| choice.parse::<f64>().is_ok());
            let next =
                choices.iter().filter_map(|choice| Some((choice.parse::<i64>().ok()? + 1).to_string()));
            choices.extend(next.collect::<Vec<_>>());
        }
        choices
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
    /// Its CHECKs.
    pub(super) checks: Vec<String>,
    /// The columns whose value the partition decides, by number.
    pub(super) keys: BTreeMap<i16, String>,
}

impl Facts {
    /// Takes from the bound of a partition what its key must be: the lower end, or the first of its values.
    pub(super) fn bound(&mut self, bound: Option<&(String, Vec<i16>)>) {
        let Some((bound, numbers)) = bound else { return };
        let from = bound.split_once("FROM (").or_else(|| bound.split_once("IN (")).map(|(_, rest)| rest);
        let to = bound.split_once("TO (").map(|(_, rest)| rest);
        let from = from.filter(|from| !from.starts_with("MINVALUE"));
        let Some(list) = from.or(to) else { return };
        let list = list.split(") TO (").next().unwrap_or(list).trim_end_matches(')');
        for (number, value) in numbers.iter().zip(list.split(", ")) {
            let column = self.columns.iter().find(|column| column.number == *number);
            let below = column.map_or("", Column::step_down);
            let value = match (from, column) {
                // The upper end is not in it.
                (None, Some(column)) => format!("({value})::{}{below}", column.declared),
                _ => value.to_owned(),
            };
            self.keys.insert(*number, value);
        }
    }

    /// Statements that fill the table, to be tried one after the other.
    ///
    /// All columns; then with the words of the CHECKs for the columns they are about, and with what texts often look like;
    /// at last nothing but what must be. Where values are unique, or a table takes one row alone, one row.
    pub(super) fn attempts(&self, table: &Name, rows: u32) -> Vec<String> {
        let choices: Vec<Vec<String>> = self.columns.iter().map(|it| it.choices(&self.checks)).collect();
        let most = choices.iter().map(Vec::len).max().unwrap_or(0);
        let checked = (0..most).map(|at| Words::OfChecks(&choices, at));
        let shaped = SHAPES.iter().map(|shape| Words::Shape(shape));
        let words: Vec<Words<'_>> = [Words::Plain].into_iter().chain(checked).chain(shaped).collect();
        let mut all = Vec::new();
        for columns in [Columns::All, Columns::Required] {
            for rows in [rows, rows.min(1)] {
                all.extend(words.iter().map(|words| self.insert(table, rows, columns, *words)));
            }
        }
        all
    }

    fn insert(&self, table: &Name, rows: u32, which: Columns, words: Words<'_>) -> String {
        let is_wanted = |column: &Column| {
            column.source != Value::Made
                && (self.keys.contains_key(&column.number)
                    || column.source == Value::Ours
                        && (which == Columns::All || column.required == Required::Yes))
        };
        let columns: Vec<(usize, &Column)> =
            self.columns.iter().enumerate().filter(|(_, column)| is_wanted(column)).collect();
        if columns.is_empty() {
            let each = (0..rows).map(|_| format!("insert into {table} default values"));
            return each.collect::<Vec<_>>().join("; ");
        }
        let names: Vec<String> = columns.iter().map(|(_, column)| Quoted(&column.name).to_string()).collect();
        let row = |n: u32| {
            let values = columns.iter().map(|(at, column)| match self.keys.get(&column.number) {
                Some(key) => key.clone(),
                None => words.of(*at, column, n).unwrap_or_else(|| column.value(n)),
            });
            format!("({})", values.collect::<Vec<_>>().join(", "))
        };
        let rows: Vec<String> = (1..=rows).map(row).collect();
        format!("insert into {table} ({}) values {}", names.join(", "), rows.join(", "))
    }
}

/// What stands in for the plain value of a column.
#[derive(Clone, Copy)]
enum Words<'w> {
    Plain,
    /// For each column, what its CHECKs name; and which of them.
    OfChecks(&'w [Vec<String>], usize),
    Shape(&'w str),
}

impl Words<'_> {
    fn of(self, at: usize, column: &Column, n: u32) -> Option<String> {
        if column.refers.is_some() {
            return None;
        }
        match self {
            Words::Plain => None,
            Words::OfChecks(choices, which) => {
                let own = choices.get(at).filter(|own| !own.is_empty())?;
                own.get(which % own.len()).map(|word| column.cast(word))
            }
            Words::Shape(shape) => {
                (column.category == "S").then(|| column.cast(&shape.replace("{n}", &n.to_string())))
            }
        }
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
fn literals(checks: &[String]) -> Vec<String> {
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
