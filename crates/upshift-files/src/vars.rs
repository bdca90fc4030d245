//! Variables, and the texts they are put into.
//!
//! `vars on` replaces `${name}`, `${name:ident}` and `${name:literal}` in code, never inside of quotes, and only by what
//! is checked or quoted. Flyway's and goose's own forms are pasted as those tools paste them: their files must mean here
//! what they mean there.

mod envsub;
mod flyway;
mod typed;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use crate::section::Replace;

/// Values for the variables of migrations, by name.
///
/// ```
/// use upshift_files::Vars;
/// let vars = Vars::new().with("schema", "shop").with("limit", "10");
/// assert_eq!(vars.get("schema"), Some("shop"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Vars(BTreeMap<String, String>);

/// The names alone: a value may be a password.
impl fmt::Debug for Vars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Vars {
    /// None.
    pub fn new() -> Vars {
        Vars::default()
    }

    /// The same, and one more; a later value replaces an earlier one.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Vars {
        self.0.insert(name.into(), value.into());
        self
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// A text with values put in, and where each of its bytes was written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Binding {
    text: String,
    /// Ascending: from `bound` on, the text was written at `written`.
    pieces: Vec<BoundPiece>,
}

#[derive(Debug, Clone, Copy)]
struct BoundPiece {
    bound: usize,
    written: usize,
    origin: Origin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// Written as it stands.
    File,
    /// Put in: every byte of it points at the variable.
    Value,
}

impl Binding {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Where the byte `bound` of the text was written.
    pub(crate) fn written(&self, bound: usize) -> usize {
        let after = self.pieces.partition_point(|piece| piece.bound <= bound);
        match after.checked_sub(1).and_then(|at| self.pieces.get(at)) {
            Some(piece) if piece.origin == Origin::File => piece.written + (bound - piece.bound),
            Some(piece) => piece.written,
            None => bound,
        }
    }

    /// Adds text as written at `written`.
    fn keep(&mut self, text: &str, written: usize) {
        self.pieces.push(BoundPiece { bound: self.text.len(), written, origin: Origin::File });
        self.text.push_str(text);
    }

    /// Adds a value for what is written at `written`.
    fn put(&mut self, value: &str, written: usize) {
        self.pieces.push(BoundPiece { bound: self.text.len(), written, origin: Origin::Value });
        self.text.push_str(value);
    }
}

/// A variable that cannot be put in; the range is bytes of the text as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub range: Range<usize>,
    pub message: String,
    pub help: String,
}

impl Wrong {
    fn new(range: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Wrong {
        Wrong { range, message: message.into(), help: help.into() }
    }

    fn unknown(range: Range<usize>, name: &str, vars: &Vars) -> Wrong {
        let names: Vec<&str> = vars.names().collect();
        let help = match crate::word::nearest(name, &names) {
            Some(near) => format!("did you mean `{near}`? if not, give the migrator `{name}`"),
            None => format!("give the migrator a value for `{name}`"),
        };
        Wrong::new(range, format!("unknown variable `{name}`"), help)
    }
}

/// Puts values into a text, in the manner of `replace`.
pub(crate) fn bind(text: &str, replace: Replace, vars: &Vars) -> (Binding, Vec<Wrong>) {
    match replace {
        Replace::Nothing => {
            let mut binding = Binding::default();
            binding.keep(text, 0);
            (binding, Vec::new())
        }
        Replace::Vars => typed::bind(text, vars),
        Replace::Flyway => flyway::bind(text, vars),
        Replace::Envsub(state) => envsub::bind(text, state, vars),
    }
}

/// Where each `${name}` stands in code, outside of quotes, comments and the bodies of functions.
pub(crate) fn in_code(text: &str) -> Vec<Range<usize>> {
    typed::in_code(text)
}
