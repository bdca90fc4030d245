//! Indexes of tables that others use.

use crate::engine::At;
use crate::statement::{CreateIndex, Expression, ExpressionKind, Name, Statement};

/// The index that a statement builds, and its table, if others use it.
pub(super) fn on_table<'a>(at: &At<'a>) -> Option<(&'a CreateIndex, Name)> {
    let Statement::CreateIndex(index) = at.statement else { return None };
    let table = at.catalog.resolve(&index.table);
    if at.is_unseen(&table) { None } else { Some((index, table)) }
}

/// Whether two expressions are the same, wherever they stand; what is not looked into is never.
pub(super) fn is_same(one: &Expression, other: &Expression) -> bool {
    use ExpressionKind as Kind;
    let head = match (&one.kind, &other.kind) {
        (Kind::Column(one), Kind::Column(other)) => return one.last() == other.last(),
        (Kind::Constant(one), Kind::Constant(other)) => return one == other,
        (Kind::Null, Kind::Null) => return true,
        (Kind::Call { function: one, .. }, Kind::Call { function: other, .. }) => one == other,
        (Kind::Operator { operator: one, .. }, Kind::Operator { operator: other, .. }) => one == other,
        (Kind::Cast(_, one), Kind::Cast(_, other)) => one == other,
        (Kind::Collate(_, one), Kind::Collate(_, other)) => one == other,
        (Kind::Not(_), Kind::Not(_))
        | (Kind::And(_), Kind::And(_))
        | (Kind::Or(_), Kind::Or(_))
        | (Kind::IsNull(_), Kind::IsNull(_))
        | (Kind::IsNotNull(_), Kind::IsNotNull(_)) => true,
        _ => false,
    };
    let (left, right) = (one.parts(), other.parts());
    head && left.len() == right.len() && left.iter().zip(right).all(|(one, other)| is_same(one, other))
}
