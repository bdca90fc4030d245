//! A statement: where it stands, what it does, and whether it may run in a transaction block.

use std::ops::Range;

use super::name::QualifiedName;

/// One statement of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statement {
    /// Its bytes, from its first token to its last, without the `;`. For COPY … FROM STDIN the command alone.
    pub range: Range<usize>,
    /// What it does.
    pub kind: StatementKind,
    /// Whether it may run in a transaction block.
    pub transaction_block: TransactionBlock,
}

impl Statement {
    /// Whether PostgreSQL refuses this statement inside a transaction block, on a server of this major version.
    ///
    /// Where the server decides by the catalog, a text cannot tell. REINDEX and CLUSTER of a partitioned table, and a
    /// CALL or DO that commits, are not recognised; DROP SUBSCRIPTION, which is refused only while the subscription
    /// has a slot, always is. What a server of this version does not know at all is answered as by the first that
    /// does.
    ///
    /// ```
    /// let statements = upshift_files::sql::split("vacuum; analyze")?;
    /// let refused: Vec<bool> = statements.iter().map(|s| s.refused_in_transaction(17)).collect();
    /// assert_eq!(refused, [true, false]);
    /// # Ok::<(), upshift_files::sql::SyntaxError>(())
    /// ```
    pub fn refused_in_transaction(&self, server_major: u16) -> bool {
        match self.transaction_block {
            TransactionBlock::Allowed => false,
            TransactionBlock::Refused => true,
            TransactionBlock::RefusedBefore(major) => server_major < major,
            TransactionBlock::RefusedSince(major) => server_major >= major,
        }
    }

    /// Its text, in the text it was cut from.
    ///
    /// ```
    /// let text = "-- first\nselect 1; select 2 -- last\n;";
    /// let statements = upshift_files::sql::split(text)?;
    /// let texts: Vec<&str> = statements.iter().map(|s| s.text(text)).collect();
    /// assert_eq!(texts, ["select 1", "select 2"]);
    /// # Ok::<(), upshift_files::sql::SyntaxError>(())
    /// ```
    pub fn text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.range.clone()).unwrap_or("")
    }
}

/// Whether PostgreSQL takes a statement inside a transaction block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransactionBlock {
    /// Every server does.
    Allowed,
    /// No server does.
    Refused,
    /// Only servers of this major version and later do.
    RefusedBefore(u16),
    /// Only servers before this major version do.
    RefusedSince(u16),
}

/// What a statement does, as far as its text tells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatementKind {
    /// Begins or ends a transaction.
    TransactionControl(TransactionControl),
    /// SAVEPOINT, RELEASE, ROLLBACK TO: allowed inside a migration's own transaction.
    Savepoint,
    /// COPY … FROM STDIN.
    CopyFromStdin {
        /// The bytes of the data that follows, without the line `\.`; empty when none does.
        data: Range<usize>,
    },
    /// CREATE INDEX CONCURRENTLY.
    CreateIndexConcurrently {
        /// The index, which lives in its table's schema; `None` when the server is to choose a name.
        index: Option<QualifiedName>,
        /// The table.
        table: QualifiedName,
        /// What to do if there is an index of this name.
        existing: WhenExisting,
    },
    /// DROP INDEX CONCURRENTLY.
    DropIndexConcurrently {
        /// The indexes; the server takes one only.
        indexes: Vec<QualifiedName>,
    },
    /// REINDEX … CONCURRENTLY, in all its forms.
    ReindexConcurrently,
    /// ALTER TABLE … DETACH PARTITION … CONCURRENTLY.
    DetachPartitionConcurrently {
        /// The partitioned table.
        table: QualifiedName,
        /// The partition.
        partition: QualifiedName,
    },
    /// SELECT, VALUES, TABLE, SHOW, EXPLAIN, also behind WITH.
    Query,
    /// INSERT, also behind WITH.
    Insert,
    /// UPDATE, also behind WITH.
    Update,
    /// DELETE, also behind WITH.
    Delete,
    /// MERGE, also behind WITH.
    Merge,
    /// SET, RESET, DISCARD.
    Set,
    /// CREATE.
    Create,
    /// ALTER.
    Alter,
    /// DROP.
    Drop,
    /// Anything else.
    Other,
}

/// A statement that begins or ends a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransactionControl {
    /// BEGIN or START TRANSACTION.
    Begin,
    /// COMMIT or END.
    Commit,
    /// COMMIT AND CHAIN: the next transaction begins at once.
    CommitAndChain,
    /// ROLLBACK or ABORT.
    Rollback,
    /// ROLLBACK AND CHAIN: the next transaction begins at once.
    RollbackAndChain,
    /// PREPARE TRANSACTION.
    PrepareTransaction,
    /// COMMIT PREPARED.
    CommitPrepared,
    /// ROLLBACK PREPARED.
    RollbackPrepared,
}

/// What CREATE does when there is one of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenExisting {
    /// It fails.
    Fail,
    /// It does nothing: IF NOT EXISTS.
    Skip,
}
