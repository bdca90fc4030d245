//! How `#[upshift_test::test]` runs a test.

use tokio::runtime::Builder;

use super::builder::TestDatabaseBuilder;
use super::error::Kind;
use super::{Fate, TestDatabase, TestError};

/// The runtime of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavor {
    /// Everything on the test's own thread, as `#[tokio::test]` does.
    CurrentThread,
    /// On so many threads; on one for each core when `None`.
    MultiThread(Option<usize>),
}

/// What a test may give back: nothing, or a `Result`.
#[diagnostic::on_unimplemented(
    message = "a test cannot give back `{Self}`",
    note = "it gives back nothing, or a `Result`"
)]
pub trait TestOutcome {
    /// Whether the test passed.
    fn is_passed(&self) -> bool;
}

impl TestOutcome for () {
    fn is_passed(&self) -> bool {
        true
    }
}

impl<T, E> TestOutcome for Result<T, E> {
    fn is_passed(&self) -> bool {
        self.is_ok()
    }
}

/// Makes the database, runs the test on it, and sees to its end.
///
/// # Panics
/// When there is no database, or the test commits what was to be rolled back: a test has no other way to fail before it
/// begins.
pub fn run<O: TestOutcome>(
    builder: TestDatabaseBuilder,
    flavor: Flavor,
    test: impl AsyncFnOnce(&TestDatabase) -> Result<O, TestError>,
) -> O {
    match try_run(builder, flavor, test) {
        Ok(outcome) => outcome,
        Err(error) => fail(&error),
    }
}

fn try_run<O: TestOutcome>(
    builder: TestDatabaseBuilder,
    flavor: Flavor,
    test: impl AsyncFnOnce(&TestDatabase) -> Result<O, TestError>,
) -> Result<O, TestError> {
    let runtime = match flavor {
        Flavor::CurrentThread => Builder::new_current_thread().enable_all().build(),
        Flavor::MultiThread(None) => Builder::new_multi_thread().enable_all().build(),
        Flavor::MultiThread(Some(threads)) => {
            Builder::new_multi_thread().worker_threads(threads.max(1)).enable_all().build()
        }
    };
    let runtime = runtime.map_err(|cause| TestError::other(format!("no runtime for the test: {cause}")))?;
    let db = runtime.block_on(builder.create())?;
    // A panic unwinds through here: the last clone of the database sees it and stays.
    let outcome = runtime.block_on(test(&db));
    // Ends what the test left running, and with it its connections.
    drop(runtime);
    let outcome = outcome.inspect_err(|_| db.set_fate(Fate::Stays))?;
    if !outcome.is_passed() {
        db.set_fate(Fate::Stays);
        return Ok(outcome);
    }
    match super::runtime()?.block_on(db.is_committed()) {
        Ok(true) => Err(Kind::Committed.into()),
        Ok(false) | Err(_) => Ok(outcome),
    }
}

#[expect(clippy::panic, reason = "a test fails by panicking")]
fn fail(error: &TestError) -> ! {
    panic!("{error:?}")
}
