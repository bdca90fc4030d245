//! How many rows a batch has: as many as take the time it may take. Pure.

use std::time::Duration;

use upshift_files::BackfillHeader;

use crate::settings::BackfillPolicy;

/// How many rows the next batch has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    rows: u64,
    most: u64,
    aim: Duration,
}

impl Size {
    pub(super) fn new(header: &BackfillHeader, policy: &BackfillPolicy) -> Size {
        let most = header.max_batch.unwrap_or(policy.most_rows).max(1);
        let rows = header.batch.unwrap_or(policy.first_rows).clamp(1, most);
        Size { rows, most, aim: policy.batch }
    }

    pub(super) fn rows(self) -> u64 {
        self.rows
    }

    /// The next batch, as others have found it good.
    pub(super) fn begin_with(&mut self, rows: u64) {
        self.rows = rows.clamp(1, self.most);
    }

    /// After a batch of so many rows: as many as would have taken the time, and at most half more than now.
    ///
    /// A batch that was shorter than asked for, at the end of a range, says little: it may only make the next one smaller.
    pub(super) fn took(&mut self, rows: u64, took: Duration) {
        let fits = self.aim.as_secs_f64() / took.as_secs_f64().max(0.001) * rows as f64;
        let grown = self.rows.saturating_add((self.rows / 2).max(1));
        let limit = if rows < self.rows { self.rows } else { grown };
        self.rows = (fits as u64).clamp(1, limit.min(self.most));
        if rows == 0 {
            self.rows = limit.min(self.most);
        }
    }

    /// After a lock timeout, a deadlock, a statement timeout or a serialization failure, or when others wait.
    pub(super) fn halve(&mut self) {
        self.rows = (self.rows / 2).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_grows_by_half_at_most_and_shrinks_as_far_as_it_must() {
        let ms = Duration::from_millis;
        for (rows, most, did, took, expected) in [
            // Rows of the batch, most, rows done, how long it took; rows of the next.
            (1_000, 100_000, 1_000, ms(10), 1_500),
            (1_000, 100_000, 1_000, ms(250), 1_000),
            (1_000, 100_000, 1_000, ms(200), 1_250),
            (1_000, 100_000, 1_000, ms(500), 500),
            (1_000, 100_000, 1_000, ms(25_000), 10),
            (90_000, 100_000, 90_000, ms(100), 100_000),
            (1, 100_000, 1, ms(1), 2),
            (1, 100_000, 1, ms(5_000), 1),
            // The end of a range: a smaller batch that was quick is no reason to grow.
            (1_000, 100_000, 10, ms(1), 1_000),
            (1_000, 100_000, 100, ms(500), 50),
            (1_000, 100_000, 0, ms(1), 1_000),
            (1_000, 100_000, 0, ms(0), 1_000),
        ] {
            let mut size = Size { rows, most, aim: ms(250) };
            size.took(did, took);
            assert_eq!(size.rows(), expected, "{rows} of at most {most}, {did} in {took:?}");
        }
    }

    #[test]
    fn halving_ends_with_one_row() {
        let mut size = Size { rows: 5, most: 10, aim: Duration::from_millis(250) };
        let halved: Vec<u64> = (0..4)
            .map(|_| {
                size.halve();
                size.rows()
            })
            .collect();
        assert_eq!(halved, [2, 1, 1, 1]);
    }

    #[test]
    fn the_header_says_how_it_begins_and_where_it_ends() {
        let source = |header: &str| {
            let text = format!("-- upshift: backfill table=t {header}\nupdate t set a = 1");
            let set = crate::source::Source::files([upshift_files::SourceFile::new("1_t.sql", text)]).set();
            set.unwrap().versioned()[0].header().backfill.clone().unwrap()
        };
        let policy = BackfillPolicy::default();
        for (header, first, most) in
            [("", 1_000, 100_000), ("batch=10", 10, 100_000), ("batch=500 max-batch=200", 200, 200)]
        {
            let size = Size::new(&source(header), &policy);
            assert_eq!((size.rows, size.most), (first, most), "{header}");
        }
    }
}
