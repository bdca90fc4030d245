//! From a byte of a text to what a person points at: line and column.

use std::fmt;

/// A place in a text: line and column, both counted from 1; the column counts characters, not bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// Where `byte` stands in `text`; a byte past the end means the end, one inside a character means its start.
    ///
    /// ```
    /// use upshift_files::Position;
    /// assert_eq!(Position::of("select 1;\nélan", 12), Position { line: 2, column: 2 });
    /// ```
    pub fn of(text: &str, byte: usize) -> Position {
        let before = &text[..text.floor_char_boundary_stable(byte)];
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        Position { line, column: before[start..].chars().count() + 1 }
    }

    /// The text of this position's line, without its line end.
    pub fn line_of<'t>(&self, text: &'t str) -> &'t str {
        text.split('\n').nth(self.line - 1).unwrap_or("").trim_end_matches('\r')
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// `str::floor_char_boundary` is younger than our oldest supported compiler.
trait FloorCharBoundary {
    fn floor_char_boundary_stable(&self, byte: usize) -> usize;
}

impl FloorCharBoundary for str {
    fn floor_char_boundary_stable(&self, byte: usize) -> usize {
        let byte = byte.min(self.len());
        (0..=byte).rev().find(|at| self.is_char_boundary(*at)).unwrap_or(0)
    }
}
