//! Identity columns and the sequences behind them.

use upshift_schema::Kind;

use super::Draft;
use super::column::{Column, alter};
use crate::text::{self, container, last, quoted};

/// An identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity<'a> {
    pub(super) always: &'a str,
    pub(super) options: &'a str,
    pub(super) sequence: &'a str,
}

/// Behind the list stands the name of the sequence; the list itself is in parentheses that were cut.
pub(super) fn identity(behind: &str) -> Option<(&str, &str)> {
    let end = text::find(behind, ") SEQUENCE ")?;
    Some((&behind[..end], &behind[end + ") SEQUENCE ".len()..]))
}

impl Identity<'_> {
    pub(super) fn text(&self, id: &str) -> String {
        let mut options = self.options().to_owned();
        // The server's own name needs no word.
        let (table, own) = (container(id), last(id));
        let made = format!("{}_{}_seq", text::bare(last(table)), text::bare(own));
        if self.name() != format!("{}.{}", container(table), quoted(&made)) {
            options = format!("SEQUENCE NAME {} {options}", self.name()).trim_end().to_owned();
        }
        let options = if options.is_empty() { options } else { format!(" ({options})") };
        format!("{} AS IDENTITY{options}", self.always)
    }

    fn name(&self) -> &str {
        self.sequence.trim_end_matches(" UNLOGGED")
    }

    fn persistence(&self) -> &'static str {
        if self.sequence.ends_with(" UNLOGGED") { "UNLOGGED" } else { "LOGGED" }
    }

    /// Where its sequence is not kept as the table is, which was made so.
    pub(super) fn kept(&self, as_table: &str) -> Option<Draft> {
        let is = self.persistence();
        (is != as_table).then(|| Draft::expand(format!("ALTER SEQUENCE {} SET {is}", self.name())))
    }

    /// Without the type, which is the column's.
    fn options(&self) -> &str {
        self.options.split_once(' ').map_or("", |(_, rest)| rest)
    }
}

pub(super) fn identified(old: &Column<'_>, new: &Column<'_>, id: &str, kind: Kind) -> Vec<Draft> {
    let (Some(to), from) = (&new.identity, &old.identity) else { return Vec::new() };
    let Some(from) = from else { return vec![alter(kind, id, &format!("ADD {}", to.text(id)))] };
    let mut drafts = Vec::new();
    if from.always != to.always {
        drafts.push(alter(kind, id, &format!("SET {}", to.always)));
    }
    if from.options() != to.options() {
        let parts = super::sequence::differences(from.options(), to.options(), new.kind);
        let parts: Vec<String> = parts.iter().map(|part| format!("SET {part}")).collect();
        drafts.push(alter(kind, id, &parts.join(" ")));
    }
    drafts.extend(to.kept(from.persistence()));
    if from.name() != to.name() && container(from.name()) == container(to.name()) {
        drafts.push(Draft::expand(format!("ALTER SEQUENCE {} RENAME TO {}", from.name(), last(to.name()))));
    }
    drafts
}
