//! A file of a migration source: a path and a text, nothing understood yet.

use std::borrow::Cow;

/// A file of a migration source: its path inside the folder (with `/`) and its text, nothing understood yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceFile {
    /// Path inside the folder, with `/` between its parts.
    pub path: Cow<'static, str>,
    /// The whole text.
    pub text: Cow<'static, str>,
}

impl SourceFile {
    /// A file known at compile time.
    pub const fn embedded(path: &'static str, text: &'static str) -> SourceFile {
        SourceFile { path: Cow::Borrowed(path), text: Cow::Borrowed(text) }
    }

    /// A file read or made at run time.
    pub fn new(path: impl Into<Cow<'static, str>>, text: impl Into<Cow<'static, str>>) -> SourceFile {
        SourceFile { path: path.into(), text: text.into() }
    }
}
