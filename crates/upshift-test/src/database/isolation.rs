//! What keeps one test from another.

/// What keeps one test from another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isolation {
    /// A database of its own, copied from the migrated template. Nothing a test does reaches another.
    #[default]
    Database,
    /// A schema of its own in one database, first and alone in the `search_path`, in which the migrations run anew for each
    /// test. For servers on which no database may be made; what names its schema (`public.orders`), and what belongs to a
    /// whole database (extensions, event triggers), is not kept apart.
    Schema,
    /// One database for all tests with these migrations, each in a transaction that is rolled back. The quickest, for tests
    /// on one connection that commit nothing: a test that does fails. Sequences do not go back.
    Rollback,
}
