//! Lines with their places: what line-based tools read.

use std::ops::Range;

/// A line of a text.
#[derive(Debug, Clone)]
pub(super) struct Line<'t> {
    /// Without its end.
    pub text: &'t str,
    pub range: Range<usize>,
    /// Where the next line begins.
    pub next: usize,
}

/// The lines of a text, in order.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |whole| {
        let text = whole.trim_end_matches('\n').trim_end_matches('\r');
        let line = Line { text, range: start..start + text.len(), next: start + whole.len() };
        start = line.next;
        line
    })
}
