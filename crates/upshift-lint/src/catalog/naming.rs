//! The names that PostgreSQL gives to what has none (`ChooseIndexName`, `ChooseConstraintName`, `makeObjectName`).

use super::Catalog;
use crate::statement::{Expression, ExpressionKind, Name};

/// `NAMEDATALEN` less the byte that ends a C string.
const LONGEST: usize = 63;

impl Catalog {
    /// `orders_status_idx`, with a number where that is taken.
    pub(super) fn free_name(&self, table: &Name, columns: &str, label: &str) -> Name {
        let schema = table.schema.clone();
        for pass in 0_usize.. {
            let label = if pass == 0 { label.to_owned() } else { format!("{label}{pass}") };
            let name = Name { schema: schema.clone(), name: object_name(&table.name, columns, &label) };
            if !self.relations.contains(&name) {
                return name;
            }
        }
        table.clone()
    }

    /// A name for a constraint of a table: `orders_status_check`.
    pub(super) fn free_constraint(&self, table: &Name, columns: &str, label: &str) -> String {
        let taken = |name: &str| self.table(table).is_some_and(|t| t.constraint(name).is_some());
        for pass in 0_usize.. {
            let label = if pass == 0 { label.to_owned() } else { format!("{label}{pass}") };
            let name = object_name(&table.name, columns, &label);
            if !taken(&name) {
                return name;
            }
        }
        String::new()
    }
}

/// Two names and a label in 63 bytes: the longer name gives way first.
fn object_name(table: &str, columns: &str, label: &str) -> String {
    let overhead = label.len() + 1 + usize::from(!columns.is_empty());
    let (mut first, mut second) = (table.len(), columns.len());
    while first + second + overhead > LONGEST {
        if first > second { first -= 1 } else { second -= 1 }
    }
    let cut = |text: &str, length: usize| {
        let end = (0..=length.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.get(..end).unwrap_or("").to_owned()
    };
    let parts = [cut(table, first), cut(columns, second), label.to_owned()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

/// What a name for an index takes from the parts of it: `a_b`, `lower`, `expr`.
pub(super) fn columns_of(parts: &[Expression]) -> String {
    let names = parts.iter().map(|part| match &part.kind {
        ExpressionKind::Column(parts) => parts.last().cloned().unwrap_or_default(),
        ExpressionKind::Call { function, .. } => function.name.clone(),
        ExpressionKind::Cast(_, to) => to.name.name.clone(),
        _ => "expr".to_owned(),
    });
    names.collect::<Vec<_>>().join("_")
}
