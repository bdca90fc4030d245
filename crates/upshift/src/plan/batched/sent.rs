//! The text that is sent for a range, and where each of its bytes stands in the file.

use std::ops::Range;

use super::target::{Place, Target};
use super::{BatchBody, Batched, Cut, End};

/// What stands for the ends of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// In the place of `> :from`, with its sign.
    pub(crate) from: String,
    /// In the place of `<= :to`.
    pub(crate) to: String,
    /// The range as a condition, for what columns are qualified with in place of [`Bounds::ROW`].
    pub(crate) condition: String,
    /// The partition it is a range of, where it is not one of the table itself.
    pub(crate) partition: Option<String>,
}

impl Bounds {
    /// Stands in a condition for what the statement calls its table.
    pub(crate) const ROW: &'static str = "\0row";
}

/// A text to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) text: String,
    /// The parts that stand in the statement as written: where they begin in the text, and which part they are.
    pieces: Vec<(usize, Range<usize>)>,
}

impl Batched {
    /// What is sent for one range; `None` where Rust code does it.
    pub(crate) fn sent(&self, bounds: &Bounds) -> Option<Sent> {
        let BatchBody::Statement { script, cut } = &self.body else { return None };
        let text = script.text(0);
        let mut sent =
            Writing { written: text, at: 0, sent: Sent { text: String::new(), pieces: Vec::new() } };
        match cut {
            Cut::Written(marks) => {
                for mark in marks {
                    let end = match mark.end {
                        End::From => &bounds.from,
                        End::To => &bounds.to,
                    };
                    sent.replace(mark.range.clone(), end);
                }
            }
            Cut::Added(target) => sent.add(target, bounds),
        }
        Some(sent.finish())
    }

    /// What is sent for all rows at once, be they few or be it a script; `None` where Rust code does it.
    ///
    /// No key is known where a script is written. A key is never null, so that is what it is compared with then.
    pub(crate) fn whole(&self) -> Option<Sent> {
        let BatchBody::Statement { script, cut } = &self.body else { return None };
        let mut sent = Writing {
            written: script.text(0),
            at: 0,
            sent: Sent { text: String::new(), pieces: Vec::new() },
        };
        if let Cut::Written(marks) = cut {
            marks.iter().for_each(|mark| sent.replace(mark.range.clone(), "is not null"));
        }
        Some(sent.finish())
    }
}

impl Sent {
    /// The byte of the statement as written at which the server's complaint about this character of the text points.
    pub(crate) fn written(&self, character: usize) -> Option<usize> {
        let at = self.text.char_indices().nth(character).map_or(self.text.len(), |(byte, _)| byte);
        let piece = self.pieces.iter().rev().find(|(begins, _)| *begins <= at)?;
        Some((piece.1.start + (at - piece.0)).min(piece.1.end))
    }
}

struct Writing<'t> {
    written: &'t str,
    at: usize,
    sent: Sent,
}

impl Writing<'_> {
    fn copy_to(&mut self, end: usize) {
        let part = self.at..end.max(self.at);
        self.sent.pieces.push((self.sent.text.len(), part.clone()));
        self.sent.text.push_str(self.written.get(part).unwrap_or(""));
        self.at = end.max(self.at);
    }

    fn insert(&mut self, text: &str) {
        self.sent.text.push_str(text);
    }

    fn replace(&mut self, range: Range<usize>, text: &str) {
        self.copy_to(range.start);
        self.insert(text);
        self.at = range.end;
    }

    fn add(&mut self, target: &Target, bounds: &Bounds) {
        let mut row = target.row(self.written).to_owned();
        if let Some(partition) = &bounds.partition {
            self.replace(target.name.clone(), partition);
            if target.alias.is_none() {
                row = target.last_part(self.written).to_owned();
                self.insert(&format!(" as {row}"));
            }
        }
        let condition = bounds.condition.replace(Bounds::ROW, &row);
        match &target.condition {
            Place::Before(condition_there) => {
                self.copy_to(condition_there.start);
                self.insert(&format!(" {condition} and ("));
                self.copy_to(condition_there.end);
                // A comment at its end must not take the parenthesis with it.
                self.insert("\n) ");
            }
            Place::At(at) => {
                self.copy_to(*at);
                self.insert(&format!("\nwhere {condition} "));
            }
        }
    }

    fn finish(mut self) -> Sent {
        self.copy_to(self.written.len());
        self.sent
    }
}
