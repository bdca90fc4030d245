//! The numbers a reliability test prints, and the complaints it fails with.

use std::fmt;

/// Whether the long version was asked for: all of it, rather than what fits between two other tests.
pub fn is_long() -> bool {
    std::env::var_os("UPSHIFT_LONG").is_some_and(|long| long != "0")
}

/// What came of many trials.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many there were.
    pub trials: usize,
    /// Effects of migrations that are not there.
    pub lost: usize,
    /// Effects that are there twice.
    pub doubled: usize,
    /// Trials after which a lock or a transaction was left.
    pub locked: usize,
    /// What else went wrong.
    pub other: usize,
    /// How often something that no transaction holds ran again.
    pub again: usize,
    complaints: Vec<String>,
}

impl Tally {
    /// One more trial, with what is wrong after it.
    pub fn trial(&mut self, trial: &impl fmt::Debug, wrong: &[String]) {
        self.trials += 1;
        for what in wrong {
            match what.split(':').next() {
                Some("lost") => self.lost += 1,
                Some("doubled") => self.doubled += 1,
                Some("locked") => self.locked += 1,
                _ => self.other += 1,
            }
            self.complaints.push(format!("{trial:?}: {what}"));
        }
    }

    /// Prints the numbers, and fails when they are not those of a clean house.
    ///
    /// # Panics
    /// When something was wrong after a trial.
    pub fn finish(&self, what: &str) {
        println!("reliability: {what}: {self}");
        let first: Vec<&str> = self.complaints.iter().take(10).map(String::as_str).collect();
        assert!(self.complaints.is_empty(), "{what}: {self}\n{}", first.join("\n"));
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { lost, doubled, locked, other, again, .. } = self;
        write!(
            f,
            "{lost} lost, {doubled} doubled, {locked} left locked, {other} otherwise wrong; {again} ran again outside of transactions"
        )
    }
}
