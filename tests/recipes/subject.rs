//! The changes whose old and new sides live side by side, each with a table and values to write.

use upshift_recipes::{
    ChangeType, Expression, ForeignKey, MergeColumns, NewColumn, OldType, Recipe, RecipeError, RenameColumn,
    RenameMethod, ReplaceEnum, SetNotNull, SplitColumn, SqlType, StringToLookup, TableFacts,
};

/// A change with two sides.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    /// Types and whatever else is needed before the table.
    pub(crate) before: &'static str,
    /// The columns of the old side, as CREATE TABLE has them.
    pub(crate) definition: &'static str,
    pub(crate) old: &'static [&'static str],
    pub(crate) new: &'static [&'static str],
    /// The same value on both sides, as text. Where two have the same old side, the first is what it becomes.
    pub(crate) values: &'static [(&'static [&'static str], &'static [&'static str])],
    /// The value of the old side's default.
    pub(crate) default: Option<usize>,
    pub(crate) null: Nulls,
    pub(crate) kept: Kept,
    pub(crate) recipe: fn(&TableFacts) -> Result<Recipe, RecipeError>,
}

/// Whether NULL is one of the values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nulls {
    Taken,
    Refused,
}

/// What keeps the sides in step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// A trigger that looks at every row.
    WithEveryRow,
    /// A trigger that looks at the columns a statement names.
    WithNamedColumns,
    /// A view: both are one column.
    BehindAView,
}

/// How the table is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Plain,
    Partitioned,
}

pub(crate) const TABLE: &str = "app.orders";

impl Subject {
    /// The schema, without rows.
    pub(crate) fn setup(&self, shape: Shape) -> String {
        let (before, definition) = (self.before, self.definition);
        let columns = format!("id bigint primary key, {definition}, note text");
        let table = match shape {
            Shape::Plain => format!("create table app.orders ({columns});"),
            Shape::Partitioned => format!(
                "create table app.orders ({columns}) partition by range (id);
                create table app.orders_low partition of app.orders for values from (minvalue) to (500);
                create table app.orders_high partition of app.orders for values from (500) to (maxvalue);"
            ),
        };
        format!("create schema app; {before} {table}")
    }

    /// The columns of one side, for a statement.
    pub(crate) fn columns(&self, release: Release) -> String {
        self.side(release).join(", ")
    }

    pub(crate) fn side(&self, release: Release) -> &'static [&'static str] {
        match release {
            Release::One => self.old,
            Release::Two => self.new,
        }
    }

    /// A value on one side: each column's text, or NULL.
    pub(crate) fn texts(&self, release: Release, value: Option<usize>) -> Vec<Option<&'static str>> {
        match value {
            None => self.side(release).iter().map(|_| None).collect(),
            Some(n) => {
                let (old, new) = self.values[n];
                let texts = if release == Release::One { old } else { new };
                texts.iter().map(|text| Some(*text)).collect()
            }
        }
    }

    /// The same as SQL.
    pub(crate) fn literals(&self, release: Release, value: Option<usize>) -> Vec<String> {
        let literal = |text: Option<&str>| match text {
            None => "null".to_owned(),
            Some(text) => format!("'{}'", text.replace('\'', "''")),
        };
        self.texts(release, value).into_iter().map(literal).collect()
    }

    /// `a = 'x', b = 'y'`
    pub(crate) fn assignments(&self, release: Release, value: Option<usize>) -> String {
        let pairs = self.side(release).iter().zip(self.literals(release, value));
        pairs.map(|(column, value)| format!("{column} = {value}")).collect::<Vec<_>>().join(", ")
    }
}

/// Who writes: the code of today, or that of tomorrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Release {
    One,
    Two,
}

fn expression(text: &str) -> Expression {
    Expression::new(text).unwrap()
}

fn column(name: &str, data_type: &str) -> NewColumn {
    NewColumn::new(name.parse().unwrap(), SqlType::new(data_type).unwrap())
}

fn rename(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    let (from, to) = ("name".parse().unwrap(), "full_name".parse().unwrap());
    RenameColumn::new(from, to, RenameMethod::SyncTrigger).recipe(facts)
}

pub(crate) const RENAME: Subject = Subject {
    name: "rename",
    before: "",
    definition: "name text",
    old: &["name"],
    new: &["full_name"],
    values: &[(&["Ann"], &["Ann"]), (&["Bob"], &["Bob"]), (&["Cy"], &["Cy"])],
    default: None,
    null: Nulls::Taken,
    kept: Kept::WithEveryRow,
    recipe: rename,
};

pub(crate) const RENAME_NOT_NULL: Subject = Subject {
    name: "rename, NOT NULL with a default",
    definition: "name varchar(20) collate \"C\" not null default 'Bob'",
    default: Some(1),
    null: Nulls::Refused,
    ..RENAME
};

/// `json` has no `=` at all.
pub(crate) const RENAME_JSON: Subject = Subject {
    name: "rename, json",
    definition: "name json default '{\"b\": 1}'",
    values: &[
        (&["{\"a\": 1}"], &["{\"a\": 1}"]),
        (&["{\"b\": 1}"], &["{\"b\": 1}"]),
        (&["{\"b\":1}"], &["{\"b\":1}"]),
    ],
    default: Some(1),
    ..RENAME
};

/// As if values were wide: the trigger fires by the names in the statement.
fn rename_wide(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    let mut facts = facts.clone();
    facts.columns.iter_mut().for_each(|column| column.width = 100_000);
    rename(&facts)
}

pub(crate) const RENAME_WIDE: Subject =
    Subject { name: "rename, wide values", kept: Kept::WithNamedColumns, recipe: rename_wide, ..RENAME };

fn alias(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    let (from, to) = ("name".parse().unwrap(), "full_name".parse().unwrap());
    RenameColumn::new(from, to, RenameMethod::AliasView).recipe(facts)
}

pub(crate) const ALIAS: Subject = Subject {
    name: "rename by a view",
    definition: "name text not null default 'Bob'",
    default: Some(1),
    null: Nulls::Refused,
    kept: Kept::BehindAView,
    recipe: alias,
    ..RENAME
};

fn change_type(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    let to = column("amount_dec", "numeric(12, 2)").default_is(expression("20")).not_null();
    let up = expression("amount::numeric");
    ChangeType::new("amount".parse().unwrap(), to, up, expression("round(amount_dec)::integer")).recipe(facts)
}

/// The way down loses the fraction.
pub(crate) const CHANGE_TYPE: Subject = Subject {
    name: "change type",
    before: "",
    definition: "amount integer not null default 20",
    old: &["amount"],
    new: &["amount_dec"],
    values: &[(&["10"], &["10.00"]), (&["20"], &["20.00"]), (&["11"], &["11.00"]), (&["11"], &["10.55"])],
    default: Some(1),
    null: Nulls::Refused,
    kept: Kept::WithEveryRow,
    recipe: change_type,
};

fn change_wide_type(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    let mut facts = facts.clone();
    facts.columns.iter_mut().for_each(|column| column.width = 100_000);
    change_type(&facts)
}

pub(crate) const CHANGE_WIDE_TYPE: Subject = Subject {
    name: "change type, wide values",
    kept: Kept::WithNamedColumns,
    recipe: change_wide_type,
    ..CHANGE_TYPE
};

fn split(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    let first = (column("first", "text"), expression("split_part(name, ' ', 1)"));
    let rest = "nullif(substr(name, strpos(name || ' ', ' ') + 1), '')";
    let last = (column("last", "text"), expression(rest));
    let down = expression("nullif(concat_ws(' ', first, last), '')");
    SplitColumn::new("name".parse().unwrap(), [first, last], down).recipe(facts)
}

pub(crate) const SPLIT: Subject = Subject {
    name: "split",
    before: "",
    definition: "name text",
    old: &["name"],
    new: &["first", "last"],
    values: &[
        (&["Ann Lee"], &["Ann", "Lee"]),
        (&["Bob Ray"], &["Bob", "Ray"]),
        (&["Ann Ray"], &["Ann", "Ray"]),
        (&["Cy de Wit"], &["Cy", "de Wit"]),
        (&["Cy de Wit"], &["Cy de", "Wit"]),
    ],
    default: None,
    null: Nulls::Taken,
    kept: Kept::WithEveryRow,
    recipe: split,
};

fn merge(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    let street = ("street".parse().unwrap(), expression("nullif(split_part(address, ', ', 1), '')"));
    let town = ("town".parse().unwrap(), expression("nullif(split_part(address, ', ', 2), '')"));
    let up = expression("nullif(concat_ws(', ', street, town), '')");
    MergeColumns::new([street, town], column("address", "text"), up).recipe(facts)
}

pub(crate) const MERGE: Subject = Subject {
    name: "merge",
    before: "",
    definition: "street text, town text",
    old: &["street", "town"],
    new: &["address"],
    values: &[
        (&["1 Elm St", "Rye"], &["1 Elm St, Rye"]),
        (&["2 Elm St", "Rye"], &["2 Elm St, Rye"]),
        (&["1 Elm St", "Ely"], &["1 Elm St, Ely"]),
    ],
    default: None,
    null: Nulls::Taken,
    kept: Kept::WithEveryRow,
    recipe: merge,
};

fn replace_enum(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    let (column, to) = ("status".parse().unwrap(), "state".parse().unwrap());
    ReplaceEnum::new(
        column,
        to,
        "app.order_state".parse().unwrap(),
        ["open", "paid", "in_progress", "waiting"],
    )
    .up("new", "open")
    .up("wip", "in_progress")
    .down("open", "new")
    .down("in_progress", "wip")
    .down("waiting", "wip")
    .default_is(expression("'open'"))
    .old_type(OldType::IsDropped)
    .recipe(facts)
}

pub(crate) const REPLACE_ENUM: Subject = Subject {
    name: "replace enum values",
    before: "create type app.order_status as enum ('new', 'wip', 'paid');",
    definition: "status app.order_status not null default 'new'",
    old: &["status"],
    new: &["state"],
    values: &[
        (&["new"], &["open"]),
        (&["wip"], &["in_progress"]),
        (&["paid"], &["paid"]),
        (&["wip"], &["waiting"]),
    ],
    default: Some(0),
    null: Nulls::Refused,
    kept: Kept::WithEveryRow,
    recipe: replace_enum,
};

fn lookup(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    let (column, to) = ("status".parse().unwrap(), "status_id".parse().unwrap());
    let foreign_key = match facts.partitions.is_empty() || facts.server_major >= 18 {
        true => ForeignKey::Checked,
        false => ForeignKey::None,
    };
    StringToLookup::new(column, to, "app.order_statuses".parse().unwrap())
        .values(["new", "paid", "sent"])
        .default_value("new")?
        .foreign_key(foreign_key)
        .recipe(facts)
}

pub(crate) const LOOKUP: Subject = Subject {
    name: "string to lookup table",
    before: "",
    definition: "status text not null default 'new'",
    old: &["status"],
    new: &["status_id"],
    values: &[(&["new"], &["1"]), (&["paid"], &["2"]), (&["sent"], &["3"])],
    default: Some(0),
    null: Nulls::Refused,
    kept: Kept::WithEveryRow,
    recipe: lookup,
};

/// Those kept in step by a trigger over two sides.
pub(crate) const SYNCED: &[Subject] = &[
    RENAME,
    RENAME_NOT_NULL,
    RENAME_JSON,
    CHANGE_TYPE,
    CHANGE_WIDE_TYPE,
    SPLIT,
    MERGE,
    REPLACE_ENUM,
    LOOKUP,
];

fn not_null(facts: &TableFacts) -> Result<Recipe, RecipeError> {
    SetNotNull::new("name".parse().unwrap()).fill(expression("'Bob'")).recipe(facts)
}

/// One side alone: what takes the place of NULL.
pub(crate) const NOT_NULL: Subject = Subject {
    name: "set not null",
    before: "",
    definition: "name text default 'Cy'",
    old: &["name"],
    new: &["name"],
    values: RENAME.values,
    default: Some(2),
    null: Nulls::Taken,
    kept: Kept::WithEveryRow,
    recipe: not_null,
};
