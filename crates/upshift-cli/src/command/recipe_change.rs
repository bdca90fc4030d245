//! From the arguments of `recipe` to the recipe.

use upshift_recipes::{
    AddCheck, AddColumn, AddForeignKey, AddPrimaryKey, AddUnique, ChangeType, ColumnDefault, ConcurrentIndex,
    DropColumn, DropTable, Expression, Ident, MergeColumns, NewColumn, OldType, Recipe, RenameColumn,
    RenameMethod, RenameTable, ReplaceEnum, SetNotNull, SplitColumn, SqlType, StringToLookup, Table,
    TableFacts,
};

use super::recipe::Change;
use crate::failure::Failure;

impl Change {
    /// The table it is about.
    pub(super) fn table(&self) -> &Table {
        let (Change::AddColumn { table, .. }
        | Change::SetNotNull { table, .. }
        | Change::RenameColumn { table, .. }
        | Change::Retype { table, .. }
        | Change::SplitColumn { table, .. }
        | Change::MergeColumns { table, .. }
        | Change::StringToLookup { table, .. }
        | Change::ReplaceEnum { table, .. }
        | Change::AddCheck { table, .. }
        | Change::AddForeignKey { table, .. }
        | Change::AddUnique { table, .. }
        | Change::AddPrimaryKey { table, .. }
        | Change::Index { table, .. }
        | Change::RenameTable { table, .. }
        | Change::DropColumn { table, .. }
        | Change::DropTable { table }) = self;
        &table.0
    }

    /// Its files and notes.
    pub(super) fn recipe(&self, facts: &TableFacts) -> Result<Recipe, Failure> {
        Ok(match self {
            Change::AddColumn { column, data_type, default, default_per_row, not_null, .. } => {
                let default = default_of(default.as_deref(), default_per_row.as_deref())?;
                let add = AddColumn::new(column.clone(), sql_type(data_type)?).default_is(default);
                if *not_null { add.not_null() } else { add }.recipe(facts)?
            }
            Change::SetNotNull { column, fill: None, .. } => SetNotNull::new(column.clone()).recipe(facts)?,
            Change::SetNotNull { column, fill: Some(value), .. } => {
                SetNotNull::new(column.clone()).fill(expression(value)?).recipe(facts)?
            }
            Change::RenameColumn { column, to, by_view, .. } => {
                let method = if *by_view { RenameMethod::AliasView } else { RenameMethod::SyncTrigger };
                RenameColumn::new(column.clone(), to.clone(), method).recipe(facts)?
            }
            Change::Retype { column: old, to, data_type, up, down, not_null, .. } => {
                let new = NewColumn::new(to.clone(), sql_type(data_type)?);
                let new = if *not_null { new.not_null() } else { new };
                ChangeType::new(old.clone(), new, expression(up)?, expression(down)?).recipe(facts)?
            }
            Change::SplitColumn { column, into, down, .. } => {
                SplitColumn::new(column.clone(), split(into)?, expression(down)?).recipe(facts)?
            }
            Change::MergeColumns { from, to, data_type, up, .. } => {
                let new = NewColumn::new(to.clone(), sql_type(data_type)?);
                MergeColumns::new(merged(from)?, new, expression(up)?).recipe(facts)?
            }
            Change::StringToLookup { column, to, lookup, value, .. } => {
                StringToLookup::new(column.clone(), to.clone(), lookup.0.clone())
                    .values(value)
                    .recipe(facts)?
            }
            Change::ReplaceEnum { column, to, new_type, value, up, down, drop_old_type, .. } => {
                let replace = ReplaceEnum::new(column.clone(), to.clone(), new_type.0.clone(), value);
                let old_type = if *drop_old_type { OldType::IsDropped } else { OldType::Stays };
                mapped(replace, up, down)?.old_type(old_type).recipe(facts)?
            }
            Change::AddCheck { name, check, writers, .. } => {
                AddCheck::new(name.clone(), expression(check)?, writers.old()).recipe(facts)?
            }
            Change::AddForeignKey { name, columns, references, referenced, writers, .. } => {
                let to = references.0.clone();
                let key = AddForeignKey::new(
                    name.clone(),
                    columns.0.clone(),
                    to,
                    referenced.0.clone(),
                    writers.old(),
                );
                key.recipe(facts)?
            }
            Change::AddUnique { name, columns, writers, .. } => {
                AddUnique::new(name.clone(), columns.0.clone(), writers.old()).recipe(facts)?
            }
            Change::AddPrimaryKey { name, columns, writers, .. } => {
                AddPrimaryKey::new(name.clone(), columns.0.clone(), writers.old()).recipe(facts)?
            }
            Change::Index { name, keys, filter, unique, writers, .. } => {
                let index = index_of(name, keys, filter.as_deref())?;
                if *unique { index.unique(writers.old()) } else { index }.recipe(facts)?
            }
            Change::RenameTable { to, .. } => RenameTable::new(to.clone()).recipe(facts)?,
            Change::DropColumn { column, fill: None, .. } => DropColumn::new(column.clone()).recipe(facts)?,
            Change::DropColumn { column, fill: Some(value), .. } => {
                DropColumn::new(column.clone()).fill(expression(value)?).recipe(facts)?
            }
            Change::DropTable { .. } => DropTable::new().recipe(facts)?,
        })
    }
}

fn default_of(once: Option<&str>, per_row: Option<&str>) -> Result<ColumnDefault, Failure> {
    Ok(match (once, per_row) {
        (Some(once), _) => ColumnDefault::Once(expression(once)?),
        (None, Some(each)) => ColumnDefault::PerRow(expression(each)?),
        (None, None) => ColumnDefault::None,
    })
}

fn index_of(name: &Ident, keys: &[String], filter: Option<&str>) -> Result<ConcurrentIndex, Failure> {
    let keys: Vec<Expression> = keys.iter().map(|key| expression(key)).collect::<Result<_, _>>()?;
    let index = ConcurrentIndex::new(name.clone(), keys);
    Ok(match filter {
        Some(condition) => index.filter(expression(condition)?),
        None => index,
    })
}

/// `name:type=expression`, each a new column and its value.
fn split(into: &[String]) -> Result<Vec<(NewColumn, Expression)>, Failure> {
    let new = into.iter().map(|word| {
        let (named, value) = sides(word, '=', "name:type=expression")?;
        let (name, data_type) = sides(named, ':', "name:type=expression")?;
        Ok((NewColumn::new(ident(name)?, sql_type(data_type)?), expression(value)?))
    });
    new.collect()
}

/// `name=expression`, each an old column and its value.
fn merged(from: &[String]) -> Result<Vec<(Ident, Expression)>, Failure> {
    let old = from.iter().map(|word| {
        let (name, value) = sides(word, '=', "name=expression")?;
        Ok((ident(name)?, expression(value)?))
    });
    old.collect()
}

/// The same, with what its values become.
fn mapped(replace: ReplaceEnum, up: &[String], down: &[String]) -> Result<ReplaceEnum, Failure> {
    let mut replace = replace;
    for word in up {
        let (old, new) = sides(word, '=', "old=new")?;
        replace = replace.up(old, new);
    }
    for word in down {
        let (new, old) = sides(word, '=', "new=old")?;
        replace = replace.down(new, old);
    }
    Ok(replace)
}

fn expression(text: &str) -> Result<Expression, Failure> {
    Expression::new(text).map_err(|why| Failure::usage(format!("`{text}`: {why}")))
}

fn sql_type(text: &str) -> Result<SqlType, Failure> {
    SqlType::new(text).map_err(|why| Failure::usage(format!("`{text}`: {why}")))
}

/// The two sides of a word.
fn sides<'t>(text: &'t str, sign: char, shape: &str) -> Result<(&'t str, &'t str), Failure> {
    text.split_once(sign).ok_or_else(|| Failure::usage(format!("expected {shape}, found `{text}`")))
}

fn ident(text: &str) -> Result<Ident, Failure> {
    Ident::new(text).map_err(|why| Failure::usage(why.to_string()))
}
