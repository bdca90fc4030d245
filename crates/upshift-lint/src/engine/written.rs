//! What a finding writes: names as the statement has them, and the statement with a part of it changed.

use std::collections::BTreeSet;
use std::ops::Range;

use upshift_files::sql::{TokenKind, tokens};

use super::{At, Rewrite};
use crate::effect::{Effects, Major, effects};
use crate::statement::{
    Action, AlterRelation, Column, ConstraintKind, Expression, LockMode, Name, Place, Quoted, Statement,
    WhenExisting, WhenMissing,
};

impl<'a> At<'a> {
    /// A relation as its statement names it: with its schema only where that is written, or needed.
    pub fn shown(&self, relation: &Name) -> Name {
        let bare = Name::bare(&relation.name);
        let schema = relation.schema.as_deref().unwrap_or("");
        let text = self.text().to_ascii_lowercase();
        let written = text.contains(&format!("{}.", Quoted(schema)).to_ascii_lowercase());
        match !written && self.catalog.resolve(&bare) == self.catalog.resolve(relation) {
            true => bare,
            false => relation.clone(),
        }
    }

    /// The relation as it is shown in messages and proposals, with a suffix in its name: for what belongs to it.
    pub fn beside(&self, relation: &Name, suffix: &str) -> Name {
        Name { name: format!("{}_{suffix}", relation.name), ..self.shown(relation) }
    }

    /// What a lock of a relation means to others, in a line: `SHARE on orders while …: INSERT, UPDATE and DELETE wait`.
    pub fn effect_on(&self, relation: &Name, mode: LockMode, during: &str) -> String {
        let space = if during.is_empty() { "" } else { " " };
        format!("{} on {}{space}{during}: {}", mode.name(), self.shown(relation), mode.blocks())
    }

    /// ` on PostgreSQL 13 to 17`, where these are not all the versions of the project; nothing otherwise.
    pub fn on(&self, majors: &[Major]) -> String {
        let all = self.options.each_major().count();
        match majors {
            [] => String::new(),
            _ if majors.len() == all => String::new(),
            [only] => format!(" on PostgreSQL {only}"),
            [first, .., last] => format!(" on PostgreSQL {first} to {last}"),
        }
    }

    /// The ALTER of a relation that others have seen, and its name with its schema.
    pub fn altered(&self) -> Option<(&'a AlterRelation, Name)> {
        let Statement::AlterRelation(alter) = self.statement else { return None };
        let relation = self.catalog.resolve(&alter.name);
        if self.is_unseen(&relation) { None } else { Some((alter, relation)) }
    }

    /// The versions of the project on which one change of an ALTER alone writes a table anew.
    pub fn rewriting(&self, alter: &AlterRelation, number: usize, table: &Name) -> Vec<Major> {
        let (family, effects) = self.alone(alter, number, table);
        let rewriting = |effects: &Effects| family.iter().any(|one| effects.rewrites.contains(one));
        effects.into_iter().filter(|(_, effects)| rewriting(effects)).map(|(major, _)| major).collect()
    }

    /// The versions of the project on which one change of an ALTER alone reads a table whole.
    pub fn scanning(&self, alter: &AlterRelation, number: usize, table: &Name) -> Vec<Major> {
        let (family, effects) = self.alone(alter, number, table);
        let scanning = |effects: &Effects| family.iter().any(|one| effects.scans.contains(one));
        effects.into_iter().filter(|(_, effects)| scanning(effects)).map(|(major, _)| major).collect()
    }

    /// The indexes that one change of an ALTER alone builds anew, on any version of the project.
    pub fn rebuilding(&self, alter: &AlterRelation, number: usize, table: &Name) -> BTreeSet<Name> {
        let (_, effects) = self.alone(alter, number, table);
        effects.into_iter().flat_map(|(_, effects)| effects.rebuilds).collect()
    }

    /// What one change of an ALTER alone does to a table with its partitions, and these. One whose partitions no
    /// migration made is asked as if it had the rows itself.
    fn alone(
        &self,
        alter: &AlterRelation,
        number: usize,
        table: &Name,
    ) -> (Vec<Name>, Vec<(Major, Effects)>) {
        let actions = alter.actions.get(number).into_iter().cloned().collect();
        let alone = Statement::AlterRelation(AlterRelation { actions, name: alter.name.clone(), ..*alter });
        let family = self.catalog.family_of(table);
        let partitioned = self.catalog.table(table).is_some_and(|found| found.partition_by.is_some());
        let plain = (partitioned && family.len() == 1).then(|| self.catalog.as_if_plain(table));
        let catalog = plain.as_ref().unwrap_or(self.catalog);
        let majors = self.options.each_major();
        let effects = majors.map(|major| (major, effects(&alone, catalog, major))).collect();
        (family, effects)
    }

    /// The columns it adds to a table that others have seen: its number among the changes, and the column.
    pub fn added_columns(&self) -> Vec<(&'a AlterRelation, Name, usize, &'a Column)> {
        let Some((alter, table)) = self.altered() else { return Vec::new() };
        let added = alter.actions.iter().enumerate().filter_map(|(number, (action, _))| match action {
            Action::AddColumn { column, .. } => Some((alter, table.clone(), number, column)),
            _ => None,
        });
        added.collect()
    }

    /// Whether this migration made a column, for a down its up: old code cannot know it.
    pub fn is_new_column(&self, table: &Name, column: &str) -> bool {
        self.catalog.column(table, column).is_some_and(|column| self.is_of_this(column.origin))
    }

    /// `alter table only orders`: an ALTER up to its first change.
    pub fn head(&self, alter: &AlterRelation) -> String {
        let missing = if alter.missing == WhenMissing::Skip { " if exists" } else { "" };
        let only = if alter.only { " only" } else { "" };
        format!("alter {}{missing}{only} {}", alter.kind.word(), alter.name)
    }

    /// An ALTER with other words (or none) for one of its changes, and a `;`; empty when nothing is left of it.
    pub fn instead_of(&self, alter: &AlterRelation, number: usize, with: Option<&str>) -> String {
        let changes = alter.actions.iter().enumerate().filter_map(|(n, (_, place))| match n == number {
            true => with,
            false => Some(self.text_of(place)),
        });
        let changes = changes.collect::<Vec<_>>().join(", ");
        if changes.is_empty() { changes } else { format!("{} {changes};", self.head(alter)) }
    }

    /// The statement with words after the first of its keywords that is one of these, and a `;`.
    pub fn with_word(&self, after: &[&str], words: &str) -> String {
        self.spliced(after, "", words)
    }

    /// The statement without these words, if it has them, and others after the first keyword of `after`.
    pub fn spliced(&self, after: &[&str], without: &str, words: &str) -> String {
        let text = self.text();
        let all: Vec<_> = tokens(text).map_while(Result::ok).filter(|token| !token.is_comment()).collect();
        let is = |at: usize, word: &str| {
            all.get(at).is_some_and(|t| t.kind == TokenKind::Word && t.text(text).eq_ignore_ascii_case(word))
        };
        let Some(key) = (0..all.len()).find(|at| after.iter().any(|word| is(*at, word))) else {
            return format!("{text};");
        };
        let end = all.get(key).map_or(0, |token| token.range.end);
        let gone: Vec<&str> = without.split_ascii_whitespace().collect();
        let first = (0..all.len())
            .find(|at| !gone.is_empty() && gone.iter().enumerate().all(|(n, word)| is(at + n, word)));
        let cut = first.and_then(|first| {
            let from = all.get(first)?.range.start;
            Some(from..all.get(first + gone.len())?.range.start)
        });
        let cut = cut.filter(|cut| cut.start >= end).unwrap_or(end..end);
        let part = |range: Range<usize>| text.get(range).unwrap_or("");
        let space = if words.is_empty() { "" } else { " " };
        format!("{}{space}{words}{}{};", part(0..end), part(end..cut.start), part(cut.end..text.len()))
    }

    /// What is left of a statement, and the migrations after it, each with its name. A file cannot be empty: where nothing
    /// is left in it, the first of them takes its place.
    pub fn apart(&self, left: String, mut later: Vec<(String, String)>) -> Rewrite {
        let here = match left.is_empty() && self.all.len() == 1 && !later.is_empty() {
            true => later.remove(0).1,
            false => left,
        };
        later.iter().fold(Rewrite::this(here), |rewrite, (name, text)| rewrite.then(name, text))
    }

    /// ADD COLUMN without some parts of it.
    pub fn column_without(&self, column: &Column, parts: &[Place]) -> String {
        let skips = matches!(self.statement, Statement::AlterRelation(alter) if alter.actions.iter().any(|(action, _)| {
            matches!(action, Action::AddColumn { column: one, existing: WhenExisting::Skip } if one.place == column.place)
        }));
        let mut kept = String::from(if skips { "add column if not exists " } else { "add column " });
        let mut from = column.place.start;
        let mut parts = parts.to_vec();
        parts.sort_by_key(|part| part.start);
        for part in parts.iter().chain([&(column.place.end..column.place.end)]) {
            let between = self.text_of(&(from..part.start)).trim();
            if !between.is_empty() {
                kept.push_str(between);
                kept.push(' ');
            }
            from = part.end;
        }
        let kept = kept.trim_end().to_owned();
        let commented = kept.lines().last().is_some_and(|line| line.contains("--"));
        if commented { format!("{kept}\n") } else { kept }
    }

    /// Where a DEFAULT stands, with its word.
    pub fn default_place(&self, value: &Expression) -> Range<usize> {
        let before = self.text_of(&(0..value.range.start));
        let word = before.to_ascii_lowercase().rfind("default");
        word.unwrap_or(value.range.start)..value.range.end
    }

    /// The name a constraint would be given: its own, or the one PostgreSQL chooses.
    pub fn name_of(&self, table: &Name, given: Option<&String>, kind: &ConstraintKind) -> String {
        given.cloned().unwrap_or_else(|| self.catalog.name_for(table, kind))
    }
}
