//! What a statement does, read from its first words.

use super::head::{Head, Significant};
use super::lexer::Token;
use super::name::QualifiedName;
use super::statement::{StatementKind, TransactionControl, WhenExisting};
use super::transaction_block;
use StatementKind as Kind;
use TransactionControl as Control;

/// Beginnings of statements (see [`Head::after_beginning`]) and their kinds; the first that fits counts.
const BEGINNINGS: &[(&str, StatementKind)] = &[
    ("insert", Kind::Insert),
    ("select", Kind::Query),
    ("(", Kind::Query),
    ("values", Kind::Query),
    ("table", Kind::Query),
    ("show", Kind::Query),
    ("explain", Kind::Query),
    ("create", Kind::Create),
    ("alter", Kind::Alter),
    ("drop", Kind::Drop),
    ("update", Kind::Update),
    ("delete", Kind::Delete),
    ("merge", Kind::Merge),
    ("set", Kind::Set),
    ("reset", Kind::Set),
    ("discard", Kind::Set),
    ("begin", Kind::TransactionControl(Control::Begin)),
    ("start transaction", Kind::TransactionControl(Control::Begin)),
    ("commit prepared", Kind::TransactionControl(Control::CommitPrepared)),
    ("commit [work|transaction] and chain", Kind::TransactionControl(Control::CommitAndChain)),
    ("commit", Kind::TransactionControl(Control::Commit)),
    ("end [work|transaction] and chain", Kind::TransactionControl(Control::CommitAndChain)),
    ("end", Kind::TransactionControl(Control::Commit)),
    ("rollback prepared", Kind::TransactionControl(Control::RollbackPrepared)),
    ("rollback [work|transaction] to", Kind::Savepoint),
    ("rollback [work|transaction] and chain", Kind::TransactionControl(Control::RollbackAndChain)),
    ("rollback", Kind::TransactionControl(Control::Rollback)),
    ("abort [work|transaction] and chain", Kind::TransactionControl(Control::RollbackAndChain)),
    ("abort", Kind::TransactionControl(Control::Rollback)),
    ("prepare transaction STRING", Kind::TransactionControl(Control::PrepareTransaction)),
    ("savepoint", Kind::Savepoint),
    ("release", Kind::Savepoint),
];

/// What the statement with this text does. COPY is [`Kind::Other`] here: its data is not in its text.
pub(super) fn kind(head: &mut Head<'_>) -> StatementKind {
    let Some(first) = head.text_of(0) else { return Kind::Other };
    if first.eq_ignore_ascii_case("with") {
        return main_verb(head.text).map_or(Kind::Other, kind_of_verb);
    }
    let kind = BEGINNINGS.iter().find(|(beginning, _)| head.after_beginning(beginning).is_some());
    let special = match kind {
        Some((_, Kind::Create)) => create_index_concurrently(head),
        Some((_, Kind::Drop)) => drop_index_concurrently(head),
        Some((_, Kind::Alter)) => detach_partition_concurrently(head),
        None => reindex_concurrently(head),
        Some(_) => None,
    };
    special.or_else(|| kind.map(|(_, kind)| kind.clone())).unwrap_or(Kind::Other)
}

fn kind_of_verb(verb: &str) -> StatementKind {
    let data = [
        ("insert", Kind::Insert),
        ("update", Kind::Update),
        ("delete", Kind::Delete),
        ("merge", Kind::Merge),
    ];
    data.into_iter().find(|(word, _)| verb.eq_ignore_ascii_case(word)).map_or(Kind::Query, |(_, kind)| kind)
}

/// The word after all the parts of a WITH, or the `(` there.
fn main_verb(text: &str) -> Option<&str> {
    let mut tokens = Significant::new(text);
    tokens.next();
    let is = |token: &Token, word: &str| token.text(text).eq_ignore_ascii_case(word);
    loop {
        // name [(columns)] AS [NOT] [MATERIALIZED] (body)
        while !is(&tokens.next()?, "as") {}
        while !is(&tokens.next()?, "(") {}
        let mut depth = 1_usize;
        while depth > 0 {
            match tokens.next()?.text(text) {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
        }
        let mut next = tokens.next()?;
        for (clause, last) in [("search", "set"), ("cycle", "using")] {
            if is(&next, clause) {
                while !is(&tokens.next()?, last) {}
                tokens.next();
                next = tokens.next()?;
            }
        }
        if !is(&next, ",") {
            return Some(next.text(text));
        }
    }
}

fn create_index_concurrently(head: &mut Head<'_>) -> Option<StatementKind> {
    let at = head.after_beginning("create [unique] index concurrently")?;
    let (existing, at) = match head.after(at, "if not exists") {
        Some(after) => (WhenExisting::Skip, after),
        None => (WhenExisting::Fail, at),
    };
    let (index, at) = match head.is_word(at, "on") {
        true => (None, at),
        false => QualifiedName::read(head, at).map(|(name, next)| (Some(name), next))?,
    };
    let at = head.after(at, "on [only]")?;
    let (table, _) = QualifiedName::read(head, at)?;
    Some(Kind::CreateIndexConcurrently { index, table, existing })
}

fn drop_index_concurrently(head: &mut Head<'_>) -> Option<StatementKind> {
    let mut at = head.after_beginning("drop index concurrently [if+exists]")?;
    let mut indexes = Vec::new();
    loop {
        let (index, next) = QualifiedName::read(head, at)?;
        indexes.push(index);
        if head.text_of(next) != Some(",") {
            return Some(Kind::DropIndexConcurrently { indexes });
        }
        at = next + 1;
    }
}

fn detach_partition_concurrently(head: &mut Head<'_>) -> Option<StatementKind> {
    let at = head.after_beginning("alter table [if+exists] [only]")?;
    let after_table = QualifiedName::after(head, at)?;
    let after = head.after(after_table, "[*] detach partition")?;
    let (partition, after) = QualifiedName::read(head, after)?;
    head.after(after, "concurrently")?;
    let (table, _) = QualifiedName::read(head, at)?;
    Some(Kind::DetachPartitionConcurrently { table, partition })
}

fn reindex_concurrently(head: &mut Head<'_>) -> Option<StatementKind> {
    let at = head.after_beginning("reindex")?;
    let by_word = head.after(at, "[()] index|table|schema|database|system concurrently").is_some();
    let by_option = || transaction_block::option_is_on(head.text, "concurrently");
    (by_word || by_option()).then_some(Kind::ReindexConcurrently)
}
