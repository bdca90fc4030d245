//! What many rules ask of a statement.

use upshift_files::{Phase, SectionKind, sql};

use super::{At, Rewrite};
use crate::catalog::{Origin, Table, View};
use crate::statement::{
    Action, Bound, ConstraintKind, Drop, Expression, ExpressionKind, Key, Kind, Name, Place, Statement,
};
use crate::{read, variable};

impl<'a> At<'a> {
    /// What the statement drops of these kinds, others having seen it: each name and where it stands.
    pub fn dropped(&self, kinds: &[Kind]) -> Vec<(&'a Drop, &'a Name, &'a Place)> {
        let Statement::Drop(dropped) = self.statement else { return Vec::new() };
        if !kinds.contains(&dropped.kind) {
            return Vec::new();
        }
        let seen = dropped.names.iter().filter(|(name, _)| !self.is_own(dropped.kind, name));
        seen.map(|(name, place)| (dropped, name, place)).collect()
    }

    /// Whether this migration made it: old code cannot know it.
    fn is_own(&self, kind: Kind, name: &Name) -> bool {
        match kind {
            Kind::Type | Kind::Domain => {
                self.catalog.type_named(name).is_some_and(|known| self.is_of_this(known.origin()))
            }
            Kind::Function | Kind::Procedure | Kind::Aggregate => {
                self.catalog.function(name).is_some_and(|known| self.is_of_this(known.origin))
            }
            Kind::Schema => self
                .before()
                .any(|one| matches!(one, Statement::CreateSchema { name: made, .. } if *made == name.name)),
            _ => self.is_own_relation(name),
        }
    }

    /// The statements before this one in its section.
    pub fn before(&self) -> impl DoubleEndedIterator<Item = &'a Statement> + use<'a> {
        self.all.iter().take(self.number).map(|(statement, _)| statement)
    }

    /// The statements after this one in its section.
    pub fn after(&self) -> impl Iterator<Item = &'a Statement> + use<'a> {
        self.all.iter().skip(self.number + 1).map(|(statement, _)| statement)
    }

    /// What the up did that this down reverts; nothing in an up.
    pub fn reverted(&self) -> impl Iterator<Item = &'a Statement> + use<'a> {
        let up = if self.section.kind() == SectionKind::Down { self.up } else { &[] };
        up.iter().map(|(statement, _)| statement)
    }

    /// Whether two names are of the same relation.
    pub fn is_same(&self, one: &Name, two: &Name) -> bool {
        self.catalog.resolve(one) == self.catalog.resolve(two)
    }

    /// Whether a later statement of the section makes a table, view or sequence of this name.
    pub fn is_made_later(&self, name: &Name) -> bool {
        self.after().any(|statement| {
            match statement {
            Statement::CreateTable(made) => self.is_same(&made.name, name),
            Statement::CreateTableAs(made) => self.is_same(&made.name, name),
            Statement::CreateView(made) => self.is_same(&made.name, name),
            Statement::CreateSequence { name: made, .. } => self.is_same(made, name),
            Statement::AlterRelation(alter) => alter.actions.iter().any(|(action, _)| {
                matches!(action, Action::RenameTo(to) if self.is_same(&sibling(&alter.name, to), name))
            }),
            _ => false,
        }
        })
    }

    /// Whether a later statement of the section drops a table: nothing before that makes it worse.
    pub fn is_dropped_later(&self, table: &Name) -> bool {
        self.after().any(|statement| match statement {
            Statement::Drop(dropped) => {
                dropped.kind == Kind::Table && dropped.names.iter().any(|(name, _)| self.is_same(name, table))
            }
            _ => false,
        })
    }

    /// The views that repeatable migrations make over a table. They are applied last, so that they are not in the catalogue
    /// before a versioned migration; but where an earlier release applied them, they are in the database.
    pub fn repeatable_views_of(&self, table: &Name) -> impl Iterator<Item = (&'a Name, &'a View)> {
        let repeatable = |name: &Name| match self.last.relation(name).map(|found| found.origin) {
            Some(Origin::Migration(number)) => number >= self.versioned,
            _ => false,
        };
        let all: Vec<_> = self.last.views_of(table).filter(|(name, _)| repeatable(name)).collect();
        all.into_iter().filter(|_| self.migration.version().is_some())
    }

    /// The partitioned table that a table is a partition of.
    pub fn partitioned_table_of(&self, partition: &Name) -> Option<Name> {
        let of = self.catalog.table(partition)?.partition_of.as_ref();
        of.map(|(parent, _)| parent.clone())
    }

    /// The DEFAULT partition of a table.
    pub fn default_partition_of(&self, parent: &Name) -> Option<(&'a Name, &'a Table)> {
        let is_default = |table: &Table| matches!(table.partition_of, Some((_, Bound::Default)));
        self.catalog.children_of(parent).find(|(_, child)| is_default(child))
    }

    /// The statement as it is, in a contract: with others beside it in one that comes after.
    pub fn in_a_contract(&self) -> Rewrite {
        self.elsewhere("contract", format!("-- upshift: phase contract\n{};", self.text()))
    }

    /// The statement as it is, in a migration of its own.
    pub fn in_its_own(&self, name: &str) -> Rewrite {
        self.elsewhere(name, format!("{};", self.text()))
    }

    /// Nothing here, and this in a migration of its own: the same one where the statement is alone in it.
    pub fn elsewhere(&self, name: &str, text: String) -> Rewrite {
        let alone = self.all.len() == 1 && self.migration.header().phase == Phase::Expand;
        if alone { Rewrite::this(text) } else { Rewrite::this("").then(name, text) }
    }

    /// Whether there was anything before this migration: others are there only then.
    pub fn is_first(&self) -> bool {
        let own = self.catalog.origin();
        own == Origin::Existing
            || self.catalog.relations().all(|(_, relation)| self.is_of_this(relation.origin))
    }

    /// Whether the up section is cut into batches.
    pub fn is_batched(&self) -> bool {
        self.migration.header().backfill.is_some() && self.section.kind() == SectionKind::Up
    }

    /// Whether a WHERE lets through a few rows at most: it names the values of a key in a list, or the one that a query of
    /// other tables gives.
    pub fn names_its_rows(&self, table: &Name, filter: &Expression) -> bool {
        match &filter.kind {
            ExpressionKind::And(parts) => parts.iter().any(|part| self.names_its_rows(table, part)),
            ExpressionKind::Or(parts) => parts.iter().all(|part| self.names_its_rows(table, part)),
            ExpressionKind::Operator { operator, operands } if operator == "=" || operator == "in" => {
                let [column, values @ ..] = operands.as_slice() else { return false };
                let is_key = |name: &str| name == "id" || self.is_unique(table, name);
                // A variable on this side is a number far more often than a column.
                let is_constant =
                    |value: &Expression| value.columns().all(variable::is_in) && !has_query(value);
                let is_one = |value: &Expression| operator == "=" && self.is_one_value(column, value, table);
                matches!(&column.kind, ExpressionKind::Column(parts) if parts.last().is_some_and(|last| is_key(last)))
                    && values.iter().all(|value| is_constant(value) || is_one(value))
            }
            _ => false,
        }
    }

    /// Whether the right side of `column =` is a query in parentheses that gives the same for every row of a table: all its
    /// columns are of the tables it reads.
    fn is_one_value(&self, column: &Expression, value: &Expression, table: &Name) -> bool {
        // Not `= any (select …)`, and no `array(select …)`.
        let plain = value.kind == ExpressionKind::Query
            && self.text_of(&(column.range.end..value.range.start)).trim() == "=";
        let text = self.text_of(&value.range);
        let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).filter(|_| plain);
        let cut = inner.and_then(|inner| Some((inner, sql::split(inner).ok()?.into_iter().next()?)));
        let Some((inner, cut)) = cut else { return false };
        let Statement::Select(query) = read(inner, &cut) else { return false };
        let known: Vec<&Table> = query.reads.iter().filter_map(|one| self.catalog.table(one)).collect();
        let has = |column: &String| column == "*" || known.iter().any(|one| one.column(column).is_some());
        // What stands before a dot may be the row that is changed, under its name or another.
        let of_reads = |word: &str| {
            let is_it =
                |read: &Name| read.name == word && word != table.name || read.schema.as_deref() == Some(word);
            query.reads.iter().any(is_it)
        };
        let words: Vec<&str> =
            sql::tokens(inner).map_while(Result::ok).map(|token| token.text(inner)).collect();
        let qualified = words.windows(2).any(|pair| matches!(pair, [word, "."] if !of_reads(word)));
        known.len() == query.reads.len() && query.columns.iter().all(has) && !qualified
    }

    /// Whether a later change of the section makes these columns of a table unique, all of its rows: what relied on a
    /// key over them that goes finds another one.
    pub fn is_made_unique_later(&self, table: &Name, columns: &[&str]) -> bool {
        let same = |own: &[String]| {
            own.len() == columns.len() && own.iter().all(|column| columns.contains(&column.as_str()))
        };
        let own = std::iter::once(self.statement).chain(self.after());
        own.into_iter().any(|statement| match statement {
            Statement::AlterRelation(alter) if self.is_same(&alter.name, table) => {
                alter.actions.iter().any(|(action, _)| match action {
                    Action::AddConstraint(new) => match &new.kind {
                        ConstraintKind::PrimaryKey(Key::Columns(own))
                        | ConstraintKind::Unique(Key::Columns(own)) => same(own),
                        _ => false,
                    },
                    _ => false,
                })
            }
            Statement::CreateIndex(index) if index.unique && index.predicate.is_none() => {
                let plain = |part: &Expression| match &part.kind {
                    ExpressionKind::Column(parts) => parts.last().cloned(),
                    _ => None,
                };
                let own: Option<Vec<String>> = index.parts.iter().map(plain).collect();
                self.is_same(&index.table, table) && own.is_some_and(|own| same(&own))
            }
            _ => false,
        })
    }

    /// Whether a column alone is a unique key of a table.
    fn is_unique(&self, table: &Name, column: &str) -> bool {
        let alone = |key: &Key| matches!(key, Key::Columns(columns) if columns.as_slice() == [column]);
        let constraint = self.catalog.table(table).is_some_and(|found| {
            found.constraints.iter().any(|one| match &one.kind {
                ConstraintKind::Unique(key) | ConstraintKind::PrimaryKey(key) => alone(key),
                _ => false,
            })
        });
        constraint
            || self.catalog.indexes_of(table).any(|(_, index)| {
                index.unique && index.predicate.is_none() && index.leading_columns() == [column]
            })
    }
}

fn has_query(expression: &Expression) -> bool {
    expression.walk().into_iter().any(|one| matches!(one.kind, ExpressionKind::Query))
}

/// A name in the schema of another.
fn sibling(of: &Name, name: &str) -> Name {
    Name { schema: of.schema.clone(), name: name.to_owned() }
}
